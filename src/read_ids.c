/* Reads the caller's array of ids, or iterator over them: see read_ids.h. */
#include "read_ids.h"

#include <math.h>

#include "compat.h"
#include "lib/private.h"

/* Values are popped so many at once: each by itself costs as much as reading it. */
enum { POP_EVERY = 32 };

static int bad_id(lua_State *L, int arg, size_t position, const char *flaw) {
    lua_pushfstring(L, "ids[%d]: %s", (int)position, flaw);
    return luaL_argerror(L, arg, lua_tostring(L, -1));
}

static int bad_type(lua_State *L, int arg, size_t position) {
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    lua_pushfstring(L, "string expected, got %s%s", luaL_typename(L, -1),
                    number ? " (a number that is no integer may have lost digits)" : "");
    return bad_id(L, arg, position, lua_tostring(L, -1));
}

/* Adds the value on top of the stack, of this type. */
static void take_id(lua_State *L, int arg, int type, size_t position, struct ids *ids) {
    size_t len;
    bool integer = type == LUA_TNUMBER && lua_isinteger(L, -1);
    if (type != LUA_TSTRING && !integer) bad_type(L, arg, position);
    const char *id = lua_tolstring(L, -1, &len);
    enum ids_added added = ids_add(ids, id, len, integer);
    if (added == IDS_FLAWED) bad_id(L, arg, position, ids_flaw(id, len));
    if (added == IDS_NO_MEMORY) compat_memory_error(L);
}

static void read_iterator(lua_State *L, int arg, struct ids *ids) {
    for (size_t position = 1;; position++) {
        lua_pushvalue(L, arg);
        lua_call(L, 0, 1);
        int type = lua_type(L, -1);
        if (type != LUA_TNIL) take_id(L, arg, type, position, ids);
        lua_pop(L, 1);
        if (type == LUA_TNIL) return;
    }
}

/* The key on top of the stack is no position in 1..count. */
static int bad_key(lua_State *L, int arg) {
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushfstring(L, "array of ids expected, got a table with the key \"%s\"",
                        lua_tostring(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        lua_pushfstring(L, "ids[%s]: a position outside the array", lua_tostring(L, -1));
    } else {
        lua_pushfstring(L, "array of ids expected, got a table with a key that is a %s",
                        luaL_typename(L, -1));
    }
    return luaL_argerror(L, arg, lua_tostring(L, -1));
}

/* Raises for a key outside 1..count, where all these positions were read. */
static void check_keys(lua_State *L, int arg, size_t count) {
    size_t keys = 0;
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) keys++;
    if (keys == count) return;
    lua_pushnil(L); /* in whose place the stray key comes */
    int stray = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        /* A later position makes it a hole. */
        if (key > (lua_Number)count + 1)
            bad_id(L, arg, count + 1, "string expected, got nil");
        if (key >= 1 && key <= (lua_Number)count && key == floor(key)) continue;
        lua_pushvalue(L, -2);
        lua_replace(L, stray);
    }
    bad_key(L, arg);
}

/* An object that only pretends to be an array would pass for an empty one. */
static void check_no_proxy(lua_State *L, int arg) {
    static const char *const events[] = {"__len", "__call", "__pairs", "__index"};
    if (!lua_getmetatable(L, arg)) return;
    for (int i = 0; i < 4; i++, lua_pop(L, 1)) {
        lua_getfield(L, -1, events[i]);
        if (i < 3 ? !lua_isnil(L, -1) : lua_isfunction(L, -1))
            luaL_argerror(L, arg, "plain array of ids expected, got an object");
    }
    lua_pop(L, 1);
}

static void read_array(lua_State *L, int arg, struct ids *ids) {
    size_t count = lua_rawlen(L, arg);
    int top = lua_gettop(L);
    if (count > 0xf0000000u) luaL_argerror(L, arg, "too many ids");
    if (count > 0 && !ids_reserve(ids, (uint32_t)count)) compat_memory_error(L);
    for (size_t i = 1; i <= count; i++) {
        take_id(L, arg, compat_rawgeti(L, arg, (lua_Integer)i), i, ids);
        if (i % POP_EVERY == 0) lua_settop(L, top);
    }
    lua_settop(L, top);
    check_keys(L, arg, count);
    if (count == 0) check_no_proxy(L, arg);
}

void read_ids(lua_State *L, int arg, struct ids *ids) {
    compat_check_stack(L, POP_EVERY + 8);
    if (lua_type(L, arg) == LUA_TFUNCTION) read_iterator(L, arg, ids);
    else if (lua_type(L, arg) == LUA_TTABLE) read_array(L, arg, ids);
    else
        compat_arg_error(L, arg, "array of ids or iterator expected, got %s",
                         lua_isnone(L, arg) ? "no value" : luaL_typename(L, arg));
    ids_seal(ids);
}
