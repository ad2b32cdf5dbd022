/*
 * ids.h: the job's own copy of the ids: distinct, in the caller's order, exact.
 *
 * Each id is kept as its text, asked for by its position, from 0. Until ids_seal the list
 * also finds repeated ids, by a hash whose seed nobody can guess.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"

enum { ID_LENGTH_MAX = 64, ID_JSON_MAX = ID_LENGTH_MAX + 3 };

/* A place of the hash. The part of an id's hash that stands in it spares most looks at
 * other ids, which lie anywhere in memory. */
struct seen_id {
    uint32_t hash, position; /* the position plus one; 0: the place is empty */
};

struct ids {
    struct buffer arena; /* for each id a byte of its length and kind, then its text */
    uint32_t *offsets;   /* where each one stands in the arena */
    uint32_t count, capacity;
    struct seen_id *seen; /* a hash by open addressing */
    uint32_t seen_size;
    uint64_t seed, duplicates;
};

/* An id as text; `text` points into the list. */
struct id_text {
    const char *text;
    size_t len;
    bool integer; /* the caller gave it as an integer */
};

enum ids_added { IDS_ADDED, IDS_REPEATED, IDS_FLAWED, IDS_NO_MEMORY };

/* Whether it is what the service gives out: 1 to 64 letters, digits, - and _, beginning
 * with a letter or digit, and a digit among them. So no id needs escapes in JSON. */
bool ids_is_id(const char *id, size_t len);

/* An all-zero struct is an empty list. Reserving saves memory where `count` is known. */
bool ids_reserve(struct ids *ids, uint32_t count);
/* IDS_FLAWED: it is no id. */
enum ids_added ids_add(struct ids *ids, const char *id, size_t len, bool integer);
/* Copies them all to an empty list, which is sealed. False: out of memory. */
bool ids_copy(struct ids *ids, const struct ids *from);
/* No more will be added. */
void ids_seal(struct ids *ids);
void ids_close(struct ids *ids);

struct id_text ids_get(const struct ids *ids, uint32_t position);
/* Writes the id as a string of JSON and returns its end; at most ID_JSON_MAX bytes. */
char *ids_write_json(const struct ids *ids, uint32_t position, char *out);
/* Some ids of a list: those at these positions, where that is NULL from `first` on. */
struct ids_part {
    const uint32_t *positions;
    uint32_t first, amount;
};
/* Which of them this id is, looking from the `start`-th on first; else their amount. */
uint32_t ids_find(const struct ids *ids, struct ids_part part, uint32_t start,
                  const char *id, size_t len);
