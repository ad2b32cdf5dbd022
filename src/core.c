/*
 * core.c: what Lua sees: functions, clients and jobs. It decides nothing.
 *
 * A client or a job is made as an empty userdata first and filled afterwards, so that
 * whatever raises on the way, its closer finds what is there and nothing else.
 */
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "codes.h"
#include "compat.h"
#include "drive.h"
#include "report.h"
#include "seam.h"
#include "source.h"
#include "waker.h"

static const char CLIENT_TYPE[] = "geelark.client";
static const char JOB_TYPE[] = "geelark.job";
static const char WAKER_TYPE[] = "geelark.waker";

/* A host that watches many things must not wait for a hundred answers to be read. */
enum { ANSWERS_A_STEP = 2, ANSWERS_UNLIMITED = 1 << 30 };

/* --- clients ----------------------------------------------------------------------------- */

/* cqueues remembers which descriptors it watches, and has to be told before one is closed, as
 * its own objects do; its loop would end with an error, or take the next descriptor of that
 * number for this one. */
static void tell_cqueues(lua_State *L, int fd)
{
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 4)) return;
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushliteral(L, "cqueues");
    lua_rawget(L, -2);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "cancel");
        lua_rawget(L, -2);
        lua_pushinteger(L, fd);
        (void)lua_pcall(L, 1, 0, 0);
    }
    lua_settop(L, top);
}

static void forget_descriptor(lua_State *L, struct lua_job *lj)
{
    if (lj->job.pollset) tell_cqueues(L, pollset_fd(lj->job.pollset));
}

static void close_job(lua_State *L, struct lua_job *lj)
{
    if (!lj->owner) {
        job_close(&lj->job, true);
        return;
    }
    struct lua_job **at = &lj->owner->jobs;
    while (*at && *at != lj) at = &(*at)->next;
    if (*at) *at = lj->next;
    bool forked = lj->owner->pid != getpid(); /* cqueues' descriptors are the parent's, too */
    if (!forked) forget_descriptor(L, lj);
    job_close(&lj->job, forked);
    lj->owner = NULL;
}

static void close_client(lua_State *L, struct lua_client *lc)
{
    lc->closed = true;
    while (lc->jobs) close_job(L, lc->jobs);
    if (lc->pid == getpid()) client_close(&lc->client);
    else client_abandon(&lc->client);
}

static int client_gc(lua_State *L)
{
    struct lua_client *lc = compat_testudata(L, 1, CLIENT_TYPE);
    if (lc) close_client(L, lc);
    return 0;
}

static struct lua_client *new_client(lua_State *L)
{
    struct lua_client *lc = compat_newuserdata(L, sizeof *lc);
    memset(lc, 0, sizeof *lc);
    lc->pid = getpid();
    options_default(&lc->options);
    luaL_getmetatable(L, CLIENT_TYPE);
    lua_setmetatable(L, -2);
    lua_newtable(L);
    compat_setuservalue(L, -2);
    return lc;
}

/* Fills the client on top of the stack from the options at `arg`. */
static void open_client(lua_State *L, struct lua_client *lc, int arg)
{
    struct options *o = &lc->options;
    options_read(L, arg, SCOPE_CLIENT | SCOPE_JOB, o);
    compat_getuservalue(L, -1);
    int kept = lua_gettop(L);
    options_keep_functions(L, arg, kept);
    lua_getfield(L, kept, "now");
    lc->has_now = lua_isfunction(L, -1);
    lua_getfield(L, kept, "sleep");
    lc->has_sleep = lua_isfunction(L, -1);
    options_complete(o, &lc->fault);
    bool opened = lc->fault.kind != KIND_NONE || client_open(&lc->client, &o->client);
    o->client = (struct client_settings){0}; /* its strings are the table's, not ours */
    lua_settop(L, kept - 1);
    if (!opened) compat_memory_error(L);
}

static struct lua_client *check_client(lua_State *L, int index)
{
    struct lua_client *lc = compat_testudata(L, index, CLIENT_TYPE);
    if (!lc) luaL_argerror(L, index, "geelark client expected");
    if (lc->pid != getpid())
        luaL_error(L, "this geelark client was made by another process, before a fork: make a new one");
    if (lc->closed) luaL_error(L, "this geelark client is closed");
    return lc;
}

