/* The caller's transport: see transport.h. */
#include "transport.h"

#include <math.h>
#include <strings.h>

#include "compat.h"
#include "handle.h"
#include "report.h"
#include "lib/private.h"

static const char REQUEST_TYPE[] = "geelark.request";
/* Where a request's table keeps its job's references and its number. */
static char key_refs, key_number;

static void set_header(lua_State *L, const char *line) {
    const char *colon = strchr(line, ':');
    lua_pushlstring(L, line, (size_t)(colon - line));
    lua_pushstring(L, colon + 2);
    lua_rawset(L, -3);
}

static void set_hidden(lua_State *L, void *key) {
    lua_pushlightuserdata(L, key);
    lua_insert(L, -2);
    lua_rawset(L, -3);
}

void transport_push_request(lua_State *L, int refs, const struct job *job,
                            const struct request *request) {
    const struct headers *headers = &request->headers;
    lua_createtable(L, 0, 8);
    lua_pushstring(L, path_text(request->path));
    lua_setfield(L, -2, "path");
    lua_createtable(L, 0, (int)headers->count);
    for (size_t i = 0; i < headers->count; i++) set_header(L, headers->lines[i]);
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, request->body.data, request->body.size);
    lua_setfield(L, -2, "body");
    report_push_chunk_ids(L, &job->ledger, request->chunk);
    lua_setfield(L, -2, "ids");
    lua_pushstring(L, headers->trace_id);
    lua_setfield(L, -2, "traceId");
    lua_pushvalue(L, refs);
    set_hidden(L, &key_refs);
    lua_pushnumber(L, (lua_Number)request->number);
    set_hidden(L, &key_number);
    luaL_getmetatable(L, REQUEST_TYPE);
    lua_setmetatable(L, -2);
}

/* Pushes the header's value, whatever the case of its name; NULL: nil, there is none. */
static const char *push_header(lua_State *L, int headers, const char *name) {
    for (lua_pushnil(L); lua_next(L, headers); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || strcasecmp(lua_tostring(L, -2), name) != 0)
            continue;
        lua_replace(L, -2);
        return lua_tostring(L, -1);
    }
    lua_pushnil(L);
    return NULL;
}

static void read_headers(lua_State *L, int headers, struct request *request) {
    const char *date = push_header(L, headers, "date");
    const char *value = push_header(L, headers, "retry-after");
    if (value)
        request->response.retry_after =
            transfer_retry_after(value, date ? date : "", request->job->wall);
    if (date) request->response.date = transfer_date(date);
    lua_pop(L, 2);
}

static const char *take_answer(lua_State *L, int first, struct request *request) {
    struct response *response = &request->response;
    size_t len = 0;
    double status = lua_tonumber(L, first);
    if (!(status >= 100 && status <= 999) || status != floor(status))
        return "status from 100 to 999 expected";
    if (!lua_isnoneornil(L, first + 1) && lua_type(L, first + 1) != LUA_TSTRING)
        return "body: string expected";
    if (!lua_isnoneornil(L, first + 2) && !lua_istable(L, first + 2))
        return "headers: table expected";
    const char *body = lua_tolstring(L, first + 1, &len);
    if (len > BODY_MAX) {
        response_fail(response, KIND_PROTOCOL, true, "the answer is too large");
        return NULL;
    }
    if (body && !buffer_append(&response->body, body, len)) compat_memory_error(L);
    if (lua_istable(L, first + 2)) read_headers(L, first + 2, request);
    response->status = (int)status;
    response->complete = true;
    return NULL;
}

/* `reason` at index, and whether the request may have left. */
static void take_failure(lua_State *L, int reason, struct request *request) {
    bool sent = lua_toboolean(L, reason + 1) != 0 && !lua_isnone(L, reason + 1);
    const char *text =
        lua_type(L, reason) == LUA_TSTRING ? lua_tostring(L, reason) : "no answer";
    enum kind kind = strcasecmp(text, "timeout") == 0 ? KIND_TIMEOUT
                     : strcasecmp(text, "tls") == 0   ? KIND_TLS
                                                      : KIND_NETWORK;
    response_fail(&request->response, kind, sent, text);
}

const char *transport_take_results(lua_State *L, int first, struct request *request) {
    const char *flaw = NULL;
    lua_settop(L, first + 2 > lua_gettop(L) ? first + 2 : lua_gettop(L));
    if (lua_isnil(L, first)) take_failure(L, first + 1, request);
    else if (lua_type(L, first) == LUA_TNUMBER) flaw = take_answer(L, first, request);
    else flaw = "a status, nil or nothing expected";
    if (flaw) response_fail(&request->response, KIND_CALLBACK, true, flaw);
    return flaw;
}

/* The request behind the table at 1, NULL where it is over: an answer that comes too late
 * is no error of anybody's. Leaves the job's references and its userdata on the stack. */
static struct request *check_request(lua_State *L, struct lua_job **out) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushlightuserdata(L, &key_refs);
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

static int complete(lua_State *L, struct lua_job *lj, struct request *request) {
    int refs = lua_gettop(L) - 1;
    if (request)
        job_complete(&lj->job, request, moment_read(L, refs, &lj->owner->clock).now);
    lua_pushboolean(L, request != NULL);
    return 1;
}

static int l_answer(lua_State *L) {
    struct lua_job *lj;
    lua_settop(L, 4);
    luaL_checktype(L, 2, LUA_TNUMBER);
    struct request *request = check_request(L, &lj);
    const char *flaw = request ? take_answer(L, 2, request) : NULL;
    if (flaw) return luaL_error(L, "request:answer: %s", flaw);
    return complete(L, lj, request);
}

static int l_fail(lua_State *L) {
    struct lua_job *lj;
    lua_settop(L, 3);
    struct request *request = check_request(L, &lj);
    if (request) take_failure(L, 2, request);
    return complete(L, lj, request);
}

void transport_open(lua_State *L) {
    luaL_newmetatable(L, REQUEST_TYPE);
    lua_newtable(L);
    lua_pushcfunction(L, l_answer);
    lua_setfield(L, -2, "answer");
    lua_pushcfunction(L, l_fail);
    lua_setfield(L, -2, "fail");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
