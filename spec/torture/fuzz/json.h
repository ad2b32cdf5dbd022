/*
 * json.h: reads JSON by RFC 8259, plainly: what the answers are judged by here must not
 * come from the code that is judged.
 *
 * Values live until the next json_read. Numbers keep their digits as text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    const char *text; /* a number's digits, or a string without its escapes */
    size_t len;
    const char *name; /* in an object */
    size_t name_len;
    const struct json *first, *next; /* the values in it; the one behind it */
};

/* NULL: it is no JSON, or nested deeper than `depth`. */
const struct json *json_read(const char *text, size_t len, int depth);
/* The last of this name in an object; NULL: there is none, or it is no object. */
const struct json *json_field(const struct json *object, const char *name);
/* Whether it is a whole number, also as a text of digits; at most 15 of them. */
bool json_integer(const struct json *value, long long *out);
