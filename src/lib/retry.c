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

/* Codes that aren't in the list but belong to a range whose meaning is known. */
static const struct code_row *find_range(long code) {
    static const struct code_row access = {0, RETRY_STOP, KIND_AUTH, "access denied"},
                                 phone = {0, RETRY_HALVE, KIND_REFUSED,
                                          "a phone was refused"};
    if (code / 10 == 9000) return &access;
    return code / 1000 == 42 || code / 1000 == 43 ? &phone : NULL;
}

static const struct code_row *find_row(long code) {
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].code == code) return &code_rows[i];
    return find_range(code);
}

/* An envelope with a known code decides, whatever the HTTP status. */
static const struct code_row *known_row(const struct response *r) {
    return r->fault == KIND_NONE && r->has_envelope ? find_row(r->code) : NULL;
}

bool retry_is_answer(const struct response *r) {
    if (r->fault != KIND_NONE) return false;
    bool failing = r->status >= 500 || r->status == 408;
    return r->status == 429 || known_row(r) || (r->has_envelope && !failing);
}

enum disposition retry_disposition(const struct response *r) {
    const struct code_row *row = known_row(r);
    if (r->fault != KIND_NONE) {
        if (r->final) return RETRY_STOP;
        return r->sent ? RETRY_LOST : RETRY_AGAIN;
    }
    if (row) return row->disposition;
    if (r->status == 429) return RETRY_AGAIN;
    if (r->status < 200 || r->status >= 500 || r->status == 408) return RETRY_LOST;
    if (r->has_envelope) return RETRY_UNLISTED;
    return r->status >= 300 ? RETRY_STOP : RETRY_LOST;
}

static enum kind kind_of(const struct response *r) {
    const struct code_row *row = known_row(r);
    if (r->fault != KIND_NONE) return r->fault;
    if (row && row->kind != KIND_NONE) return row->kind;
    if (r->status == 429) return KIND_QUOTA;
    if (r->status == 408) return KIND_TIMEOUT;
    if (r->status >= 500) return KIND_SERVER;
    if (r->has_envelope && !row) return KIND_REFUSED;
    return r->status == 401 || r->status == 403 ? KIND_AUTH : KIND_PROTOCOL;
}

/* Seconds until the same request may succeed, negative where nobody said. */
static double retry_after(const struct response *r) {
    double least = r->has_envelope && r->code == CODE_HOUR_LIMIT ? LOCK_SECONDS : -1;
    if (retry_disposition(r) == RETRY_MINUTE) least = MINUTE_SECONDS;
    return r->retry_after > least ? r->retry_after : least;
}

static void describe_envelope(char *out, size_t size, const struct response *r) {
    char msg[160];
    const struct code_row *row = find_row(r->code);
    text_copy_line(msg, sizeof msg, response_text(r, r->msg), r->msg.len);
    if (!row) snprintf(out, size, "code %ld: %s", r->code, *msg ? msg : "unknown");
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

void retry_fault(struct fault *fault, const struct response *r, const char *trace_id,
                 const char *flaw) {
    char text[FAULT_TEXT_SIZE];
    if (*flaw) snprintf(text, sizeof text, "the answer does not add up: %s", flaw);
    else if (r->fault != KIND_NONE) snprintf(text, sizeof text, "%s", r->reason);
    else if (r->has_envelope) describe_envelope(text, sizeof text, r);
    else snprintf(text, sizeof text, "%s", status_text(r->status));
    fault_set(fault, *flaw ? KIND_PROTOCOL : kind_of(r), text);
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
