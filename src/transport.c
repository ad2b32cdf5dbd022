/* The caller's transport: see transport.h. */
#include "transport.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "compat.h"
#include "fields.h"
#include "handle.h"
#include "lists.h"
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
    set_string(L, "path", path_text(request->path));
    lua_createtable(L, 0, (int)headers->count);
    for (size_t i = 0; i < headers->count; i++) set_header(L, headers->lines[i]);
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, request->body.data, request->body.size);
    lua_setfield(L, -2, "body");
    lists_set_chunk_ids(L, "ids", &job->batch, request->chunk, STATES_ALL);
    set_string(L, "traceId", headers->trace_id);
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

/* status, body and headers from `first` on. */
static void read_answer(lua_State *L, int first, struct answer *answer) {
    double status = lua_tonumber(L, first);
    if (!(status >= 100 && status <= 999) || status != floor(status))
        answer->flaw = "status from 100 to 999 expected";
    else if (!lua_isnoneornil(L, first + 1) && lua_type(L, first + 1) != LUA_TSTRING)
        answer->flaw = "body: string expected";
    else if (!lua_isnoneornil(L, first + 2) && !lua_istable(L, first + 2))
        answer->flaw = "headers: table expected";
    if (answer->flaw) return;
    answer->status = (int)status;
    answer->body = lua_tolstring(L, first + 1, &answer->size);
    if (!lua_istable(L, first + 2)) return;
    answer->date = push_header(L, first + 2, "date");
    answer->retry_after = push_header(L, first + 2, "retry-after");
}

/* `reason` at index, and whether the request may have left. */
static void read_failure(lua_State *L, int reason, struct answer *answer) {
    answer->sent = lua_toboolean(L, reason + 1) != 0;
    answer->reason =
        lua_type(L, reason) == LUA_TSTRING ? lua_tostring(L, reason) : "no answer";
}

void transport_read_results(lua_State *L, int first, struct answer *answer) {
    *answer = (struct answer){0};
    lua_settop(L, first + 2);
    if (lua_isnil(L, first)) read_failure(L, first + 1, answer);
    else if (lua_type(L, first) == LUA_TNUMBER) read_answer(L, first, answer);
    else answer->flaw = "a status, nil or nothing expected";
}

static enum kind kind_of(const char *reason) {
    if (strcasecmp(reason, "timeout") == 0) return KIND_TIMEOUT;
    return strcasecmp(reason, "tls") == 0 ? KIND_TLS : KIND_NETWORK;
}

bool transport_fill(struct request *request, const struct answer *answer) {
    struct response *r = &request->response;
    if (answer->flaw) {
        response_fail(r, KIND_CALLBACK, true, answer->flaw);
    } else if (answer->reason) {
        response_fail(r, kind_of(answer->reason), answer->sent, answer->reason);
    } else if (answer->size > BODY_MAX) {
        response_fail(r, KIND_PROTOCOL, true, "the answer is too large");
    } else {
        if (answer->body && !buffer_append(&r->body, answer->body, answer->size))
            return false;
        if (answer->retry_after)
            r->retry_after = transfer_retry_after(answer->retry_after,
                                                  answer->date ? answer->date : "",
                                                  request->job->wall);
        if (answer->date) snprintf(r->date, sizeof r->date, "%s", answer->date);
        r->status = answer->status;
        r->complete = true;
    }
    return true;
}

/* Answers the request behind the table at 1. Returns whether it was still open: an answer
 * that comes too late is no error of anybody's. */
static int complete(lua_State *L, const struct answer *answer, const char *name) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushlightuserdata(L, &key_number);
    lua_rawget(L, 1);
    double number = lua_tonumber(L, -1);
    lua_pushlightuserdata(L, &key_refs);
    lua_rawget(L, 1);
    if (!lua_istable(L, -1)) luaL_argerror(L, 1, "request expected");
    lua_getfield(L, -1, "job");
    lua_insert(L, -2);
    struct lua_job *lj = handle_job(L, lua_gettop(L) - 1);
    bool usable =
        lj && lj->owner && lj->owner->pid == getpid() && number >= 0 && number < 1e15;
    double now = usable ? handle_now(L, lj) : 0; /* which runs Lua code */
    struct request *request =
        usable && lj->owner ? job_find(&lj->job, (uint64_t)number) : NULL;
    if (request && answer->flaw) return luaL_error(L, "%s: %s", name, answer->flaw);
    if (request) {
        if (!transport_fill(request, answer)) return compat_memory_error(L);
        job_complete(&lj->job, request, now);
    }
    lua_pushboolean(L, request != NULL);
    return 1;
}

static int l_answer(lua_State *L) {
    struct answer answer = {0};
    lua_settop(L, 4);
    luaL_checktype(L, 2, LUA_TNUMBER);
    read_answer(L, 2, &answer);
    return complete(L, &answer, "request:answer");
}

static int l_fail(lua_State *L) {
    struct answer answer = {0};
    lua_settop(L, 3);
    read_failure(L, 2, &answer);
    return complete(L, &answer, "request:fail");
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
