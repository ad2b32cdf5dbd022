/* Drives a job for Lua: see step.h. */
#include "step.h"

#include <errno.h>
#include <math.h>
#include <poll.h>

#include "callback.h"
#include "compat.h"
#include "decode.h"
#include "events.h"
#include "journal.h"
#include "limiter.h"
#include "report.h"
#include "transport.h"
#include "lib/clock.h"
#include "lib/private.h"

/* Seconds in one call of the caller's sleep; and in one wait of our own, since a signal
 * may come just before it. */
static const double SLEEP_MAX = 3600, WAIT_MAX = 1;

/* One call of step_run. */
struct step {
    lua_State *L, *main; /* the thread that Ctrl-C sets its hook for; NULL: not known */
    struct lua_job *lj;
    struct job *job;
    int refs;
    double now;
};

/* Nothing more is sent, and no callback is called any more. */
static void stop_for_fault(struct step *s, const struct fault *fault) {
    job_stop(s->job, fault, s->now);
    s->lj->quiet = true;
}

static struct moment read_clock(struct step *s) {
    struct lua_clock *clock = &s->lj->owner->clock;
    struct moment moment = moment_read(s->L, s->refs, clock);
    s->now = moment.now;
    handle_check_process(s->L, s->lj);
    if (clock->fault.kind != KIND_NONE && !s->lj->quiet) stop_for_fault(s, &clock->fault);
    return moment;
}

/* Calls the function below `args` values. False: it raised; the error is on top. Raises
 * in the child where it has forked. */
static bool call(struct step *s, int args, int results) {
    int status = lua_pcall(s->L, args, results, 0);
    handle_check_process(s->L, s->lj);
    return status == LUA_OK;
}

/* Nothing more is sent. The error of `who` is on top of the stack. */
static void stop_for_error(struct step *s, const char *who) {
    struct fault fault;
    const char *text = callback_error(s->L);
    const char *why = strstr(text, "attempt to yield") ? ": it may not yield" : "";
    enum kind kind = callback_interrupted(text) ? KIND_INTERRUPTED : KIND_CALLBACK;
    fault_set(&fault, kind, lua_pushfstring(s->L, "%s: %s%s", who, text, why));
    handle_check_process(s->L, s->lj);
    stop_for_fault(s, &fault);
}

/* Calls refs[name] with the value on top. */
static void call_back(struct step *s, const char *name) {
    lua_State *L = s->L;
    lua_getfield(L, s->refs, name);
    lua_insert(L, -2);
    if (!call(s, 1, 0)) stop_for_error(s, name);
}

static bool wants_events(const struct step *s) {
    return s->lj->has_journal || (s->lj->has_event && !s->lj->quiet);
}

/* Runs the hook of a thread here; Lua's SIGINT handler raises from one. */
static bool hook_raises(struct step *s, lua_State *thread) {
    lua_State *L = s->L;
    lua_Hook own = lua_gethook(L), hook = lua_gethook(thread);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    if (luaL_loadstring(L, "return") != LUA_OK) compat_memory_error(L);
    if (thread == L) return lua_pcall(L, 0, 0, 0) != LUA_OK;
    lua_sethook(L, hook, lua_gethookmask(thread), lua_gethookcount(thread));
    bool raises = lua_pcall(L, 0, 0, 0) != LUA_OK;
    if (!lua_gethook(L)) lua_sethook(thread, NULL, 0, 0); /* it comes but once */
    lua_sethook(L, own, mask, count);
    return raises;
}

/* Runs the hooks that are set: this thread's, and the main one's, where Ctrl-C sets its
 * own although a coroutine is running. */
static void run_hooks(struct step *s) {
    lua_State *L = s->L, *thread = s->main;
    bool raises = lua_gethook(L) && hook_raises(s, L);
    if (thread && thread != L && lua_gethook(thread) &&
        lua_gethook(thread) != lua_gethook(L))
        raises = hook_raises(s, thread) || raises;
    if (!raises) return;
    struct fault fault;
    fault_set(&fault, KIND_INTERRUPTED, "interrupted");
    stop_for_fault(s, &fault);
}

