/*
 * buffer.h: memory that grows: bytes, and arrays of anything; and how a secret is wiped.
 *
 * All-zero is empty. What says so may run out of memory and has then changed nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t size, capacity;
};

void buffer_close(struct buffer *buffer);
/* Empties it for its next use; a large one is freed. */
void buffer_empty(struct buffer *buffer);
/* Makes room for `count` more bytes and returns where they go; NULL: out of memory. */
char *buffer_grow(struct buffer *buffer, size_t count);
static inline char *buffer_room(struct buffer *buffer, size_t count) {
    bool fits = buffer->capacity - buffer->size > count; /* so none is there yet: false */
    return fits ? buffer->data + buffer->size : buffer_grow(buffer, count);
}
/* False: out of memory. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t count);

/* Makes room for `needed` items in *(T **)array; false: out of memory. */
bool array_reserve(void *array, uint32_t *capacity, size_t item, uint64_t needed);

/* Overwrites memory in a way that no compiler leaves out. */
void wipe(void *bytes, size_t count);
/* The same for a text, and frees it; NULL is fine. */
void wipe_text(char *text);
