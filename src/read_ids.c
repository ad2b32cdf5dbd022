/* Reads the caller's array of ids, or iterator over them: see read_ids.h. */
#include "read_ids.h"

#include <math.h>

#include "compat.h"
#include "fields.h"
#include "lib/flaws.h"
#include "lib/private.h"

/* Values are popped so many at once: each by itself costs as much as reading it. */
enum { POP_EVERY = 32 };

/* A function that gives so many of them, and nothing else, may never end. */
enum { FLAWS_OF_ITERATOR = 1000000 };

struct reading {
    int arg;
    struct ids *ids; /* NULL: they are only checked */
    struct flaws flaws;
};

static bool is_positive_integer(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TNUMBER && lua_isinteger(L, index) &&
           lua_tointeger(L, index) > 0;
}

bool read_ids_is_id(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TSTRING) return is_positive_integer(L, index);
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    return ids_is_id(text, len);
}

/* A string of it, or NULL: what it is to be shown as. It stays on the stack. */
static const char *push_shown(lua_State *L, int index) {
    char shown[FLAW_SHOWN];
    size_t len;
    lua_pushvalue(L, index);
    if (lua_type(L, -1) == LUA_TBOOLEAN) return lua_toboolean(L, -1) ? "true" : "false";
    if (lua_type(L, -1) == LUA_TNUMBER) return lua_tostring(L, -1);
    if (lua_type(L, -1) != LUA_TSTRING) return NULL;
    const char *text = lua_tolstring(L, -1, &len);
    lua_pushstring(L, flaws_show(shown, text, len));
    return lua_tostring(L, -1);
}

/* Notes the value on top, which is no string and no positive integer. */
static void add_flaw(lua_State *L, size_t position, struct flaws *flaws) {
    int value = lua_gettop(L), type = lua_type(L, value);
    const char *what = "string expected, got number", *help = NULL;
    int shown = value;
    lua_pushliteral(L, "id");
    if (type == LUA_TTABLE && compat_rawget(L, value) != LUA_TNIL) {
        what = "string expected, got table with a field id";
        help = "give the field id of each";
        shown = value + 1;
    } else if (type != LUA_TNUMBER) {
        what = lua_pushfstring(L, "string expected, got %s", luaL_typename(L, value));
    } else if (lua_isinteger(L, value)) {
        what = "integer above 0 expected";
    } else {
        help = "write ids as strings: a number that is no integer may have lost digits";
    }
    flaws_add(flaws, position, what, push_shown(L, shown), help);
    lua_settop(L, value);
}

/* Takes the value on top of the stack, of this type. */
static void take_id(lua_State *L, struct reading *r, int type, size_t position) {
    bool integer = type == LUA_TNUMBER && is_positive_integer(L, -1);
    if (type != LUA_TSTRING && !integer) {
        add_flaw(L, position, &r->flaws);
        return;
    }
    size_t len;
    const char *id = lua_tolstring(L, -1, &len);
    enum ids_added added = IDS_ADDED;
    if (r->ids) added = ids_add(r->ids, id, len, integer);
    else if (!ids_is_id(id, len)) added = IDS_FLAWED;
    if (added == IDS_FLAWED) flaws_add_text(&r->flaws, position, id, len);
    if (added == IDS_NO_MEMORY) compat_memory_error(L);
}

/* pairs(t) and ipairs(t) as an argument leave a function that wants the table at each
 * call. */
static void check_no_arguments(lua_State *L, int arg) {
    static const char *const makers[] = {"pairs", "ipairs"};
    for (int i = 0; i < 2; i++) {
        lua_getglobal(L, makers[i]);
        if (!lua_isfunction(L, -1)) return;
        lua_newtable(L);
        lua_call(L, 1, 1);
        if (lua_rawequal(L, -1, arg))
            compat_arg_error(
                L, arg,
                "iterator expected, got what %s returns; what helps: "
                "give the table itself, or a function that returns one id a call",
                makers[i]);
        lua_pop(L, 1);
    }
}

/* Raises where there are values behind the one at `first`: which of them is the id? */
static void check_single(lua_State *L, int arg, size_t position, int first) {
    int next = first + 1;
    while (next <= lua_gettop(L) && lua_isnil(L, next)) next++;
    if (next > lua_gettop(L)) return;
    compat_check_stack(L, 8);
    const char *one = push_shown(L, first), *other = push_shown(L, next);
    compat_arg_error(L, arg,
                     "ids[%d]: the iterator returns several values at once, %s and %s; "
                     "what helps: a function that returns the id alone",
                     (int)position, one ? one : luaL_typename(L, first),
                     other ? other : luaL_typename(L, next));
}

static void read_iterator(lua_State *L, struct reading *r) {
    int top = lua_gettop(L);
    check_no_arguments(L, r->arg);
    for (size_t position = 1; r->flaws.count < FLAWS_OF_ITERATOR; position++) {
        lua_pushvalue(L, r->arg);
        lua_call(L, 0, LUA_MULTRET);
        int type = lua_type(L, top + 1);
        if (type == LUA_TNIL || type == LUA_TNONE) break;
        check_single(L, r->arg, position, top + 1);
        lua_settop(L, top + 1);
        take_id(L, r, type, position);
        lua_settop(L, top);
    }
    lua_settop(L, top);
}

