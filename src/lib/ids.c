/* The job's own copy of the ids: see ids.h. */
#include "ids.h"

#include <stdlib.h>
#include <string.h>

#include "entropy.h"
#include "private.h"

/* The byte before each text: its length less one, and a flag for those from integers. */
enum { AS_INTEGER = 0x80, LENGTH_MASK = 0x7f };

/* What a byte may be in an id. Where all are `&`-ed, ALLOWED stays if each is, and
 * NO_DIGIT if none is one. */
enum { ALLOWED = 1, NO_DIGIT = 2, FIRST = 4 };

static inline bool is_valid(const char *id, size_t len) {
    enum { P = ALLOWED | NO_DIGIT, L = P | FIRST, D = ALLOWED | FIRST };
    /* clang-format off */
    static const unsigned char kinds[256] = {
        ['-'] = P, ['_'] = P,
        ['0'] = D, D, D, D, D, D, D, D, D, D,
        ['A'] = L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
        ['a'] = L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L};
    /* clang-format on */
    const unsigned char *at = (const unsigned char *)id, *end = at + len;
    if (len == 0 || len > ID_LENGTH_MAX || !(kinds[*at] & FIRST)) return false;
    unsigned char all = P;
    for (; end - at >= 6; at += 6)
        all &= kinds[at[0]] & kinds[at[1]] & kinds[at[2]] & kinds[at[3]] & kinds[at[4]] &
               kinds[at[5]];
    for (; at < end; at++) all &= kinds[*at];
    return all == ALLOWED;
}

bool ids_is_id(const char *id, size_t len) { return is_valid(id, len); }

/* MurmurHash3's finalizer: each bit of the result depends on every bit of x. */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t hash(uint64_t seed, const char *text, size_t len) {
    uint64_t h = seed ^ len, part = 0;
    if (len < sizeof part) {
        memcpy(&part, text, len);
        return mix(h ^ part);
    }
    const char *last = text + len - sizeof part; /* it may overlap the part before */
    for (; text < last; text += sizeof part) {
        memcpy(&part, text, sizeof part);
        h = mix(h ^ part);
    }
    memcpy(&part, last, sizeof part);
    return mix(h ^ part);
}

static bool is_id(const struct ids *ids, uint32_t position, const char *id, size_t len) {
    const char *entry = ids->arena.data + ids->offsets[position];
    size_t held = ((unsigned char)*entry & LENGTH_MASK) + 1u;
    return held == len && memcmp(entry + 1, id, len) == 0;
}

/* The place of an id in the hash: where it is, or the empty one where it belongs, in
 * which only its position is missing then. */
static inline struct seen_id *find_place(const struct ids *ids, const char *id,
                                         size_t len) {
    uint64_t h = hash(ids->seed, id, len);
    uint32_t at = (uint32_t)((h >> 32) * ids->seen_size >> 32), low = (uint32_t)h;
    struct seen_id *place = &ids->seen[at], *end = ids->seen + ids->seen_size;
    while (place->position &&
           (place->hash != low || !is_id(ids, place->position - 1, id, len)))
        if (++place == end) place = ids->seen;
    place->hash = low;
    return place;
}

static bool resize_hash(struct ids *ids, uint32_t size) {
    struct seen_id *seen = calloc(size, sizeof *seen);
    if (!seen || (!ids->seed && !entropy(&ids->seed, sizeof ids->seed))) {
        free(seen);
        return false;
    }
    free(ids->seen);
    ids->seen = seen;
    ids->seen_size = size;
    for (uint32_t i = 0; i < ids->count; i++) {
        struct id_text id = ids_get(ids, i);
        find_place(ids, id.text, id.len)->position = i + 1;
    }
    return true;
}

bool ids_reserve(struct ids *ids, uint32_t count) {
    if (!array_reserve(&ids->offsets, &ids->capacity, sizeof *ids->offsets, count))
        return false;
    /* Never fuller than three quarters. */
    uint64_t size = (uint64_t)ids->capacity * 4 / 3 + 1;
    if (size > UINT32_MAX) size = UINT32_MAX;
    return ids->seen_size >= size || resize_hash(ids, (uint32_t)size);
}

enum ids_added ids_add(struct ids *ids, const char *id, size_t len, bool integer) {
    if (!is_valid(id, len)) return IDS_FLAWED;
    if (ids->count == ids->capacity && !ids_reserve(ids, ids->count + 1))
        return IDS_NO_MEMORY;
    struct seen_id *place = find_place(ids, id, len);
    if (place->position) {
        ids->duplicates++;
        return IDS_REPEATED;
    }
    char *entry = buffer_room(&ids->arena, len + 1);
    if (!entry || ids->arena.size > UINT32_MAX) return IDS_NO_MEMORY;
    *entry = (char)((len - 1) | (integer ? AS_INTEGER : 0));
    memcpy(entry + 1, id, len);
    ids->offsets[ids->count++] = (uint32_t)ids->arena.size;
    ids->arena.size += len + 1;
    place->position = ids->count;
    return IDS_ADDED;
}

bool ids_copy(struct ids *ids, const struct ids *from) {
    if (!array_reserve(&ids->offsets, &ids->capacity, sizeof *ids->offsets,
                       from->count) ||
        !buffer_append(&ids->arena, from->arena.data, from->arena.size))
        return false;
    if (from->count > 0)
        memcpy(ids->offsets, from->offsets, from->count * sizeof *ids->offsets);
    ids->count = from->count;
    ids->duplicates = from->duplicates;
    return true;
}

void ids_seal(struct ids *ids) {
    free(ids->seen);
    ids->seen = NULL;
    ids->seen_size = 0;
}

void ids_close(struct ids *ids) {
    buffer_close(&ids->arena);
    free(ids->offsets);
    free(ids->seen);
    *ids = (struct ids){0};
}

struct id_text ids_get(const struct ids *ids, uint32_t position) {
    const char *entry = ids->arena.data + ids->offsets[position];
    unsigned char head = (unsigned char)*entry;
    return (struct id_text){entry + 1, (head & LENGTH_MASK) + 1u,
                            (head & AS_INTEGER) != 0};
}

char *ids_write_json(const struct ids *ids, uint32_t position, char *out) {
    struct id_text id = ids_get(ids, position);
    *out++ = '"';
    memcpy(out, id.text, id.len);
    out += id.len;
    *out++ = '"';
    return out;
}

/* Which of the ids from the `from`-th to the one before `to` it is; else `to`. */
static inline uint32_t find_between(const struct ids *ids, struct ids_part part,
                                    uint32_t from, uint32_t to, const char *id,
                                    size_t len) {
    uint32_t i = from;
    if (part.positions)
        while (i < to && !is_id(ids, part.positions[i], id, len)) i++;
    else
        while (i < to && !is_id(ids, part.first + i, id, len)) i++;
    return i;
}

uint32_t ids_find(const struct ids *ids, struct ids_part part, uint32_t start,
                  const char *id, size_t len) {
    uint32_t at = find_between(ids, part, start, part.amount, id, len);
    if (at < part.amount) return at;
    at = find_between(ids, part, 0, start, id, len);
    return at < start ? at : part.amount;
}
