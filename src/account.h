/*
 * account.h: what stands behind a result: the ledger of its job.
 *
 * The result's own tables name only the ids that need a look. The ledger knows all, in
 * the caller's order, and which of them were asked for; it lives as long as the result.
 */
#pragma once

#include <lua.h>

#include "lib/ledger.h"

/* Makes its types, once for a Lua state. */
void account_open(lua_State *L);

/* Pushes an account whose ledger is all zero, for the caller to fill. */
struct ledger *account_push(lua_State *L);
/* Moves the ledger behind the result on top, or behind that of an err; only its amounts
 * stay where it was. */
void account_attach(lua_State *L, struct ledger *ledger);

/* The ledger behind the result, or the err, at index; raises where there is none. */
const struct ledger *account_check(lua_State *L, int index);

/* core.outcomes(result) → iterator of id, state, code, msg, in the caller's order */
int account_outcomes(lua_State *L);
/* core.remaining(result) → the ids that are unknown or pending, in the caller's order;
 * nil where no ledger stands behind it */
int account_remaining(lua_State *L);
/* core.amounts(err) → the text with which its message ends: how many ids became what */
int account_amounts(lua_State *L);

/* For geelark.journal. core.account(ids) → account of ids that are all pending, which
 * core.outcomes goes through, too */
int account_new(lua_State *L);
/* core.recall(account, n, state, stopped [, code, msg]) → whether it was asked for, and
 * whether it was stopped: what another run found of the n-th id: still pending, deleted,
 * presumed, unknown (these three also where it had failed), refused (to be asked for
 * again), or failed for good with code and msg */
int account_recall(lua_State *L);
/* core.result(account) → the result that it stands behind */
int account_result(lua_State *L);
/* core.config_error(text) → err of kind config, of nothing that was asked for */
int account_config_error(lua_State *L);
