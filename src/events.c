/* What on_event is told: see events.h. */
#include "events.h"

#include <math.h>

#include "fields.h"
#include "lists.h"
#include "report.h"
#include "lib/private.h"

/* Pushes what every event of a request has. */
static void push_event(lua_State *L, const char *type, const struct chunk *chunk,
                       const char *trace_id) {
    lua_createtable(L, 0, 8);
    set_string(L, "type", type);
    set_string(L, "action", path_action(chunk->entry.path));
    if (trace_id[0]) set_string(L, "traceId", trace_id);
}

void events_push_send(lua_State *L, const struct batch *batch,
                      const struct request *request) {
    push_event(L, "send", request->chunk, request->headers.trace_id);
    set_integer(L, "attempt", request->chunk->entry.attempts + 1);
    lists_set_chunk_ids(L, "ids", batch, request->chunk, STATES_ALL);
}

void events_push_lost(lua_State *L, const struct batch *batch, const struct chunk *chunk,
                      const struct lost_try *lost) {
    const struct fault *fault = &lost->fault;
    push_event(L, "lost", chunk, fault->trace_id);
    lists_set_chunk_ids(L, "ids", batch, chunk, STATES_ALL);
    lists_set_chunk_ids(L, "askedIds", batch, chunk, STATES_ASKED);
    set_flag(L, "sent", lost->sent);
    set_string(L, "kind", fault_kind_name(fault->kind));
    set_string(L, "message", fault->text);
    if (fault->code) set_integer(L, "code", fault->code);
    if (fault->http_status) set_integer(L, "httpStatus", fault->http_status);
    if (!isinf(lost->retry_in)) set_number(L, "retryIn", lost->retry_in);
}

void events_push_wait(lua_State *L, double seconds, const char *reason) {
    lua_createtable(L, 0, 3);
    set_string(L, "type", "wait");
    set_number(L, "seconds", seconds);
    set_string(L, "reason", reason);
}

void events_push_settle(lua_State *L, const struct batch *batch,
                        const struct chunk *chunk) {
    static const struct {
        const char *name;
        unsigned states;
    } lists[] = {{"ids", STATES_ALL},
                 {"deletedIds", 1u << ID_DELETED},
                 {"presumedIds", 1u << ID_PRESUMED},
                 {"unknownIds", 1u << ID_UNKNOWN},
                 {"pendingIds", STATES_PENDING},
                 {"askedIds", STATES_ASKED},
                 {"stoppedIds", STATES_STOPPED}};
    push_event(L, "settle", chunk, "");
    report_set_entry(L, batch->ledger, &chunk->entry);
    set_number(L, "seconds", chunk->entry.seconds);
    set_flag(L, "halved", chunk->entry.halved);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        lists_set_chunk_ids(L, lists[i].name, batch, chunk, lists[i].states);
    lists_set_chunk_failures(L, batch, chunk);
    lists_set_chunk_stopping(L, batch, chunk);
}
