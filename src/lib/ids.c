/* The job's own copy of the ids: see ids.h. */
#include "ids.h"

#include <stdlib.h>
#include <string.h>

/* A slot is a number of at most 18 digits, or a place in the arena; a flag each for that and
 * for ids that were given as integers. A number is kept in parts of eight digits, the lowest in
 * the lowest 27 bits: so it is read and written without dividing, and a greater one has the
 * greater slot. */
enum { PART_BITS = 27 };
#define PART_MASK ((UINT64_C(1) << PART_BITS) - 1)
#define IN_ARENA (UINT64_C(1) << 63)
#define AS_INTEGER (UINT64_C(1) << 62)
#define VALUE_MASK (AS_INTEGER - 1)

/* --- what an id may look like ---------------------------------------------------- */

/* Eight decimal digits as a number; sets `flaws` where another character is among them.
 * Nearly every id of every request passes here, so all eight are judged and joined at once:
 * a byte is a digit if it is 0x30 to 0x39, so if its upper half is 3 and stays so with 6
 * added. Then neighbours are joined to numbers of two, four and eight digits. */
static uint64_t eight_digits(const char *text, uint64_t *flaws)
{
#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t v;
    memcpy(&v, text, sizeof v);
    *flaws |= ((v ^ 0x30 * each) | ((v + 6 * each) ^ 0x30 * each)) & 0xf0 * each;
    v = (v & 0x0f * each) * 2561 >> 8;
    v = (v & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
    return (v & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
#else
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        *flaws |= text[i] < '0' || text[i] > '9';
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    return number;
#endif
}

/* A canonical decimal of at most 18 digits, parted as slots hold it. */
static inline bool to_number(const char *id, size_t len, uint64_t *number)
{
    uint64_t n = 0, flaws = 0;
    if (len == 0 || len > 18 || (id[0] == '0' && len > 1)) return false;
    const char *rest = id + len % 8;
    for (; id < rest; id++) {
        uint64_t digit = (uint64_t)(unsigned char)*id - '0';
        flaws |= digit | (9 - digit); /* where it is none, one of them has wrapped around */
        n = n * 10 + digit;
    }
    flaws >>= 63;
    if (len >= 8) n = n << PART_BITS | eight_digits(rest, &flaws);
    if (len >= 16) n = n << PART_BITS | eight_digits(rest + 8, &flaws);
    *number = n;
    return flaws == 0;
}

/* Decodes one character of strict UTF-8 (no overlong forms, no surrogates); returns its
 * length, 0 for none. */
static size_t decode_utf8(const unsigned char *s, size_t len, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    if (n == 0 || n > len || s[0] > 0xf4) return 0;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *code = c;
    return n;
}

/* White space of Unicode, and the byte order mark that editors leave behind. */
static bool is_space(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200b) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 ||
           c == 0xfeff;
}

const char *ids_flaw(const char *id, size_t len)
{
    if (len == 0) return "empty string";
    if (len > ID_LENGTH_MAX) return "longer than 128 bytes";
    uint32_t c = 0;
    bool space_first = false, control = false;
    for (size_t at = 0, n; at < len; at += n) {
        n = decode_utf8((const unsigned char *)id + at, len - at, &c);
        if (n == 0) return "invalid UTF-8";
        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) control = true;
        if (at == 0) space_first = is_space(c);
    }
    if (control) return "control character";
    if (space_first || is_space(c)) return "surrounding white space";
    return NULL;
}

/* --- adding ------------------------------------------------------------------------ */

static const unsigned char *arena_text(const struct ids *ids, uint64_t slot, size_t *len)
{
    const unsigned char *entry = ids->arena + (slot & VALUE_MASK);
    *len = entry[0];
    return entry + 1;
}

static bool slot_is(const struct ids *ids, uint64_t slot, const char *id, size_t len,
                    bool numeric, uint64_t number)
{
    if (numeric) return (slot & ~AS_INTEGER) == number;
    if (!(slot & IN_ARENA)) return false;
    size_t held;
    const unsigned char *text = arena_text(ids, slot, &held);
    return held == len && memcmp(text, id, len) == 0;
}

