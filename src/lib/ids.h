/*
 * ids.h: the job's own copy of the ids: distinct, in the caller's order, exact.
 *
 * Real ids are decimals of 18 digits, so a canonical decimal of at most so many is kept as a
 * number in eight bytes; anything else is kept as text in an arena. Ids are asked for by
 * their position, from 0. Until ids_seal the list also finds repeated ids.
 */
#ifndef GEELARK_IDS_H
#define GEELARK_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { ID_LENGTH_MAX = 128, ID_JSON_MAX = 2 * ID_LENGTH_MAX + 3 };

struct ids {
    uint64_t *slots;
    uint32_t count, capacity;
    unsigned char *arena; /* a length byte, then the text, for each id that is no number */
    size_t arena_size, arena_capacity;
    /* Numbers of which each is above the one before can't be repeated. Not before one comes that
     * is not, the place of each id is kept by its hash: open addressing, position + 1, 0 for an
     * empty place. */
    bool unordered;
    uint64_t highest;
    uint32_t *seen;
    uint32_t seen_size;
    uint64_t duplicates;
};

/* An id as text; `text` points into `room` or into the list. */
struct id_text {
    const char *text;
    size_t len;
    bool integer; /* the caller gave it as an integer */
    char room[24];
};

enum ids_added { IDS_ADDED, IDS_REPEATED, IDS_FLAWED, IDS_NO_MEMORY };

/* An all-zero struct is an empty list. Reserving saves memory where the number is known. */
bool ids_reserve(struct ids *ids, uint32_t count);
/* IDS_FLAWED: it is no id, and ids_flaw says why. */
enum ids_added ids_add(struct ids *ids, const char *id, size_t len, bool integer);
const char *ids_flaw(const char *id, size_t len);
/* No more will be added. */
void ids_seal(struct ids *ids);
void ids_close(struct ids *ids);

void ids_get(const struct ids *ids, uint32_t position, struct id_text *out);
/* Writes the ids of [first, last) but those marked in `omit` (at least one is left) as JSON,
 * "a","b", and returns the end; each takes at most ID_JSON_MAX bytes. */
char *ids_write_json(const struct ids *ids, uint32_t first, uint32_t last,
                     const unsigned char *omit, char *out);
/* The first position in [first, last) from `start` on, wrapping round, that holds this
 * id; `last` where none does. */
uint32_t ids_find(const struct ids *ids, uint32_t first, uint32_t last, uint32_t start,
                  const char *id, size_t len);

#pragma GCC visibility pop

#endif
