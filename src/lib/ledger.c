/* The account of a job: see ledger.h. */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

/* So many failures further back an id that failed is put in its place at once. */
enum { WAY_BACK_MAX = 8192 };

bool ledger_open(struct ledger *l) {
    uint32_t count = l->ids.count;
    if (l->states) return true; /* it resumes an earlier one */
    l->open = l->fresh = l->tally[ID_PENDING] = count;
    l->states = calloc(count ? count : 1, 1);
    return l->states != NULL;
}

void ledger_close(struct ledger *l) {
    ids_close(&l->ids);
    free(l->order);
    free(l->states);
    free(l->failures);
    free(l->entries);
    buffer_close(&l->texts);
    *l = (struct ledger){0};
}

struct ledger ledger_take(struct ledger *l) {
    struct ledger taken = *l;
    *l = (struct ledger){.ids.count = taken.ids.count};
    memcpy(l->tally, taken.tally, sizeof l->tally);
    return taken;
}

bool ledger_reserve_failures(struct ledger *l, uint32_t count, size_t msg_bytes) {
    size_t texts = msg_bytes + count * sizeof(uint32_t);
    uint64_t stopping = ledger_tally(l, ID_STOPPING);
    return l->texts.size + texts <= UINT32_MAX && buffer_room(&l->texts, texts) &&
           array_reserve(&l->failures, &l->failure_capacity, sizeof *l->failures,
                         stopping + l->failure_count + count);
}

bool ledger_reserve_entries(struct ledger *l, uint64_t count) {
    return array_reserve(&l->entries, &l->entry_capacity, sizeof *l->entries,
                         l->entry_count + count);
}

void ledger_mark_asked(struct ledger *l, uint32_t position) {
    l->states[position] |= ASKED_BIT;
}

/* Neighbours mostly have the same text, which is then found again. */
uint32_t ledger_keep(struct ledger *l, struct reason reason) {
    uint32_t length = (uint32_t)reason.len;
    size_t held = 0;
    const char *last = l->texts.size > 0 ? ledger_msg(l, l->last_text, &held) : NULL;
    if (last && held == length && memcmp(last, reason.msg, length) == 0)
        return l->last_text;
    l->last_text = (uint32_t)l->texts.size;
    buffer_append(&l->texts, &length, sizeof length);
    buffer_append(&l->texts, reason.msg, length);
    return l->last_text;
}

/* Chunks settle nearly in order, and the way back to an id's place is short. It isn't for
 * a phone that was waited for: then they are put in order before they are read. */
static void add_failure(struct ledger *l, struct failure failure) {
    uint32_t at = l->failure_count++, position = failure.position;
    if (at >= WAY_BACK_MAX && l->failures[at - WAY_BACK_MAX].position > position)
        l->unsorted = true;
    for (; !l->unsorted && at > 0 && l->failures[at - 1].position > position; at--)
        l->failures[at] = l->failures[at - 1];
    l->failures[at] = failure;
}

static int compare_failures(const void *a, const void *b) {
    const struct failure *left = a, *right = b;
    return left->position < right->position ? -1 : left->position > right->position;
}

void ledger_sort_failures(struct ledger *l) {
    if (!l->unsorted) return;
    qsort(l->failures, l->failure_count, sizeof *l->failures, compare_failures);
    l->unsorted = false;
}

/* The rule: what was found of an id that wasn't asked before, and of one that was. */
static const enum id_state outcomes[FINDINGS][2] = {
    [FOUND_DELETED] = {ID_DELETED, ID_DELETED},
    [FOUND_GONE] = {ID_FAILED, ID_PRESUMED},
    [FOUND_FAILED] = {ID_FAILED, ID_FAILED},
    [FOUND_REFUSED] = {ID_FAILED, ID_UNKNOWN},
    [FOUND_NOTHING] = {ID_PENDING, ID_UNKNOWN},
    [FOUND_UNLISTED] = {ID_UNKNOWN, ID_UNKNOWN}};

/* The only function that gives an id another state, but for ledger_settle_pending's loop
 * and what ledger_recall takes back. */
static void set_state(struct ledger *l, uint32_t position, enum id_state state) {
    enum id_state was = ledger_state(l, position);
    assert(was == ID_PENDING || was == ID_STOPPING);
    l->states[position] = (unsigned char)((l->states[position] & ~STATE_BITS) | state);
    l->tally[was]--;
    l->tally[state]++;
}

void ledger_settle(struct ledger *l, uint32_t position, enum finding finding,
                   struct reason reason) {
    enum id_state state = outcomes[finding][ledger_was_asked(l, position)];
    if (state == ID_FAILED) ledger_fail(l, position, reason.code, ledger_keep(l, reason));
    else set_state(l, position, state);
}

void ledger_fail(struct ledger *l, uint32_t position, long code, uint32_t msg) {
    set_state(l, position, ID_FAILED);
    add_failure(l, (struct failure){.position = position, .code = code, .msg = msg});
}

void ledger_note_stopping(struct ledger *l, uint32_t position) {
    set_state(l, position, ID_STOPPING);
}

