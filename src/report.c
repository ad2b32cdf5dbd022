/* The tables that Lua gets: see report.h. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat.h"

static const char ERROR_TYPE[] = "geelark.error";
static const char REMAINING[] = "geelark.remaining";

/* --- pieces ------------------------------------------------------------------------------ */

static void set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* An id as the caller gave it. */
static void push_id(lua_State *L, const struct ids *ids, uint32_t position)
{
    struct id_text id;
    ids_get(ids, position, &id);
    if (!id.integer) {
        lua_pushlstring(L, id.text, id.len);
        return;
    }
    char digits[ID_LENGTH_MAX + 1];
    snprintf(digits, sizeof digits, "%.*s", (int)id.len, id.text);
    lua_pushinteger(L, (lua_Integer)strtoll(digits, NULL, 10));
}

/* Pushes the ids of [first, last) that are in this state. */
static void push_ids(lua_State *L, const struct job *job, uint32_t first, uint32_t last,
                     enum id_state state)
{
    int n = 0;
    lua_newtable(L);
    for (uint32_t i = first; i < last; i++) {
        if (job->batch.states[i] != state) continue;
        push_id(L, &job->ids, i);
        lua_rawseti(L, -2, ++n);
    }
}

static void set_ids(lua_State *L, const char *name, const struct job *job, enum id_state state)
{
    if (job->batch.tally[state] == 0) lua_newtable(L);
    else push_ids(L, job, 0, job->ids.count, state);
    lua_setfield(L, -2, name);
}

/* Fields of tables that are made by the thousand. Their names are pushed once, since finding
 * such a string again takes as long as setting a field; `name` is where one stands. */
static void put_integer(lua_State *L, int name, lua_Integer value)
{
    lua_pushvalue(L, name);
    lua_pushinteger(L, value);
    lua_rawset(L, -3);
}

/* The value is on top, the table below. */
static void put_value(lua_State *L, int name)
{
    lua_pushvalue(L, name);
    lua_insert(L, -2);
    lua_rawset(L, -3);
}

/* Pushes names that are used so; returns where the first one stands. */
static int push_names(lua_State *L, const char *const *names, size_t count)
{
    int first = lua_gettop(L) + 1;
    luaL_checkstack(L, (int)count + 8, NULL);
    for (size_t i = 0; i < count; i++) lua_pushstring(L, names[i]);
    return first;
}

enum failure_name { FAILURE_CODE, FAILURE_ID, FAILURE_MSG, FAILURE_NAMES };
static const char *const failure_names[] = {"code", "id", "msg"};

/* Pushes a failure; its words stand behind the names. */
static void push_failure(lua_State *L, const struct job *job, const struct failure *failure,
                         int names)
{
    lua_createtable(L, 0, FAILURE_NAMES);
    put_integer(L, names + FAILURE_CODE, failure->code);
    lua_pushvalue(L, names + FAILURE_ID);
    push_id(L, &job->ids, failure->position);
    lua_rawset(L, -3);
    lua_pushvalue(L, names + FAILURE_MSG);
    lua_pushvalue(L, names + FAILURE_NAMES);
    lua_rawset(L, -3);
}

