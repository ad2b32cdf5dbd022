/*
 * account.h: what may have become of every id, by the manual's rules, answer by answer;
 * and whether the ledger says the same.
 *
 * Ids are named by their place in the caller's list, which stays when a job is resumed.
 */
#pragma once

#include "said.h"
#include "lib/batch.h"

struct account_id {
    enum id_state state; /* as the ledger said last */
    bool asked;          /* the service may have obeyed a request to delete it */
    bool unanswered;     /* the same, since it was last refused because its phone runs */
    bool in_flight;
    bool may_stop; /* it was refused as started, or status calls it started */
    bool starting; /* it was refused as starting */
    bool is_down;  /* status says so */
    bool stopped;  /* a stop was accepted */
    long refusal;  /* the code that delete refused it with, for its phone runs */
    uint32_t at;   /* its position in the ledger */
};

struct account {
    unsigned count;
    struct account_id ids[ASKED_MAX];
    unsigned of[ASKED_MAX]; /* which id stands at a position */
};

/* A job begins, or goes on where an earlier one ended. */
void account_begin(struct account *account, const struct ledger *ledger);
/* A request leaves: checks that it may ask for these ids. */
void account_send(struct account *account, const struct batch *batch,
                  const struct chunk *chunk);
/* Its answer was settled: checks what became of them. */
void account_settle(struct account *account, const struct batch *batch,
                    const struct chunk *chunk, enum api_path path,
                    const struct said *said, const unsigned *ids, unsigned amount);
/* Looks at every id that no answer was for. */
void account_look(struct account *account, const struct batch *batch);
/* The job is over. */
void account_end(struct account *account, const struct batch *batch);
