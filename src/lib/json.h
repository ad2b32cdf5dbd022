/*
 * json.h: reads JSON text (RFC 8259) value by value.
 *
 * The caller asks for one value after the other and walks into objects and lists by itself,
 * so that nothing is built but what it keeps. Numbers are their own text, never a double.
 * Texts point into the JSON or, where it has escapes, into `unescaped`, and live as long as
 * both. The first flaw ends the reading: from then on there is nothing more, and
 * json_complete is false.
 */
#ifndef GEELARK_JSON_H
#define GEELARK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "exchange.h"

#pragma GCC visibility push(hidden)

enum { JSON_DEPTH_MAX = 64 };

enum json_type {
    JSON_NONE, /* no value: a flaw, or a list that ends */
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_NUMBER,
    JSON_STRING,
    JSON_LIST,  /* entered: json_element gives its values, until there is none */
    JSON_OBJECT /* entered: json_name gives its names, until there is none */
};

struct json {
    /* What was read last: a number as it stands, a string or a name without its escapes. */
    enum json_type type;
    const char *text;
    size_t len;
    size_t whole; /* length of a number without its fraction of zeros, 0: it is no integer */

    const char *at, *end;
    bool first; /* nothing of the list or object that was entered last has been read */
    bool flawed, out_of_memory;
    struct buffer *unescaped; /* the caller's */
};

/* `unescaped` is emptied. */
void json_open(struct json *json, const char *text, size_t len, struct buffer *unescaped);

/* Reads the value that stands next: the whole text's, or that of the name just read. */
enum json_type json_next(struct json *json);
/* Reads the next value of a list. */
enum json_type json_element(struct json *json);
/* Reads the next name in an object, whose value then stands next; false at its end. */
bool json_name(struct json *json);
/* The same for a name that is likely to come, given with its quotes and its colon: it is read
 * if the text stands there just so. */
static inline bool json_name_is(struct json *json, const char *quoted, size_t len)
{
    const char *at = json->at + !json->first; /* past the comma */
    if (json->end - json->at <= (ptrdiff_t)len || memcmp(at, quoted, len) != 0) return false;
    if (!json->first && *json->at != ',') return false;
    json->first = false;
    json->at = at + len;
    return true;
}
/* Passes over what is in the list or object that was just entered; nothing for another value. */
void json_skip(struct json *json);

/* Whether the text was one value without a flaw and nothing follows it. */
bool json_complete(struct json *json);

#pragma GCC visibility pop

#endif