/* --- jobs ----------------------------------------------------------------------------------- */

static int job_gc(lua_State *L)
{
    struct lua_job *lj = compat_testudata(L, 1, JOB_TYPE);
    if (lj) close_job(L, lj);
    return 0;
}

struct lua_job *core_check_job(lua_State *L, int index)
{
    struct lua_job *lj = compat_testudata(L, index, JOB_TYPE);
    if (!lj) luaL_argerror(L, index, "geelark job expected");
    return lj;
}

/* A job that may be used; pushes its table. */
static struct lua_job *check_job(lua_State *L)
{
    struct lua_job *lj = core_check_job(L, 1);
    if (!lj->owner) luaL_error(L, "this geelark job is closed");
    if (lj->owner->pid != getpid())
        luaL_error(L, "this geelark job was started by another process, before a fork");
    compat_getuservalue(L, 1);
    return lj;
}

/* Copies the functions that a client's jobs share to the job's own table. */
static void inherit_functions(lua_State *L, int from, int kept)
{
    for (lua_pushnil(L); lua_next(L, from);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, kept);
    }
}

static uint64_t seed_of(lua_State *L, int kept, struct moment moment)
{
    lua_getfield(L, kept, "seed");
    bool given = lua_type(L, -1) == LUA_TNUMBER;
    double number = given ? lua_tonumber(L, -1) : moment.now * 1e6 + (double)getpid() * 0x1p20;
    lua_pop(L, 1);
    return (uint64_t)(int64_t)number;
}

static void note_functions(lua_State *L, int kept, struct lua_job *lj)
{
    lua_getfield(L, kept, "on_progress");
    lj->has_progress = !lua_isnil(L, -1);
    lua_getfield(L, kept, "on_event");
    lj->has_event = !lua_isnil(L, -1);
    lua_getfield(L, kept, "take");
    lj->has_limiter = !lua_isnil(L, -1);
    lua_pop(L, 3);
}

/* A job without any ids needs no credentials; a dry run sends nothing. */
static void stop_where_idle(struct lua_job *lj, double now)
{
    const struct fault *fault = &lj->owner->fault;
    if (lj->job.ids.count == 0) return;
    if (fault->kind != KIND_NONE) job_stop(&lj->job, fault, now);
    else if (lj->dry_run) job_stop(&lj->job, NULL, now);
}

/* Pushes a job for the ids at `ids` with the options at `arg`, of the client at index
 * `client`, or of one of its own where that is 0. Every argument is checked before anything
 * is sent. */
static struct lua_job *push_job(lua_State *L, int client, int ids, int arg)
{
    struct lua_job *lj = compat_newuserdata(L, sizeof *lj);
    memset(lj, 0, sizeof *lj);
    luaL_getmetatable(L, JOB_TYPE);
    lua_setmetatable(L, -2);
    int self = lua_gettop(L);
    lua_newtable(L);
    int kept = self + 1;
    lua_pushvalue(L, kept);
    compat_setuservalue(L, self);
    lua_pushvalue(L, self);
    lua_setfield(L, kept, "job");
    source_read(L, ids, &lj->job.ids);
    struct lua_client *lc;
    if (client) {
        lc = check_client(L, client);
        lua_pushvalue(L, client);
    } else {
        lc = new_client(L);
        open_client(L, lc, arg);
    }
    compat_getuservalue(L, -1);
    inherit_functions(L, lua_gettop(L), kept);
    lua_pop(L, 1);
    lua_setfield(L, kept, "client");
    struct options o = lc->options;
    if (client) {
        options_read(L, arg, SCOPE_JOB, &o);
        options_keep_functions(L, arg, kept);
    }
    struct moment moment = drive_moment(L, kept, lc);
    o.job.batch.seed = seed_of(L, kept, moment);
    note_functions(L, kept, lj);
    lj->dry_run = o.dry_run;
    lj->owns_client = !client;
    lj->owner = lc;
    lj->next = lc->jobs;
    lc->jobs = lj;
    if (!job_open(&lj->job, &lc->client, &o.job, moment.now)) compat_memory_error(L);
    stop_where_idle(lj, moment.now);
    lua_settop(L, kept);
    return lj;
}

