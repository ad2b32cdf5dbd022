/* fork.c: fork(f) runs f in a child process and tells whether f returned true there. The
 * collector runs in the child, as it would in one that goes on. The child ends by a
 * signal that nobody handles, so that no tool takes its half of the memory for leaked. */
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int l_fork(lua_State *L) {
    int status = 0;
    pid_t child = fork();
    if (child < 0) return luaL_error(L, "fork failed");
    if (child == 0) {
        int fine = lua_pcall(L, 0, 1, 0) == 0 && lua_toboolean(L, -1);
        lua_gc(L, LUA_GCCOLLECT, 0);
        kill(getpid(), fine ? SIGKILL : SIGTERM);
        _exit(1);
    }
    waitpid(child, &status, 0);
    lua_pushboolean(L, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return 1;
}

int luaopen_fork(lua_State *L) {
    lua_pushcfunction(L, l_fork);
    return 1;
}
