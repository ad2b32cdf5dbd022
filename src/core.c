/*
 * core.c: what Lua sees: functions, and the methods of clients and jobs. It decides
 * nothing. How clients and jobs are made and closed is in handle.c.
 */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "compat.h"
#include "decode.h"
#include "fields.h"
#include "limiter.h"
#include "read_ids.h"
#include "report.h"
#include "shared.h"
#include "step.h"
#include "transport.h"

#include "lib/clock.h"
#include "lib/codes.h"
#include "lib/text.h"
#include "lib/version.h"
#include "lib/private.h"

/* A host that watches many things must not wait for a hundred answers to be read. */
enum { ANSWERS_A_STEP = 2, ANSWERS_UNLIMITED = 1 << 30 };

/* Its arguments are a job, its references and seconds. */
static int do_step(lua_State *L) {
    struct lua_job *lj = handle_job(L, 1);
    if (!lj->done) step_run(L, lj, 2, lua_tonumber(L, 3), ANSWERS_A_STEP);
    lua_pushboolean(L, lj->done);
    return 1;
}

/* job:step([seconds]) → done */
static int l_job_step(lua_State *L) {
    double seconds = luaL_optnumber(L, 2, 0);
    luaL_argcheck(L, seconds >= 0, 2, "seconds, 0 or more, expected");
    lua_settop(L, 1);
    struct lua_job *lj = handle_usable_job(L);
    lua_pushnumber(L, seconds);
    return handle_step(L, lj, "job:step", do_step, 3);
}

/* job:pollfd() → descriptor, or nil where there is nothing to watch */
static int l_job_pollfd(lua_State *L) {
    struct lua_job *lj = handle_usable_job(L);
    bool watchable =
        !lj->done && !lj->owner->closed && lj->owner->fault.kind == KIND_NONE;
    int fd = watchable ? job_fd(&lj->job) : -1;
    if (fd < 0) return 0;
    lua_pushinteger(L, fd);
    return 1;
}

/* job:events() → "r" */
static int l_job_events(lua_State *L) {
    handle_usable_job(L);
    lua_pushliteral(L, "r");
    return 1;
}

/* Nobody watches the descriptor, so that step has to look by itself this often. */
static const double UNWATCHED_SECONDS = 0.002;

/* job:timeout() → seconds, or nil where only the descriptor matters */
static int l_job_timeout(lua_State *L) {
    struct lua_job *lj = handle_usable_job(L);
    double now = handle_now(L, lj), wait = lj->done ? 0 : step_wait(lj, now);
    if (job_unwatched(&lj->job)) wait = fmin(wait, UNWATCHED_SECONDS);
    if (isinf(wait)) return 0;
    lua_pushnumber(L, wait);
    return 1;
}

/* job:progress() → table */
static int l_job_progress(lua_State *L) {
    struct lua_job *lj = handle_usable_job(L);
    report_push_progress(L, &lj->job, handle_now(L, lj));
    return 1;
}

/* Its arguments are a job and its references. The account is taken from the job last:
 * what found no memory before is done again. */
static int do_result(lua_State *L) {
    struct lua_job *lj = handle_job(L, 1);
    struct ledger *ledger = &lj->job.ledger;
    if (!lj->has_outcome) {
        report_push_outcome(L, ledger, job_fault(&lj->job), lj->dry_run);
        lua_settop(L, 4);
        lua_pushvalue(L, 3);
        lua_setfield(L, 2, "result");
        lua_pushvalue(L, 4);
        lua_setfield(L, 2, "err");
        if (lua_isnil(L, 4)) lua_pop(L, 1);
        account_attach(L, ledger);
        lj->has_outcome = true;
        lua_settop(L, 2);
    }
    handle_release(L, lj);
    lua_getfield(L, 2, "result");
    lua_getfield(L, 2, "err");
    return lua_isnil(L, 3) ? 2 : (lua_pop(L, 1), 1);
}

