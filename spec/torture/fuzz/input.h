/*
 * input.h: reads what libFuzzer made up, line by line, so that a corpus can be read and
 * written by people.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
    const char *at, *end;
};

static inline struct input input_of(const uint8_t *data, size_t size) {
    const char *text = size > 0 ? (const char *)data : "";
    return (struct input){text, text + size};
}

static inline size_t input_left(const struct input *in) {
    return (size_t)(in->end - in->at);
}

/* The text up to a character, which is skipped, or up to the end. */
static inline struct input input_until(struct input *in, char stop) {
    const char *found = memchr(in->at, stop, input_left(in));
    struct input part = {in->at, found ? found : in->end};
    in->at = found ? found + 1 : in->end;
    return part;
}

/* The next byte; 0 at the end. */
static inline char input_byte(struct input *in) {
    return in->at < in->end ? *in->at++ : '\0';
}

/* A number below `count` by the next character: 0 to 9, then what follows them in ASCII.
 */
static inline unsigned input_number(struct input *in, unsigned count) {
    char c = in->at < in->end ? *in->at++ : '0';
    return (unsigned)(unsigned char)(c - '0') % count;
}
