/* What came back for one request: see response.h. */
#include "response.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "private.h"

void response_reset(struct response *r) {
    response_forget_body(r);
    buffer_empty(&r->body);
    r->fault = KIND_NONE;
    r->complete = r->sent = r->final = false;
    r->reason[0] = '\0';
    r->status = 0;
    r->retry_after = -1;
    r->date[0] = '\0';
}

void response_close(struct response *r) {
    buffer_close(&r->body);
    buffer_close(&r->texts);
    free(r->failed.list);
    free(r->statuses.list);
    *r = (struct response){0};
}

void response_fail(struct response *r, enum kind kind, bool sent, const char *reason) {
    r->complete = true;
    r->fault = kind;
    r->sent = sent;
    text_copy_line(r->reason, sizeof r->reason, reason, strlen(reason));
}

void response_forget_body(struct response *r) {
    buffer_empty(&r->texts);
    r->has_envelope = r->has_amounts = r->foreign = false;
    r->failed.sound = r->statuses.sound = true;
    r->code = 0;
    r->msg = r->trace_id = (struct span){0};
    r->failed.count = r->statuses.count = 0;
}

struct span response_keep(struct response *r, const char *text, size_t len) {
    struct span span = {(uint32_t)r->texts.size, (uint32_t)len};
    memcpy(r->texts.data + r->texts.size, text, len);
    r->texts.size += len;
    return span;
}
