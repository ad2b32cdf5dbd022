/* What the jobs of one client share: see client.h. */
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include "private.h"

static bool copy(const char **out, const char *text) {
    return !text || (*out = strdup(text));
}

bool client_open(struct client *c, const struct client_settings *settings) {
    const struct transfer_settings *network = &settings->network;
    *c = (struct client){.network.needs_proxy = network->needs_proxy};
    gate_open(&c->gate, settings->requests_per_minute, settings->requests_per_hour);
    return copy(&c->network.base_url, network->base_url) &&
           copy(&c->network.ca_file, network->ca_file) &&
           copy(&c->network.proxy, network->proxy) &&
           (c->signer = signer_new(&settings->credentials, network->proxy));
}

void client_close(struct client *c, bool abandon) {
    for (struct request *r; (r = c->spare);) {
        c->spare = r->next;
        transfer_release(r, abandon);
        buffer_close(&r->body);
        response_close(&r->response);
        wipe(&r->headers, sizeof r->headers); /* a signature */
        free(r);
    }
    if (abandon) transfer_abandon(c->transfer);
    else transfer_free(c->transfer);
    signer_free(c->signer);
    gate_close(&c->gate);
    free((char *)c->network.base_url);
    free((char *)c->network.ca_file);
    wipe_text((char *)c->network.proxy);
    *c = (struct client){.traces = c->traces};
}

void client_forget(struct client *c) { traces_close(&c->traces); }

struct transfer *client_network(struct client *c) {
    if (!c->transfer) c->transfer = transfer_new(&c->network);
    return c->transfer;
}

bool client_has_network(const struct client *c) { return c->transfer != NULL; }

unsigned client_in_flight(const struct client *c) { return gate_in_flight(&c->gate); }

struct request *client_take(struct client *c, struct ticket *ticket, enum api_path path) {
    struct request *r = c->spare;
    if (!r && !(r = calloc(1, sizeof *r))) return NULL;
    if (r == c->spare) c->spare = r->next;
    if (!gate_take(&c->gate, ticket, path)) {
        client_recycle(c, r);
        return NULL;
    }
    r->next = NULL;
    r->in_gate = true;
    r->path = path;
    r->number = ++c->requests;
    r->body.size = 0;
    response_reset(&r->response);
    return r;
}

void client_completed(struct client *c, struct request *r, double now) {
    if (!r->in_gate) return;
    r->in_gate = false;
    gate_complete(&c->gate, r->path, now);
}

void client_refund(struct client *c, struct request *r) {
    client_lend(c, r);
    gate_next(&c->gate); /* which a lent place hasn't done */
    client_recycle(c, r);
}

void client_lend(struct client *c, struct request *r) {
    if (r->in_gate) gate_lend(&c->gate, r->path);
    r->in_gate = false;
}

bool client_reclaim(struct client *c, struct request *r, struct ticket *ticket) {
    if (!r->in_gate) r->in_gate = gate_take(&c->gate, ticket, r->path);
    return r->in_gate;
}

void client_recycle(struct client *c, struct request *r) {
    r->next = c->spare;
    c->spare = r;
}
