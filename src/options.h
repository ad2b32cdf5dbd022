/* options.h: reads and checks the table of options. */
#pragma once

#include <lua.h>

#include "lib/client.h"
#include "lib/job.h"

/* What geelark.new takes for its client, and what each job takes. The others are known
 * for what is said of them: the loops' Lua takes them out before the core reads the rest.
 */
enum scope { SCOPE_CLIENT = 1, SCOPE_JOB = 2, SCOPE_LOOP = 4, SCOPE_NGX = 8 };

struct options {
    struct client_settings client;
    struct job_options job;
    bool dry_run;
};

/* Fills in the defaults. */
void options_default(struct options *options);

/* Reads the table at `arg` (nil and none are an empty one) over what `options` holds and
 * raises an argument error for an unknown name, a wrong type or range, or a name out of
 * `scope`. Its strings live by what is left on the stack; functions are copied to the
 * table at `refs`, as on_progress, on_event, transport, now, sleep, seed, take, give, and
 * so is the file name journal. */
void options_read(lua_State *L, int arg, unsigned scope, int refs,
                  struct options *options);

/* Pushes { name = true, ... } of the options that geelark.new alone takes. */
void options_push_client_names(lua_State *L);

/* The options at `arg`, if any, leave everything that is a client's as it is. `transport`
 * counts as a client's here. */
bool options_are_for_job(lua_State *L, int arg);
