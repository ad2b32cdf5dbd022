/* What stands behind a result: see account.h. */
#include "account.h"

#include "compat.h"
#include "lists.h"
#include "owned.h"
#include "read_ids.h"
#include "report.h"
#include "lib/private.h"

static const char ACCOUNT_TYPE[] = "geelark.account";
static const char ACCOUNTS[] = "geelark.accounts"; /* by result, with weak keys */

struct account {
    struct owned owned;
    struct ledger ledger;
};

static void close_account(lua_State *L, struct owned *owned) {
    (void)L;
    ledger_close(&((struct account *)owned)->ledger);
}

/* The ledger of the account at index; NULL: it is something else. */
static struct ledger *find(lua_State *L, int index) {
    struct account *account = owned_find(L, index, ACCOUNT_TYPE);
    return account ? &account->ledger : NULL;
}

static int account_gc(lua_State *L) {
    owned_free(L, 1, ACCOUNT_TYPE);
    return 0;
}

void account_open(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, ACCOUNTS);
    bool opened = lua_istable(L, -1); /* loaded before: results stand in it */
    lua_pop(L, 1);
    if (opened) return;
    luaL_newmetatable(L, ACCOUNT_TYPE);
    lua_pushcfunction(L, account_gc);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, ACCOUNTS);
    lua_pop(L, 1);
}

/* Pushes the result at index, or that of the err there. */
static void push_result(lua_State *L, int index) {
    lua_pushvalue(L, index);
    if (!lua_istable(L, index)) return;
    lua_pushliteral(L, "result");
    lua_rawget(L, index);
    if (lua_istable(L, -1)) lua_replace(L, -2);
    else lua_pop(L, 1);
}

struct ledger *account_push(lua_State *L) {
    struct account *account = owned_push(L, sizeof *account, ACCOUNT_TYPE, close_account);
    return &account->ledger;
}

void account_attach(lua_State *L, struct ledger *ledger) {
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, ACCOUNTS);
    push_result(L, top);
    struct ledger *account = account_push(L);
    lua_rawset(L, -3);
    *account = ledger_take(ledger); /* nothing can raise any more */
    lua_settop(L, top);
}

/* Pushes the account behind the result, or err, at index, which may be the account
 * itself; NULL, and nil: there is none. */
static struct ledger *push_account(lua_State *L, int index) {
    struct ledger *itself = find(L, index);
    if (itself) {
        lua_pushvalue(L, index);
        return itself;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, ACCOUNTS);
    push_result(L, index);
    if (lua_isnil(L, -1)) return NULL;
    lua_rawget(L, -2);
    lua_replace(L, -2);
    return find(L, lua_gettop(L));
}

const struct ledger *account_check(lua_State *L, int index) {
    const struct ledger *account = push_account(L, index);
    if (!account)
        compat_arg_error(L, index, "result of this process expected, got %s%s",
                         luaL_typename(L, index),
                         lua_istable(L, index)
                             ? " that has no account behind it; one that "
                               "was saved and read again has lost it"
                             : "");
    return account;
}

static const char *const state_names[] = {
    [ID_PENDING] = "pending", [ID_DELETED] = "deleted", [ID_PRESUMED] = "presumed",
    [ID_FAILED] = "failed",   [ID_UNKNOWN] = "unknown", [ID_STOPPING] = "pending"};

/* One that was asked for is unknown, also where it waits to be asked for again. */
static enum id_state told_state(const struct ledger *account, uint32_t position) {
    enum id_state state = ledger_state(account, position);
    bool waits = state == ID_PENDING && ledger_was_asked(account, position);
    return waits ? ID_UNKNOWN : state;
}

