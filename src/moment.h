/* moment.h: what time it is for a client: by the caller's clock or the system's. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* What a client remembers of its clock. */
struct lua_clock {
    bool has_now, has_sleep; /* the caller's functions */
    bool reading;            /* its `now` is running */
    double last, offset;
};

/* Reads the clock; `refs` is where now and sleep stand. Raises nothing. */
struct moment moment_read(lua_State *L, int refs, struct lua_clock *clock);

/* The same without calling the caller's clock: as it was last read. */
double moment_last(const struct lua_clock *clock);
