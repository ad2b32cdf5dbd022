/*
 * failing_allocator.c: sweep(script, cpath, onwards) runs a script in Lua states of its
 * own whose n-th allocation fails (and, with `onwards`, all later ones), for n = 1, 2, …
 * until one run meets no failure. The script returns a function; failures begin with its
 * call. It has to return true, or to raise what says that memory ran out, or nothing at
 * all but a callback's account of that; and the closed state has to give back every byte.
 * Returns how many points failed, and what went wrong (nil: nothing).
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heap {
    long until; /* allocations left before one fails; negative: none does */
    int onwards, failed;
    long bytes;
};

static void *allocate(void *user, void *old, size_t old_size, size_t size) {
    struct heap *heap = user;
    if (size == 0) {
        if (old) heap->bytes -= (long)old_size;
        free(old);
        return NULL;
    }
    int grows = !old || size > old_size;
    if (grows && heap->until >= 0 && (heap->until == 0 ? 1 : --heap->until == 0)) {
        if (!heap->failed || heap->onwards) {
            heap->failed = 1;
            return NULL;
        }
    }
    void *new = realloc(old, size);
    if (new) heap->bytes += (long)size - (old ? (long)old_size : 0);
    return new;
}

/* Runs the script once; returns what is wrong, in `text`, or NULL. */
static const char *run(struct heap *heap, const char *script, const char *cpath,
                       long point, char *text, size_t size) {
    const char *wrong = NULL;
    heap->until = -1;
    lua_State *L = lua_newstate(allocate, heap);
    if (!L) return "no state with an allocator of its own";
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushstring(L, cpath);
    lua_setfield(L, -2, "cpath");
    if (luaL_loadstring(L, script) || lua_pcall(L, 0, 1, 0)) {
        snprintf(text, size, "%s", lua_tostring(L, -1));
        lua_close(L);
        return text;
    }
    lua_gc(L, LUA_GCCOLLECT, 0);
    heap->until = point;
    int status = lua_pcall(L, 0, 1, 0);
    heap->until = -1;
    if (status != 0) {
        const char *said = lua_tostring(L, -1);
        if (!said || !strstr(said, "not enough memory")) {
            snprintf(text, size, "point %ld: %s", point, said ? said : "no text");
            wrong = text;
        }
    } else if (!lua_toboolean(L, -1)) {
        snprintf(text, size, "point %ld: the account does not add up", point);
        wrong = text;
    }
    lua_close(L);
    if (!wrong && heap->bytes != 0) {
        snprintf(text, size, "point %ld: %ld bytes are not given back", point,
                 heap->bytes);
        wrong = text;
    }
    return wrong;
}

static int l_sweep(lua_State *L) {
    const char *script = luaL_checkstring(L, 1), *cpath = luaL_checkstring(L, 2);
    int onwards = lua_toboolean(L, 3);
    char text[512];
    long point = 1;
    for (;; point++) {
        struct heap heap = {-1, onwards, 0, 0};
        const char *wrong = run(&heap, script, cpath, point, text, sizeof text);
        if (wrong) {
            lua_pushinteger(L, point);
            lua_pushstring(L, wrong);
            return 2;
        }
        if (!heap.failed) break;
    }
    lua_pushinteger(L, point - 1);
    return 1;
}

int luaopen_failing_allocator(lua_State *L) {
    lua_pushcfunction(L, l_sweep);
    return 1;
}