/* job:result() → result, or nil and err, the same tables each time; raises before the job
 * is done. Closes the job's descriptor. */
static int l_job_result(lua_State *L) {
    lua_settop(L, 1);
    struct lua_job *lj = handle_usable_job(L);
    if (!lj->done) return luaL_error(L, "job:result: the job is not done yet");
    return handle_step(L, lj, "job:result", do_result, 2);
}

/* job:cancel() */
static int l_job_cancel(lua_State *L) {
    lua_settop(L, 1);
    struct lua_job *lj = handle_usable_job(L);
    struct fault fault;
    fault_set(&fault, KIND_CANCELLED, "the job was cancelled");
    double now = handle_now(L, lj);
    if (!lj->done) job_stop(&lj->job, &fault, now);
    job_wake(&lj->job);
    return 0;
}

/* __close: what is being stepped is left to the collector. What was sent counts from now,
 * which the collector mustn't ask a clock of the caller's for. */
static int job_scope_ends(lua_State *L) {
    struct lua_job *lj = owned_find(L, 1, HANDLE_JOB_TYPE);
    if (lj && lj->owner && !lj->in_step && lj->owner->pid == getpid()) {
        compat_getuservalue(L, 1);
        handle_now(L, lj);
    }
    handle_end_job(L);
    return 0;
}

static int l_job_tostring(lua_State *L) {
    struct lua_job *lj = handle_job(L, 1);
    const char *state = !lj || !lj->owner ? "closed" : lj->done ? "done" : "under way";
    int ids = lj ? (int)ledger_total(&lj->job.ledger) : 0;
    lua_pushfstring(L, "geelark job (%s, %d id%s)", state, ids, ids == 1 ? "" : "s");
    return 1;
}

/* Pushes a job and its references; `client` is the index of its client, or 0 for a plain
 * call: it shares one, or has one of its own. */
static struct lua_job *push_job(lua_State *L, int client, const struct ledger *earlier) {
    int ids = client + 1, options = client + 2;
    if (!client && shared_push_client(L, options)) client = lua_gettop(L);
    return handle_push_job(L, client, ids, options, earlier);
}

/* Its arguments are a job and its references. */
static int do_run(lua_State *L) {
    struct lua_job *lj = handle_job(L, 1);
    struct ledger *ledger = &lj->job.ledger;
    step_run(L, lj, 2, INFINITY, ANSWERS_UNLIMITED);
    int values = report_push_outcome(L, ledger, job_fault(&lj->job), lj->dry_run);
    account_attach(L, ledger);
    return values;
}

/* Drives a job to its end and closes it, and its client where that is its own. */
static int run(lua_State *L, int client, const struct ledger *earlier) {
    struct lua_job *lj = push_job(L, client, earlier);
    struct lua_client *lc = lj->owns_client ? lj->owner : NULL;
    lua_pushvalue(L, -2); /* it has to live while it is closed */
    lua_insert(L, 1);
    int values = handle_step(L, lj, "geelark.delete", do_run, 2);
    handle_close_job(L, lj);
    if (lc) handle_close_client(L, lc);
    return values;
}

static int start(lua_State *L, int client) {
    lua_settop(L, client + 2);
    push_job(L, client, NULL);
    lua_pop(L, 1);
    return 1;
}

/* geelark.delete(ids [, options]) and client:delete → result, or nil and err */
static int l_delete(lua_State *L) {
    lua_settop(L, 2);
    return run(L, 0, NULL);
}
static int l_client_delete(lua_State *L) {
    lua_settop(L, 3);
    return run(L, 1, NULL);
}

/* geelark.resume(err [, options]) → result, or nil and err, of the whole list */
static int l_resume(lua_State *L) {
    lua_settop(L, 2);
    return run(L, 0, account_check(L, 1)); /* which stays on the stack, and so alive */
}

/* geelark.start(ids [, options]) and client:start → job */
static int l_start(lua_State *L) { return start(L, 0); }
static int l_client_start(lua_State *L) { return start(L, 1); }

