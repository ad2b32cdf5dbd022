/* What a code or a fault leads to: see retry.h. */
#include "retry.h"

#include <stdio.h>
#include <string.h>

#include "codes.h"
#include "text.h"
#include "private.h"

static const double BACKOFF_BASE = 0.5, BACKOFF_CAP = 20.0; /* seconds */

struct code_row {
    long code;
    enum disposition disposition;
    enum kind kind;
    const char *meaning;
};

static const struct code_row code_rows[] = {
#define CODE_ROW(number, name, class, kind, retryable, meaning, remedy)                  \
    {number, RETRY_##class, KIND_##kind, meaning},
    GEELARK_CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct code_row *find_row(long code) {
    /* Every code that starts with 9000 and isn't in the list is one of access. */
    static const struct code_row access = {0, RETRY_STOP, KIND_AUTH, "access denied"};
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].code == code) return &code_rows[i];
    return code / 10 == 9000 ? &access : NULL;
}

static enum disposition envelope_disposition(const struct response *r) {
    const struct code_row *row = find_row(r->code);
    enum disposition then = row ? row->disposition : RETRY_FAILED;
    bool settles = then == RETRY_ACCEPT || then == RETRY_PARTIAL;
    if (r->status == 429 && (settles || then == RETRY_FAILED)) return RETRY_AGAIN;
    /* A client error that claims success contradicts itself. */
    if (r->status >= 400 && settles) return RETRY_LOST;
    return then;
}

enum disposition retry_disposition(const struct response *r) {
    int status = r->status;
    if (r->fault != KIND_NONE) {
        if (r->final) return RETRY_STOP;
        return r->sent ? RETRY_LOST : RETRY_AGAIN;
    }
    if (status >= 500 || status < 200 || status == 408) return RETRY_LOST;
    if (status < 400 && status >= 300) return RETRY_STOP;
    if (status == 401 || status == 403) return RETRY_STOP;
    if (r->has_envelope) return envelope_disposition(r);
    if (status == 429) return RETRY_AGAIN;
    return status >= 400 ? RETRY_STOP : RETRY_LOST;
}

static enum kind kind_of(const struct response *r) {
    const struct code_row *row = r->has_envelope ? find_row(r->code) : NULL;
    int status = r->status;
    if (r->fault != KIND_NONE) return r->fault;
    if (status >= 500) return KIND_SERVER;
    if (status == 408) return KIND_TIMEOUT;
    if (status < 200 || (status >= 300 && status < 400)) return KIND_PROTOCOL;
    if (row && row->disposition >= RETRY_LOST) return row->kind;
    if (status == 401 || status == 403) return KIND_AUTH;
    if (status == 429) return KIND_QUOTA;
    if (r->has_envelope && !row) return KIND_REFUSED;
    return KIND_PROTOCOL;
}

/* Seconds until the same request may succeed, negative where nobody said. */
static double retry_after(const struct response *r) {
    double least = kind_of(r) == KIND_LOCKED ? LOCK_SECONDS : -1;
    if (retry_disposition(r) == RETRY_MINUTE) least = MINUTE_SECONDS;
    return r->retry_after > least ? r->retry_after : least;
}

static void describe_envelope(char *out, size_t size, const struct response *r) {
    char msg[160];
    const struct code_row *row = find_row(r->code);
    enum disposition then = retry_disposition(r);
    text_copy_line(msg, sizeof msg, response_text(r, r->msg), r->msg.len);
    if (then == RETRY_ACCEPT || then == RETRY_PARTIAL)
        snprintf(out, size, "the answer does not add up");
    else if (!row) snprintf(out, size, "code %ld: %s", r->code, *msg ? msg : "unknown");
    else if (*msg && strcmp(msg, row->meaning) != 0)
        snprintf(out, size, "code %ld: %s (%s)", r->code, row->meaning, msg);
    else snprintf(out, size, "code %ld: %s", r->code, row->meaning);
}

/* What an HTTP status says where there is no envelope. */
static const char *status_text(int status) {
    if (status >= 300 && status < 400) return "redirect refused";
    if (status == 401 || status == 403) return "access refused";
    if (status == 429) return "too many requests";
    if (status >= 400) return "the service answered with an error";
    return "the answer is not the service's";
}

void retry_fault(struct fault *fault, const struct response *r, const char *trace_id) {
    char text[FAULT_TEXT_SIZE];
    if (r->fault != KIND_NONE) snprintf(text, sizeof text, "%s", r->reason);
    else if (r->has_envelope) describe_envelope(text, sizeof text, r);
    else snprintf(text, sizeof text, "%s", status_text(r->status));
    fault_set(fault, kind_of(r), text);
    fault->http_status = r->status;
    snprintf(fault->trace_id, sizeof fault->trace_id, "%s", trace_id);
    if (r->fault != KIND_NONE) return;
    text_copy_line(fault->excerpt, sizeof fault->excerpt, r->body.data, r->body.size);
    if (r->has_envelope) fault->code = r->code;
    fault->retry_after = retry_after(r);
}

double retry_backoff(unsigned failed_tries, double random) {
    double most = BACKOFF_BASE;
    while (--failed_tries > 0 && most < BACKOFF_CAP) most *= 2;
    return random * (most < BACKOFF_CAP ? most : BACKOFF_CAP);
}
