/* The caller's transport: see transport.h. */
#include "transport.h"

#include <math.h>
#include <strings.h>

#include "compat.h"
#include "handle.h"
#include "report.h"

static const char REQUEST_TYPE[] = "geelark.request";
/* Where a request keeps its job's table and its flight's number, out of the caller's way. */
static char key_kept, key_number;

static void set_header(lua_State *L, const char *line)
{
    const char *colon = strchr(line, ':');
    lua_pushlstring(L, line, (size_t)(colon - line));
    lua_pushstring(L, colon + 2);
    lua_rawset(L, -3);
}

static void set_hidden(lua_State *L, void *key)
{
    lua_pushlightuserdata(L, key);
    lua_insert(L, -2);
    lua_rawset(L, -3);
}

void transport_push_request(lua_State *L, int kept, const struct job *job, const struct flight *flight)
{
    const struct stamp *stamp = &flight->x.stamp;
    lua_createtable(L, 0, 8);
    lua_pushliteral(L, JOB_DELETE_PATH);
    lua_setfield(L, -2, "path");
    lua_createtable(L, 0, (int)stamp->count);
    for (size_t i = 0; i < stamp->count; i++) set_header(L, stamp->lines[i]);
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, flight->x.body.data, flight->x.body.size);
    lua_setfield(L, -2, "body");
    report_push_open_ids(L, job, flight->chunk);
    lua_setfield(L, -2, "ids");
    lua_pushstring(L, stamp->trace_id);
    lua_setfield(L, -2, "traceId");
    lua_pushvalue(L, kept);
    set_hidden(L, &key_kept);
    lua_pushnumber(L, (lua_Number)flight->number);
    set_hidden(L, &key_number);
    luaL_getmetatable(L, REQUEST_TYPE);
    lua_setmetatable(L, -2);
}

/* --- answers --------------------------------------------------------------------------------- */

/* Pushes the header's value as a string, whatever the case of its name, or nil. */
static const char *push_header(lua_State *L, int headers, const char *name, size_t *len)
{
    for (lua_pushnil(L); lua_next(L, headers); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || strcasecmp(lua_tostring(L, -2), name) != 0) continue;
        lua_replace(L, -2);
        return lua_tolstring(L, -1, len);
    }
    lua_pushnil(L);
    return NULL;
}

/* An HTTP date is read as the service's clock sees it, where it says so. */
static void read_headers(lua_State *L, int headers, double wall, struct reply *reply)
{
    size_t len;
    const char *date = push_header(L, headers, "date", &len);
    double now = date ? parse_retry_after(date, len, 0) : wall;
    const char *value = push_header(L, headers, "retry-after", &len);
    if (value) reply->retry_after = parse_retry_after(value, len, now > 0 ? now : wall);
    lua_pop(L, 2);
}

static const char *take_answer(lua_State *L, int first, struct flight *flight)
{
    struct reply *reply = &flight->x.reply;
    size_t len = 0;
    double status = lua_tonumber(L, first), wall = (double)flight->job->wall / 1000;
    if (!(status >= 100 && status <= 999) || status != floor(status))
        return "status from 100 to 999 expected";
    if (!lua_isnoneornil(L, first + 1) && lua_type(L, first + 1) != LUA_TSTRING)
        return "body: string expected";
    if (!lua_isnoneornil(L, first + 2) && !lua_istable(L, first + 2))
        return "headers: table expected";
    const char *body = lua_tolstring(L, first + 1, &len);
    if (len > BODY_MAX) {
        exchange_fail(&flight->x, KIND_PROTOCOL, true, "the answer is too large");
        return NULL;
    }
    if (body && !buffer_append(&reply->body, body, len)) compat_memory_error(L);
    if (lua_istable(L, first + 2)) read_headers(L, first + 2, wall, reply);
    reply->status = (int)status;
    flight->x.landed = true;
    return NULL;
}

/* `reason` at index, and whether the request may have left. */
static void take_failure(lua_State *L, int reason, struct flight *flight)
{
    bool sent = lua_toboolean(L, reason + 1) != 0 && !lua_isnone(L, reason + 1);
    const char *text = lua_type(L, reason) == LUA_TSTRING ? lua_tostring(L, reason) : "no answer";
    enum kind kind = strcasecmp(text, "timeout") == 0 ? KIND_TIMEOUT
                     : strcasecmp(text, "tls") == 0   ? KIND_TLS
                                                      : KIND_NETWORK;
    exchange_fail(&flight->x, kind, sent, text);
}

const char *transport_take_results(lua_State *L, int first, struct flight *flight)
{
    const char *flaw = NULL;
    lua_settop(L, first + 2 > lua_gettop(L) ? first + 2 : lua_gettop(L));
    if (lua_isnil(L, first)) take_failure(L, first + 1, flight);
    else if (lua_type(L, first) == LUA_TNUMBER) flaw = take_answer(L, first, flight);
    else flaw = "a status, nil or nothing expected";
    if (flaw) exchange_fail(&flight->x, KIND_CALLBACK, true, flaw);
    return flaw;
}

/* --- request:answer and request:fail ---------------------------------------------------------- */

/* The flight behind the request at 1, NULL where it is over: an answer that comes too late
 * is no error of anybody's. Leaves the job userdata and its table on the stack. */
static struct flight *check_request(lua_State *L, struct lua_job **out)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushlightuserdata(L, &key_kept);
    lua_rawget(L, 1);
    if (!lua_istable(L, -1)) luaL_argerror(L, 1, "request expected");
    lua_getfield(L, -1, "job");
    struct lua_job *lj = *out = handle_job(L, lua_gettop(L));
    lua_pushlightuserdata(L, &key_number);
    lua_rawget(L, 1);
    double number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return lj->owner ? job_find(&lj->job, (uint64_t)number) : NULL;
}

static int land(lua_State *L, struct lua_job *lj, struct flight *flight)
{
    if (flight) job_land(&lj->job, flight, step_moment(L, lua_gettop(L) - 1, lj->owner).now);
    lua_pushboolean(L, flight != NULL);
    return 1;
}

static int request_answer(lua_State *L)
{
    struct lua_job *lj;
    lua_settop(L, 4);
    luaL_checktype(L, 2, LUA_TNUMBER);
    struct flight *flight = check_request(L, &lj);
    const char *flaw = flight ? take_answer(L, 2, flight) : NULL;
    if (flaw) return luaL_error(L, "request:answer: %s", flaw);
    return land(L, lj, flight);
}

static int request_fail(lua_State *L)
{
    struct lua_job *lj;
    lua_settop(L, 3);
    struct flight *flight = check_request(L, &lj);
    if (flight) take_failure(L, 2, flight);
    return land(L, lj, flight);
}

void transport_open(lua_State *L)
{
    luaL_newmetatable(L, REQUEST_TYPE);
    lua_newtable(L);
    lua_pushcfunction(L, request_answer);
    lua_setfield(L, -2, "answer");
    lua_pushcfunction(L, request_fail);
    lua_setfield(L, -2, "fail");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
