/* Reads JSON by RFC 8259, plainly: see json.h. */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { VALUES_MAX = 65536, TEXTS_MAX = 1 << 20, DIGITS_MAX = 15 };

static struct json values[VALUES_MAX];
static char texts[TEXTS_MAX];
static size_t values_used, texts_used;
static const char *at, *end;
static int depth_left;

static struct json *read_value(void);

static struct json *new_value(enum json_type type) {
    CHECK(values_used < VALUES_MAX, "more values than this reader has room for");
    values[values_used] = (struct json){.type = type};
    return &values[values_used++];
}

static void skip_blanks(void) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
}

static bool skip(char c) {
    skip_blanks();
    if (at == end || *at != c) return false;
    at++;
    return true;
}

static void put(unsigned c) {
    CHECK(texts_used < TEXTS_MAX, "more text than this reader has room for");
    texts[texts_used++] = (char)c;
}

static void put_utf8(unsigned c) {
    if (c < 0x80) {
        put(c);
        return;
    }
    if (c < 0x800) put(0xc0 | c >> 6);
    else if (c < 0x10000) put(0xe0 | c >> 12);
    else put(0xf0 | c >> 18);
    if (c >= 0x10000) put(0x80 | (c >> 12 & 0x3f));
    if (c >= 0x800) put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
}

static bool read_hex(unsigned *out) {
    *out = 0;
    for (int i = 0; i < 4; i++, at++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = at < end && *at ? strchr(digits, *at) : NULL;
        if (!found) return false;
        *out = *out * 16 + (unsigned)(found - digits) % 16;
    }
    return true;
}

/* Behind a backslash and a u; a character beyond 0xffff is written as two halves. */
static bool read_unicode(void) {
    unsigned c, low;
    if (!read_hex(&c) || (c >= 0xdc00 && c < 0xe000)) return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (end - at < 2 || at[0] != '\\' || at[1] != 'u') return false;
        at += 2;
        if (!read_hex(&low) || low < 0xdc00 || low >= 0xe000) return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(c);
    return true;
}

static bool read_escape(void) {
    static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (at == end) return false;
    char c = *at++;
    if (c == 'u') return read_unicode();
    const char *found = c ? strchr(written, c) : NULL;
    if (found) put((unsigned char)meant[found - written]);
    return found != NULL;
}

/* Control characters are let pass, as lua-cjson does. */
static bool read_string(const char **text, size_t *len) {
    if (!skip('"')) return false;
    size_t start = texts_used;
    while (at < end && *at != '"' && *at) {
        if (*at != '\\') {
            put((unsigned char)*at++);
            continue;
        }
        at++;
        if (!read_escape()) return false;
    }
    *text = texts + start;
    *len = texts_used - start;
    return skip('"');
}

static size_t skip_digits(void) {
    const char *start = at;
    while (at < end && *at >= '0' && *at <= '9') at++;
    return (size_t)(at - start);
}

static struct json *read_number(void) {
    const char *start = at;
    if (*at == '-') at++;
    const char *whole = at;
    size_t digits = skip_digits();
    if (digits == 0 || (digits > 1 && *whole == '0')) return NULL;
    if (at < end && *at == '.') {
        at++;
        if (skip_digits() == 0) return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (skip_digits() == 0) return NULL;
    }
    struct json *number = new_value(JSON_NUMBER);
    number->text = start;
    number->len = (size_t)(at - start);
    return number;
}

static struct json *read_word(const char *word, enum json_type type) {
    size_t len = strlen(word);
    if ((size_t)(end - at) < len || memcmp(at, word, len) != 0) return NULL;
    at += len;
    return new_value(type);
}

/* What stands between brackets. */
static struct json *read_values(enum json_type type, char close) {
    struct json *list = new_value(type);
    const struct json **last = &list->first;
    at++;
    if (depth_left-- == 0) return NULL;
    bool over = skip(close);
    while (!over) {
        const char *name = NULL;
        size_t name_len = 0;
        if (type == JSON_OBJECT && !(read_string(&name, &name_len) && skip(':')))
            return NULL;
        struct json *value = read_value();
        if (!value) return NULL;
        value->name = name;
        value->name_len = name_len;
        *last = value;
        last = &value->next;
        over = skip(close);
        if (!over && !skip(',')) return NULL;
    }
    depth_left++;
    return list;
}

static struct json *read_value(void) {
    skip_blanks();
    if (at == end) return NULL;
    switch (*at) {
    case '{': return read_values(JSON_OBJECT, '}');
    case '[': return read_values(JSON_ARRAY, ']');
    case 't': return read_word("true", JSON_TRUE);
    case 'f': return read_word("false", JSON_FALSE);
    case 'n': return read_word("null", JSON_NULL);
    case '"': {
        const char *text;
        size_t len;
        if (!read_string(&text, &len)) return NULL;
        struct json *string = new_value(JSON_STRING);
        string->text = text;
        string->len = len;
        return string;
    }
    default: return read_number();
    }
}

const struct json *json_read(const char *text, size_t len, int depth) {
    values_used = texts_used = 0;
    at = text;
    end = text + len;
    depth_left = depth;
    struct json *value = read_value();
    skip_blanks();
    return at == end ? value : NULL;
}

const struct json *json_field(const struct json *object, const char *name) {
    const struct json *found = NULL;
    if (!object || object->type != JSON_OBJECT) return NULL;
    for (const struct json *value = object->first; value; value = value->next)
        if (value->name_len == strlen(name) &&
            memcmp(value->name, name, value->name_len) == 0)
            found = value;
    return found;
}

bool json_integer(const struct json *value, long long *out) {
    char digits[DIGITS_MAX + 2];
    if (!value || (value->type != JSON_NUMBER && value->type != JSON_STRING))
        return false;
    size_t len = value->len, sign = len > 0 && value->text[0] == '-', all = sign;
    while (all < len && value->text[all] >= '0' && value->text[all] <= '9') all++;
    if (all == len) {
        if (len == sign || len - sign > DIGITS_MAX) return false;
        memcpy(digits, value->text, len);
        digits[len] = '\0';
        *out = atoll(digits);
        return true;
    }
    if (value->type == JSON_STRING || len > 400) return false;
    char number[401]; /* with a point or an exponent */
    memcpy(number, value->text, len);
    number[len] = '\0';
    double n = strtod(number, NULL);
    if (n != floor(n) || fabs(n) >= 1e15) return false;
    *out = (long long)n;
    return true;
}
