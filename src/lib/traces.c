/* The traceIds of a client's requests: see traces.h. */
#include "traces.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "private.h"

enum { SET_MAX = 32768, SET_MIN = 64 };

/* Reads 32 hexadecimal digits, with dashes or without: the service may write them either
 * way. */
static bool parse(const char *text, size_t len, struct trace *out) {
    size_t digits = 0;
    for (size_t i = 0; i < len; i++) {
        int value = text_hex_value(text[i]);
        if (text[i] == '-') continue;
        if (value < 0 || digits == 2 * sizeof out->bytes) return false;
        unsigned char *byte = &out->bytes[digits++ / 2];
        *byte = (unsigned char)(*byte << 4 | value);
    }
    return digits == 2 * sizeof out->bytes;
}

/* Where it stands, or the empty slot where it belongs. The set has empty slots. */
static struct trace *find_slot(const struct trace_set *set, const struct trace *trace) {
    static const struct trace empty;
    uint32_t at;
    memcpy(&at, trace->bytes, sizeof at);
    for (at &= set->size - 1;; at = (at + 1) & (set->size - 1)) {
        struct trace *slot = &set->slots[at];
        if (memcmp(slot, &empty, sizeof empty) == 0) return slot;
        if (memcmp(slot, trace, sizeof *slot) == 0) return slot;
    }
}

static bool has(const struct trace_set *set, const struct trace *trace) {
    return set->size > 0 && memcmp(find_slot(set, trace), trace, sizeof *trace) == 0;
}

/* Doubles it; never fuller than one half. */
static bool grow(struct trace_set *set) {
    static const struct trace empty;
    struct trace_set bigger = {.size = set->size ? 2 * set->size : SET_MIN,
                               .count = set->count};
    if (!(bigger.slots = calloc(bigger.size, sizeof *bigger.slots))) return false;
    for (uint32_t i = 0; i < set->size; i++)
        if (memcmp(&set->slots[i], &empty, sizeof empty) != 0)
            *find_slot(&bigger, &set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = bigger;
    return true;
}

bool traces_add(struct traces *t, const unsigned char uuid[16]) {
    struct trace trace;
    memcpy(trace.bytes, uuid, sizeof trace.bytes);
    if (t->now.count == SET_MAX) {
        free(t->before.slots);
        t->before = t->now;
        t->now = (struct trace_set){0};
    }
    if (2 * (t->now.count + 1) > t->now.size && !grow(&t->now)) return false;
    *find_slot(&t->now, &trace) = trace;
    t->now.count++;
    return true;
}

bool traces_has_other(const struct traces *t, const char *text, size_t len,
                      const unsigned char own[16]) {
    struct trace trace;
    return parse(text, len, &trace) &&
           memcmp(trace.bytes, own, sizeof trace.bytes) != 0 &&
           (has(&t->now, &trace) || has(&t->before, &trace));
}

void traces_close(struct traces *t) {
    free(t->now.slots);
    free(t->before.slots);
    *t = (struct traces){0};
}
