/* The client that plain calls share: see shared.h. */
#include "shared.h"

#include <unistd.h>

#include "compat.h"
#include "handle.h"
#include "registry.h"
#include "lib/settings.h"
#include "lib/private.h"

static char key; /* where it stands in the registry */

/* Pushes the one that is there; false: none that can be used. */
static bool push_current(lua_State *L) {
    lua_pushlightuserdata(L, &key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    const struct lua_client *lc = owned_find(L, -1, HANDLE_CLIENT_TYPE);
    if (lc && !lc->closed && lc->pid == getpid() &&
        settings_same_environment(&lc->environment))
        return true;
    lua_pop(L, 1);
    return false;
}

/* Pushes a new one; false: the environment doesn't serve. The next call looks again. */
static bool push_new(lua_State *L) {
    lua_pushnil(L); /* in place of options */
    struct lua_client *lc = handle_push_client(L, lua_gettop(L));
    lua_remove(L, -2);
    if (lc->fault.kind != KIND_NONE) {
        lua_pop(L, 1);
        return false;
    }
    if (!settings_note_environment(&lc->environment)) compat_memory_error(L);
    return true;
}

bool shared_push_client(lua_State *L, int arg) {
    compat_check_stack(L, 4);
    if (!options_are_for_job(L, arg)) return false;
    if (push_current(L)) return true;
    if (!push_new(L)) return false;
    if (push_current(L)) { /* a finaliser has made one meanwhile */
        lua_remove(L, -2);
        return true;
    }
    lua_pushvalue(L, -1);
    registry_keep(L, &key);
    return true;
}
