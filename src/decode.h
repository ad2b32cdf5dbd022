/*
 * decode.h: body → response: reads the service's envelope by lua-cjson.
 *
 * A private instance, so that neither the host nor we change the other's settings; inside
 * Neovim vim.json, since the editor's own copy of lua-cjson can't be mixed with another.
 */
#pragma once

#include <lua.h>

#include "lib/response.h"

/* Finds lua-cjson, once for a Lua state. Raises where there is none. */
void decode_open(lua_State *L);

/* Reads the body of a response. What is no envelope of the service's leaves it without
 * one. `statuses`: its successDetails are wanted, too. Raises memory errors alone; it can
 * then be decoded again. */
void decode_response(lua_State *L, struct response *response, bool statuses);