static uint64_t hash_text(const unsigned char *text, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) h = (h ^ text[i]) * UINT64_C(1099511628211);
    return h;
}

/* Spreads neighbours, which real ids are (65,536 apart), over the whole table. */
static uint32_t place_of(uint64_t hash, uint32_t size)
{
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((hash >> 32) * size >> 32);
}

static uint64_t slot_hash(const struct ids *ids, uint64_t slot)
{
    if (!(slot & IN_ARENA)) return slot & VALUE_MASK;
    size_t len;
    const unsigned char *text = arena_text(ids, slot, &len);
    return hash_text(text, len);
}

static bool grow_seen(struct ids *ids, uint32_t size)
{
    uint32_t *seen = calloc(size, sizeof *seen);
    if (!seen) return false;
    for (uint32_t i = 0; i < ids->count; i++) {
        uint32_t at = place_of(slot_hash(ids, ids->slots[i]), size);
        while (seen[at]) at = at + 1 == size ? 0 : at + 1;
        seen[at] = i + 1;
    }
    free(ids->seen);
    ids->seen = seen;
    ids->seen_size = size;
    return true;
}

bool ids_reserve(struct ids *ids, uint32_t count)
{
    if (count > ids->capacity) {
        uint64_t *slots = realloc(ids->slots, count * sizeof *slots);
        if (!slots) return false;
        ids->slots = slots;
        ids->capacity = count;
    }
    if (!ids->unordered) return true;
    /* Never fuller than two thirds. */
    uint32_t size = count < 0xa0000000u ? count + count / 2 + 8 : 0xfffffff0u;
    return size <= ids->seen_size || grow_seen(ids, size);
}

static bool put_text(struct ids *ids, const char *id, size_t len, uint64_t *slot)
{
    size_t needed = ids->arena_size + 1 + len;
    if (needed > ids->arena_capacity) {
        size_t capacity = 2 * needed + 64;
        unsigned char *arena = realloc(ids->arena, capacity);
        if (!arena) return false;
        ids->arena = arena;
        ids->arena_capacity = capacity;
    }
    ids->arena[ids->arena_size] = (unsigned char)len;
    memcpy(ids->arena + ids->arena_size + 1, id, len);
    *slot = IN_ARENA | ids->arena_size;
    ids->arena_size = needed;
    return true;
}

/* The empty place where the id belongs; NULL: it is there already. */
static uint32_t *find_place(struct ids *ids, const char *id, size_t len, bool numeric,
                            uint64_t number)
{
    uint64_t hash = numeric ? number : hash_text((const unsigned char *)id, len);
    uint32_t at = place_of(hash, ids->seen_size);
    for (; ids->seen[at]; at = at + 1 == ids->seen_size ? 0 : at + 1) {
        if (!slot_is(ids, ids->slots[ids->seen[at] - 1], id, len, numeric, number)) continue;
        ids->duplicates++;
#ifndef GEELARK_MUTATE_KEEP_DUPLICATES
        return NULL;
#endif
    }
    return &ids->seen[at];
}

/* What few ids need stands apart, so that all others are through with a few registers. */
#define APART __attribute__((noinline))

/* Appends an id that may be repeated, or is no number. */
APART static enum ids_added add_unordered(struct ids *ids, const char *id, size_t len,
                                          bool numeric, uint64_t slot, uint64_t flag)
{
    ids->unordered = true;
    if (!ids->seen && !ids_reserve(ids, ids->capacity)) return IDS_NO_MEMORY;
    uint32_t *place = find_place(ids, id, len, numeric, slot);
    if (!place) return IDS_REPEATED;
    if (!numeric && !put_text(ids, id, len, &slot)) return IDS_NO_MEMORY;
    *place = ids->count + 1;
    ids->slots[ids->count++] = slot | flag;
    return IDS_ADDED;
}

