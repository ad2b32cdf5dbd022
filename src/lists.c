/* Ids and failures as Lua lists: see lists.h. */
#include "lists.h"

#include <stdlib.h>

#include "compat.h"
#include "lib/private.h"

void lists_push_id(lua_State *L, const struct ledger *ledger, uint32_t position) {
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

static bool is_in(const struct ledger *ledger, uint32_t position, unsigned states) {
    enum id_state state = ledger_state(ledger, position);
    bool gone = state == ID_DELETED || state == ID_PRESUMED;
    return (states >> state & 1) ||
           ((states & STATES_STOPPED) && ledger_was_stopped(ledger, position)) ||
           ((states & STATES_ASKED) && !gone && ledger_was_asked(ledger, position));
}

void lists_set_chunk_ids(lua_State *L, const char *name, const struct batch *batch,
                         const struct chunk *chunk, unsigned states) {
    int n = 0;
    lua_newtable(L);
    for (uint32_t i = 0; i < chunk->entry.amount; i++) {
        uint32_t position = chunk_position(batch, chunk, i);
        if (!is_in(batch->ledger, position, states)) continue;
        lists_push_id(L, batch->ledger, position);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, name);
}

void lists_push_ids(lua_State *L, const struct ledger *ledger, unsigned states) {
    int count = 0;
    lua_newtable(L);
    for (uint32_t n = 0; n < ledger_total(ledger); n++) {
        uint32_t position = ledger_position(ledger, n);
        if (!is_in(ledger, position, states)) continue;
        lists_push_id(L, ledger, position);
        lua_rawseti(L, -2, ++count);
    }
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
    lists_push_id(L, list->ledger, failure->position);
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

void lists_set_chunk_failures(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk) {
    const struct ledger *ledger = batch->ledger;
    struct failure_list list = begin_failures(L, ledger, 0);
    for (uint32_t i = 0; i < chunk->entry.amount; i++) {
        uint32_t position = chunk_position(batch, chunk, i);
        if (ledger_state(ledger, position) == ID_FAILED)
            add_failure(&list, ledger_failure(ledger, position));
    }
    end_failures(&list, "failDetails");
}

void lists_set_chunk_stopping(lua_State *L, const struct batch *batch,
                              const struct chunk *chunk) {
    struct failure_list list = begin_failures(L, batch->ledger, 0);
    struct failure failure;
    for (uint32_t at = 0; batch_next_stopping(batch, chunk, &at, &failure);)
        add_failure(&list, &failure);
    end_failures(&list, "stoppingDetails");
}

void lists_set_failures(lua_State *L, const struct ledger *ledger) {
    struct failure_list list = begin_failures(L, ledger, ledger->failure_count);
    if (!ledger->order) {
        for (uint32_t i = 0; i < ledger->failure_count; i++)
            add_failure(&list, &ledger->failures[i]);
    } else {
        for (uint32_t n = 0; n < ledger_total(ledger); n++) {
            uint32_t position = ledger_position(ledger, n);
            if (ledger_state(ledger, position) == ID_FAILED)
                add_failure(&list, ledger_failure(ledger, position));
        }
    }
    end_failures(&list, "failDetails");
}
