/* A JSON text whose integers a library may read: see quote.h. */
#include "quote.h"

#include <string.h>

#include "private.h"

/* Where the string ends that begins at a quote; \\" and the like are part of it. */
static const char *string_end(const char *at, const char *end) {
    const char *quote = at, *before;
    do {
        quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
        if (!quote) return end;
        for (before = quote; before[-1] == '\\';) before--;
    } while ((quote - before) % 2 == 1);
    return quote + 1;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool in_word(char c) {
    return is_digit(c) || (unsigned)((c | 0x20) - 'a') < 26 || c == '.' || c == '+' ||
           c == '-';
}

/* Whether it is an integer as JSON writes it. */
static bool is_integer(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    if (at == end || (*at == '0' && end - at > 1)) return false;
    while (at < end && is_digit(*at)) at++;
    return at == end;
}

static bool is_word(const char *at, const char *end, const char *word) {
    return (size_t)(end - at) == strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* Whether a word outside strings may be JSON's: libraries let NaN, hexadecimal, "1.",
 * "+1" and "01" pass. What else isn't right is for them to say. */
static bool is_json(const char *at, const char *end) {
    if (is_word(at, end, "true") || is_word(at, end, "false") || is_word(at, end, "null"))
        return true;
    for (const char *c = at; c < end; c++)
        if (!is_digit(*c) && !strchr("+-.eE", *c)) return false;
    if (!is_digit(end[-1])) return false;
    if (*at == '-') at++;
    return is_digit(*at) && (*at != '0' || end - at == 1 || !is_digit(at[1]));
}

/* A name of an object has to be a string; what isn't must not be made one. */
static bool is_name(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at)) at++;
    return at < end && *at == ':';
}

static char *put(char *out, const char *from, const char *end) {
    memcpy(out, from, (size_t)(end - from));
    return out + (end - from);
}

char *quote_integers(const struct buffer *body, char *out, bool *sound) {
    const char *at = body->data, *end = at + body->size, *copied = at, *word;
    *sound = !memchr(at, '\0', body->size); /* lua-cjson would take it for the end */
    while (at < end) {
        if (*at == '"') {
            at = string_end(at, end);
            continue;
        }
        for (word = at; at < end && in_word(*at);) at++;
        if (at == word) {
            at++;
        } else if (is_integer(word, at) && !is_name(at, end)) {
            out = put(out, copied, word);
            *out++ = '"';
            out = put(out, word, at);
            *out++ = '"';
            copied = at;
        } else if (!is_json(word, at)) {
            *sound = false;
        }
    }
    return put(out, copied, end);
}
