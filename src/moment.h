/* moment.h: what time it is for a client: by the caller's clock or the system's. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* What a client remembers of its clock. */
struct lua_clock {
    bool has_now, has_sleep; /* the caller's functions */
    double last, offset;     /* what `now` told, and what is added to it */
    double shift;            /* the same for the system's clock */
    double went_on, waited;  /* when it last went on; how long it stood still since */
    struct fault fault;      /* of KIND_NONE, or why it isn't asked any more */
};

/* Reads the clock; `refs` is where now and sleep stand. One that raises or tells no time
 * is broken. Raises memory errors alone. */
struct moment moment_read(lua_State *L, int refs, struct lua_clock *clock);

/* The same without calling the caller's clock: as it was last read. */
double moment_last(const struct lua_clock *clock);

/* The caller's clock isn't asked any more: from here on the system's goes on in its
 * place, so that what is in flight has an end. */
void moment_break(struct lua_clock *clock, const char *why);

/* Somebody slept by the caller's clock (for `seconds`), or really waited so long; now it
 * tells `now`. Returns whether it has stood still for longer than makes sense. */
bool moment_stands_still(struct lua_clock *clock, double now, double seconds,
                         double really);
/* An answer came: it is no matter how long the clock has stood still. */
static inline void moment_goes_on(struct lua_clock *clock) { clock->waited = 0; }
