/*
 * failing_curl.c: fail(n) makes the n-th allocation inside libcurl from now on fail,
 * once; 0: none. Returns whether the one before was reached. It has to be loaded before
 * anything else initialises libcurl. Those by malloc succeed: where one of them fails
 * while a socket is entered in its table, libcurl 7.88 divides by zero.
 */
#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

static long left; /* allocations until one fails; 0: none does */
static int reached;

static int fails(void) {
    if (left == 0 || --left > 0) return 0;
    return reached = 1;
}

static void *fail_realloc(void *old, size_t size) {
    return fails() ? NULL : realloc(old, size);
}
static void *fail_calloc(size_t count, size_t size) {
    return fails() ? NULL : calloc(count, size);
}
static char *fail_strdup(const char *text) { return fails() ? NULL : strdup(text); }

static int l_fail(lua_State *L) {
    lua_pushboolean(L, reached);
    left = (long)luaL_checkinteger(L, 1);
    reached = 0;
    return 1;
}

int luaopen_failing_curl(lua_State *L) {
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free, fail_realloc, fail_strdup,
                             fail_calloc) != CURLE_OK)
        return luaL_error(L, "libcurl can't be initialised");
    lua_pushcfunction(L, l_fail);
    return 1;
}
