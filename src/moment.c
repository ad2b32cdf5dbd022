/* What time it is for a client: see moment.h. */
#include "moment.h"

#include <math.h>
#include <stdio.h>

#include "callback.h"
#include "compat.h"

#include "lib/clock.h"
#include "lib/private.h"

/* A clock of the caller's that counts from the epoch tells the wall's time as well. */
static const double EPOCH_LIKELY = 1e9;
/* Later is no time in seconds, and a double could not tell its microseconds any more. */
static const double LATEST = 1e11;
/* A clock that doesn't go on by this much in so many sleeps, or in a minute, stands
 * still. */
static const double STEP_SECONDS = 1e-3, SLEEPS_MAX = 1000, WAIT_SECONDS_MAX = 60;

/* A clock that steps back must not make us wait for it to catch up. */
static void note(struct lua_clock *clock, double raw) {
    if (raw < clock->last) clock->offset += clock->last - raw;
    clock->last = raw;
}

double moment_last(const struct lua_clock *clock) {
    return clock->has_now ? clock->last + clock->offset : clock_now() + clock->shift;
}

void moment_break(struct lua_clock *clock, const char *why) {
    if (clock->fault.kind != KIND_NONE) return;
    enum kind kind = callback_interrupted(why) ? KIND_INTERRUPTED : KIND_CALLBACK;
    fault_set(&clock->fault, kind, why);
    clock->shift = moment_last(clock) - clock_now();
    clock->has_now = false;
    clock->waited = 0;
}

/* What is wrong with what `now` told, which is on top of the stack; NULL: nothing. */
static const char *flaw_of(lua_State *L, const struct lua_clock *clock, bool raised) {
    char text[64];
    if (raised) return lua_pushfstring(L, "clock.now: %s", callback_error(L));
    if (lua_type(L, -1) != LUA_TNUMBER)
        return lua_pushfstring(L, "clock.now: number expected, got %s",
                               luaL_typename(L, -1));
    double raw = lua_tonumber(L, -1);
    if (fabs(raw) <= LATEST && clock->offset <= LATEST) return NULL;
    snprintf(text, sizeof text, "clock.now: %g is no time in seconds", raw);
    return lua_pushfstring(L, "%s", text);
}

struct moment moment_read(lua_State *L, int refs, struct lua_clock *clock) {
    double wall = clock_wall();
    if (clock->has_now) {
        int top = lua_gettop(L);
        lua_getfield(L, refs, "now");
        bool raised = lua_pcall(L, 0, 1, 0) != LUA_OK;
        double raw = raised ? 0 : lua_tonumber(L, -1);
        const char *flaw = flaw_of(L, clock, raised);
        if (flaw) moment_break(clock, flaw);
        else if (clock->has_now) note(clock, raw); /* not broken from within */
        if (!flaw && raw >= EPOCH_LIKELY) wall = raw;
        lua_settop(L, top);
    }
    return (struct moment){moment_last(clock), (int64_t)(wall * 1000)};
}

bool moment_stands_still(struct lua_clock *clock, double now, double seconds,
                         double really) {
    bool broken = clock->fault.kind != KIND_NONE;
    if (!broken && !clock->has_now) return false;
    if (!broken && now >= clock->went_on + STEP_SECONDS) {
        clock->went_on = now;
        clock->waited = 0;
        return false;
    }
    /* What is shorter, a caller's sleep may round to nothing. */
    double sleep = seconds >= STEP_SECONDS ? 1 : seconds > 0 ? 1e-3 : 0;
    clock->waited += sleep / SLEEPS_MAX + really / WAIT_SECONDS_MAX;
    return clock->waited >= 1;
}
