/* fork.c: fork(f) runs f in a child process and returns the child's exit status: 0 where f
 * returned true. The child leaves without closing its Lua state twice over: the collector
 * has run there, as it would in a child that goes on. */
#include <lauxlib.h>
#include <lua.h>
#include <sys/wait.h>
#include <unistd.h>

static int l_fork(lua_State *L)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0) return luaL_error(L, "fork failed");
    if (child == 0) {
        int fine = lua_pcall(L, 0, 1, 0) == 0 && lua_toboolean(L, -1);
        lua_gc(L, LUA_GCCOLLECT, 0);
        _exit(fine ? 0 : 1);
    }
    waitpid(child, &status, 0);
    lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 1;
}

int luaopen_fork(lua_State *L)
{
    lua_pushcfunction(L, l_fork);
    return 1;
}
