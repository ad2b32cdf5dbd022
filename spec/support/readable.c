/* readable(fd) → whether reading from it would not wait. */
#include <lauxlib.h>
#include <lua.h>
#include <poll.h>

static int l_readable(lua_State *L) {
    struct pollfd p = {.fd = (int)luaL_checkinteger(L, 1), .events = POLLIN};
    lua_pushboolean(L, poll(&p, 1, 0) == 1);
    return 1;
}

int luaopen_readable(lua_State *L);

int luaopen_readable(lua_State *L) {
    lua_pushcfunction(L, l_readable);
    return 1;
}
