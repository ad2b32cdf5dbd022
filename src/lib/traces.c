/* The traceIds of a client's requests: see traces.h. */
#include "traces.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "private.h"

enum { TRACES_MAX = 65536 };

/* The value of a hexadecimal digit, -1 for anything else. */
static int digit_value(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Reads 32 hexadecimal digits, with dashes or without: the service may write them either
 * way. */
static bool parse(const char *text, size_t len, struct trace *out) {
    size_t digits = 0;
    *out = (struct trace){{0}};
    for (size_t i = 0; i < len; i++) {
        int value = digit_value(text[i]);
        if (text[i] == '-') continue;
        if (value < 0 || digits == 2 * sizeof out->bytes) return false;
        out->bytes[digits / 2] = (unsigned char)(out->bytes[digits / 2] << 4 | value);
        digits++;
    }
    return digits == 2 * sizeof out->bytes;
}

bool traces_add(struct traces *t, const char *trace_id) {
    struct trace trace;
    if (!parse(trace_id, strlen(trace_id), &trace)) return true;
    if (t->count < TRACES_MAX) {
        if (!array_reserve(&t->traces, &t->capacity, sizeof *t->traces, t->count + 1))
            return false;
        t->count++;
    }
    t->traces[t->next++ % TRACES_MAX] = trace; /* it wraps with no harm */
    return true;
}

bool traces_has_other(const struct traces *t, const char *text, size_t len,
                      const char *own) {
    struct trace trace, mine;
    if (!parse(text, len, &trace)) return false;
    if (parse(own, strlen(own), &mine) && memcmp(&trace, &mine, sizeof trace) == 0)
        return false;
    for (uint32_t i = 0; i < t->count; i++)
        if (memcmp(&t->traces[i], &trace, sizeof trace) == 0) return true;
    return false;
}

void traces_close(struct traces *t) {
    free(t->traces);
    *t = (struct traces){0};
}
