/*
 * failing_allocator.c: sweep(script, cpath, onwards, core) runs a script in Lua states of
 * its own whose n-th allocation fails (and, with `onwards`, all later ones), for n = 1,
 * 2, … until one run meets no failure. The script returns a function; failures begin with
 * its call. It has to return true, or to raise what says that memory ran out, or nothing
 * at all but a callback's account of that; and the closed state has to give back every
 * byte. Lua's allocations fail, or with `core` those that the loaded core makes by
 * itself. A script's global function memory_returns() ends the failures of its run.
 * Returns how many points failed, and what went wrong (nil: nothing).
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_allocations.h"

struct heap {
    long until; /* allocations left before one fails; negative: none does */
    int onwards, core, failed;
    long bytes;
};

static int fails(struct heap *heap) {
    if (heap->until < 0 || (heap->until > 0 && --heap->until > 0)) return 0;
    if (heap->failed && !heap->onwards) return 0;
    return heap->failed = 1;
}

static struct heap *core_heap; /* of the run that goes on */
static int fails_for_core(void) { return fails(core_heap); }

/* Whoever still looks into freed memory stumbles. A plain memset there is left out by
 * gcc. */
static void *(*const volatile scribble)(void *, int, size_t) = memset;

static void *allocate(void *user, void *old, size_t old_size, size_t size) {
    struct heap *heap = user;
    if (size == 0) {
        if (old) heap->bytes -= (long)old_size;
        if (old) scribble(old, 0xA5, old_size);
        free(old);
        return NULL;
    }
    int grows = !old || size > old_size;
    if (grows && !heap->core && fails(heap)) return NULL;
    void *new = realloc(old, size);
    if (new) heap->bytes += (long)size - (old ? (long)old_size : 0);
    return new;
}

static int memory_returns(lua_State *L) {
    struct heap *heap;
    lua_getallocf(L, (void **)&heap);
    heap->until = -1;
    return 0;
}

/* Runs the script once; returns what is wrong, in `text`, or NULL. */
static const char *run(struct heap *heap, const char *script, const char *cpath,
                       long point, char *text, size_t size) {
    const char *wrong = NULL;
    long blocks = core_blocks;
    heap->until = -1;
    lua_State *L = lua_newstate(allocate, heap);
    if (!L) return "no state with an allocator of its own";
    luaL_openlibs(L);
    lua_register(L, "memory_returns", memory_returns);
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
    if (!wrong && core_blocks != blocks) {
        snprintf(text, size, "point %ld: %ld blocks of the core are not freed", point,
                 core_blocks - blocks);
        wrong = text;
    }
    return wrong;
}

/* The first point at which something is wrong, or the first that is never reached. */
static long sweep(struct heap *heap, const char *script, const char *cpath,
                  const char **wrong, char *text, size_t size) {
    const struct heap fresh = *heap;
    for (long point = 1;; point++) {
        *heap = fresh;
        *wrong = run(heap, script, cpath, point, text, size);
        if (*wrong || !heap->failed) return point;
    }
}

static int l_sweep(lua_State *L) {
    const char *script = luaL_checkstring(L, 1), *cpath = luaL_checkstring(L, 2), *wrong;
    struct heap heap = {-1, lua_toboolean(L, 3), lua_toboolean(L, 4), 0, 0};
    char text[512];
    if (heap.core && core_watch_allocations(true) == 0)
        return luaL_error(L, "the core isn't loaded");
    core_heap = &heap;
    core_fails = heap.core ? fails_for_core : NULL;
    long point = sweep(&heap, script, cpath, &wrong, text, sizeof text);
    if (heap.core) core_watch_allocations(false);
    lua_pushinteger(L, wrong ? point : point - 1);
    lua_pushstring(L, wrong);
    return 2;
}

int luaopen_failing_allocator(lua_State *L) {
    lua_pushcfunction(L, l_sweep);
    return 1;
}
