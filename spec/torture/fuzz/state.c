/* A Lua state that is kept from run to run: see state.h. */
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

/* Blocks are powers of two, at least so much larger than what is asked for that reading
 * past its end is found. */
enum { POOL_SIZE = 64 << 20, LEAST = 32, REDZONE = 8, CLASSES = 22 };
enum { RUNS_BETWEEN_LOOKS = 20000, GROWTH_MAX = 512 * 1024 };

struct block {
    struct block *next;
};

static unsigned char pool[POOL_SIZE] __attribute__((aligned(16)));
static size_t pool_used;
static struct block *free_blocks[CLASSES];

static int class_of(size_t size) {
    int class = 0;
    while (((size_t)LEAST << class) < size + REDZONE) class ++;
    CHECK(class < CLASSES, "Lua asked for %zu bytes at once", size);
    return class;
}

static void *take(size_t size) {
    int class = class_of(size);
    struct block *block = free_blocks[class];
    if (block) {
        __asan_unpoison_memory_region(block, sizeof *block);
        free_blocks[class] = block->next;
        __asan_poison_memory_region(block, sizeof *block);
    } else {
        block = (struct block *)(pool + pool_used);
        pool_used += (size_t)LEAST << class;
        CHECK(pool_used <= sizeof pool, "Lua's memory grew to %zu bytes", pool_used);
    }
    __asan_unpoison_memory_region(block, size);
    return block;
}

static void give(void *memory, size_t size) {
    int class = class_of(size);
    struct block *block = memory;
    __asan_unpoison_memory_region(block, sizeof *block);
    block->next = free_blocks[class];
    free_blocks[class] = block;
    __asan_poison_memory_region(block, (size_t)LEAST << class);
}

static void *allocate(void *user, void *memory, size_t old_size, size_t size) {
    (void)user;
    void *moved = size > 0 ? take(size) : NULL;
    if (!memory) return moved; /* old_size is no size then */
    if (moved) memcpy(moved, memory, old_size < size ? old_size : size);
    give(memory, old_size);
    return moved;
}

lua_State *state_get(void) {
    static lua_State *state;
    if (state) return state;
    __asan_poison_memory_region(pool, sizeof pool);
    state = lua_newstate(allocate, NULL);
    luaL_openlibs(state);
    return state;
}

void state_settle(lua_State *L) {
    static unsigned runs;
    static int least;
    CHECK(lua_gettop(L) == 0, "%d values are left on Lua's stack", lua_gettop(L));
    if (++runs % RUNS_BETWEEN_LOOKS > 0) return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    int used = lua_gc(L, LUA_GCCOUNT, 0) * 1024;
    if (least == 0 || used < least) least = used;
    CHECK(used < least + GROWTH_MAX, "Lua's memory grew from %d to %d bytes", least,
          used);
}
