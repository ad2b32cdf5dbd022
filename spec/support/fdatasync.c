/*
 * fdatasync.c: fdatasync(path, times) appends a page to a file so many times, each time
 * until it is on the disk, and returns the seconds that this took: what nobody who
 * promises so much can go below.
 */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int l_fdatasync(lua_State *L) {
    static char page[4096];
    int fd = open(luaL_checkstring(L, 1), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    int times = (int)luaL_checkinteger(L, 2), failed = fd < 0;
    memset(page, 'x', sizeof page);
    double from = now();
    for (int i = 0; i < times && !failed; i++)
        failed =
            write(fd, page, sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0;
    double seconds = now() - from;
    if (fd >= 0) close(fd);
    if (failed) return luaL_error(L, "fdatasync failed");
    lua_pushnumber(L, seconds);
    return 1;
}

int luaopen_fdatasync(lua_State *L) {
    lua_pushcfunction(L, l_fdatasync);
    return 1;
}
