/* The tables that Lua gets: see report.h. */
#include "report.h"

#include <math.h>
#include <stdlib.h>

#include "compat.h"
#include "lib/private.h"

static const char ERROR_TYPE[] = "geelark.error";

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

/* Whole seconds are an integer, as they were said. */
static void set_seconds(lua_State *L, const char *name, double value) {
    if (value == floor(value) && value < 1e15) set_integer(L, name, (lua_Integer)value);
    else set_number(L, name, value);
}

static void set_string(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

void report_push_id(lua_State *L, const struct ledger *ledger, uint32_t position) {
    struct id_text id = ids_get(&ledger->ids, position);
    char digits[24];
    if (id.integer && id.len < sizeof digits) {
        memcpy(digits, id.text, id.len);
        digits[id.len] = '\0';
        lua_pushinteger(L, (lua_Integer)strtoll(digits, NULL, 10));
    } else {
        lua_pushlstring(L, id.text, id.len);
    }
}

/* A set of states has a bit for each, one for those whose phone was stopped, and one for
 * those that the service may have obeyed a request for. */
enum {
    STATES_PENDING = 1 << ID_PENDING | 1 << ID_STOPPING,
    STATES_STOPPED = 1 << ID_STATES,
    STATES_ASKED = 1 << (ID_STATES + 1) /* and not known to be gone */
};

static bool is_in(const struct ledger *ledger, uint32_t position, unsigned states) {
    enum id_state state = ledger_state(ledger, position);
    bool gone = state == ID_DELETED || state == ID_PRESUMED;
    return (states >> state & 1) ||
           ((states & STATES_STOPPED) && ledger_was_stopped(ledger, position)) ||
           ((states & STATES_ASKED) && !gone && ledger_was_asked(ledger, position));
}

/* Pushes the ids of a chunk that are in a state of this set. */
static void push_ids(lua_State *L, const struct batch *batch, const struct chunk *chunk,
                     unsigned states) {
    int n = 0;
    lua_newtable(L);
    for (uint32_t i = 0; i < chunk->entry.amount; i++) {
        uint32_t position = chunk_position(batch, chunk, i);
        if (!is_in(batch->ledger, position, states)) continue;
        report_push_id(L, batch->ledger, position);
        lua_rawseti(L, -2, ++n);
    }
}

void report_push_ids(lua_State *L, const struct ledger *ledger, unsigned states) {
    int count = 0;
    lua_newtable(L);
    for (uint32_t n = 0; n < ledger_total(ledger); n++) {
        uint32_t position = ledger_position(ledger, n);
        if (!is_in(ledger, position, states)) continue;
        report_push_id(L, ledger, position);
        lua_rawseti(L, -2, ++count);
    }
}

/* Sets a list of all `amount` ids in a state of this set; most jobs have none. */
static void set_ids(lua_State *L, const char *name, const struct ledger *ledger,
                    uint32_t amount, unsigned states) {
    if (amount > 0) report_push_ids(L, ledger, states);
    else lua_newtable(L);
    lua_setfield(L, -2, name);
}

void report_push_chunk_ids(lua_State *L, const struct batch *batch,
                           const struct chunk *chunk) {
    push_ids(L, batch, chunk, ~0u);
}

/* The names of a failure's fields and the words of the last one: pushed once, and words
 * where they change, since both cost as much as setting a field. They begin at `top` + 1,
 * above them is the list. */
enum { FAILURE_CODE = 1, FAILURE_ID, FAILURE_MSG, FAILURE_WORDS, FAILURE_LIST };

struct failure_list {
    lua_State *L;
    const struct ledger *ledger;
    int top, count;
    uint32_t words; /* which words were pushed last */
};

static struct failure_list begin_failures(lua_State *L, const struct ledger *ledger,
                                          uint32_t count) {
    struct failure_list list = {L, ledger, lua_gettop(L), 0, UINT32_MAX};
    lua_pushliteral(L, "code");
    lua_pushliteral(L, "id");
    lua_pushliteral(L, "msg");
    lua_pushnil(L);
    lua_createtable(L, (int)count, 0);
    return list;
}

static void add_failure(struct failure_list *list, const struct failure *failure) {
    lua_State *L = list->L;
    int top = list->top;
    if (failure->msg != list->words) {
        size_t len;
        const char *msg = ledger_msg(list->ledger, failure->msg, &len);
        lua_pushlstring(L, msg, len);
        lua_replace(L, top + FAILURE_WORDS);
        list->words = failure->msg;
    }
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, top + FAILURE_CODE);
    lua_pushinteger(L, failure->code);
    lua_rawset(L, -3);
    lua_pushvalue(L, top + FAILURE_ID);
    report_push_id(L, list->ledger, failure->position);
    lua_rawset(L, -3);
    lua_pushvalue(L, top + FAILURE_MSG);
    lua_pushvalue(L, top + FAILURE_WORDS);
    lua_rawset(L, -3);
    lua_rawseti(L, top + FAILURE_LIST, ++list->count);
}

