/* The handles of clients and jobs: see handle.h. */
#include "handle.h"

#include <math.h>
#include <unistd.h>

#include "compat.h"
#include "journal.h"
#include "limiter.h"
#include "read_ids.h"
#include "registry.h"
#include "lib/settings.h"
#include "lib/private.h"

const char HANDLE_CLIENT_TYPE[] = "geelark.client";
const char HANDLE_JOB_TYPE[] = "geelark.job";

/* The jobs of a Lua state that are in a step, the innermost first. Older than they are,
 * it is finalised last where the state is closed, and closes what os.exit in a callback
 * left in a step for good. */
struct steps {
    struct lua_job *innermost;
};

static char steps_key; /* where it stands in the registry */

static int close_steps(lua_State *L) {
    struct steps *steps = lua_touserdata(L, 1);
    for (struct lua_job *lj = steps->innermost; lj; lj = lj->outer) lj->in_step = false;
    for (struct lua_job *lj; (lj = steps->innermost);) {
        struct lua_client *lc = lj->owner;
        steps->innermost = lj->outer;
        if (!lc) continue;
        handle_close_job(L, lj);
        handle_close_client(L, lc);
    }
    return 0;
}

void handle_open(lua_State *L) {
    if (registry_find(L, &steps_key)) return; /* loaded before: clients point to it */
    registry_push(L, sizeof(struct steps), close_steps);
    registry_keep(L, &steps_key);
}

static void enter(struct lua_job *lj) {
    struct steps *steps = lj->owner->steps;
    lj->in_step = true;
    lj->outer = steps->innermost;
    steps->innermost = lj;
}

static void leave(struct lua_job *lj) {
    lj->owner->steps->innermost = lj->outer;
    lj->in_step = false;
}

int handle_step(lua_State *L, struct lua_job *lj, const char *name,
                lua_CFunction function, int args) {
    int base = lua_gettop(L) - args;
    lua_pushcfunction(L, function); /* some Luas allocate here, and run finalisers */
    lua_insert(L, base + 1);
    if (!lj->owner) luaL_error(L, "this geelark job is closed");
    if (lj->in_step)
        luaL_error(L, "%s was called from inside a callback of this job", name);
    enter(lj);
    int status = lua_pcall(L, args, LUA_MULTRET, 0);
    leave(lj);
    if (status != LUA_OK) lua_error(L);
    return lua_gettop(L) - base;
}

/* The job's references are its argument. */
static int read_clock(lua_State *L) {
    lua_getfield(L, 1, "job");
    struct lua_job *lj = handle_job(L, 2);
    lua_pushnumber(L, moment_read(L, 1, &lj->owner->clock).now);
    return 1;
}

double handle_now(lua_State *L, struct lua_job *lj) {
    struct lua_clock *clock = &lj->owner->clock;
    if (lj->in_step || !clock->has_now) return moment_read(L, lua_gettop(L), clock).now;
    lua_pushvalue(L, -1);
    handle_step(L, lj, "clock.now", read_clock, 1);
    double now = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return now;
}

/* cqueues has to be told before a descriptor that it watches is closed, as its own
 * objects do: else its loop ends with an error, or takes the next descriptor of that
 * number for this one. The number is behind the pointer at 1. */
