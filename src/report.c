/* Results, errors and progress: see report.h. */
#include "report.h"

#include <math.h>

#include "compat.h"
#include "fields.h"
#include "lists.h"
#include "lib/progress.h"
#include "lib/private.h"

static const char ERROR_TYPE[] = "geelark.error";

void report_set_entry(lua_State *L, const struct ledger *ledger,
                      const struct entry *entry) {
    if (entry->trace_id[0]) set_string(L, "traceId", entry->trace_id);
    set_integer(L, "attempts", entry->attempts);
    if (entry->http_status) set_integer(L, "httpStatus", entry->http_status);
    if (!entry->has_code) return;
    size_t len;
    const char *msg = ledger_msg(ledger, entry->msg, &len);
    set_integer(L, "code", entry->code);
    lua_pushlstring(L, msg, len);
    lua_setfield(L, -2, "msg");
}

/* Sets the log of all requests, in the order of settling. */
static void set_requests(lua_State *L, const struct ledger *ledger) {
    int top = lua_gettop(L), names = top + 1, actions = names + 3; /* pushed once */
    lua_pushliteral(L, "action");
    lua_pushliteral(L, "amount");
    lua_pushliteral(L, "seconds");
    for (enum api_path path = 0; path < API_PATHS; path++)
        lua_pushstring(L, path_action(path));
    lua_createtable(L, (int)ledger->entry_count, 0);
    for (uint32_t i = 0; i < ledger->entry_count; i++) {
        const struct entry *entry = &ledger->entries[i];
        lua_createtable(L, 0, entry->halved ? 9 : 8);
        report_set_entry(L, ledger, entry);
        lua_pushvalue(L, names);
        lua_pushvalue(L, actions + (int)entry->path);
        lua_rawset(L, -3);
        lua_pushvalue(L, names + 1);
        lua_pushinteger(L, entry->amount);
        lua_rawset(L, -3);
        lua_pushvalue(L, names + 2);
        lua_pushnumber(L, entry->seconds);
        lua_rawset(L, -3);
        if (entry->halved) set_flag(L, "halved", true);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, top, "requests");
    lua_settop(L, top);
}

static lua_Integer success_amount(const struct ledger *ledger) {
    return (lua_Integer)ledger_tally(ledger, ID_DELETED) +
           ledger_tally(ledger, ID_PRESUMED);
}

static void set_amounts(lua_State *L, const struct ledger *ledger) {
    set_integer(L, "totalAmount", ledger_total(ledger));
    set_integer(L, "successAmount", success_amount(ledger));
    set_integer(L, "failAmount", ledger_tally(ledger, ID_FAILED));
}

/* Sets a list of all `amount` ids in a state of this set; most jobs have none. */
static void set_ids(lua_State *L, const char *name, const struct ledger *ledger,
                    uint32_t amount, unsigned states) {
    if (amount > 0) lists_push_ids(L, ledger, states);
    else lua_newtable(L);
    lua_setfield(L, -2, name);
}

static void push_result(lua_State *L, const struct ledger *ledger) {
    lua_createtable(L, 0, 10);
    set_amounts(L, ledger);
    set_integer(L, "duplicateAmount", (lua_Integer)ledger->ids.duplicates);
    lists_set_failures(L, ledger);
    set_ids(L, "presumedIds", ledger, ledger_tally(ledger, ID_PRESUMED),
            1u << ID_PRESUMED);
    set_ids(L, "stoppedIds", ledger, ledger->stopped, STATES_STOPPED);
    set_ids(L, "unknownIds", ledger, ledger_tally(ledger, ID_UNKNOWN), 1u << ID_UNKNOWN);
    set_ids(L, "pendingIds", ledger, ledger_tally(ledger, ID_PENDING), 1u << ID_PENDING);
    set_requests(L, ledger);
}

void report_push_amounts(lua_State *L, const struct ledger *ledger) {
    const struct {
        lua_Integer amount;
        const char *name;
    } parts[] = {{success_amount(ledger), "deleted"},
                 {ledger_tally(ledger, ID_FAILED), "failed"},
                 {ledger_tally(ledger, ID_UNKNOWN), "unknown"},
                 {ledger_tally(ledger, ID_PENDING), "pending"}};
    int top = lua_gettop(L);
    const char *before = ": ";
    int count = (int)ledger_total(ledger);
    lua_pushliteral(L, "");
    if (count == 0) return;
    lua_pushfstring(L, " (%d id%s", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].amount == 0) continue;
        lua_pushfstring(L, "%s%d %s", before, (int)parts[i].amount, parts[i].name);
        before = ", ";
    }
    lua_pushliteral(L, ")");
    lua_concat(L, lua_gettop(L) - top);
}