/* Tells of the event on top: first the journal, which hears of each. */
static void tell_event(struct step *s) {
    int event = lua_gettop(s->L);
    if (s->lj->has_journal) {
        if (!journal_write(s->L, s->refs)) stop_for_error(s, "journal");
        lua_settop(s->L, event);
        run_hooks(s); /* Ctrl-C may have come while it was written */
    }
    if (s->lj->has_event && !s->lj->quiet) call_back(s, "on_event");
    else lua_pop(s->L, 1);
}

static void sleep_by_caller(struct step *s, double seconds) {
    struct lua_clock *clock = &s->lj->owner->clock;
    lua_getfield(s->L, s->refs, "sleep");
    lua_pushnumber(s->L, seconds);
    if (call(s, 1, 0)) return;
    clock->has_sleep = false;
    moment_break(clock, lua_pushfstring(s->L, "clock.sleep: %s", callback_error(s->L)));
}

/* A clock that doesn't go on while we wait would let us wait for ever. */
static void check_clock(struct step *s, double slept, double waited) {
    struct lua_clock *clock = &s->lj->owner->clock;
    if (!moment_stands_still(clock, s->now, slept, waited)) return;
    moment_break(clock, slept > 0 ? "clock.sleep did not advance clock.now"
                                  : "clock.now stands still");
    job_cut(s->job, &clock->fault, s->now);
    s->lj->quiet = true;
}

/* Waits for the network, or only for time to pass. */
static void rest(struct step *s, double seconds, int max_answers) {
    struct lua_client *owner = s->lj->owner;
    bool network = client_has_network(&owner->client);
    bool slept = owner->clock.has_sleep && seconds > 0 &&
                 !(network && client_in_flight(&owner->client));
    double began = clock_now();
    seconds = fmin(seconds, slept ? SLEEP_MAX : WAIT_MAX);
    if (slept) sleep_by_caller(s, seconds);
    else if (network) job_poll(s->job, seconds, max_answers);
    else if (seconds > 0) poll(NULL, 0, (int)ceil(seconds * 1000));
    run_hooks(s);
    read_clock(s);
    check_clock(s, slept ? seconds : 0, slept ? 0 : clock_now() - began);
}

/* The shortest wait that it can ask for: a lower bound, to avoid a busy loop. */
static const double LIMITER_WAIT_MIN = 1e-3; /* seconds */
/* Why a job waits that the limiter refused, in words for people. */
static const char LIMITER[] = "the limiter",
                  LIMITER_UNASKED[] = "the limiter, whose store can't be asked";

static bool call_limiter(struct step *s, int args, int results) {
    limiter_enter(s->L);
    bool called = call(s, args, results);
    limiter_leave(s->L);
    return called;
}

/* The limiter refused and says why its store can't be asked, which is on top; or says
 * nothing of that. A store that stays away for max_wait ends the job, and so does a
 * limiter that names no seconds. Returns until when to wait. */
static double refused_until(struct step *s, double until) {
    lua_State *L = s->L;
    double *since = &s->lj->unasked_since, max_wait = s->job->options.batch.max_wait;
    const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    bool says_seconds = lua_isnumber(L, -2) && !isnan(lua_tonumber(L, -2));
    if (!why && !says_seconds) why = "neither a token nor the seconds to wait";
    *since = why ? fmin(*since, s->now) : INFINITY;
    if (!why || s->now < *since + max_wait) return fmin(until, *since + max_wait);
    struct fault fault;
    fault_set(
        &fault, KIND_QUOTA,
        lua_pushfstring(L, "limiter.take: %s, for %d s", why, (int)(s->now - *since)));
    job_stop(s->job, &fault, s->now);
    return until;
}

/* limiter.take(seconds, path) → token; or nil, the seconds to wait and, where its store
 * can't be asked, why. False: it stays. */