/* start(client or nil, ids, options) → job, as core.starter made it */
static int start_named(lua_State *L) {
    bool own = lua_isnoneornil(L, 1);
    if (own) lua_remove(L, 1);
    else if (!owned_is(L, 1, HANDLE_CLIENT_TYPE))
        compat_arg_error(L, 1, "client: geelark client expected, got %s",
                         luaL_typename(L, 1));
    return start(L, own ? 0 : 1);
}

/* core.starter(wording) → start, whose argument errors are worded so: "… (%s)" */
static int l_starter(lua_State *L) {
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushcclosure(L, start_named, 1);
    return 1;
}

/* geelark.check(ids): raises as geelark.delete would */
static int l_check(lua_State *L) {
    read_ids(L, 1, NULL);
    return 0;
}

/* core.is_id(value) → boolean */
static int l_is_id(lua_State *L) {
    lua_pushboolean(L, read_ids_is_id(L, 1));
    return 1;
}

/* geelark.new([options]) → client, or nil and err */
static int l_new(lua_State *L) {
    lua_settop(L, 1);
    struct lua_client *lc = handle_push_client(L, 1);
    if (lc->fault.kind == KIND_NONE) return 1;
    struct ledger nothing = {0};
    int values = report_push_outcome(L, &nothing, &lc->fault, false);
    account_attach(L, &nothing);
    return values;
}

/* client:close(): its jobs end; what came is still read by their next steps, two answers
 * each. */
static int l_client_close(lua_State *L) {
    struct lua_client *lc = owned_find(L, 1, HANDLE_CLIENT_TYPE);
    luaL_argcheck(L, owned_is(L, 1, HANDLE_CLIENT_TYPE), 1, "geelark client expected");
    if (!lc || lc->closed) return 0;
    handle_client(L, 1);
    if (handle_in_step(lc))
        return luaL_error(L, "client:close was called from inside a callback");
    handle_end_client(L, lc);
    return 0;
}

/* __close: the same, but raises nothing. What can't be closed here is the collector's. */
static int client_scope_ends(lua_State *L) {
    struct lua_client *lc = owned_find(L, 1, HANDLE_CLIENT_TYPE);
    if (lc && !lc->closed && lc->pid == getpid() && !handle_in_step(lc))
        handle_end_client(L, lc);
    return 0;
}

static int l_client_tostring(lua_State *L) {
    struct lua_client *lc = owned_find(L, 1, HANDLE_CLIENT_TYPE);
    lua_pushstring(L, !lc || lc->closed ? "geelark client (closed)" : "geelark client");
    return 1;
}

/* core.now() → seconds, by the clock that measures all durations; each process of a
 * machine reads the same */
static int l_now(lua_State *L) {
    lua_pushnumber(L, clock_now());
    return 1;
}

/* core.pid() → the number of this process, another one after a fork */
static int l_pid(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)getpid());
    return 1;
}

/* core.file(name) → what tells the file of that name from all others, nil where there is
 * none. It isn't opened: closing it would drop the locks that SQLite holds on it. */
static int l_file(lua_State *L) {
    struct stat file;
    char text[64] = "unknown";
    if (stat(luaL_checkstring(L, 1), &file) == 0)
        snprintf(text, sizeof text, "%jd %jd", (intmax_t)file.st_dev,
                 (intmax_t)file.st_ino);
    else if (errno == ENOENT) return 0;
    lua_pushstring(L, text);
    return 1;
}

/* core.is_character(text) → whether it is one character of UTF-8 */
static int l_is_character(lua_State *L) {
    size_t len;
    uint32_t code;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, len > 0 && text_character(text, len, &code) == len);
    return 1;
}

/* Adds a code's row to the list on top. */
static void add_code(lua_State *L, long code, const char *name, bool retryable,
                     const char *meaning, const char *remedy) {
    lua_createtable(L, 0, 5);
    set_integer(L, "code", code);
    set_string(L, "name", name);
    set_string(L, "meaning", meaning);
    set_flag(L, "retryable", retryable);
    set_string(L, "remedy", remedy);
    lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
}

