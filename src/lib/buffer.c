/* Memory that grows, and how a secret is wiped: see buffer.h. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>
#include "private.h"

enum { REUSED_CAPACITY = 256 * 1024 }; /* a larger buffer is freed when it is emptied */

void buffer_close(struct buffer *b) {
    free(b->data);
    *b = (struct buffer){0};
}

void buffer_empty(struct buffer *b) {
    b->size = 0;
    if (b->capacity > REUSED_CAPACITY) buffer_close(b);
}

char *buffer_grow(struct buffer *b, size_t count) {
    size_t capacity = b->size + count + b->capacity / 2 + 512;
    char *data = realloc(b->data, capacity);
    if (!data) return NULL;
    b->data = data;
    b->capacity = capacity;
    return data + b->size;
}

bool buffer_append(struct buffer *b, const void *bytes, size_t count) {
    if (count == 0) return true;
    char *room = buffer_room(b, count);
    if (!room) return false;
    memcpy(room, bytes, count);
    b->size += count;
    return true;
}

bool array_reserve(void *array, uint32_t *capacity, size_t item, uint64_t needed) {
    void **items = array;
    if (needed <= *capacity) return true;
    if (needed > UINT32_MAX / 2) return false;
    uint32_t room = (uint32_t)needed + *capacity / 2 + 8;
    void *grown = realloc(*items, room * item);
    if (!grown) return false;
    *items = grown;
    *capacity = room;
    return true;
}

void wipe(void *bytes, size_t count) {
    volatile char *at = bytes;
    while (count-- > 0) *at++ = 0;
}

void wipe_text(char *text) {
    if (text) wipe(text, strlen(text));
    free(text);
}