static bool take_token(struct step *s, struct request *request) {
    lua_State *L = s->L;
    enum api_path path = request->path;
    lua_getfield(L, s->refs, "tokens");
    int tokens = lua_gettop(L);
    lua_rawgeti(L, tokens, (int)request->number);
    if (lua_toboolean(L, -1)) return true; /* it has one: no memory was left to send it */
    lua_pushboolean(L, 0); /* what take returns must find its place without memory */
    lua_rawseti(L, tokens, (int)request->number);
    lua_getfield(L, s->refs, "take");
    lua_pushnumber(L, request->timeout);
    lua_pushstring(L, path_text(path));
    if (!call_limiter(s, 2, 3)) {
        stop_for_error(s, "limiter.take");
        return false;
    }
    if (lua_toboolean(L, -3)) {
        s->lj->refused_since = s->lj->unasked_since = INFINITY;
        s->lj->told_refusal = false;
        lua_pop(L, 2);
        lua_rawseti(L, tokens, (int)request->number);
        return true;
    }
    lua_pushnil(L);
    lua_rawseti(L, tokens, (int)request->number);
    job_return(s->job, request, s->now);
    double wait = fmin(fmax(lua_tonumber(L, -2), LIMITER_WAIT_MIN), SLEEP_MAX);
    s->lj->refused_since = fmin(s->lj->refused_since, s->now);
    double until = refused_until(s, s->now + wait);
    job_hold(s->job, path, until,
             isinf(s->lj->unasked_since) ? LIMITER : LIMITER_UNASKED);
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
    if (!call_limiter(s, 1, 0)) stop_for_error(s, "limiter.give");
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
    struct answer answer = {.flaw = "the transport raised"};
    lua_getfield(L, s->refs, "transport");
    lua_insert(L, -2);
    bool raised = !call(s, 1, LUA_MULTRET);
    bool answered = raised || lua_gettop(L) > base;
    if (!raised && answered) transport_read_results(L, base + 1, &answer);
    struct request *request = answered ? job_find(s->job, number) : NULL;
    /* Filled in before any Lua code runs: from then on nobody else answers it. */
    if (request && !transport_fill(request, &answer))
        response_fail(&request->response, KIND_NETWORK, true,
                      "out of memory for the answer");
    read_clock(s);
    if (request) job_complete_filled(s->job, number, s->now);
    if (!raised && answer.flaw && request) lua_pushstring(L, answer.flaw);
    if (raised || (answer.flaw && request)) stop_for_error(s, "transport");
}

/* A request doesn't leave, although it was told of. */
static void tell_unsent(struct step *s, const struct chunk *chunk, const char *trace_id) {
    struct lost_try lost = {.happened = true, .retry_in = 0};
    if (!wants_events(s)) return;
    fault_set(&lost.fault, KIND_CANCELLED, "the request did not leave");
    memcpy(lost.fault.trace_id, trace_id, sizeof lost.fault.trace_id);
    if (job_stopped(s->job)) lost.retry_in = INFINITY;
    events_push_lost(s->L, &s->job->batch, chunk, &lost);
    tell_event(s);
}

static void send(struct step *s, struct request *request) {
    lua_State *L = s->L;
    uint64_t number = request->number;
    const struct chunk *chunk = request->chunk; /* it lives until its settling is told */
    char trace_id[TRACE_ID_SIZE];
    bool network = s->job->options.network;
    run_hooks(s); /* no request leaves after Ctrl-C */
    if (job_stopped(s->job) || !has_network(s)) return;
    job_lend(s->job);
    if (s->lj->has_limiter && !take_token(s, request)) return;
    memcpy(trace_id, request->headers.trace_id, sizeof trace_id);
    if (wants_events(s)) {
        events_push_send(L, &s->job->batch, request);
        tell_event(s);
    }
    if (!network) transport_push_request(L, s->refs, s->job, request);
    read_clock(s); /* finalisers ran here, too, and all of them may do anything */
    run_hooks(s);  /* and Ctrl-C may have come in any of them */
    if (job_stopped(s->job) || !job_may_launch(s->job, s->now)) {
        if (s->lj->has_limiter) give_token(s, number);
        tell_unsent(s, chunk, trace_id);
        return;
    }
    if (!job_launch(s->job, request, s->now)) compat_memory_error(L);
    if (!network) carry(s, number);
}