/* job:step([seconds]) → done */
static int l_job_step(lua_State *L)
{
    double seconds = luaL_optnumber(L, 2, 0);
    luaL_argcheck(L, seconds >= 0, 2, "seconds, 0 or more, expected");
    lua_settop(L, 1);
    struct lua_job *lj = check_job(L);
    if (lj->in_callback) return luaL_error(L, "job:step was called from inside a callback of this job");
    if (!lj->done) drive_step(L, lj, 2, seconds, ANSWERS_A_STEP);
    lua_pushboolean(L, lj->done);
    return 1;
}

/* job:pollfd() → descriptor, or nil where there is nothing to watch */
static int l_job_pollfd(lua_State *L)
{
    struct lua_job *lj = check_job(L);
    bool watchable = !lj->done && !lj->owner->closed && lj->owner->fault.kind == KIND_NONE;
    int fd = watchable ? job_fd(&lj->job) : -1;
    if (fd < 0) return 0;
    lua_pushinteger(L, fd);
    return 1;
}

/* job:events() → "r" */
static int l_job_events(lua_State *L)
{
    check_job(L);
    lua_pushliteral(L, "r");
    return 1;
}

/* Nobody watches the descriptor, so that step has to look by itself this often. */
static const double UNWATCHED_SECONDS = 0.002;

/* job:timeout() → seconds, or nil where only the descriptor matters */
static int l_job_timeout(lua_State *L)
{
    struct lua_job *lj = check_job(L);
    double wait = lj->done ? 0 : job_wait(&lj->job, drive_moment(L, lua_gettop(L), lj->owner).now);
    if (!lj->job.pollset && lj->job.options.network && job_expects(&lj->job))
        wait = fmin(wait, UNWATCHED_SECONDS);
    if (isinf(wait)) return 0;
    lua_pushnumber(L, wait);
    return 1;
}

/* job:progress() → table */
static int l_job_progress(lua_State *L)
{
    struct lua_job *lj = check_job(L);
    report_push_progress(L, &lj->job, drive_moment(L, lua_gettop(L), lj->owner).now);
    return 1;
}

/* Pushes what the job came to, the same tables each time. */
static int push_outcome(lua_State *L, struct lua_job *lj, int kept)
{
    lua_getfield(L, kept, "outcome");
    if (lua_isnil(L, -1)) {
        int values = report_push_outcome(L, &lj->job, lj->dry_run);
        lua_createtable(L, 2, 0);
        for (int i = 1; i <= values; i++) {
            lua_pushvalue(L, -values - 1 + (i - 1));
            lua_rawseti(L, -2, i);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, kept, "outcome");
    }
    int outcome = lua_gettop(L);
    lua_rawgeti(L, outcome, 1);
    lua_rawgeti(L, outcome, 2);
    return lua_isnil(L, -2) ? 2 : (lua_pop(L, 1), 1);
}

/* Neither descriptors nor C's memory press the collector: it may not come for long. */
static void let_go(lua_State *L, struct lua_job *lj)
{
    struct lua_client *lc = lj->owner;
    forget_descriptor(L, lj);
    job_release(&lj->job);
    if (!lj->owns_client || lc->closed) return;
    client_close(&lc->client);
    lc->closed = true;
}

/* job:result() → result, or nil and err; raises before the job is done. Closes the job's
 * descriptor. */
static int l_job_result(lua_State *L)
{
    lua_settop(L, 1);
    struct lua_job *lj = check_job(L);
    if (!lj->done) return luaL_error(L, "job:result: the job is not done yet");
    int values = push_outcome(L, lj, 2);
    let_go(L, lj);
    return values;
}

/* job:cancel() */
static int l_job_cancel(lua_State *L)
{
    lua_settop(L, 1);
    struct lua_job *lj = check_job(L);
    struct fault fault;
    fault_set(&fault, KIND_CANCELLED, "the job was cancelled");
    if (!lj->done) job_stop(&lj->job, &fault, drive_moment(L, 2, lj->owner).now);
    job_wake(&lj->job);
    return 0;
}

static int l_job_tostring(lua_State *L)
{
    struct lua_job *lj = core_check_job(L, 1);
    const char *state = !lj->owner ? "closed" : lj->done ? "done" : "under way";
    lua_pushfstring(L, "geelark job (%s, %d ids)", state, (int)lj->job.ids.count);
    return 1;
}

