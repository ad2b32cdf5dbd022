/* batch_internal.h: what batch.c and settle.c, the two halves of the heart, share. */
#ifndef GEELARK_BATCH_INTERNAL_H
#define GEELARK_BATCH_INTERNAL_H

#include "batch.h"

#pragma GCC visibility push(hidden)

/* Makes room for `needed` items in *(T **)array; false: out of memory. */
bool batch_reserve(void *array, uint32_t *capacity, size_t item, uint64_t needed);

/* A new waiting chunk, in no list yet; NULL: out of memory. */
struct chunk *batch_make_chunk(struct batch *batch, uint32_t first, uint32_t last);

/* Puts a chunk among the waiting ones; can't fail. */
void batch_wait_until(struct batch *batch, struct chunk *chunk, double due);

/* Closes a chunk's account; ids still open become unknown if a request was lost. */
void batch_end_chunk(struct batch *batch, struct chunk *chunk, double now);

/* Gives one id, or every open id of a chunk, its outcome. The only places that do. */
void batch_mark(struct batch *batch, struct chunk *chunk, uint32_t position,
                enum id_state state);
void batch_mark_open(struct batch *batch, struct chunk *chunk, enum id_state state);

/* The next number in [0, 1). */
double batch_random(struct batch *batch);

#pragma GCC visibility pop

#endif
