/* Structs of ours that a value of Lua's owns: see owned.h. */
#include "owned.h"

#include <stdlib.h>

#include "compat.h"
#include "registry.h"
#include "lib/private.h"

static const char LAST_OWNER_TYPE[] = "geelark.last_owner"; /* see owned_free */

/* Older than all that stands in it, it is finalised last where the state is closed. */
struct list {
    struct owned *first;
    bool closed;
};

static char key; /* where it stands in the registry */

static void close_and_free(lua_State *L, struct owned *owned) {
    owned->close(L, owned);
    *owned->at = owned->next;
    if (owned->next) owned->next->at = owned->at;
    free(owned);
}

static int close_list(lua_State *L) {
    struct list *list = lua_touserdata(L, 1);
    list->closed = true; /* first: closers run Lua code, which may have values of ours */
    while (list->first) close_and_free(L, list->first);
    return 0;
}

/* Where the value at index points to its struct; NULL: it has none. */
static struct owned **find(lua_State *L, int index, const char *type) {
    struct owned **value = compat_testudata(L, index, type);
    const struct list *list = registry_find(L, &key);
    return value && *value && !list->closed ? value : NULL;
}

static int last_owner_gc(lua_State *L) {
    struct owned **last = find(L, 1, LAST_OWNER_TYPE);
    if (!last) return 0;
    close_and_free(L, *last);
    *last = NULL;
    return 0;
}

void owned_open(lua_State *L) {
    if (registry_find(L, &key)) return; /* loaded before: there may be some */
    registry_push(L, sizeof(struct list), close_list);
    registry_keep(L, &key);
    luaL_newmetatable(L, LAST_OWNER_TYPE);
    lua_pushcfunction(L, last_owner_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

static void enlist(struct list *list, struct owned *owned, owned_closer close) {
    owned->close = close;
    owned->at = &list->first;
    owned->next = list->first;
    if (list->first) list->first->at = &owned->next;
    list->first = owned;
}

static struct owned **push_value(lua_State *L, const char *type) {
    struct owned **value = compat_newuserdata(L, sizeof *value);
    *value = NULL;
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    return value;
}

void *owned_push(lua_State *L, size_t size, const char *type, owned_closer close) {
    struct list *list = registry_find(L, &key);
    if (list->closed) luaL_error(L, "geelark: the Lua state is being closed");
    struct owned **value = push_value(L, type);
    *value = calloc(1, size);
    if (*value) enlist(list, *value, close);
    else compat_memory_error(L);
    return *value;
}

bool owned_is(lua_State *L, int index, const char *type) {
    return compat_testudata(L, index, type) != NULL;
}

void *owned_find(lua_State *L, int index, const char *type) {
    struct owned **value = find(L, index, type);
    return value ? *value : NULL;
}

/* The value may still be in use: somebody calls its finaliser by hand, or another one has
 * revived it. So its struct goes to a last owner that nothing but the value refers to,
 * and is freed once Lua collects that. */
void owned_free(lua_State *L, int index, const char *type) {
    struct owned **value = find(L, index, type);
    if (!value) return;
    (*value)->close(L, *value);
    lua_createtable(L, 1, 0);
    struct owned **last = push_value(L, LAST_OWNER_TYPE);
    lua_rawseti(L, -2, 1);
    compat_setuservalue(L, index);
    *last = *value;
    *value = NULL;
}