/* The first failure, by its index, of an id that is not before `position`. */
static uint32_t first_failure(const struct batch *batch, uint32_t position)
{
    uint32_t low = 0, high = batch->failure_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (batch->failures[middle].position < position) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Pushes the failures of ids in [first, last), in the caller's order. Neighbours mostly have
 * the same words, so that these are pushed when they change. */
static void push_failures(lua_State *L, const struct job *job, uint32_t first, uint32_t last)
{
    const struct batch *batch = &job->batch;
    uint32_t from = first_failure(batch, first), to = first_failure(batch, last);
    lua_createtable(L, (int)(to - from), 0);
    int list = lua_gettop(L), names = push_names(L, failure_names, FAILURE_NAMES);
    int words = names + FAILURE_NAMES;
    lua_pushnil(L);
    for (uint32_t i = from; i < to; i++) {
        if (i == from || batch->failures[i].text != batch->failures[i - 1].text) {
            size_t len;
            const char *msg = batch_text(batch, batch->failures[i].text, &len);
            lua_pushlstring(L, msg, len);
            lua_replace(L, words);
        }
        push_failure(L, job, &batch->failures[i], names);
        lua_rawseti(L, list, (int)(i - from) + 1);
    }
    lua_settop(L, list);
}

enum account_name {
    ACCOUNT_TRACE, ACCOUNT_AMOUNT, ACCOUNT_ATTEMPTS, ACCOUNT_CODE, ACCOUNT_STATUS,
    ACCOUNT_SECONDS, ACCOUNT_HALVED, ACCOUNT_NAMES
};
static const char *const account_names[] = {"traceId",    "amount",  "attempts", "code",
                                            "httpStatus", "seconds", "halved"};

static void push_account(lua_State *L, const struct account *account, int names)
{
    lua_createtable(L, 0, ACCOUNT_NAMES);
    lua_pushlstring(L, account->trace_id, TRACE_ID_SIZE - 1);
    put_value(L, names + ACCOUNT_TRACE);
    put_integer(L, names + ACCOUNT_AMOUNT, account->amount);
    put_integer(L, names + ACCOUNT_ATTEMPTS, account->attempts);
    if (account->has_code) put_integer(L, names + ACCOUNT_CODE, account->code);
    if (account->http_status) put_integer(L, names + ACCOUNT_STATUS, account->http_status);
    lua_pushnumber(L, account->seconds);
    put_value(L, names + ACCOUNT_SECONDS);
    if (!account->halved) return;
    lua_pushboolean(L, 1);
    put_value(L, names + ACCOUNT_HALVED);
}

/* Pushes the accounts of all requests, in the order of settling. */
static void push_accounts(lua_State *L, const struct batch *batch)
{
    lua_createtable(L, (int)batch->account_count, 0);
    int list = lua_gettop(L), names = push_names(L, account_names, ACCOUNT_NAMES);
    for (uint32_t i = 0; i < batch->account_count; i++) {
        push_account(L, &batch->accounts[i], names);
        lua_rawseti(L, list, (int)i + 1);
    }
    lua_settop(L, list);
}

static void set_amounts(lua_State *L, const struct job *job)
{
    const uint32_t *tally = job->batch.tally;
    set_integer(L, "totalAmount", job->ids.count);
    set_integer(L, "successAmount", (lua_Integer)tally[ID_DELETED] + tally[ID_PRESUMED]);
    set_integer(L, "failAmount", tally[ID_FAILED]);
}

/* --- result and err ------------------------------------------------------------------------ */

/* Unknown and pending ids stand in two lists, so their common order is kept beside the
 * result, in a table with weak keys: core.remaining. The result is on top. */
static void remember_order(lua_State *L, const struct job *job)
{
    const unsigned char *states = job->batch.states;
    int n = 0;
    lua_getfield(L, LUA_REGISTRYINDEX, REMAINING);
    lua_pushvalue(L, -2);
    lua_newtable(L);
    for (uint32_t i = 0; i < job->ids.count; i++) {
        if (states[i] != ID_PENDING && states[i] != ID_UNKNOWN) continue;
        push_id(L, &job->ids, i);
        lua_rawseti(L, -2, ++n);
    }
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static void push_result(lua_State *L, const struct job *job)
{
    const struct batch *batch = &job->batch;
    lua_createtable(L, 0, 10);
    set_amounts(L, job);
    set_integer(L, "duplicateAmount", (lua_Integer)job->ids.duplicates);
    push_failures(L, job, 0, job->ids.count);
    lua_setfield(L, -2, "failDetails");
    set_ids(L, "presumedIds", job, ID_PRESUMED);
    set_ids(L, "unknownIds", job, ID_UNKNOWN);
    set_ids(L, "pendingIds", job, ID_PENDING);
    push_accounts(L, batch);
    lua_setfield(L, -2, "requests");
    if (batch->tally[ID_UNKNOWN] > 0 && batch->tally[ID_PENDING] > 0) remember_order(L, job);
}

/* " (3 ids: 2 deleted, 1 unknown)" */
static void add_account(char *out, size_t size, const struct job *job)
{
    const uint32_t *tally = job->batch.tally;
    const struct {
        uint32_t amount;
        const char *name;
    } parts[] = {{tally[ID_DELETED] + tally[ID_PRESUMED], "deleted"},
                 {tally[ID_FAILED], "failed"},
                 {tally[ID_UNKNOWN], "unknown"},
                 {tally[ID_PENDING], "pending"}};
    const char *before = ": ";
    uint32_t count = job->ids.count;
    size_t used = (size_t)snprintf(out, size, " (%lu id%s", (unsigned long)count,
                                   count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].amount == 0) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%lu %s", before,
                                 (unsigned long)parts[i].amount, parts[i].name);
        before = ", ";
    }
    snprintf(out + used, size - used, ")");
}

/* "kind: what happened; traceId …, HTTP …, body: … (3 ids: …)" */
static void push_message(lua_State *L, const struct job *job)
{
    const struct fault *fault = &job->batch.fault;
    char line[1024];
    size_t used = (size_t)snprintf(line, sizeof line, "%s: %s", fault_kind_name(fault->kind),
                                   fault->text);
    if (fault->trace_id[0])
        used += (size_t)snprintf(line + used, sizeof line - used, "; traceId %s", fault->trace_id);
    if (fault->http_status)
        used += (size_t)snprintf(line + used, sizeof line - used, ", HTTP %d", fault->http_status);
    if (fault->excerpt[0])
        used += (size_t)snprintf(line + used, sizeof line - used, ", body: %s", fault->excerpt);
    if (job->ids.count > 0) add_account(line + used, sizeof line - used, job);
    lua_pushstring(L, line);
}

