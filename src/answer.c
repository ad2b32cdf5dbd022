/* Body → envelope: see answer.h. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

enum {
    AMOUNT_DIGITS = 15,
    DETAILS_MAX = 1000,   /* a request has at most 100 ids; what comes later is not believed */
    REDACT_LEAST = 8      /* a shorter secret could stand in an id or a name by chance */
};

void answer_close(struct answer *a)
{
    free(a->details);
    free(a->unescaped.data);
    *a = (struct answer){0};
}

/* --- values ------------------------------------------------------------------------------ */

/* Whether the name, or the text, that was read last is this one. */
static bool is_text(const struct json *j, const char *text, size_t len)
{
    return j->len == len && memcmp(j->text, text, len) == 0;
}
#define IS(json, literal) is_text(json, literal, sizeof literal - 1)

/* The length of a whole number without its fraction of zeros, 0 where it is none; `value` is
 * right for up to 18 digits. */
static size_t parse_integer(const char *text, size_t len, int64_t *value)
{
    bool negative = len > 0 && text[0] == '-';
    uint64_t n = 0, digit;
    size_t at = negative;
    for (; at < len && (digit = (uint64_t)text[at] - '0') <= 9; at++) n = 10 * n + digit;
    size_t whole = at > negative ? at : 0;
    *value = negative ? -(int64_t)n : (int64_t)n;
    if (at < len && text[at] == '.')
        for (at++; at < len && text[at] == '0';) at++;
    return at == len ? whole : 0;
}

/* Reads an integer, also where the service wrote it as a string; false for anything else. */
static bool read_integer(struct json *j, int64_t *out)
{
    enum json_type type = json_next(j);
    size_t len = 0;
    if (type == JSON_NUMBER || type == JSON_STRING) len = parse_integer(j->text, j->len, out);
    else json_skip(j);
    return len > 0 && len <= AMOUNT_DIGITS;
}

/* A code that doesn't fit is none. */
static bool read_code(struct json *j, long *out)
{
    int64_t code;
    if (!read_integer(j, &code) || code < INT32_MIN || code > INT32_MAX) return false;
    *out = (long)code;
    return true;
}

/* A string; false for anything else. */
static bool read_string(struct json *j, const char **text, size_t *len)
{
    bool string = json_next(j) == JSON_STRING;
    *text = string ? j->text : NULL;
    *len = string ? j->len : 0;
    json_skip(j);
    return string;
}

/* --- failDetails --------------------------------------------------------------------------- */

/* A string or a whole number, as its digits stand. */
static void read_id(struct json *j, struct detail *d)
{
    int64_t number;
    enum json_type type = json_next(j);
    d->id = j->text;
    d->id_len = j->len;
    if (type == JSON_NUMBER) d->id_len = parse_integer(j->text, j->len, &number);
    if (type == JSON_NUMBER ? d->id_len == 0 : type != JSON_STRING) d->id = NULL;
    json_skip(j);
}

static void read_detail(struct json *j, struct detail *d)
{
    *d = (struct detail){.msg = ""};
    if (j->type != JSON_OBJECT) {
        json_skip(j);
        return;
    }
    while (json_name(j)) {
        if (IS(j, "code")) {
            if (!read_code(j, &d->code)) d->code = 0;
        } else if (IS(j, "id")) {
            read_id(j, d);
        } else if (!IS(j, "msg")) {
            json_next(j);
            json_skip(j);
        } else if (!read_string(j, &d->msg, &d->msg_len)) {
            d->msg = "";
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

bool answer_read(struct answer *a, struct reply *reply, const struct sign *sign, struct verdict *v)
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
    sign_redact(sign, reply->body.data, reply->body.size, REDACT_LEAST);
    json_open(&json, v->body, v->body_len, &a->unescaped);
    read_envelope(a, &json, v);
    if (!json_complete(&json)) forget_envelope(v); /* a cut answer is none */
    return !json.out_of_memory;
}