void ledger_note_stopped(struct ledger *l, uint32_t position) {
    l->stopped += !ledger_was_stopped(l, position);
    l->states[position] |= STOPPED_BIT;
}

void ledger_settle_pending(struct ledger *l, uint32_t first, uint32_t last,
                           enum finding finding, struct reason reason) {
    if (finding != FOUND_DELETED) {
        for (uint32_t i = first; i < last; i++)
            if (ledger_is_pending(l, i)) ledger_settle(l, i, finding, reason);
        return;
    }
    uint32_t count = 0; /* the rule is the same for all of them, asked or not */
    for (unsigned char *at = l->states + first, *end = l->states + last; at < end; at++) {
        bool pending = !(*at & STATE_BITS);
        *at |= (unsigned char)(pending * ID_DELETED);
        count += pending;
    }
    l->tally[ID_PENDING] -= count;
    l->tally[ID_DELETED] += count;
}

void ledger_recall(struct ledger *l, uint32_t position, enum id_state state) {
    if (ledger_state(l, position) == ID_FAILED) { /* why stays behind, unread */
        l->states[position] &= (unsigned char)~STATE_BITS;
        l->tally[ID_FAILED]--;
        l->tally[ID_PENDING]++;
    }
    set_state(l, position, state);
}

void ledger_recall_refused(struct ledger *l, uint32_t position) {
    l->states[position] |= REFUSED_BIT;
}

/* What an id that ended like this begins with in a ledger that goes on. */
static unsigned char resumed_state(unsigned char ended) {
    bool unknown = (ended & STATE_BITS) == ID_UNKNOWN;
    ended &= (unsigned char)~REFUSED_BIT;
    return unknown ? (ended & STOPPED_BIT) | ID_PENDING | ASKED_BIT : ended;
}

/* Where it stands in a ledger that goes on: what was never asked for comes first. */
enum turn { TURN_FRESH, TURN_REFUSED, TURN_ASKED, TURN_NEVER, TURNS };

static enum turn turn_of(unsigned char ended) {
    unsigned state = ended & STATE_BITS;
    if (state == ID_UNKNOWN || (state == ID_PENDING && (ended & ASKED_BIT)))
        return TURN_ASKED;
    if (state != ID_PENDING) return TURN_NEVER;
    return ended & REFUSED_BIT ? TURN_REFUSED : TURN_FRESH;
}

/* Copies the n-th id of the caller's to the next position. */
static void resume_id(struct ledger *l, const struct ledger *earlier, uint32_t n,
                      uint32_t position) {
    uint32_t was = ledger_position(earlier, n);
    l->order[n] = position;
    l->ids.offsets[position] = earlier->ids.offsets[was];
    l->states[position] = resumed_state(earlier->states[was]);
    l->tally[ledger_state(l, position)]++;
    l->stopped += ledger_was_stopped(l, position);
    if (ledger_state(l, position) != ID_FAILED) return;
    l->failures[l->failure_count] = *ledger_failure(earlier, was);
    l->failures[l->failure_count++].position = position;
}

bool ledger_resume(struct ledger *l, const struct ledger *earlier) {
    uint32_t count = ledger_total(earlier), position = 0;
    l->order = malloc(count * sizeof *l->order + 1);
    l->states = calloc(count + 1, 1);
    l->last_text = earlier->last_text;
    if (!l->order || !l->states || !ids_copy(&l->ids, &earlier->ids) ||
        !buffer_append(&l->texts, earlier->texts.data, earlier->texts.size) ||
        !array_reserve(&l->failures, &l->failure_capacity, sizeof *l->failures,
                       earlier->failure_count))
        return false;
    for (enum turn turn = 0; turn < TURNS; turn++) {
        if (turn == TURN_ASKED) l->fresh = position;
        if (turn == TURN_NEVER) l->open = position;
        for (uint32_t n = 0; n < count; n++)
            if (turn_of(earlier->states[ledger_position(earlier, n)]) == turn)
                resume_id(l, earlier, n, position++);
    }
    return true;
}

void ledger_note(struct ledger *l, struct entry *entry, struct reason reason) {
    entry->has_code = true;
    entry->code = reason.code;
    entry->msg = ledger_keep(l, reason);
}

void ledger_log(struct ledger *l, const struct entry *entry) {
    assert(l->entry_count < l->entry_capacity);
    l->entries[l->entry_count++] = *entry;
}

bool ledger_is_complete(const struct ledger *l) {
    return l->tally[ID_UNKNOWN] == 0 && l->tally[ID_PENDING] == 0 &&
           l->tally[ID_STOPPING] == 0;
}

const struct failure *ledger_failure(const struct ledger *l, uint32_t position) {
    uint32_t low = 0, high = l->failure_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->failures[middle].position < position) low = middle + 1;
        else high = middle;
    }
    return &l->failures[low];
}

const char *ledger_msg(const struct ledger *l, uint32_t msg, size_t *len) {
    uint32_t length;
    memcpy(&length, l->texts.data + msg, sizeof length);
    *len = length;
    return l->texts.data + msg + sizeof length;
}