/* --- wakers, for drivers alone --------------------------------------------------------------- */

static int waker_gc(lua_State *L)
{
    struct waker *w = compat_testudata(L, 1, WAKER_TYPE);
    if (w) waker_close(w);
    return 0;
}

static struct waker *check_waker(lua_State *L)
{
    struct waker *w = compat_testudata(L, 1, WAKER_TYPE);
    if (!w) luaL_argerror(L, 1, "geelark waker expected");
    if (!w->set) luaL_error(L, "this geelark waker is closed");
    return w;
}

/* core.waker() → waker, path of its socket; or nil and why there is none */
static int l_waker(lua_State *L)
{
    struct waker *w = compat_newuserdata(L, sizeof *w);
    memset(w, 0, sizeof *w);
    luaL_getmetatable(L, WAKER_TYPE);
    lua_setmetatable(L, -2);
    if (waker_open(w)) {
        lua_pushstring(L, w->path);
        return 2;
    }
    lua_pushnil(L);
    lua_pushstring(L, strerror(errno));
    waker_close(w);
    return 2;
}

/* waker:watch(fd) → whether it can; waker:forget(fd) */
static int l_waker_watch(lua_State *L)
{
    struct waker *w = check_waker(L);
    lua_pushboolean(L, pollset_watch(w->set, (int)luaL_checkinteger(L, 2), true, false, false));
    return 1;
}

static int l_waker_forget(lua_State *L)
{
    struct waker *w = check_waker(L);
    pollset_watch(w->set, (int)luaL_checkinteger(L, 2), false, false, false);
    return 0;
}

/* waker:wake() answers the present order or the next one at once, until waker:calm() */
static int l_waker_wake(lua_State *L)
{
    pollset_wake(check_waker(L)->set);
    return 0;
}

static int l_waker_calm(lua_State *L)
{
    pollset_calm(check_waker(L)->set);
    return 0;
}

/* --- functions --------------------------------------------------------------------------------- */

/* Drives the job on top of the stack (below its table) to its end and closes it, and its
 * client where `close`. */
static int run(lua_State *L, struct lua_job *lj, bool close)
{
    int kept = lua_gettop(L);
    struct lua_client *lc = lj->owner;
    drive_step(L, lj, kept, INFINITY, ANSWERS_UNLIMITED);
    int values = report_push_outcome(L, &lj->job, lj->dry_run);
    close_job(L, lj);
    if (close) close_client(L, lc);
    return values;
}

/* geelark.delete(ids [, options]) → result, or nil and err */
static int l_delete(lua_State *L)
{
    lua_settop(L, 2);
    return run(L, push_job(L, 0, 1, 2), true);
}

/* geelark.start(ids [, options]) → job */
static int l_start(lua_State *L)
{
    lua_settop(L, 2);
    push_job(L, 0, 1, 2);
    lua_pop(L, 1);
    return 1;
}

/* geelark.new([options]) → client, or nil and err */
static int l_new(lua_State *L)
{
    lua_settop(L, 1);
    struct lua_client *lc = new_client(L);
    open_client(L, lc, 1);
    if (lc->fault.kind == KIND_NONE) return 1;
    struct job nothing = {.batch = {.fault = lc->fault}};
    return report_push_outcome(L, &nothing, false);
}

/* client:delete(ids [, options]) */
static int l_client_delete(lua_State *L)
{
    lua_settop(L, 3);
    check_client(L, 1);
    return run(L, push_job(L, 1, 2, 3), false);
}

/* client:start(ids [, options]) */
static int l_client_start(lua_State *L)
{
    lua_settop(L, 3);
    check_client(L, 1);
    push_job(L, 1, 2, 3);
    lua_pop(L, 1);
    return 1;
}

/* client:close(): its jobs end; what is in flight is lost, what came is still read by the
 * jobs' next step. */