/* Its upvalues: the account, and how many ids it told of. */
static int next_outcome(lua_State *L) {
    const struct ledger *account = find(L, lua_upvalueindex(1));
    uint32_t n = (uint32_t)lua_tonumber(L, lua_upvalueindex(2));
    if (!account || n >= ledger_total(account)) return 0;
    lua_pushnumber(L, (lua_Number)n + 1);
    lua_replace(L, lua_upvalueindex(2));
    uint32_t position = ledger_position(account, n);
    enum id_state state = told_state(account, position);
    lists_push_id(L, account, position);
    lua_pushstring(L, state_names[state]);
    if (state != ID_FAILED) return 2;
    const struct failure *failure = ledger_failure(account, position);
    size_t len;
    const char *msg = ledger_msg(account, failure->msg, &len);
    lua_pushinteger(L, failure->code);
    lua_pushlstring(L, msg, len);
    return 4;
}

int account_outcomes(lua_State *L) {
    account_check(L, 1);
    lua_pushnumber(L, 0);
    lua_pushcclosure(L, next_outcome, 2);
    return 1;
}

int account_remaining(lua_State *L) {
    lua_settop(L, 1);
    const struct ledger *account = push_account(L, 1);
    if (!account) return 0;
    lists_push_ids(L, account, 1u << ID_PENDING | 1u << ID_UNKNOWN);
    return 1;
}

int account_amounts(lua_State *L) {
    report_push_amounts(L, account_check(L, 1));
    return 1;
}

int account_new(lua_State *L) {
    struct ledger *account = account_push(L);
    read_ids(L, 1, &account->ids);
    if (!ledger_open(account)) compat_memory_error(L);
    return 1;
}

static void recall_failure(lua_State *L, struct ledger *account, uint32_t position) {
    struct reason reason = {.code = (long)luaL_checknumber(L, 5)};
    reason.msg = luaL_checklstring(L, 6, &reason.len);
    if (!ledger_reserve_failures(account, 1, reason.len)) compat_memory_error(L);
    ledger_settle(account, position, FOUND_FAILED, reason);
}

/* The account at 1. */
static struct ledger *check(lua_State *L) {
    struct ledger *account = find(L, 1);
    luaL_argcheck(L, account, 1, "account expected");
    return account;
}

int account_recall(lua_State *L) {
    static const char *const names[] = {"pending", "deleted", "presumed", "unknown",
                                        "refused", "failed",  NULL};
    static const enum id_state states[] = {ID_PENDING, ID_DELETED, ID_PRESUMED,
                                           ID_UNKNOWN};
    enum { PENDING = 0, REFUSED = 4, FAILED = 5 };
    struct ledger *account = check(L);
    lua_Number n = luaL_checknumber(L, 2);
    luaL_argcheck(L, n >= 1 && n <= ledger_total(account), 2, "out of range");
    uint32_t position = ledger_position(account, (uint32_t)n - 1);
    int state = luaL_checkoption(L, 3, NULL, names);
    if (lua_toboolean(L, 4)) ledger_note_stopped(account, position);
    bool pending = ledger_is_pending(account, position);
    bool failed = ledger_state(account, position) == ID_FAILED;
    if (state == FAILED && pending) recall_failure(L, account, position);
    else if (state == REFUSED && pending) ledger_recall_refused(account, position);
    else if (state != PENDING && state < REFUSED && (pending || failed))
        ledger_recall(account, position, states[state]);
    lua_pushboolean(L, ledger_was_asked(account, position));
    lua_pushboolean(L, ledger_was_stopped(account, position));
    return 2;
}

int account_result(lua_State *L) {
    struct ledger *account = check(L);
    struct fault none = {.kind = KIND_NONE};
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, ACCOUNTS);
    report_push_outcome(L, account, &none, true);
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 1);
    lua_rawset(L, 2);
    return 1;
}

int account_config_error(lua_State *L) {
    struct ledger nothing = {0};
    struct fault fault;
    fault_set(&fault, KIND_CONFIG, luaL_checkstring(L, 1));
    report_push_outcome(L, &nothing, &fault, false);
    account_attach(L, &nothing);
    return 1;
}
