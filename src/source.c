/* Reads the caller's array of ids, or iterator over them: see source.h. */
#include "source.h"

#include "compat.h"

static int bad_id(lua_State *L, int arg, lua_Number position, const char *flaw)
{
    lua_pushfstring(L, "ids[%d]: %s", (int)position, flaw);
    return luaL_argerror(L, arg, lua_tostring(L, -1));
}

static int bad_type(lua_State *L, int arg, lua_Number position)
{
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    lua_pushfstring(L, "string expected, got %s%s", luaL_typename(L, -1),
                    number ? " (a number that is no integer may have lost digits)" : "");
    return bad_id(L, arg, position, lua_tostring(L, -1));
}

/* Adds the value on top of the stack and pops it. */
static void take_id(lua_State *L, int arg, lua_Number position, struct ids *ids)
{
    size_t len;
    int type = lua_type(L, -1);
    bool integer = type == LUA_TNUMBER && compat_isinteger(L, -1);
    if (type != LUA_TSTRING && !integer) bad_type(L, arg, position);
    const char *id = lua_tolstring(L, -1, &len);
    enum ids_added added = ids_add(ids, id, len, integer);
    if (added == IDS_FLAWED) bad_id(L, arg, position, ids_flaw(id, len));
    if (added == IDS_NO_MEMORY) compat_memory_error(L);
    lua_pop(L, 1);
}

static void read_iterator(lua_State *L, int arg, struct ids *ids)
{
    for (lua_Number position = 1;; position++) {
        lua_pushvalue(L, arg);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1)) break;
        take_id(L, arg, position, ids);
    }
    lua_pop(L, 1);
}

/* The key on top of the stack is no position in 1..count. */
static int bad_key(lua_State *L, int arg)
{
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

/* Raises for the first key outside 1..count, or the first hole. Every key is one of the
 * count keys, so that where all lie in 1..count none is missing. */
static void check_keys(lua_State *L, int arg)
{
    lua_Number count = 0;
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) count++;
    for (lua_Number i = 1; i <= count; i++) {
        lua_rawgeti(L, arg, (int)i);
        if (lua_isnil(L, -1)) break;
        lua_pop(L, 1);
        if (i == count) return;
    }
    lua_settop(L, arg);
    lua_Number hole = 1;
    for (;; hole++) {
        lua_rawgeti(L, arg, (int)hole);
        bool missing = lua_isnil(L, -1);
        lua_pop(L, 1);
        if (missing) break;
    }
    /* A later position makes it a hole; otherwise the stray key itself is named. */
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) > hole)
            bad_id(L, arg, hole, "string expected, got nil");
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        bool position = lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) >= 1 &&
                        lua_tonumber(L, -2) < hole &&
                        lua_tonumber(L, -2) == (lua_Number)(long long)lua_tonumber(L, -2);
        if (position) continue;
        lua_pop(L, 1);
        bad_key(L, arg);
    }
}

/* An object that only pretends to be an array would pass for an empty one. */
static void check_no_proxy(lua_State *L, int arg)
{
    static const char *const events[] = {"__len", "__call", "__pairs", NULL};
    if (!lua_getmetatable(L, arg)) return;
    for (int i = 0; events[i]; i++) {
        lua_getfield(L, -1, events[i]);
        if (!lua_isnil(L, -1)) luaL_argerror(L, arg, "plain array of ids expected, got an object");
        lua_pop(L, 1);
    }
    lua_getfield(L, -1, "__index");
    if (lua_isfunction(L, -1)) luaL_argerror(L, arg, "plain array of ids expected, got an object");
    lua_pop(L, 2);
}

/* One walk in the table's own order, which for an array is that of its positions; where it
 * is not, the keys are checked first. */
static void read_array(lua_State *L, int arg, struct ids *ids)
{
    size_t length = lua_rawlen(L, arg);
    lua_Number position = 0;
    if (length > 0xf0000000u) luaL_argerror(L, arg, "too many ids");
    if (length > 0 && !ids_reserve(ids, (uint32_t)length)) compat_memory_error(L);
    for (lua_pushnil(L); lua_next(L, arg);) {
        if (lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == position + 1) {
            take_id(L, arg, ++position, ids);
            continue;
        }
        lua_pop(L, 2);
        check_keys(L, arg);
        break;
    }
    if (position == 0 && length == 0) check_no_proxy(L, arg);
    /* What the walk met out of order. */
    for (; position < (lua_Number)lua_rawlen(L, arg);) {
        lua_rawgeti(L, arg, (int)++position);
        take_id(L, arg, position, ids);
    }
}

void source_read(lua_State *L, int arg, struct ids *ids)
{
    luaL_checkstack(L, 8, NULL);
    if (lua_type(L, arg) == LUA_TFUNCTION) read_iterator(L, arg, ids);
    else if (lua_type(L, arg) == LUA_TTABLE) read_array(L, arg, ids);
    else luaL_argerror(L, arg, lua_pushfstring(L, "array of ids or iterator expected, got %s",
                                               lua_isnone(L, arg) ? "no value" : luaL_typename(L, arg)));
    ids_seal(ids);
}