static void push_error(lua_State *L, const struct job *job)
{
    const struct fault *fault = &job->batch.fault;
    lua_createtable(L, 0, 7);
    set_string(L, "kind", fault_kind_name(fault->kind));
    push_message(L, job);
    lua_setfield(L, -2, "message");
    if (fault->code) set_integer(L, "code", fault->code);
    if (fault->trace_id[0]) set_string(L, "traceId", fault->trace_id);
    if (fault->http_status) set_integer(L, "httpStatus", fault->http_status);
    if (fault->retry_after >= 0 && fault->retry_after == floor(fault->retry_after))
        set_integer(L, "retryAfter", (lua_Integer)fault->retry_after);
    else if (fault->retry_after >= 0)
        set_number(L, "retryAfter", fault->retry_after);
    push_result(L, job);
    lua_setfield(L, -2, "result");
    luaL_getmetatable(L, ERROR_TYPE);
    lua_setmetatable(L, -2);
}

int report_push_outcome(lua_State *L, struct job *job, bool fine)
{
    const uint32_t *tally = job->batch.tally;
    enum kind kind = job->batch.fault.kind;
    bool complete = tally[ID_UNKNOWN] == 0 && tally[ID_PENDING] == 0;
    /* A mistake in the caller's own code is told even where it came too late to do harm. */
    bool mistake = kind == KIND_CONFIG || kind == KIND_CALLBACK;
    luaL_checkstack(L, 12, NULL);
    if ((complete && !mistake) || (fine && kind == KIND_NONE)) {
        push_result(L, job);
        return 1;
    }
    lua_pushnil(L);
    push_error(L, job);
    return 2;
}

static int error_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "message");
    return 1;
}

/* err .. text, text .. err */
static int error_concat(lua_State *L)
{
    lua_settop(L, 2);
    for (int i = 1; i <= 2; i++) {
        if (luaL_callmeta(L, i, "__tostring")) lua_replace(L, i);
        luaL_checkstring(L, i);
    }
    lua_concat(L, 2);
    return 1;
}

void report_open(lua_State *L)
{
    luaL_newmetatable(L, ERROR_TYPE);
    lua_pushcfunction(L, error_concat);
    lua_setfield(L, -2, "__concat");
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushstring(L, ERROR_TYPE);
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, REMAINING);
}

/* --- progress and events ---------------------------------------------------------------------- */

void report_push_progress(lua_State *L, struct job *job, double now)
{
    const uint32_t *tally = job->batch.tally;
    double wait = isinf(job->ended) ? quota_wait(&job->client->quota, now) : 0;
    lua_createtable(L, 0, 8);
    set_amounts(L, job);
    set_integer(L, "unknownAmount", tally[ID_UNKNOWN]);
    set_integer(L, "pendingAmount", tally[ID_PENDING]);
    set_integer(L, "inFlight", job_in_flight(job));
    set_number(L, "seconds", fmin(now, job->ended) - job->started);
    set_number(L, "waiting", isinf(wait) ? 0 : wait);
}

void report_push_open_ids(lua_State *L, const struct job *job, const struct chunk *chunk)
{
    push_ids(L, job, chunk->first, chunk->last, ID_PENDING);
}

void report_push_send_event(lua_State *L, struct job *job, const struct flight *flight)
{
    lua_createtable(L, 0, 4);
    set_string(L, "type", "send");
    set_string(L, "traceId", flight->x.stamp.trace_id);
    set_integer(L, "attempt", flight->chunk->sent + 1);
    report_push_open_ids(L, job, flight->chunk);
    lua_setfield(L, -2, "ids");
}

void report_push_settle_event(lua_State *L, struct job *job, const struct chunk *chunk)
{
    static const struct {
        const char *name;
        enum id_state state;
    } lists[] = {{"deletedIds", ID_DELETED}, {"presumedIds", ID_PRESUMED},
                 {"unknownIds", ID_UNKNOWN}, {"pendingIds", ID_PENDING}};
    lua_createtable(L, 0, 12);
    set_string(L, "type", "settle");
    if (chunk->sent > 0) set_string(L, "traceId", chunk->trace_id);
    set_integer(L, "attempts", chunk->sent);
    if (chunk->has_code) set_integer(L, "code", chunk->code);
    if (chunk->http_status) set_integer(L, "httpStatus", chunk->http_status);
    lua_pushboolean(L, chunk->halved);
    lua_setfield(L, -2, "halved");
    lua_createtable(L, (int)(chunk->last - chunk->first), 0);
    for (uint32_t i = chunk->first; i < chunk->last; i++) {
        push_id(L, &job->ids, i);
        lua_rawseti(L, -2, (int)(i - chunk->first) + 1);
    }
    lua_setfield(L, -2, "ids");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        push_ids(L, job, chunk->first, chunk->last, lists[i].state);
        lua_setfield(L, -2, lists[i].name);
    }
    push_failures(L, job, chunk->first, chunk->last);
    lua_setfield(L, -2, "failDetails");
}
