/*
 * limiter.h: the tokens that a job's requests hold of the caller's limiter.
 *
 * They stand in the job's references by the request's number until they are given back,
 * each once. The collector may come while a function of a limiter's runs, which must not
 * be called from within: what a dropped job holds is then given after it.
 */
#pragma once

#include <lua.h>

/* For this Lua state, once. */
void limiter_open(lua_State *L);
/* For a client, whose references the jobs copy, and for a job. */
void limiter_prepare_client(lua_State *L, int refs);
void limiter_prepare_job(lua_State *L, int refs);

/* Stand around each call of take or give. They raise nothing. */
void limiter_enter(lua_State *L);
void limiter_leave(lua_State *L);

/* Gives back all that the job, or each job of the client, still holds. They raise
 * nothing, whatever give does. */
void limiter_give_back(lua_State *L, int refs);
void limiter_give_back_all(lua_State *L, int client_refs);
