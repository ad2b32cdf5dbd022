/* A job's journal: see journal.h. */
#include "journal.h"

#include <unistd.h>

#include "account.h"
#include "callback.h"
#include "compat.h"
#include "lib/private.h"

/* A connection to SQLite that is closed in the child of a fork ruins its file, which the
 * parent goes on with. Younger than the connection, the guard is finalised before it, and
 * in a child takes its finaliser away. */
struct guard {
    pid_t pid;
};

static int guard_gc(lua_State *L) {
    const struct guard *guard = lua_touserdata(L, 1);
    if (guard->pid == getpid()) return 0;
    compat_getuservalue(L, 1);
    if (!lua_istable(L, -1)) return 0;
    lua_rawgeti(L, -1, 1);
    lua_pushnil(L);
    lua_setmetatable(L, -2);
    return 0;
}

/* Pushes a guard of the connection at index. */
static void push_guard(lua_State *L, int connection) {
    struct guard *guard = compat_newuserdata(L, sizeof *guard);
    guard->pid = getpid();
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, connection);
    lua_rawseti(L, -2, 1);
    compat_setuservalue(L, -2);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, guard_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
}

/* Its arguments: the references, the account of the ids, the address. */
static int open_file(lua_State *L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "geelark.journal");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "open");
    lua_getfield(L, 1, "journal");
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 2);
    lua_call(L, 3, 2); /* → write, connection */
    push_guard(L, lua_gettop(L));
    lua_setfield(L, 1, "journal_guard");
    lua_pop(L, 1);
    lua_setfield(L, 1, "write_journal");
    return 0;
}

static void set_fault(lua_State *L, struct fault *fault, bool interrupted) {
    const char *text = callback_error(L);
    if (interrupted) {
        fault_set(fault, KIND_INTERRUPTED, "interrupted");
        return;
    }
    if (callback_out_of_memory(text)) compat_memory_error(L);
    fault_set(fault, KIND_CONFIG, lua_pushfstring(L, "journal: %s", text));
}

void journal_open(lua_State *L, int refs, struct ledger *ledger, const char *base_url,
                  struct fault *fault) {
    int top = lua_gettop(L);
    struct ledger *known = account_push(L);
    *known = ledger_take(ledger);
    if (!ledger_open(known)) compat_memory_error(L);
    lua_pushcfunction(L, open_file);
    lua_pushvalue(L, refs);
    lua_pushvalue(L, top + 1);
    lua_pushstring(L, base_url);
    bool interrupted;
    int status = callback_uninterrupted(L, 3, &interrupted);
    if (status == LUA_ERRMEM) compat_memory_error(L);
    if (status != LUA_OK) set_fault(L, fault, interrupted);
    *ledger = (struct ledger){0};
    if (!ledger_resume(ledger, known)) compat_memory_error(L);
    lua_settop(L, top);
}

/* Calls refs.write_journal with the event at `event`, 0 for none, and again where Ctrl-C
 * came into it: it may be written twice. False: it raised; the error is on top. */
static bool write_event(lua_State *L, int refs, int event) {
    bool interrupted;
    do {
        lua_getfield(L, refs, "write_journal");
        if (event) lua_pushvalue(L, event);
        if (callback_uninterrupted(L, event != 0, &interrupted) == LUA_OK) return true;
        if (interrupted) lua_pop(L, 1);
    } while (interrupted);
    return false;
}

bool journal_write(lua_State *L, int refs) { return write_event(L, refs, lua_gettop(L)); }

void journal_close(lua_State *L, int refs) {
    if (write_event(L, refs, 0)) return;
    if (callback_out_of_memory(callback_error(L))) compat_memory_error(L);
    lua_pop(L, 1);
}
