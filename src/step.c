/* Drives a job for Lua: see step.h. */
#include "step.h"

#include <errno.h>
#include <math.h>
#include <poll.h>

#include "compat.h"
#include "decode.h"
#include "limiter.h"
#include "report.h"
#include "transport.h"
#include "lib/private.h"

static const double SLEEP_MAX = 3600; /* seconds in one call of the caller's sleep */

/* One call of step_run. */
struct step {
    lua_State *L;
    struct lua_job *lj;
    struct job *job;
    int refs;
    double now;
};

static struct moment read_clock(struct step *s) {
    struct moment moment = moment_read(s->L, s->refs, &s->lj->owner->clock);
    s->now = moment.now;
    return moment;
}

/* Calls the function below `args` values. False: it raised; the error is on top. */
static bool call(struct step *s, int args, int results) {
    bool was = s->lj->in_callback;
    s->lj->in_callback = true;
    int status = lua_pcall(s->L, args, results, 0);
    s->lj->in_callback = was;
    return status == LUA_OK;
}

/* Nothing more is sent. The error of `who` is on top of the stack. */
static void stop_for_error(struct step *s, enum kind kind, const char *who) {
    struct fault fault;
    lua_State *L = s->L;
    if (!lua_isstring(L, -1) && luaL_getmetafield(L, -1, "__tostring")) {
        lua_insert(L, -2);
        call(s, 1, 1); /* where it raises, too, that error tells as much */
    }
    const char *text = lua_tostring(L, -1);
    if (!text) text = "error object is no string";
    const char *why = strstr(text, "attempt to yield") ? ": it may not yield" : "";
    fault_set(&fault, kind, who ? lua_pushfstring(L, "%s: %s%s", who, text, why) : text);
    job_stop(s->job, &fault, s->now);
    s->lj->quiet = true;
}

/* Calls refs[name] with the value on top. */
static void call_back(struct step *s, const char *name) {
    lua_State *L = s->L;
    lua_getfield(L, s->refs, name);
    lua_insert(L, -2);
    if (!call(s, 1, 0)) stop_for_error(s, KIND_CALLBACK, name);
}

/* Runs a pending debug hook; Lua's SIGINT handler raises from one. */
static void run_hooks(struct step *s) {
    if (luaL_loadstring(s->L, "return") == LUA_OK && call(s, 0, 0)) return;
    lua_pushliteral(s->L, "interrupted");
    stop_for_error(s, KIND_CANCELLED, NULL);
}

static void sleep_by_caller(struct step *s, double seconds) {
    lua_getfield(s->L, s->refs, "sleep");
    lua_pushnumber(s->L, seconds);
    if (call(s, 1, 0)) return;
    s->lj->owner->clock.has_sleep = false;
    stop_for_error(s, KIND_CALLBACK, "clock.sleep");
}

/* Waits for the network, or only for time to pass. */
static void rest(struct step *s, double seconds, int max_answers) {
    struct lua_client *owner = s->lj->owner;
    bool network = client_has_network(&owner->client);
    bool undisturbed = true;
    seconds = fmin(seconds, SLEEP_MAX);
    if (owner->clock.has_sleep && seconds > 0 &&
        !(network && client_in_flight(&owner->client)))
        sleep_by_caller(s, seconds);
    else if (network) undisturbed = job_poll(s->job, seconds, max_answers);
    else if (seconds > 0)
        undisturbed = poll(NULL, 0, (int)ceil(seconds * 1000)) >= 0 || errno != EINTR;
    if (!undisturbed) run_hooks(s);
}

/* The shortest wait that it can ask for: a lower bound, to avoid a busy loop. */
static const double LIMITER_WAIT_MIN = 1e-3; /* seconds */

static bool call_limiter(struct step *s, int args, int results) {
    limiter_enter(s->L);
    bool called = call(s, args, results);
    limiter_leave(s->L);
    return called;
}

/* limiter.take(seconds, path) → token, or nil and the seconds to wait. False: it stays.
 */
static bool take_token(struct step *s, struct request *request) {
    lua_State *L = s->L;
    lua_getfield(L, s->refs, "tokens");
    int tokens = lua_gettop(L);
    lua_rawgeti(L, tokens, (int)request->number);
    if (lua_toboolean(L, -1)) return true; /* it has one: no memory was left to send it */
    lua_pushboolean(L, 0); /* what take returns must find its place without memory */
    lua_rawseti(L, tokens, (int)request->number);
    lua_getfield(L, s->refs, "take");
    lua_pushnumber(L, request->timeout);
    lua_pushstring(L, path_text(request->path));
    if (!call_limiter(s, 2, 2)) {
        stop_for_error(s, KIND_CALLBACK, "limiter.take");
        return false;
    }
    if (lua_toboolean(L, -2)) {
        lua_pop(L, 1);
        lua_rawseti(L, tokens, (int)request->number);
        return true;
    }
    lua_pushnil(L);
    lua_rawseti(L, tokens, (int)request->number);
    job_return(s->job, request);
    job_hold(s->job, s->now + fmax(lua_tonumber(L, -1), LIMITER_WAIT_MIN), "the limiter");
    return false;
}

