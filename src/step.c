/* Drives a job for Lua: see step.h. What the caller's transport gets is transport.c's. */
#include "step.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <time.h>

#include "compat.h"
#include "report.h"
#include "transport.h"

/* A clock of the caller's that counts from the epoch tells the wall's time as well. */
static const double EPOCH_LIKELY = 1e9;
static const double SLEEP_MAX = 3600; /* seconds in one call of the caller's sleep */

struct drive {
    lua_State *L;
    struct lua_job *lj;
    struct job *job;
    int kept;
    double now;
};

/* --- callbacks --------------------------------------------------------------------------- */

/* Nothing more is sent; the text is the error's message, on top of the stack. */
static void stop_for_error(struct drive *d, enum kind kind, const char *who)
{
    struct fault fault;
    lua_State *L = d->L;
    const char *text = lua_tostring(L, -1);
    if (!text && luaL_callmeta(L, -1, "__tostring")) text = lua_tostring(L, -1);
    lua_pushfstring(L, "%s%s", who, text ? text : "error object is no string");
    fault_set(&fault, kind, lua_tostring(L, -1));
    job_stop(d->job, &fault, d->now);
    d->lj->quiet = true;
}

/* Calls the function below `args` values. False: it raised; the error is on top. */
static bool call(struct drive *d, int args, int results)
{
    bool was = d->lj->in_callback;
    d->lj->in_callback = true;
    int status = lua_pcall(d->L, args, results, 0);
    d->lj->in_callback = was;
    return status == LUA_OK;
}

/* Calls kept[name] with the value on top. */
static void call_back(struct drive *d, const char *name)
{
    lua_State *L = d->L;
    lua_getfield(L, d->kept, name);
    lua_insert(L, -2);
    if (call(d, 1, 0)) return;
    lua_pushfstring(L, "%s: ", name);
    const char *who = lua_tostring(L, -1);
    lua_insert(L, -2);
    stop_for_error(d, KIND_CALLBACK, who);
}

/* --- time ------------------------------------------------------------------------------------ */

static double seconds_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A clock that steps back must not make us wait for it to catch up. */
static double steadied(struct lua_client *client, double raw)
{
    if (raw < client->clock_last) client->clock_offset += client->clock_last - raw;
    client->clock_last = raw;
    return raw + client->clock_offset;
}

