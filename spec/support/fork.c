/*
 * fork.c: fork(f) runs f in a child process and tells whether f returned true there. The
 * collector runs in the child, as it would in one that goes on. Where f has to return to
 * its caller in the child, too: fork() → the child's pid, or 0 in the child, which ends
 * itself by fork(whether it went well); fork(pid) waits for that and tells it. The child
 * ends by a signal that nobody handles, so that no tool takes its half of the memory for
 * leaked.
 */
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t split(lua_State *L) {
    pid_t child = fork();
    if (child < 0) luaL_error(L, "fork failed");
    return child;
}

static void end_child(lua_State *L, int fine) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    kill(getpid(), fine ? SIGKILL : SIGTERM);
    _exit(1);
}

static int wait_for(lua_State *L, pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    lua_pushboolean(L, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return 1;
}

static int l_fork(lua_State *L) {
    if (lua_isboolean(L, 1)) end_child(L, lua_toboolean(L, 1));
    if (lua_type(L, 1) == LUA_TNUMBER) return wait_for(L, (pid_t)lua_tointeger(L, 1));
    pid_t child = split(L);
    if (lua_isnoneornil(L, 1)) {
        lua_pushinteger(L, child);
        return 1;
    }
    if (child == 0) end_child(L, lua_pcall(L, 0, 1, 0) == 0 && lua_toboolean(L, -1));
    return wait_for(L, child);
}

int luaopen_fork(lua_State *L) {
    lua_pushcfunction(L, l_fork);
    return 1;
}
