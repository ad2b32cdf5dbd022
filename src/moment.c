/* What time it is for a client: see moment.h. */
#include "moment.h"

#include <math.h>

#include "compat.h"

#include "lib/clock.h"
#include "lib/private.h"

/* A clock of the caller's that counts from the epoch tells the wall's time as well. */
static const double EPOCH_LIKELY = 1e9;

/* A clock that steps back must not make us wait for it to catch up. */
static double steadied(struct lua_clock *clock, double raw) {
    if (raw < clock->last) clock->offset += clock->last - raw;
    clock->last = raw;
    return raw + clock->offset;
}

struct moment moment_read(lua_State *L, int refs, struct lua_clock *clock) {
    double wall = clock_wall(), now = clock_now();
    if (clock->has_now) {
        bool was = clock->reading;
        lua_getfield(L, refs, "now");
        clock->reading = true;
        bool told = lua_pcall(L, 0, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TNUMBER;
        clock->reading = was;
        double raw = told ? lua_tonumber(L, -1) : NAN;
        lua_pop(L, 1);
        now = isfinite(raw) ? steadied(clock, raw) : clock->last + clock->offset;
        if (raw >= EPOCH_LIKELY) wall = raw;
    }
    return (struct moment){now, (int64_t)(wall * 1000)};
}

double moment_last(const struct lua_clock *clock) {
    return clock->has_now ? clock->last + clock->offset : clock_now();
}