/* Sets the list as a field of the table below its own values. */
static void end_failures(struct failure_list *list, const char *name) {
    lua_setfield(list->L, list->top, name);
    lua_settop(list->L, list->top);
}

/* Sets failDetails of a chunk. */
static void set_chunk_failures(lua_State *L, const struct batch *batch,
                               const struct chunk *chunk) {
    const struct ledger *ledger = batch->ledger;
    struct failure_list list = begin_failures(L, ledger, 0);
    for (uint32_t i = 0; i < chunk->entry.amount; i++) {
        uint32_t position = chunk_position(batch, chunk, i);
        if (ledger_state(ledger, position) == ID_FAILED)
            add_failure(&list, &ledger->failures[ledger_find_failure(ledger, position)]);
    }
    end_failures(&list, "failDetails");
}

/* Sets stoppingDetails of a chunk. */
static void set_chunk_stopping(lua_State *L, const struct batch *batch,
                               const struct chunk *chunk) {
    struct failure_list list = begin_failures(L, batch->ledger, 0);
    struct failure failure;
    for (uint32_t at = 0; batch_next_stopping(batch, chunk, &at, &failure);)
        add_failure(&list, &failure);
    end_failures(&list, "stoppingDetails");
}

/* Sets all failDetails, in the caller's order. */
static void set_failures(lua_State *L, const struct ledger *ledger) {
    struct failure_list list = begin_failures(L, ledger, ledger->failure_count);
    if (!ledger->order) {
        for (uint32_t i = 0; i < ledger->failure_count; i++)
            add_failure(&list, &ledger->failures[i]);
    } else {
        for (uint32_t n = 0; n < ledger_total(ledger); n++) {
            uint32_t position = ledger_position(ledger, n);
            if (ledger_state(ledger, position) == ID_FAILED)
                add_failure(&list,
                            &ledger->failures[ledger_find_failure(ledger, position)]);
        }
    }
    end_failures(&list, "failDetails");
}