static int tell_cqueues(lua_State *L) {
    const int *fd = lua_touserdata(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushliteral(L, "cqueues");
    lua_rawget(L, -2);
    if (!lua_istable(L, -1)) return 0;
    lua_pushliteral(L, "cancel");
    lua_rawget(L, -2);
    lua_pushinteger(L, *fd);
    lua_call(L, 1, 0);
    return 0;
}

static void forget_descriptor(lua_State *L, struct lua_job *lj) {
    int fd = job_open_fd(&lj->job);
    if (fd >= 0) compat_try(L, tell_cqueues, &fd);
}

void handle_close_job(lua_State *L, struct lua_job *lj) {
    struct lua_client *lc = lj->owner;
    if (lj->in_step) return;
    bool forked = lc && lc->pid != getpid(); /* what cqueues watches is the parent's */
    if (lc) {
        struct lua_job **at = &lc->jobs;
        enter(lj); /* cqueues is Lua code, too */
        if (!forked) forget_descriptor(L, lj);
        leave(lj);
        while (*at != lj) at = &(*at)->next;
        *at = lj->next;
    }
    if (forked) lj->has_limiter = false; /* and so are the tokens */
    job_close(&lj->job, forked, lc ? moment_last(&lc->clock) : 0);
    lj->owner = NULL;
}

void handle_close_client(lua_State *L, struct lua_client *lc) {
    if (handle_in_step(lc)) return;
    lc->closed = true;
    while (lc->jobs) handle_close_job(L, lc->jobs);
    client_close(&lc->client, lc->pid != getpid());
    client_forget(&lc->client);
    wipe(lc->environment.data, lc->environment.size);
    buffer_close(&lc->environment);
}

void handle_release(lua_State *L, struct lua_job *lj) {
    struct lua_client *lc = lj->owner;
    forget_descriptor(L, lj);
    job_release(&lj->job);
    if (!lj->owns_client || lc->closed) return;
    client_close(&lc->client, false);
    lc->closed = true;
}

bool handle_in_step(const struct lua_client *lc) {
    for (const struct lua_job *lj = lc->jobs; lj; lj = lj->next)
        if (lj->in_step) return true;
    return false;
}

void handle_end_client(lua_State *L, struct lua_client *lc) {
    compat_getuservalue(L, 1);
    int refs = lua_gettop(L);
    double now = moment_last(&lc->clock);
    struct fault fault;
    fault_set(&fault, KIND_CANCELLED, "the client was closed");
    for (struct lua_job *lj = lc->jobs; lj; lj = lj->next) {
        if (!lj->done) job_cut(&lj->job, &fault, now);
        job_wipe(&lj->job);
    }
    client_close(&lc->client, false);
    lc->closed = true;
    limiter_give_back_all(L, refs);
}

static void close_owned_job(lua_State *L, struct owned *owned) {
    handle_close_job(L, (struct lua_job *)owned);
}

static void close_owned_client(lua_State *L, struct owned *owned) {
    handle_close_client(L, (struct lua_client *)owned);
}

bool handle_end_job(lua_State *L) {
    struct lua_job *lj = owned_find(L, 1, HANDLE_JOB_TYPE);
    if (!lj || lj->in_step) return false;
    handle_close_job(L, lj);
    if (!lj->has_limiter) return true;
    compat_getuservalue(L, 1);
    limiter_give_back(L, lua_gettop(L));
    return true;
}

int handle_job_gc(lua_State *L) {
    if (handle_end_job(L)) owned_free(L, 1, HANDLE_JOB_TYPE);
    return 0;
}

int handle_client_gc(lua_State *L) {
    const struct lua_client *lc = owned_find(L, 1, HANDLE_CLIENT_TYPE);
    if (lc && !handle_in_step(lc)) owned_free(L, 1, HANDLE_CLIENT_TYPE);
    return 0;
}

static bool has_value(lua_State *L, int refs, const char *name) {
    lua_getfield(L, refs, name);
    bool has = !lua_isnil(L, -1); /* options_read let only what fits pass */
    lua_pop(L, 1);
    return has;
}

/* Pushes a table for the references of the handle on top. */
static int push_references(lua_State *L) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    compat_setuservalue(L, -3);
    return lua_gettop(L);
}

struct lua_client *handle_push_client(lua_State *L, int arg) {
    struct lua_client *lc =
        owned_push(L, sizeof *lc, HANDLE_CLIENT_TYPE, close_owned_client);
    struct options *o = &lc->options;
    int refs = push_references(L);
    lc->pid = getpid();
    lc->steps = registry_find(L, &steps_key);
    options_default(o);
    options_read(L, arg, SCOPE_CLIENT | SCOPE_JOB, refs, o);
    if (has_value(L, refs, "take")) limiter_prepare_client(L, refs);
    lc->clock.has_now = has_value(L, refs, "now");
    lc->clock.has_sleep = has_value(L, refs, "sleep");
    bool opened = settings_complete(&o->client, o->job.network, &lc->fault) &&
                  (lc->fault.kind != KIND_NONE || client_open(&lc->client, &o->client));
    o->client = (struct client_settings){0}; /* its strings are the stack's, not ours */
    lua_settop(L, refs - 1);
    if (!opened) compat_memory_error(L);
    return lc;
}

struct lua_client *handle_client(lua_State *L, int index) {
    struct lua_client *lc = owned_find(L, index, HANDLE_CLIENT_TYPE);
    if (lc && lc->pid != getpid())
        luaL_error(L, "this geelark client was made by another process, before a fork: "
                      "make a new one");
    if (!lc || lc->closed) luaL_error(L, "this geelark client is closed");
    return lc;
}

struct lua_job *handle_job(lua_State *L, int index) {
    if (!owned_is(L, index, HANDLE_JOB_TYPE))
        luaL_argerror(L, index, "geelark job expected");
    return owned_find(L, index, HANDLE_JOB_TYPE);
}

