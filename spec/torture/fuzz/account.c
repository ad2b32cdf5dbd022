/* What may have become of every id, and whether the ledger says the same: see account.h.
 */
#include "account.h"

#include <string.h>

#include "check.h"

enum { NOT_FOUND = 42001, STARTED = 43009, STARTING = 43010, MSG_MAX = 1024 };
enum { STATUS_STARTED = 0, STATUS_SHUT_DOWN = 2, STATUS_EXPIRED = 3 };

/* What an id may have become. */
struct allowed {
    unsigned states;        /* a bit for each */
    long long code;         /* of its failure */
    long long refusal;      /* the other code that it may fail with, 0: none */
    const struct text *msg; /* NULL: not looked at */
};

static enum id_state state_of(const struct ledger *l, const struct account_id *id) {
    return ledger_state(l, id->at);
}

static bool is_open(enum id_state state) {
    return state == ID_PENDING || state == ID_STOPPING;
}

static const struct failure *find_failure(const struct ledger *l, uint32_t position) {
    const struct failure *found = NULL;
    for (uint32_t i = 0; i < l->failure_count; i++) {
        if (l->failures[i].position != position) continue;
        CHECK(!found, "id %u failed twice", position);
        found = &l->failures[i];
    }
    return found;
}

static void check_msg(const struct ledger *l, const struct failure *f,
                      const struct text *msg) {
    size_t len;
    const char *held = ledger_msg(l, f->msg, &len);
    bool whole = len == msg->len || (len <= MSG_MAX && msg->len > MSG_MAX);
    CHECK(whole && len <= msg->len && memcmp(held, msg->text, len) == 0,
          "the words of a failure: %.*s", (int)len, held);
}

/* The id's state in the ledger is one that it may have. */
static void take(struct account_id *id, const struct ledger *l, struct allowed allowed) {
    enum id_state was = id->state, is = state_of(l, id);
    CHECK(allowed.states >> is & 1, "id at %u was %d, asked %d, and is %d, code %lld",
          id->at, was, id->asked, is, allowed.code);
    const struct failure *failure = find_failure(l, id->at);
    CHECK((failure != NULL) == (is == ID_FAILED), "id at %u is %d", id->at, is);
    if (failure && is != was) {
        bool refused = allowed.refusal != 0 && failure->code == allowed.refusal;
        CHECK(failure->code == allowed.code || refused,
              "id at %u failed with %ld, not %lld", id->at, failure->code, allowed.code);
        if (allowed.msg && !refused) check_msg(l, failure, allowed.msg);
    }
    id->state = is;
}

#define ONLY(state) (1u << (state))

/* Nothing more is found of an id whose request is over. */
static struct allowed given_up(const struct account_id *id) {
    struct allowed a = {0};
    if (id->state == ID_PENDING) a.states = ONLY(id->asked ? ID_UNKNOWN : ID_PENDING);
    else if (id->state == ID_STOPPING && id->unanswered) a.states = ONLY(ID_UNKNOWN);
    else a.states = ONLY(id->state == ID_STOPPING ? ID_FAILED : id->state);
    a.code = id->refusal;
    return a;
}

/* It waits, or is given up. */
static struct allowed open_still(const struct account_id *id, bool is_over) {
    struct allowed a = given_up(id);
    if (!is_over) a.states |= ONLY(id->state);
    if (!is_over && id->state == ID_STOPPING) a.states |= ONLY(ID_FAILED); /* late */
    return a;
}

/* The service says that it doesn't exist. */
static struct allowed gone(const struct account_id *id) {
    return (struct allowed){.states = ONLY(id->asked ? ID_PRESUMED : ID_FAILED),
                            .code = NOT_FOUND};
}

static struct allowed failed(long long code) {
    return (struct allowed){.states = ONLY(ID_FAILED), .code = code};
}

/* Refused by delete, by its name. */
static struct allowed refused(struct account_id *id, const struct batch *batch,
                              const struct said_of_id *said) {
    struct allowed a = said->code == NOT_FOUND ? gone(id) : failed(said->code);
    a.msg = &said->msg;
    bool runs = said->code == STARTED || said->code == STARTING;
    if (!runs || !batch->options.stop_started) return a;
    if (!batch->stops.ended) a.states |= ONLY(ID_STOPPING);
    id->unanswered = id->is_down = false;
    id->may_stop = said->code == STARTED;
    id->starting = said->code == STARTING;
    id->refusal = (long)said->code;
    return a;
}

/* What is said of all the ids together. */
static struct allowed refused_together(const struct account_id *id, enum api_path path,
                                       long long code) {
    if (code == NOT_FOUND) return gone(id);
    if (path == PATH_STATUS) return open_still(id, true);
    if (path == PATH_DELETE && id->asked)
        return (struct allowed){.states = ONLY(ID_UNKNOWN)};
    return failed(code);
}

/* An answer to a stop, or a status, that adds up. */
static struct allowed watched(struct account_id *id, enum api_path path,
                              const struct said_of_id *said) {
    if (said->failed && said->code == NOT_FOUND) return gone(id);
    if (said->failed && path == PATH_STOP) {
        struct allowed a = failed(said->code);
        a.msg = &said->msg;
        return a;
    }
    if (path == PATH_STOP) {
        id->stopped = true;
        id->may_stop = false;
    } else if (said->shown) {
        id->is_down = said->status == STATUS_SHUT_DOWN || said->status == STATUS_EXPIRED;
        id->may_stop |= id->starting && said->status == STATUS_STARTED;
    }
    return open_still(id, false);
}

