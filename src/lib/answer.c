/* Body → envelope: see answer.h. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

enum {
    AMOUNT_DIGITS = 15,
    DETAILS_MAX = 1000 /* a request has at most 100 ids; what comes later is not believed */
};

void answer_close(struct answer *a)
{
    free(a->details);
    free(a->unescaped.data);
    *a = (struct answer){0};
}

/* --- values ------------------------------------------------------------------------------ */

/* Whether the name that was read last is this one. */
static bool is_name(const struct json *j, const char *text, size_t len)
{
    return j->len == len && memcmp(j->text, text, len) == 0;
}
#define IS(json, literal) is_name(json, literal, sizeof literal - 1)

/* The integer that a text is; false for anything else. */
static bool to_integer(const char *text, size_t len, int64_t *out)
{
    const char *at = text, *end = text + len;
    bool negative = len > 0 && *at == '-';
    int64_t n = 0;
    at += negative;
    if (at == end || end - at > AMOUNT_DIGITS) return false;
    for (; at < end && *at >= '0' && *at <= '9'; at++) n = 10 * n + (*at - '0');
    *out = negative ? -n : n;
    return at == end;
}

/* Reads an integer, also where the service wrote it as a string; false for anything else. */
static bool read_integer(struct json *j, int64_t *out)
{
    enum json_type type = json_next(j);
    if (type == JSON_NUMBER) return to_integer(j->text, j->whole, out);
    if (type == JSON_STRING) return to_integer(j->text, j->len, out);
    json_skip(j);
    return false;
}

/* A code; one that doesn't fit is none. */
static bool read_code(struct json *j, long *out)
{
    int64_t code;
    bool read = read_integer(j, &code) && code >= INT32_MIN && code <= INT32_MAX;
    *out = read ? (long)code : 0;
    return read;
}

/* A string; false for anything else. */
static bool read_string(struct json *j, const char **text, size_t *len)
{
    if (json_next(j) == JSON_STRING) {
        *text = j->text;
        *len = j->len;
        return true;
    }
    *text = NULL;
    *len = 0;
    json_skip(j);
    return false;
}

/* --- failDetails --------------------------------------------------------------------------- */

/* A string or a whole number, as its digits stand. */
static void read_id(struct json *j, struct detail *d)
{
    enum json_type type = json_next(j);
    d->id_len = type == JSON_STRING ? j->len : j->whole;
    d->id = type == JSON_STRING || (type == JSON_NUMBER && j->whole > 0) ? j->text : NULL;
    json_skip(j);
}

static void read_msg(struct json *j, struct detail *d)
{
    if (!read_string(j, &d->msg, &d->msg_len)) d->msg = "";
}

static void read_detail(struct json *j, struct detail *d)
{
    *d = (struct detail){.msg = ""};
    if (j->type != JSON_OBJECT) {
        json_skip(j);
        return;
    }
    /* As the service writes them, which is read sooner; then in any other way. */
    if (json_name_is(j, "\"code\":", 7)) read_code(j, &d->code);
    if (json_name_is(j, "\"id\":", 5)) read_id(j, d);
    if (json_name_is(j, "\"msg\":", 6)) read_msg(j, d);
    while (json_name(j)) {
        if (IS(j, "code")) {
            read_code(j, &d->code);
        } else if (IS(j, "id")) {
            read_id(j, d);
        } else if (IS(j, "msg")) {
            read_msg(j, d);
        } else {
            json_next(j);
            json_skip(j);
        }
    }
}

/* Room for one entry more; false: out of memory. */
static bool reserve_detail(struct answer *a, size_t count)
{
    if (count < a->capacity) return true;
    uint32_t capacity = a->capacity ? 2 * a->capacity : 128;
    struct detail *details = realloc(a->details, capacity * sizeof *details);
    if (!details) return false;
    a->details = details;
    a->capacity = capacity;
    return true;
}

static void read_details(struct answer *a, struct json *j, struct verdict *v)
{
    enum json_type type = json_next(j);
    v->details_sound = type == JSON_NULL || type == JSON_LIST;
    v->detail_count = 0;
    if (type != JSON_LIST) {
        json_skip(j);
        return;
    }
    while (json_element(j) != JSON_NONE) {
        if (!reserve_detail(a, v->detail_count)) j->out_of_memory = true;
        if (j->out_of_memory || v->detail_count == DETAILS_MAX) {
            v->details_sound = false;
            json_skip(j);
        } else {
            read_detail(j, &a->details[v->detail_count++]);
        }
    }
    v->details = a->details;
}

/* --- the envelope ---------------------------------------------------------------------------- */

static void read_data(struct answer *a, struct json *j, struct verdict *v)
{
    bool total = false, success = false, fail = false;
    v->detail_count = 0;
    v->details_sound = true;
    v->has_amounts = false;
    if (json_next(j) != JSON_OBJECT) {
        json_skip(j);
        return;
    }
    while (json_name(j)) {
        if (IS(j, "totalAmount")) {
            total = read_integer(j, &v->total);
        } else if (IS(j, "successAmount")) {
            success = read_integer(j, &v->success);
        } else if (IS(j, "failAmount")) {
            fail = read_integer(j, &v->fail);
        } else if (IS(j, "failDetails")) {
            read_details(a, j, v);
        } else {
            json_next(j);
            json_skip(j);
        }
    }
    v->has_amounts = total && success && fail;
}

static void read_envelope(struct answer *a, struct json *j, struct verdict *v)
{
    if (json_next(j) != JSON_OBJECT) {
        json_skip(j);
        return;
    }
    while (json_name(j)) {
        if (IS(j, "code")) {
            v->has_envelope = read_code(j, &v->code);
        } else if (IS(j, "msg")) {
            read_string(j, &v->msg, &v->msg_len);
        } else if (IS(j, "data")) {
            read_data(a, j, v);
        } else {
            json_next(j);
            json_skip(j);
        }
    }
}

static void forget_envelope(struct verdict *v)
{
    v->has_envelope = v->has_amounts = false;
    v->msg = NULL;
    v->detail_count = 0;
}

bool answer_read(struct answer *a, const struct reply *reply, struct verdict *v)
{
    struct json json;
    *v = (struct verdict){
        .fault = reply->fault, .sent = reply->sent, .final = reply->final,
        .reason = reply->reason, .http_status = reply->status,
        .retry_after = reply->retry_after, .details_sound = true};
    if (reply->fault != KIND_NONE) return true;
    v->body = reply->body.data;
    v->body_len = reply->body.size;
    if (v->body_len == 0) return true;
    json_open(&json, v->body, v->body_len, &a->unescaped);
    read_envelope(a, &json, v);
    if (!json_complete(&json)) forget_envelope(v); /* a cut answer is none */
    return !json.out_of_memory;
}