static int l_client_close(lua_State *L)
{
    struct lua_client *lc = compat_testudata(L, 1, CLIENT_TYPE);
    luaL_argcheck(L, lc, 1, "geelark client expected");
    if (lc->closed) return 0;
    check_client(L, 1);
    for (struct lua_job *lj = lc->jobs; lj; lj = lj->next)
        if (lj->in_callback) return luaL_error(L, "client:close was called from inside a callback");
    compat_getuservalue(L, 1);
    double now = drive_moment(L, lua_gettop(L), lc).now;
    struct fault fault;
    fault_set(&fault, KIND_CANCELLED, "the client was closed");
    for (struct lua_job *lj = lc->jobs; lj; lj = lj->next)
        if (!lj->done) job_cut(&lj->job, &fault, now);
    client_close(&lc->client);
    lc->closed = true;
    return 0;
}

static int l_client_tostring(lua_State *L)
{
    struct lua_client *lc = compat_testudata(L, 1, CLIENT_TYPE);
    lua_pushstring(L, !lc || lc->closed ? "geelark client (closed)" : "geelark client");
    return 1;
}

/* --- the module ----------------------------------------------------------------------------------- */

/* core.codes() → { { code=, name=, meaning=, retryable=, remedy= }, ... } */
static int l_codes(lua_State *L)
{
    static const struct {
        long code;
        const char *name;
        int retryable;
        const char *meaning, *remedy;
    } rows[] = {
#define CODE_ROW(number, name, class, kind, retryable, meaning, remedy) \
    {number, #name, retryable, meaning, remedy},
        GEELARK_CODES(CODE_ROW)
#undef CODE_ROW
    };
    lua_newtable(L);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, rows[i].code);
        lua_setfield(L, -2, "code");
        lua_pushstring(L, rows[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, rows[i].meaning);
        lua_setfield(L, -2, "meaning");
        lua_pushboolean(L, rows[i].retryable);
        lua_setfield(L, -2, "retryable");
        lua_pushstring(L, rows[i].remedy);
        lua_setfield(L, -2, "remedy");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void make_type(lua_State *L, const char *name, const luaL_Reg *methods,
                      const luaL_Reg *events)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    compat_setfuncs(L, methods);
    lua_setfield(L, -2, "__index");
    compat_setfuncs(L, events);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

static const luaL_Reg functions[] = {
    {"delete", l_delete}, {"start", l_start}, {"new", l_new}, {"waker", l_waker},
    {"codes", l_codes}, {NULL, NULL}};

static const luaL_Reg client_methods[] = {{"delete", l_client_delete},
                                          {"start", l_client_start},
                                          {"close", l_client_close},
                                          {NULL, NULL}};

static const luaL_Reg client_events[] = {{"__gc", client_gc},
                                         {"__close", l_client_close},
                                         {"__tostring", l_client_tostring},
                                         {NULL, NULL}};

static const luaL_Reg job_methods[] = {{"step", l_job_step},
                                       {"pollfd", l_job_pollfd},
                                       {"events", l_job_events},
                                       {"timeout", l_job_timeout},
                                       {"progress", l_job_progress},
                                       {"result", l_job_result},
                                       {"cancel", l_job_cancel},
                                       {NULL, NULL}};

static const luaL_Reg job_events[] = {
    {"__gc", job_gc}, {"__close", job_gc}, {"__tostring", l_job_tostring}, {NULL, NULL}};

static const luaL_Reg waker_methods[] = {{"watch", l_waker_watch},
                                         {"forget", l_waker_forget},
                                         {"wake", l_waker_wake},
                                         {"calm", l_waker_calm},
                                       {"close", waker_gc},
                                         {NULL, NULL}};

static const luaL_Reg waker_events[] = {{"__gc", waker_gc}, {"__close", waker_gc}, {NULL, NULL}};

/* The only symbol that the module exports. */
__attribute__((visibility("default"))) int luaopen_geelark_core(lua_State *L);

int luaopen_geelark_core(lua_State *L)
{
    if (!transfer_init()) return luaL_error(L, "geelark: libcurl can't be initialised");
    lua_settop(L, 0);
    report_open(L);
    int remaining = lua_gettop(L);
    seam_open(L);
    make_type(L, CLIENT_TYPE, client_methods, client_events);
    make_type(L, JOB_TYPE, job_methods, job_events);
    make_type(L, WAKER_TYPE, waker_methods, waker_events);
    lua_newtable(L);
    compat_setfuncs(L, functions);
    lua_pushvalue(L, remaining);
    lua_setfield(L, -2, "remaining");
    options_push_client_names(L);
    lua_setfield(L, -2, "client_options");
    return 1;
}
