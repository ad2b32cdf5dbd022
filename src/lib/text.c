/* Texts for people: see text.h. */
#include "text.h"

#include <assert.h>
#include <string.h>
#include "private.h"

size_t text_character(const char *text, size_t left, uint32_t *code) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 1u + (s[0] >= 0xc0) + (s[0] >= 0xe0) + (s[0] >= 0xf0);
    if ((s[0] >= 0x80 && s[0] < 0xc0) || n > left || s[0] > 0xf4) return 0;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *code = c;
    return n;
}

void text_copy_line(char *out, size_t size, const char *text, size_t len) {
    size_t used = 0;
    assert(size > 3);
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        size_t n = text_character(text + at, len - at, &code);
        bool plain = n > 0 && !text_is_control(code);
        if (used + (plain ? n : 1) + 3 >= size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        memcpy(out + used, plain ? text + at : n == 1 ? " " : "?", plain ? n : 1);
        used += plain ? n : 1;
        at += n > 0 ? n : 1;
    }
    out[used] = '\0';
}

size_t text_distance(const char *name, const char *other) {
    enum { LONGEST = 63 };
    size_t row[LONGEST + 1], length = strnlen(name, LONGEST);
    for (size_t i = 0; i <= length; i++) row[i] = i;
    for (size_t j = 0; j < LONGEST && other[j]; j++) {
        size_t corner = row[0];
        row[0] = j + 1;
        for (size_t i = 0; i < length; i++) {
            size_t old = row[i + 1];
            size_t least = (row[i] < old ? row[i] : old) + 1;
            size_t changed = corner + (name[i] != other[j]);
            row[i + 1] = changed < least ? changed : least;
            corner = old;
        }
    }
    return row[length];
}