/* core.codes() → { { code=, name=, meaning=, retryable=, remedy= }, ... } */
static int l_codes(lua_State *L) {
    lua_newtable(L);
#define ADD_CODE(number, name, class, kind, retryable, meaning, remedy)                  \
    add_code(L, number, #name, retryable, meaning, remedy);
    GEELARK_CODES(ADD_CODE)
#undef ADD_CODE
    return 1;
}

static void make_type(lua_State *L, const char *name, const luaL_Reg *methods,
                      const luaL_Reg *events) {
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    luaL_setfuncs(L, events, 0);
    set_string(L, "__name", name);
    set_flag(L, "__metatable", false);
    lua_pop(L, 1);
}

static const luaL_Reg functions[] = {{"delete", l_delete},
                                     {"start", l_start},
                                     {"starter", l_starter},
                                     {"check", l_check},
                                     {"flaws", read_ids_flaws},
                                     {"is_id", l_is_id},
                                     {"resume", l_resume},
                                     {"outcomes", account_outcomes},
                                     {"remaining", account_remaining},
                                     {"amounts", account_amounts},
                                     {"account", account_new},
                                     {"recall", account_recall},
                                     {"result", account_result},
                                     {"config_error", account_config_error},
                                     {"new", l_new},
                                     {"codes", l_codes},
                                     {"is_character", l_is_character},
                                     {"file", l_file},
                                     {"now", l_now},
                                     {"pid", l_pid},
                                     {NULL, NULL}};

static const luaL_Reg client_methods[] = {{"delete", l_client_delete},
                                          {"start", l_client_start},
                                          {"close", l_client_close},
                                          {NULL, NULL}};

static const luaL_Reg client_events[] = {{"__gc", handle_client_gc},
                                         {"__close", client_scope_ends},
                                         {"__tostring", l_client_tostring},
                                         {NULL, NULL}};

static const luaL_Reg job_methods[] = {
    {"step", l_job_step},         {"pollfd", l_job_pollfd},
    {"events", l_job_events},     {"timeout", l_job_timeout},
    {"progress", l_job_progress}, {"result", l_job_result},
    {"cancel", l_job_cancel},     {NULL, NULL}};

static const luaL_Reg job_events[] = {{"__gc", handle_job_gc},
                                      {"__close", job_scope_ends},
                                      {"__tostring", l_job_tostring},
                                      {NULL, NULL}};

/* The only symbol that the module exports, however it is built. */
__attribute__((visibility("default"))) int luaopen_geelark_core(lua_State *L);

/* libcurl may leave a resolver thread behind; the code it returns to must stay loaded. */
static void stay_loaded(void) {
#ifdef RTLD_NODELETE
    Dl_info here;
    union { /* C has no way from one to the other */
        lua_CFunction function;
        void *address;
    } opener = {.function = luaopen_geelark_core};
    if (dladdr(opener.address, &here))
        dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
}

int luaopen_geelark_core(lua_State *L) {
    stay_loaded();
    if (!transfer_init()) return luaL_error(L, "geelark: libcurl can't be initialised");
    lua_settop(L, 0);
    compat_remember_main_thread(L);
    owned_open(L);
    handle_open(L);
    limiter_open(L);
    decode_open(L);
    report_open(L);
    account_open(L);
    transport_open(L);
    make_type(L, HANDLE_CLIENT_TYPE, client_methods, client_events);
    make_type(L, HANDLE_JOB_TYPE, job_methods, job_events);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    options_push_client_names(L);
    lua_setfield(L, -2, "client_options");
    set_string(L, "version", GEELARK_VERSION);
    /* geelark.lua looks for this text in a core that can't be loaded. */
    set_string(L, "built_for", "geelark.core for " LUA_VERSION);
    return 1;
}
