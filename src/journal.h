/*
 * journal.h: a job's journal: the file in which geelark.journal, in Lua, keeps what
 * became of each id. It is opened before the job is, and then told of every event.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

#include "lib/ledger.h"

/* Opens the file that the references name, for the ids of a ledger of which nothing is
 * asked yet: it goes on where the file's account ends. A fault with a kind: it couldn't
 * be opened, and the ledger is as it was. Raises memory errors alone. */
void journal_open(lua_State *L, int refs, struct ledger *ledger, const char *base_url,
                  struct fault *fault);
/* Writes the event on top, which stays. False: it raised; the error is above it. */
bool journal_write(lua_State *L, int refs);
/* The job is done: closes the file. Raises memory errors alone; the next step tries
 * again. */
void journal_close(lua_State *L, int refs);
