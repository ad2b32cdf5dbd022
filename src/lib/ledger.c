/* The account of a job: see ledger.h. */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "private.h"

bool ledger_open(struct ledger *l) {
    uint32_t count = l->ids.count;
    l->tally[ID_PENDING] = count;
    l->states = calloc(count ? count : 1, 1);
    return l->states != NULL;
}

void ledger_close(struct ledger *l) {
    ids_close(&l->ids);
    free(l->states);
    free(l->failures);
    free(l->entries);
    buffer_close(&l->texts);
    *l = (struct ledger){0};
}

void ledger_release(struct ledger *l) {
    struct ledger amounts = {.ids.count = l->ids.count};
    memcpy(amounts.tally, l->tally, sizeof amounts.tally);
    ledger_close(l);
    *l = amounts;
}

bool ledger_reserve_failures(struct ledger *l, uint32_t count, size_t msg_bytes) {
    size_t texts = msg_bytes + count * sizeof(uint32_t);
    return l->texts.size + texts <= UINT32_MAX && buffer_room(&l->texts, texts) &&
           array_reserve(&l->failures, &l->failure_capacity, sizeof *l->failures,
                         (uint64_t)l->failure_count + count);
}

bool ledger_reserve_entries(struct ledger *l, uint64_t count) {
    return array_reserve(&l->entries, &l->entry_capacity, sizeof *l->entries,
                         l->entry_count + count);
}

void ledger_mark(struct ledger *l, uint32_t position, enum id_state state) {
    assert(ledger_is_pending(l, position) && state != ID_PENDING);
    l->states[position] = (unsigned char)state;
    l->tally[ID_PENDING]--;
    l->tally[state]++;
}

void ledger_mark_pending(struct ledger *l, uint32_t first, uint32_t last,
                         enum id_state state) {
    for (uint32_t i = first; i < last; i++)
        if (ledger_is_pending(l, i)) ledger_mark(l, i, state);
}

/* Keeps a text; neighbours mostly have the same, which is then found again. */
static uint32_t keep_text(struct ledger *l, const char *text, size_t len) {
    uint32_t length = (uint32_t)len;
    size_t held = 0;
    const char *last = l->texts.size > 0 ? ledger_msg(l, l->last_text, &held) : NULL;
    if (last && held == len && memcmp(last, text, len) == 0) return l->last_text;
    l->last_text = (uint32_t)l->texts.size;
    buffer_append(&l->texts, &length, sizeof length);
    buffer_append(&l->texts, text, len);
    return l->last_text;
}

void ledger_fail(struct ledger *l, uint32_t position, long code, const char *msg,
                 size_t len) {
    ledger_mark(l, position, ID_FAILED);
    /* In the caller's order: chunks settle nearly so, and the way back is short. */
    uint32_t at = l->failure_count++;
    for (; at > 0 && l->failures[at - 1].position > position; at--)
        l->failures[at] = l->failures[at - 1];
    l->failures[at] = (struct failure){
        .position = position, .code = code, .msg = keep_text(l, msg, len)};
}

void ledger_log(struct ledger *l, const struct entry *entry) {
    assert(l->entry_count < l->entry_capacity);
    l->entries[l->entry_count++] = *entry;
}

uint32_t ledger_count_pending(const struct ledger *l, uint32_t first, uint32_t last) {
    uint32_t count = 0;
    for (uint32_t i = first; i < last; i++) count += ledger_is_pending(l, i);
    return count;
}

bool ledger_is_complete(const struct ledger *l) {
    return l->tally[ID_UNKNOWN] == 0 && l->tally[ID_PENDING] == 0;
}

uint32_t ledger_find_failure(const struct ledger *l, uint32_t position) {
    uint32_t low = 0, high = l->failure_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->failures[middle].position < position) low = middle + 1;
        else high = middle;
    }
    return low;
}

const char *ledger_msg(const struct ledger *l, uint32_t msg, size_t *len) {
    uint32_t length;
    memcpy(&length, l->texts.data + msg, sizeof length);
    *len = length;
    return l->texts.data + msg + sizeof length;
}