APART static bool grow(struct ids *ids)
{
    uint32_t room = ids->count < 0x7fffffffu ? 2 * ids->count + 64 : 0xfffffffeu;
    return ids->count < room && ids_reserve(ids, room);
}

enum ids_added ids_add(struct ids *ids, const char *id, size_t len, bool integer)
{
    uint64_t number = 0, flag = integer ? AS_INTEGER : 0;
    bool numeric = to_number(id, len, &number);
    if (!numeric && ids_flaw(id, len)) return IDS_FLAWED;
    if (ids->count == ids->capacity && !grow(ids)) return IDS_NO_MEMORY;
    if (ids->unordered || !numeric || (number <= ids->highest && ids->count > 0))
        return add_unordered(ids, id, len, numeric, number, flag);
    ids->highest = number;
    ids->slots[ids->count++] = number | flag;
    return IDS_ADDED;
}

void ids_seal(struct ids *ids)
{
    free(ids->seen);
    ids->seen = NULL;
    ids->seen_size = 0;
}

void ids_close(struct ids *ids)
{
    free(ids->slots);
    free(ids->arena);
    free(ids->seen);
    *ids = (struct ids){0};
}

/* --- reading ----------------------------------------------------------------------- */

static char *put_pair(char *out, uint32_t n)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    memcpy(out, pairs + (size_t)2 * n, 2);
    return out + 2;
}

static inline char *put_eight_digits(char *out, uint32_t n)
{
    uint32_t high = n / 10000, low = n % 10000;
    out = put_pair(put_pair(out, high / 100), high % 100);
    return put_pair(put_pair(out, low / 100), low % 100);
}

/* A number below 10^8 without leading zeros. */
static char *put_head(char *out, uint32_t n)
{
    if (n >= 100) out = put_head(out, n / 100);
    else if (n < 10) return *out = (char)('0' + n), out + 1;
    return put_pair(out, n % 100);
}

/* Writes a slot's number; returns where it ends. */
static char *put_number(char *out, uint64_t n)
{
    uint32_t low = n & PART_MASK, middle = n >> PART_BITS & PART_MASK;
    uint32_t high = (uint32_t)(n >> 2 * PART_BITS);
    if (high > 0) out = put_eight_digits(put_head(out, high), middle);
    else if (middle > 0) out = put_head(out, middle);
    else return put_head(out, low);
    return put_eight_digits(out, low);
}

void ids_get(const struct ids *ids, uint32_t position, struct id_text *out)
{
    uint64_t slot = ids->slots[position];
    out->integer = (slot & AS_INTEGER) != 0;
    if (slot & IN_ARENA) {
        out->text = (const char *)arena_text(ids, slot, &out->len);
        return;
    }
    out->text = out->room;
    out->len = (size_t)(put_number(out->room, slot & VALUE_MASK) - out->room);
}

static char *put_escaped(char *out, const unsigned char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\') *out++ = '\\';
        *out++ = (char)text[i];
    }
    return out;
}

char *ids_write_json(const struct ids *ids, uint32_t first, uint32_t last,
                     const unsigned char *omit, char *out)
{
    for (uint32_t i = first; i < last; i++) {
        if (omit[i]) continue;
        uint64_t slot = ids->slots[i];
        *out++ = '"';
        if (slot & IN_ARENA) {
            size_t len;
            const unsigned char *text = arena_text(ids, slot, &len);
            out = put_escaped(out, text, len);
        } else {
            out = put_number(out, slot & VALUE_MASK);
        }
        *out++ = '"';
        *out++ = ',';
    }
    return out - 1; /* without the last comma */
}

uint32_t ids_find(const struct ids *ids, uint32_t first, uint32_t last, uint32_t start,
                  const char *id, size_t len)
{
    uint64_t number = 0;
    bool numeric = to_number(id, len, &number);
    for (uint32_t at = start; at < last; at++)
        if (slot_is(ids, ids->slots[at], id, len, numeric, number)) return at;
    for (uint32_t at = first; at < start; at++)
        if (slot_is(ids, ids->slots[at], id, len, numeric, number)) return at;
    return last;
}