struct moment step_moment(lua_State *L, int kept, struct lua_client *client)
{
    double wall = seconds_of(CLOCK_REALTIME), now = seconds_of(CLOCK_MONOTONIC);
    if (client && client->has_now) {
        lua_getfield(L, kept, "now");
        bool fine = lua_pcall(L, 0, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TNUMBER;
        double raw = fine ? lua_tonumber(L, -1) : NAN;
        lua_pop(L, 1);
        now = isfinite(raw) ? steadied(client, raw) : client->clock_last + client->clock_offset;
        if (raw >= EPOCH_LIKELY) wall = raw;
    }
    return (struct moment){now, (int64_t)(wall * 1000)};
}

/* A signal came, or there is a hook: lets the one run that an interpreter sets for Ctrl-C. It
 * raises. */
static void let_hooks_run(struct drive *d)
{
    if (luaL_loadstring(d->L, "return") == LUA_OK && call(d, 0, 0)) return;
    lua_pushliteral(d->L, "interrupted");
    stop_for_error(d, KIND_CANCELLED, "");
}

static void sleep_by_caller(struct drive *d, double seconds)
{
    lua_getfield(d->L, d->kept, "sleep");
    lua_pushnumber(d->L, fmin(seconds, SLEEP_MAX));
    if (!call(d, 1, 0)) {
        d->lj->owner->has_sleep = false;
        stop_for_error(d, KIND_CALLBACK, "clock.sleep: ");
    }
}

static bool sleep_by_system(double seconds)
{
    double ms = ceil(fmin(seconds, SLEEP_MAX) * 1000);
    return poll(NULL, 0, (int)ms) >= 0 || errno != EINTR;
}

/* Waits for the network, or only for time to pass. */
static void rest(struct drive *d, double seconds, int most)
{
    struct lua_client *owner = d->lj->owner;
    bool network = owner->client.transfer != NULL;
    bool undisturbed = true;
    if (owner->has_sleep && seconds > 0 && !(network && owner->client.in_flight > 0))
        sleep_by_caller(d, seconds);
    else if (network)
        undisturbed = job_poll(d->job, fmin(seconds, SLEEP_MAX), most);
    else if (seconds > 0)
        undisturbed = sleep_by_system(seconds);
    if (!undisturbed) let_hooks_run(d);
}

/* --- the caller's limiter ----------------------------------------------------------------- */

/* The least that it can ask us to wait; nothing would make us ask over and over. */
static const double LIMITER_WAIT_MIN = 1e-3; /* seconds */

/* Pushes the table from a flight's number to what the limiter gave for it. */
static void push_tokens(struct drive *d)
{
    lua_getfield(d->L, d->kept, "tokens");
    if (!lua_isnil(d->L, -1)) return;
    lua_pop(d->L, 1);
    lua_newtable(d->L);
    lua_pushvalue(d->L, -1);
    lua_setfield(d->L, d->kept, "tokens");
}

/* limiter.take(seconds) → token, or nil and the seconds to wait. False: the flight stays. */
static bool take_token(struct drive *d, struct flight *flight)
{
    lua_State *L = d->L;
    push_tokens(d);
    int tokens = lua_gettop(L);
    lua_rawgeti(L, tokens, (int)flight->number);
    if (!lua_isnil(L, -1)) return true; /* it has one: there was no memory to send it */
    lua_getfield(L, d->kept, "take");
    lua_pushnumber(L, d->job->options.timeout);
    if (!call(d, 1, 2)) {
        stop_for_error(d, KIND_CALLBACK, "limiter.take: ");
        return false;
    }
    if (lua_toboolean(L, -2)) {
        lua_pop(L, 1);
        lua_rawseti(L, tokens, (int)flight->number);
        return true;
    }
    job_return(d->job, flight);
    client_hold(&d->lj->owner->client, d->now + fmax(lua_tonumber(L, -1), LIMITER_WAIT_MIN));
    return false;
}

/* limiter.give(token): the answer to this flight came, or none will. */
static void give_token(struct drive *d, uint64_t number)
{
    lua_State *L = d->L;
    push_tokens(d);
    int tokens = lua_gettop(L);
    lua_getfield(L, d->kept, "give");
    lua_rawgeti(L, tokens, (int)number);
    if (lua_isnil(L, -1)) return;
    lua_pushnil(L);
    lua_rawseti(L, tokens, (int)number);
    if (!call(d, 1, 0)) stop_for_error(d, KIND_CALLBACK, "limiter.give: ");
}

/* --- turns ------------------------------------------------------------------------------------ */

/* Makes sure that there is a network before anybody is told of a request. False: none can be
 * had, and the job is stopped. */
static bool has_network(struct drive *d)
{
    if (!d->job->options.network) return true;
    errno = 0;
    if (client_network(&d->lj->owner->client)) return true;
    if (errno != EMFILE && errno != ENFILE) compat_memory_error(d->L);
    struct fault fault;
    fault_set(&fault, KIND_NETWORK, "no descriptor is left for a connection");
    job_stop(d->job, &fault, d->now);
    return false;
}

/* Hands a request that was launched, and is on top, to the caller's transport. */
static void carry(struct drive *d, uint64_t number)
{
    lua_State *L = d->L;
    int base = lua_gettop(L) - 1;
    lua_getfield(L, d->kept, "transport");
    lua_insert(L, -2);
    bool raised = !call(d, 1, LUA_MULTRET);
    const char *flaw = NULL;
    d->now = step_moment(L, d->kept, d->lj->owner).now;
    struct flight *flight = job_find(d->job, number); /* NULL: it was answered from within */
    if (raised) {
        if (flight) exchange_fail(&flight->x, KIND_CALLBACK, true, "the transport raised");
        stop_for_error(d, KIND_CALLBACK, "transport: ");
    } else if (flight && lua_gettop(L) > base) {
        flaw = transport_take_results(L, base + 1, flight);
    }
    if (flight && flight->x.landed) job_land(d->job, flight, d->now);
    if (flaw) {
        lua_pushstring(L, flaw);
        stop_for_error(d, KIND_CALLBACK, "transport: ");
    }
}

static void send(struct drive *d, struct flight *flight)
{
    lua_State *L = d->L;
    uint64_t number = flight->number;
    if (lua_gethook(L)) let_hooks_run(d); /* no request leaves after Ctrl-C */
    if (d->job->batch.stopped || !has_network(d)) return;
    if (d->lj->has_limiter && !take_token(d, flight)) return;
    if (d->lj->has_event && !d->lj->quiet) {
        report_push_send_event(L, d->job, flight);
        call_back(d, "on_event");
    }
    if (d->job->batch.stopped) { /* the next turn takes the flight back */
        if (d->lj->has_limiter) give_token(d, number);
        return;
    }
    if (!d->job->options.network) transport_push_request(L, d->kept, d->job, flight);
    if (!job_launch(d->job, flight, d->now)) compat_memory_error(L);
    if (!d->job->options.network) carry(d, number);
}

static void settle(struct drive *d, struct flight *flight)
{
    if (d->lj->has_limiter) give_token(d, flight->number);
    if (!job_settle(d->job, flight, d->now)) compat_memory_error(d->L);
}

static void tell(struct drive *d, const struct chunk *chunk)
{
    if (d->lj->has_event && !d->lj->quiet) {
        report_push_settle_event(d->L, d->job, chunk);
        call_back(d, "on_event");
    }
    if (d->lj->has_progress && !d->lj->quiet && !chunk->halved) {
        report_push_progress(d->L, d->job, d->now);
        call_back(d, "on_progress");
    }
}

bool step_run(lua_State *L, struct lua_job *lj, int kept, double seconds, int most)
{
    struct drive d = {L, lj, &lj->job, kept, 0};
    int top = lua_gettop(L), settled = 0;
    double until = -INFINITY;
    bool polled = false;
    luaL_checkstack(L, 32, NULL);
    for (;; lua_settop(L, top)) {
        struct moment moment = step_moment(L, kept, lj->owner);
        d.now = moment.now;
        if (until < 0 && isinf(until)) until = d.now + seconds;
        struct turn turn = job_turn(d.job, moment);
        switch (turn.kind) {
        case TURN_SEND:
            send(&d, turn.flight);
            polled = false;
            continue;
        case TURN_ANSWER:
            if (settled++ == most) return false;
            settle(&d, turn.flight);
            continue;
        case TURN_SETTLED: tell(&d, turn.chunk); continue;
        case TURN_NO_MEMORY: compat_memory_error(L); continue;
        case TURN_DONE: lj->done = true; return true;
        case TURN_WAIT: break;
        }
        double left = until - d.now;
        if (left < 1e-6) left = 0;
        if (left == 0 && polled) {
            job_rest(d.job);
            return false;
        }
        double wait = job_wait(d.job, d.now);
        rest(&d, left < wait ? fmax(0, left) : wait, most);
        polled = true;
    }
}