static void tell_progress(struct step *s) {
    if (!s->lj->has_progress || s->lj->quiet) return;
    s->lj->progress_due = s->now + PROGRESS_SECONDS;
    report_push_progress(s->L, s->job, s->now);
    call_back(s, "on_progress");
}

static void settle_response(struct step *s, struct request *request) {
    struct lost_try lost;
    const struct chunk *chunk = request->chunk; /* it lives until its settling is told */
    moment_goes_on(&s->lj->owner->clock);
    if (s->lj->has_limiter) give_token(s, request->number);
    decode_response(s->L, &request->response, request->path == PATH_STATUS);
    if (!job_settle(s->job, request, s->now, &lost)) compat_memory_error(s->L);
    if (!lost.happened || !wants_events(s)) return;
    events_push_lost(s->L, &s->job->batch, chunk, &lost);
    tell_event(s);
}

static void tell_settled(struct step *s, const struct chunk *chunk) {
    bool halved = chunk->entry.halved;
    if (wants_events(s)) {
        ledger_sort_failures(&s->job->ledger);
        events_push_settle(s->L, &s->job->batch, chunk);
        tell_event(s);
    }
    if (!halved) tell_progress(s);
}

/* A wait is told of once, where it is longer than a second, also where a limiter makes it
 * of many short ones. */
static void tell_wait(struct step *s) {
    struct lua_job *lj = s->lj;
    if (!lj->has_event && !lj->has_progress) return;
    struct pause pause = progress_pause(s->job, s->now);
    bool known = pause.reason == lj->told.reason &&
                 fabs(s->now + pause.seconds - lj->told_until) < PROGRESS_SECONDS;
    bool by_limiter = pause.reason == LIMITER || pause.reason == LIMITER_UNASKED;
    bool drags =
        by_limiter && !lj->told_refusal && s->now - lj->refused_since > PROGRESS_SECONDS;
    if (((pause.seconds > PROGRESS_SECONDS && !known) || drags) && wants_events(s)) {
        lj->told_refusal = !isinf(lj->refused_since);
        lj->told = pause;
        lj->told_until = s->now + pause.seconds;
        events_push_wait(s->L, pause.seconds, pause.reason);
        tell_event(s);
    }
    if (s->now >= lj->progress_due) tell_progress(s);
}

double step_wait(struct lua_job *lj, double now) {
    double wait = job_wait(&lj->job, now);
    bool tells = lj->has_progress && !lj->quiet;
    return tells ? fmin(wait, fmax(0, lj->progress_due - now)) : wait;
}

bool step_run(lua_State *L, struct lua_job *lj, int refs, double seconds,
              int max_answers) {
    compat_check_stack(L, 32);
    struct step s = {L, compat_main_thread(L), lj, &lj->job, refs, 0};
    int top = lua_gettop(L), settled = 0;
    bool polled = false;
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
        case JOB_SETTLED: tell_settled(&s, next.chunk); continue;
        case JOB_NO_MEMORY: compat_memory_error(L); continue;
        case JOB_DONE: /* a request that found no memory, and never left, has a token */
            if (lj->has_limiter) limiter_give_back(L, refs);
            if (lj->has_journal) journal_close(L, refs); /* may raise */
            lj->done = true;
            return true;
        case JOB_WAIT: break;
        }
        tell_wait(&s);
        double left = until - s.now;
        if (left < 1e-6) left = 0;
        if (left == 0 && polled) {
            job_calm(s.job);
            return false;
        }
        rest(&s, fmin(left, step_wait(lj, s.now)), max_answers);
        polled = true;
    }
}