/* limiter.give(token): the answer to this request came, or none will. */
static void give_token(struct step *s, uint64_t number) {
    lua_State *L = s->L;
    lua_getfield(L, s->refs, "tokens");
    int tokens = lua_gettop(L);
    lua_getfield(L, s->refs, "give");
    lua_rawgeti(L, tokens, (int)number);
    if (!lua_toboolean(L, -1)) return;
    lua_pushnil(L);
    lua_rawseti(L, tokens, (int)number);
    if (!call_limiter(s, 1, 0)) stop_for_error(s, KIND_CALLBACK, "limiter.give");
}

/* False: no network can be had, and the job is stopped before anybody is told. */
static bool has_network(struct step *s) {
    if (!s->job->options.network) return true;
    errno = 0;
    if (client_network(&s->lj->owner->client)) return true;
    if (errno != EMFILE && errno != ENFILE) compat_memory_error(s->L);
    struct fault fault;
    fault_set(&fault, KIND_NETWORK, "no descriptor is left for a connection");
    job_stop(s->job, &fault, s->now);
    return false;
}

/* Hands a request that was launched, and is on top, to the caller's transport. */
static void carry(struct step *s, uint64_t number) {
    lua_State *L = s->L;
    int base = lua_gettop(L) - 1;
    lua_getfield(L, s->refs, "transport");
    lua_insert(L, -2);
    bool raised = !call(s, 1, LUA_MULTRET);
    const char *flaw = NULL;
    read_clock(s);
    struct request *request =
        job_find(s->job, number); /* NULL: it was answered from within */
    if (raised) {
        if (request)
            response_fail(&request->response, KIND_CALLBACK, true,
                          "the transport raised");
        stop_for_error(s, KIND_CALLBACK, "transport");
    } else if (request && lua_gettop(L) > base) {
        flaw = transport_take_results(L, base + 1, request);
    }
    if (request && request->response.complete) job_complete(s->job, request, s->now);
    if (flaw) {
        lua_pushstring(L, flaw);
        stop_for_error(s, KIND_CALLBACK, "transport");
    }
}

static void send(struct step *s, struct request *request) {
    lua_State *L = s->L;
    uint64_t number = request->number;
    bool network = s->job->options.network;
    if (lua_gethook(L)) run_hooks(s); /* no request leaves after Ctrl-C */
    if (job_stopped(s->job) || !has_network(s)) return;
    if (s->lj->has_limiter && !take_token(s, request)) return;
    if (s->lj->has_event && !s->lj->quiet) {
        report_push_send_event(L, &s->job->ledger, request);
        call_back(s, "on_event");
    }
    if (job_stopped(s->job)) { /* the next turn returns the request */
        if (s->lj->has_limiter) give_token(s, number);
        return;
    }
    if (!network) transport_push_request(L, s->refs, s->job, request);
    if (!job_launch(s->job, request, s->now)) compat_memory_error(L);
    if (!network) carry(s, number);
}

static void settle_response(struct step *s, struct request *request) {
    if (s->lj->has_limiter) give_token(s, request->number);
    decode_response(s->L, &request->response);
    if (!job_settle(s->job, request, s->now)) compat_memory_error(s->L);
}

static void tell(struct step *s, const struct chunk *chunk) {
    if (s->lj->has_event && !s->lj->quiet) {
        report_push_settle_event(s->L, &s->job->ledger, chunk);
        call_back(s, "on_event");
    }
    if (s->lj->has_progress && !s->lj->quiet && !chunk->entry.halved) {
        report_push_progress(s->L, s->job, s->now);
        call_back(s, "on_progress");
    }
}

bool step_run(lua_State *L, struct lua_job *lj, int refs, double seconds,
              int max_answers) {
    struct step s = {L, lj, &lj->job, refs, 0};
    int top = lua_gettop(L), settled = 0;
    bool polled = false;
    compat_check_stack(L, 32);
    job_begin_step(s.job, seconds > 0);
    read_clock(&s);
    double until = s.now + seconds;
    for (;; lua_settop(L, top)) {
        struct job_next next = job_next(s.job, read_clock(&s));
        switch (next.action) {
        case JOB_SEND:
            send(&s, next.request);
            polled = false;
            continue;
        case JOB_RESPONSE:
            if (settled++ == max_answers) return false;
            settle_response(&s, next.request);
            continue;
        case JOB_SETTLED: tell(&s, next.chunk); continue;
        case JOB_NO_MEMORY: compat_memory_error(L); continue;
        case JOB_DONE: /* a request that found no memory, and never left, has a token */
            if (lj->has_limiter) limiter_give_back(L, refs);
            lj->done = true;
            return true;
        case JOB_WAIT: break;
        }
        double left = until - s.now;
        if (left < 1e-6) left = 0;
        if (left == 0 && polled) {
            job_calm(s.job);
            return false;
        }
        double wait = job_wait(s.job, s.now);
        rest(&s, left < wait ? left : wait, max_answers);
        polled = true;
    }
}
