/* Reads JSON text value by value: see json.h. */
#include "json.h"

#include <string.h>

#if defined __SSE2__
#include <emmintrin.h>
#endif

void json_open(struct json *j, const char *text, size_t len, struct buffer *unescaped)
{
    buffer_empty(unescaped);
    *j = (struct json){.at = text, .end = text + len, .unescaped = unescaped};
}

static enum json_type flaw(struct json *j)
{
    j->flawed = true;
    j->at = j->end;
    return j->type = JSON_NONE;
}

static char pass_space(struct json *j)
{
    for (; j->at < j->end; j->at++) {
        char c = *j->at;
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return c;
    }
    return '\0';
}

/* The next character that is no white space; zero, which is none of JSON's, at the end. */
static inline char peek(struct json *j)
{
    return j->at < j->end && *j->at > ' ' ? *j->at : pass_space(j);
}

/* --- strings --------------------------------------------------------------------------- */

/* The four hexadecimal digits at j->at. */
static bool take_hex(struct json *j, unsigned *code)
{
    *code = 0;
    if (j->end - j->at < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = *j->at++;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16) return false;
        *code = *code << 4 | digit;
    }
    return true;
}

/* Past "\u": the code point, of two halves where it needs them. */
static bool take_code_point(struct json *j, unsigned *code)
{
    unsigned low;
    if (!take_hex(j, code) || (*code >= 0xdc00 && *code <= 0xdfff)) return false;
    if (*code < 0xd800 || *code > 0xdbff) return true;
    if (j->end - j->at < 6 || j->at[0] != '\\' || j->at[1] != 'u') return false;
    j->at += 2;
    if (!take_hex(j, &low) || low < 0xdc00 || low > 0xdfff) return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(lead[more] | code >> 6 * more);
    while (more-- > 0) *out++ = (char)(0x80 | (code >> 6 * more & 0x3f));
    return out;
}

/* Past the backslash: writes what the escape stands for; NULL: it is none. */
static char *put_escape(struct json *j, char *out)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    unsigned code;
    if (j->at == j->end) return NULL;
    char c = *j->at++;
    if (c == 'u') return take_code_point(j, &code) ? put_utf8(out, code) : NULL;
    const char *name = c ? strchr(names, c) : NULL;
    if (!name) return NULL;
    *out++ = meanings[name - names];
    return out;
}

static void set_string(struct json *j, const char *text, const char *end)
{
    j->type = JSON_STRING;
    j->text = text;
    j->len = (size_t)(end - text);
}

/* The rest of a string from its first escape on, which is at j->at. Nothing that an escape
 * stands for is longer than it, so that room for the text that is left is enough for all its
 * strings. */
static void unescape(struct json *j, const char *start)
{
    struct buffer *b = j->unescaped;
    size_t clean = (size_t)(j->at - start);
    if (b->size == 0 && !buffer_room(b, (size_t)(j->end - start))) {
        j->out_of_memory = true;
        flaw(j);
        return;
    }
    char *text = b->data + b->size, *out = text + clean;
    memcpy(text, start, clean);
    while (out && j->at < j->end && *j->at != '"') {
        if (*j->at != '\\') *out++ = *j->at++;
        else j->at++, out = put_escape(j, out);
    }
    if (!out || j->at == j->end) {
        flaw(j);
        return;
    }
    j->at++;
    b->size = (size_t)(out - b->data);
    set_string(j, text, out);
}

/* The first quote or backslash; sixteen bytes are looked at together where the machine can. */
static inline const char *find_special(const char *at, const char *end)
{
#if defined __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i same = _mm_or_si128(_mm_cmpeq_epi8(text, quote), _mm_cmpeq_epi8(text, escape));
        unsigned found = (unsigned)_mm_movemask_epi8(same);
        if (found) return at + __builtin_ctz(found);
    }
#endif
    while (at < end && *at != '"' && *at != '\\') at++;
    return at;
}