/* Sets what an entry of the log and a settle event have in common. */
static void set_entry(lua_State *L, const struct ledger *ledger,
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
        set_entry(L, ledger, entry);
        lua_pushvalue(L, names);
        lua_pushvalue(L, actions + (int)entry->path);
        lua_rawset(L, -3);
        lua_pushvalue(L, names + 1);
        lua_pushinteger(L, entry->amount);
        lua_rawset(L, -3);
        lua_pushvalue(L, names + 2);
        lua_pushnumber(L, entry->seconds);
        lua_rawset(L, -3);
        if (entry->halved) {
            lua_pushboolean(L, 1);
            lua_setfield(L, -2, "halved");
        }
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

static void push_result(lua_State *L, const struct ledger *ledger) {
    lua_createtable(L, 0, 11);
    set_amounts(L, ledger);
    set_integer(L, "duplicateAmount", (lua_Integer)ledger->ids.duplicates);
    set_failures(L, ledger);
    set_ids(L, "presumedIds", ledger, ledger_tally(ledger, ID_PRESUMED),
            1u << ID_PRESUMED);
    set_ids(L, "stoppedIds", ledger, ledger->stopped, STATES_STOPPED);
    set_ids(L, "unknownIds", ledger, ledger_tally(ledger, ID_UNKNOWN), 1u << ID_UNKNOWN);
    set_ids(L, "pendingIds", ledger, ledger_tally(ledger, ID_PENDING), 1u << ID_PENDING);
    set_requests(L, ledger);
}

/* Pushes " (3 ids: 2 deleted, 1 unknown)". */
static void push_account(lua_State *L, const struct ledger *ledger) {
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
    if (ledger_total(ledger) > 0) push_account(L, ledger);
    lua_concat(L, lua_gettop(L) - top);
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
    /* A mistake in the caller's code is told even where it came too late to do harm. */
    bool mistake = fault->kind == KIND_CONFIG || fault->kind == KIND_CALLBACK;
    compat_check_stack(L, 12);
    if ((ledger_is_complete(ledger) && !mistake) ||
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
    struct job_progress progress = job_progress(job, now);
    lua_createtable(L, 0, 9);
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

/* Pushes what every event of a request has. */
static void push_event(lua_State *L, const char *type, const struct chunk *chunk,
                       const char *trace_id) {
    lua_createtable(L, 0, 8);
    set_string(L, "type", type);
    set_string(L, "action", path_action(chunk->entry.path));
    if (trace_id[0]) set_string(L, "traceId", trace_id);
}

void report_push_send_event(lua_State *L, const struct batch *batch,
                            const struct request *request) {
    push_event(L, "send", request->chunk, request->headers.trace_id);
    set_integer(L, "attempt", request->chunk->entry.attempts + 1);
    report_push_chunk_ids(L, batch, request->chunk);
    lua_setfield(L, -2, "ids");
}

void report_push_lost_event(lua_State *L, const struct batch *batch,
                            const struct chunk *chunk, const struct lost_try *lost) {
    const struct fault *fault = &lost->fault;
    push_event(L, "lost", chunk, fault->trace_id);
    report_push_chunk_ids(L, batch, chunk);
    lua_setfield(L, -2, "ids");
    push_ids(L, batch, chunk, STATES_ASKED);
    lua_setfield(L, -2, "askedIds");
    lua_pushboolean(L, lost->sent);
    lua_setfield(L, -2, "sent");
    set_string(L, "kind", fault_kind_name(fault->kind));
    set_string(L, "message", fault->text);
    if (fault->code) set_integer(L, "code", fault->code);
    if (fault->http_status) set_integer(L, "httpStatus", fault->http_status);
    if (!isinf(lost->retry_in)) set_number(L, "retryIn", lost->retry_in);
}

void report_push_wait_event(lua_State *L, double seconds, const char *reason) {
    lua_createtable(L, 0, 3);
    set_string(L, "type", "wait");
    set_number(L, "seconds", seconds);
    set_string(L, "reason", reason);
}

void report_push_settle_event(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk) {
    static const struct {
        const char *name;
        unsigned states;
    } lists[] = {{"ids", ~0u},
                 {"deletedIds", 1u << ID_DELETED},
                 {"presumedIds", 1u << ID_PRESUMED},
                 {"unknownIds", 1u << ID_UNKNOWN},
                 {"pendingIds", STATES_PENDING},
                 {"askedIds", STATES_ASKED},
                 {"stoppedIds", STATES_STOPPED}};
    push_event(L, "settle", chunk, "");
    set_entry(L, batch->ledger, &chunk->entry);
    set_number(L, "seconds", chunk->entry.seconds);
    lua_pushboolean(L, chunk->entry.halved);
    lua_setfield(L, -2, "halved");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        push_ids(L, batch, chunk, lists[i].states);
        lua_setfield(L, -2, lists[i].name);
    }
    set_chunk_failures(L, batch, chunk);
    set_chunk_stopping(L, batch, chunk);
}
