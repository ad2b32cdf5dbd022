/*
 * text.h: texts: characters of UTF-8, hexadecimal digits, one printable line, the nearest
 * name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character of strict UTF-8 (no overlong forms, no surrogates); returns its
 * length, 0 where there is none. `left` is 1 or more. */
size_t text_character(const char *text, size_t left, uint32_t *code);

/* The value of a hexadecimal digit, -1 for anything else. */
static inline int text_hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Control characters of ASCII and those that move a terminal's cursor as well, C1. */
static inline bool text_is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Where a text of more than `most` bytes is cut, between two characters of UTF-8. */
static inline size_t text_cut(const char *text, size_t most) {
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80) most--;
    return most;
}

/* Copies text as one printable line of UTF-8, cut where `size` bytes, more than 3, are
 * too few. */
void text_copy_line(char *out, size_t size, const char *text, size_t len);

/* How many letters have to be changed, added or left out to make one name of the other
 * (Levenshtein). Names longer than 63 bytes are compared by their first 63. */
size_t text_distance(const char *name, const char *other);