static struct allowed settle_one(struct account_id *id, const struct batch *batch,
                                 const struct chunk *chunk, enum api_path path,
                                 const struct said *said,
                                 const struct said_of_id *of_id) {
    bool waits = chunk->state == CHUNK_WAITING || chunk->entry.halved;
    bool alone = chunk->entry.amount == 1;
    switch (said->meaning) {
    case SAYS_WHAT_BECAME:
        if (path != PATH_DELETE) return watched(id, path, of_id);
        if (of_id->failed) return refused(id, batch, of_id);
        return (struct allowed){.states = ONLY(ID_DELETED)};
    case SAYS_ALL_FAILED: return refused_together(id, path, said->code);
    case SAYS_ONE_IS_BAD:
        if (alone) return refused_together(id, path, said->code);
        CHECK(waits || batch->stopped || batch->stops.ended, "a bad id isn't looked for");
        return open_still(id, !waits);
    case SAYS_UNLISTED:
        if (path == PATH_DELETE) return (struct allowed){.states = ONLY(ID_UNKNOWN)};
        return open_still(id, true);
    case SAYS_STOP: return open_still(id, true);
    case SAYS_NOTHING:
    case SAYS_NOT_DONE:
    case SAYS_WAIT: break;
    }
    return open_still(id, !waits);
}

void account_settle(struct account *account, const struct batch *batch,
                    const struct chunk *chunk, enum api_path path,
                    const struct said *said, const unsigned *ids, unsigned amount) {
    const struct ledger *l = batch->ledger;
    bool stops = said->meaning == SAYS_STOP || said->meaning == SAYS_UNLISTED;
    CHECK(!stops || (path == PATH_DELETE ? batch->stopped : batch->stops.ended),
          "code %lld does not end it", said->code);
    for (unsigned i = 0; i < amount; i++) {
        struct account_id *id = &account->ids[ids[i]];
        id->in_flight = false;
        if (said->may_be_obeyed) id->asked = id->unanswered = true;
        take(id, l, settle_one(id, batch, chunk, path, said, &said->ids[i]));
        if (!is_open(id->state)) continue;
        CHECK(id->asked == ((l->states[id->at] & ASKED_BIT) != 0),
              "id at %u: asked is %d", id->at, id->asked);
    }
    account_look(account, batch);
}

void account_look(struct account *account, const struct batch *batch) {
    const struct ledger *l = batch->ledger;
    uint32_t tally[ID_STATES] = {0}, stopped = 0;
    for (unsigned i = 0; i < account->count; i++) {
        struct account_id *id = &account->ids[i];
        bool in_request = id->in_flight || !is_open(id->state);
        if (in_request) take(id, l, (struct allowed){.states = ONLY(id->state)});
        else take(id, l, open_still(id, batch->stopped));
        tally[id->state]++;
        stopped += id->stopped;
        CHECK(id->stopped == ledger_was_stopped(l, id->at), "id at %u: a stop was %d",
              id->at, id->stopped);
    }
    CHECK(memcmp(tally, l->tally, sizeof tally) == 0, "the tallies aren't the states'");
    CHECK(stopped == l->stopped, "%u were stopped, not %u", stopped, l->stopped);
    CHECK(l->failure_count == tally[ID_FAILED], "%u failures", l->failure_count);
}

void account_begin(struct account *account, const struct ledger *l) {
    account->count = ledger_total(l);
    for (unsigned n = 0; n < account->count; n++) {
        struct account_id *id = &account->ids[n];
        id->at = ledger_position(l, n);
        CHECK(id->at < account->count, "id %u stands at %u", n, id->at);
        account->of[id->at] = n;
        /* An id that failed, and one that was never asked, is no more than that. */
        id->asked = id->unanswered = id->state == ID_UNKNOWN;
        if (id->asked) id->state = ID_PENDING;
        CHECK(state_of(l, id) == id->state, "id %u begins as %d", n, state_of(l, id));
    }
    for (unsigned n = 0; n < account->count; n++)
        CHECK(account->of[account->ids[n].at] == n, "id %u stands nowhere", n);
}

static void check_may_ask(const struct account_id *id, enum api_path path) {
    CHECK(is_open(id->state) && !id->in_flight, "id at %u is asked for, state %d", id->at,
          id->state);
    bool gathered = id->state == ID_STOPPING;
    CHECK(path == PATH_DELETE || gathered, "id at %u was never refused", id->at);
    CHECK(path != PATH_DELETE || !gathered || id->is_down, "id at %u isn't down", id->at);
    CHECK(path != PATH_STOP || id->may_stop, "id at %u is stopped for nothing", id->at);
}

void account_send(struct account *account, const struct batch *batch,
                  const struct chunk *chunk) {
    CHECK(chunk->entry.amount >= 1 && chunk->entry.amount <= batch->options.chunk_size,
          "a request of %u ids", chunk->entry.amount);
    for (uint32_t i = 0; i < chunk->entry.amount; i++) {
        uint32_t position = chunk_position(batch, chunk, i);
        CHECK(position < account->count, "no id stands at %u", position);
        struct account_id *id = &account->ids[account->of[position]];
        check_may_ask(id, chunk->entry.path);
        id->in_flight = true;
    }
}

void account_end(struct account *account, const struct batch *batch) {
    const struct ledger *l = batch->ledger;
    account_look(account, batch);
    CHECK(batch_done(batch), "the job isn't done");
    CHECK(l->tally[ID_STOPPING] == 0, "%u ids have no end", l->tally[ID_STOPPING]);
    for (unsigned i = 0; i < account->count; i++) {
        struct account_id *id = &account->ids[i];
        CHECK(!id->in_flight, "id %u is in flight", i);
        CHECK(id->state != ID_PENDING || !id->asked, "id %u was asked, and is pending",
              i);
    }
    CHECK(ledger_is_complete(l) == (l->tally[ID_UNKNOWN] + l->tally[ID_PENDING] == 0),
          "complete");
}