/* The string whose opening quote is at j->at. Control characters are let through: whoever
 * forgets to escape one has still answered. */
static inline enum json_type take_string(struct json *j)
{
    const char *start = j->at + 1;
    j->at = find_special(start, j->end);
    if (j->at == j->end) flaw(j);
    else if (*j->at == '\\') unescape(j, start);
    else set_string(j, start, j->at++);
    return j->type;
}

/* --- other values ------------------------------------------------------------------------ */

static bool take_digits(struct json *j)
{
    const char *start = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9') j->at++;
    return j->at > start;
}

static bool take_fraction(struct json *j)
{
    if (j->at == j->end || *j->at != '.') return true;
    const char *digits = ++j->at;
    if (!take_digits(j)) return false;
    while (digits < j->at && *digits == '0') digits++;
    if (digits < j->at) j->whole = 0;
    return true;
}

static bool take_exponent(struct json *j)
{
    if (j->at == j->end || (*j->at | 0x20) != 'e') return true;
    j->at++;
    j->whole = 0;
    if (j->at < j->end && (*j->at == '+' || *j->at == '-')) j->at++;
    return take_digits(j);
}

static enum json_type take_number(struct json *j)
{
    const char *whole = j->text = j->at;
    if (*whole == '-') whole = ++j->at;
    if (!take_digits(j) || (*whole == '0' && j->at > whole + 1)) return flaw(j);
    j->whole = (size_t)(j->at - j->text);
    if (!take_fraction(j) || !take_exponent(j)) return flaw(j);
    j->len = (size_t)(j->at - j->text);
    return j->type = JSON_NUMBER;
}

static enum json_type take_word(struct json *j, const char *word, enum json_type type)
{
    size_t len = strlen(word);
    if ((size_t)(j->end - j->at) < len || memcmp(j->at, word, len) != 0) return flaw(j);
    j->at += len;
    return j->type = type;
}

static enum json_type enter(struct json *j, enum json_type type)
{
    j->at++;
    j->first = true;
    return j->type = type;
}

enum json_type json_next(struct json *j)
{
    char c = peek(j);
    if (c == '"') return take_string(j);
    switch (c) {
    case '{': return enter(j, JSON_OBJECT);
    case '[': return enter(j, JSON_LIST);
    case 'n': return take_word(j, "null", JSON_NULL);
    case 't': return take_word(j, "true", JSON_BOOLEAN);
    case 'f': return take_word(j, "false", JSON_BOOLEAN);
    case '\0': return flaw(j);
    default: return take_number(j);
    }
}

/* --- lists and objects ---------------------------------------------------------------------- */

/* Before the next entry: past the comma, unless it is the first. False at the end, or at a
 * flaw. */
static bool take_comma(struct json *j, char closing)
{
    char c = peek(j);
    bool first = j->first;
    j->first = false;
    if (c == closing) j->at++;
    else if (first) return true;
    else if (c == ',') return j->at++, true;
    else flaw(j);
    return false;
}

enum json_type json_element(struct json *j)
{
    return take_comma(j, ']') ? json_next(j) : (j->type = JSON_NONE);
}

bool json_name(struct json *j)
{
    if (!take_comma(j, '}')) return false;
    if (peek(j) != '"') return flaw(j), false;
    take_string(j);
    if (peek(j) != ':') return flaw(j), false;
    j->at++;
    return true;
}

static void skip(struct json *j, unsigned depth)
{
    if (j->type != JSON_OBJECT && j->type != JSON_LIST) return;
    if (depth == JSON_DEPTH_MAX) flaw(j);
    if (j->type == JSON_OBJECT)
        while (json_name(j)) json_next(j), skip(j, depth + 1);
    else
        while (json_element(j) != JSON_NONE) skip(j, depth + 1);
}

void json_skip(struct json *j)
{
    skip(j, 0);
}

bool json_complete(struct json *j)
{
    return peek(j) == '\0' && j->at == j->end && !j->flawed;
}