struct lua_job *handle_usable_job(lua_State *L) {
    struct lua_job *lj = handle_job(L, 1);
    if (!lj || !lj->owner) luaL_error(L, "this geelark job is closed");
    handle_check_process(L, lj);
    compat_getuservalue(L, 1);
    return lj;
}

void handle_check_process(lua_State *L, const struct lua_job *lj) {
    if (lj->owner->pid != getpid())
        luaL_error(L, "this geelark job was started by another process, before a fork");
}

/* Copies the functions that a client's jobs share to the job's own table. */
static void inherit_functions(lua_State *L, int from, int refs) {
    for (lua_pushnil(L); lua_next(L, from);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, refs);
    }
}

/* Of a number of any size: what is out of an integer's range can't be made one. */
static uint64_t seed_of(lua_State *L, int refs, double now) {
    lua_getfield(L, refs, "seed");
    bool given = lua_type(L, -1) == LUA_TNUMBER;
    double number = given ? lua_tonumber(L, -1) : now * 1e6 + (double)getpid() * 0x1p20;
    lua_pop(L, 1);
    return isfinite(number) ? (uint64_t)(int64_t)fmod(number, 0x1p62) : 0;
}

/* The client at index, or a new one where that is 0, becomes the job's. */
static struct lua_client *join_client(lua_State *L, int client, int arg, int refs) {
    struct lua_client *lc =
        client ? handle_client(L, client) : handle_push_client(L, arg);
    if (client) lua_pushvalue(L, client);
    compat_getuservalue(L, -1);
    inherit_functions(L, lua_gettop(L), refs);
    lua_pop(L, 1);
    lua_setfield(L, refs, "client");
    return lc;
}

/* Reads the job's options, over those of its client; functions go to its references. */
static struct options read_job_options(lua_State *L, struct lua_job *lj, bool has_own,
                                       int arg, int refs, struct options o) {
    if (has_own) options_read(L, arg, SCOPE_JOB, refs, &o);
    lj->dry_run = o.dry_run;
    lj->has_progress = has_value(L, refs, "on_progress");
    lj->has_event = has_value(L, refs, "on_event");
    if (has_value(L, refs, "take")) {
        limiter_prepare_job(L, refs);
        lj->has_limiter = true;
    }
    lj->refused_since = lj->unasked_since = INFINITY;
    return o;
}

/* The job becomes one of its client's. */
static void add_job(struct lua_client *lc, struct lua_job *lj) {
    lj->owner = lc;
    lj->next = lc->jobs;
    lc->jobs = lj;
}

struct lua_job *handle_push_job(lua_State *L, int client, int ids, int arg,
                                const struct ledger *earlier) {
    if (client) handle_client(L, client);
    struct lua_job *lj = owned_push(L, sizeof *lj, HANDLE_JOB_TYPE, close_owned_job);
    int refs = push_references(L);
    lua_pushvalue(L, refs - 1);
    lua_setfield(L, refs, "job");
    if (!earlier) read_ids(L, ids, &lj->job.ledger.ids);
    else if (!ledger_resume(&lj->job.ledger, earlier)) compat_memory_error(L);
    struct lua_client *lc = join_client(L, client, arg, refs);
    struct options o = read_job_options(L, lj, client != 0, arg, refs, lc->options);
    struct fault fault = lc->fault;
    bool unable = fault.kind != KIND_NONE;
    lj->has_journal = has_value(L, refs, "journal") && !unable && !o.dry_run;
    if (lj->has_journal)
        journal_open(L, refs, &lj->job.ledger, lc->client.network.base_url, &fault);
    lj->owns_client = !client;
    lj->done = true; /* until it is open */
    add_job(lc, lj);
    lua_settop(L, refs);
    double now = handle_now(L, lj);
    if (client) handle_client(L, client); /* a finaliser may have closed it meanwhile */
    o.job.batch.seed = seed_of(L, refs, now);
    if (!job_open(&lj->job, &lc->client, &o.job, now)) compat_memory_error(L);
    lj->done = false;
    lj->progress_due = now + PROGRESS_SECONDS;
    bool faulty = fault.kind != KIND_NONE;
    if (faulty) lj->has_journal = false;
    /* A job without any ids needs no credentials; a dry run sends nothing. */
    if ((ledger_total(&lj->job.ledger) > 0 || !unable) && (faulty || lj->dry_run))
        job_stop(&lj->job, faulty ? &fault : NULL, now);
    return lj;
}