/* The key on top of the stack is no position in 1..count. */
static int bad_key(lua_State *L, int arg) {
    if (lua_type(L, -1) == LUA_TNUMBER)
        return compat_arg_error(L, arg, "ids[%s]: a position outside the array",
                                push_shown(L, -1));
    const char *shown = push_shown(L, -1);
    if (!shown)
        return compat_arg_error(
            L, arg, "array of ids expected, got a table with a key that is a %s",
            luaL_typename(L, -1));
    return compat_arg_error(L, arg,
                            "array of ids expected, got a table with the key %s; what "
                            "helps: give the array itself",
                            shown);
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
            compat_arg_error(L, arg, "ids[%d]: string expected, got nil", (int)count + 1);
        if (key >= 1 && key <= (lua_Number)count && key == floor(key)) continue;
        lua_pushvalue(L, -2);
        lua_replace(L, stray);
    }
    bad_key(L, arg);
}

/* An object that only pretends to be an array, or is called in a function's place, would
 * pass for an empty one. */
static void check_no_proxy(lua_State *L, int arg) {
    static const char *const events[] = {"__len", "__call", "__pairs", "__index"};
    if (!lua_getmetatable(L, arg)) return;
    for (int i = 0; i < 4; i++, lua_pop(L, 1)) {
        lua_pushstring(L, events[i]);
        int type = compat_rawget(L, -2);
        if (i < 3 ? type != LUA_TNIL : type == LUA_TFUNCTION)
            compat_arg_error(L, arg,
                             "plain array of ids expected, got an object with %s; what "
                             "helps: an array, or a function that returns one id a call",
                             events[i]);
    }
    lua_pop(L, 1);
}

static void read_array(lua_State *L, struct reading *r) {
    size_t count = lua_rawlen(L, r->arg);
    int top = lua_gettop(L);
    if (count > 0xf0000000u) compat_arg_error(L, r->arg, "too many ids");
    if (r->ids && count > 0 && !ids_reserve(r->ids, (uint32_t)count))
        compat_memory_error(L);
    for (size_t i = 1; i <= count; i++) {
        take_id(L, r, compat_rawgeti(L, r->arg, (lua_Integer)i), i);
        if (i % POP_EVERY == 0) lua_settop(L, top);
    }
    lua_settop(L, top);
}

/* What somebody who gave this most likely meant. */
static int no_list(lua_State *L, int arg, int type) {
    const char *got = type == LUA_TNONE ? "no value" : luaL_typename(L, arg);
    const char *help = "";
    if (type <= LUA_TNIL) {
        help = "; what helps: an array, or io.lines of a file's name";
    } else if (type == LUA_TTHREAD) {
        help = "; what helps: coroutine.wrap";
    } else if (compat_testudata(L, arg, "FILE*")) {
        got = "a file", help = "; what helps: file:lines()";
    } else if (type == LUA_TSTRING) {
        bool is_id = read_ids_is_id(L, arg);
        const char *shown = push_shown(L, arg);
        got = lua_pushfstring(L, "string %s", shown);
        help = lua_pushfstring(L,
                               is_id ? "; what helps: a list of it, { %s }"
                                     : "; what helps: io.lines(%s) where it names a file",
                               shown);
    }
    return compat_arg_error(L, arg, "array of ids or iterator expected, got %s%s", got,
                            help);
}

static void read_values(lua_State *L, struct reading *r) {
    int type = lua_type(L, r->arg);
    compat_check_stack(L, POP_EVERY + 8);
    if (type == LUA_TFUNCTION) read_iterator(L, r);
    else if (type == LUA_TTABLE) read_array(L, r);
    else no_list(L, r->arg, type);
}

void read_ids(lua_State *L, int arg, struct ids *ids) {
    struct reading r = {.arg = arg, .ids = ids};
    read_values(L, &r);
    if (r.flaws.count > 0) compat_arg_error(L, arg, "%s", flaws_finish(&r.flaws));
    if (lua_istable(L, arg)) {
        check_keys(L, arg, lua_rawlen(L, arg));
        if (lua_rawlen(L, arg) == 0) check_no_proxy(L, arg);
    }
    if (ids) ids_seal(ids);
}

int read_ids_flaws(lua_State *L) {
    struct reading r = {.arg = 1};
    read_values(L, &r);
    lua_newtable(L);
    set_integer(L, "count", (lua_Integer)r.flaws.count);
    for (size_t i = 0; i < flaws_named(&r.flaws); i++) {
        const struct flaw_named *named = &r.flaws.named[i];
        lua_createtable(L, 0, 3);
        set_integer(L, "position", (lua_Integer)named->position);
        lua_pushlstring(L, r.flaws.text + named->start, named->end - named->start);
        lua_setfield(L, -2, "text");
        if (named->help) set_string(L, "help", named->help);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}