/* Pushes "kind: what happened; traceId …, HTTP …, body: … (3 ids: …)". */
static void push_message(lua_State *L, const struct ledger *ledger,
                         const struct fault *fault) {
    int top = lua_gettop(L);
    lua_pushfstring(L, "%s: %s", fault_kind_name(fault->kind), fault->text);
    if (fault->trace_id[0]) lua_pushfstring(L, "; traceId %s", fault->trace_id);
    if (fault->http_status) lua_pushfstring(L, ", HTTP %d", fault->http_status);
    if (fault->excerpt[0]) lua_pushfstring(L, ", body: %s", fault->excerpt);
    report_push_amounts(L, ledger);
    lua_concat(L, lua_gettop(L) - top);
}

/* Whole seconds are an integer, as they were said. */
static void set_seconds(lua_State *L, const char *name, double value) {
    if (value == floor(value) && value < 1e15) set_integer(L, name, (lua_Integer)value);
    else set_number(L, name, value);
}

static void push_error(lua_State *L, const struct ledger *ledger,
                       const struct fault *fault) {
    lua_createtable(L, 0, 7);
    set_string(L, "kind", fault_kind_name(fault->kind));
    push_message(L, ledger, fault);
    lua_setfield(L, -2, "message");
    if (fault->code) set_integer(L, "code", fault->code);
    if (fault->trace_id[0]) set_string(L, "traceId", fault->trace_id);
    if (fault->http_status) set_integer(L, "httpStatus", fault->http_status);
    if (fault->retry_after >= 0) set_seconds(L, "retryAfter", fault->retry_after);
    push_result(L, ledger);
    lua_setfield(L, -2, "result");
    luaL_getmetatable(L, ERROR_TYPE);
    lua_setmetatable(L, -2);
}

int report_push_outcome(lua_State *L, const struct ledger *ledger,
                        const struct fault *fault, bool pending_ok) {
    /* A mistake in the caller's code is told even where it came too late to do harm; and
     * so is Ctrl-C, at which a loop over batches has to stop. */
    bool told = fault->kind == KIND_CONFIG || fault->kind == KIND_CALLBACK ||
                fault->kind == KIND_INTERRUPTED;
    compat_check_stack(L, 16);
    if ((ledger_is_complete(ledger) && !told) ||
        (pending_ok && fault->kind == KIND_NONE)) {
        push_result(L, ledger);
        return 1;
    }
    lua_pushnil(L);
    push_error(L, ledger, fault);
    return 2;
}

static int error_tostring(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "message");
    return 1;
}

/* err .. text, text .. err */
static int error_concat(lua_State *L) {
    lua_settop(L, 2);
    for (int i = 1; i <= 2; i++) {
        if (luaL_callmeta(L, i, "__tostring")) lua_replace(L, i);
        luaL_checkstring(L, i);
    }
    lua_concat(L, 2);
    return 1;
}

void report_open(lua_State *L) {
    luaL_newmetatable(L, ERROR_TYPE);
    lua_pushcfunction(L, error_concat);
    lua_setfield(L, -2, "__concat");
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    set_string(L, "__name", ERROR_TYPE);
    lua_pop(L, 1);
}

void report_push_progress(lua_State *L, struct job *job, double now) {
    const struct ledger *ledger = &job->ledger;
    struct progress progress = progress_of(job, now);
    lua_createtable(L, 0, 10);
    set_amounts(L, ledger);
    set_integer(L, "unknownAmount", ledger_tally(ledger, ID_UNKNOWN));
    lua_Integer stopping = ledger_tally(ledger, ID_STOPPING);
    set_integer(L, "pendingAmount", ledger_tally(ledger, ID_PENDING) + stopping);
    set_integer(L, "stoppingAmount", stopping);
    set_integer(L, "inFlight", progress.in_flight);
    set_number(L, "seconds", progress.seconds);
    set_number(L, "waiting", progress.pause.seconds);
    if (progress.pause.reason) set_string(L, "reason", progress.pause.reason);
}
