/* Body → response: see decode.h. */
#include "decode.h"

#include <math.h>

#include "callback.h"
#include "compat.h"
#include "registry.h"
#include "lib/quote.h"
#include "lib/text.h"
#include "lib/private.h"

/* A request has at most 100 ids: what comes later in failDetails is not believed. */
enum {
    DETAILS_MAX = 1000,
    DEPTH_MAX = 64,
    MSG_MAX = 1024,
    INTEGER_DIGITS = 15,
    COLLECT_AFTER = 64 * 1024
};

/* Where the decoder stands in the registry of the caller's state, and the function that
 * reads a body in that of the state that bodies are decoded in. */
static char decoder_key, reader_key;

/* Where bodies are decoded. A hook of the caller's that raises there (Ctrl-C) would make
 * an answer that has come unreadable, and so lost. No interpreter sets hooks for a thread
 * that it doesn't know; but LuaJIT has one hook for all threads of a state: there a Lua
 * state of our own takes the thread's place, whose garbage doesn't press the caller's
 * collector either. Neovim's json needs the editor's own state. */
struct decoder {
    lua_State *state, *own; /* own: the state where it is ours, else NULL */
    size_t decoded;         /* bytes since the collector of our own state ran */
};

/* The names of fields, pushed once: finding such a string again takes as long as reading
 * the field. They and the decoding function are the upvalues of read_body. */
enum name {
    CODE,
    MSG,
    ID,
    TRACE_ID,
    DATA,
    TOTAL,
    SUCCESS,
    FAIL,
    FAILED,
    SUCCEEDED,
    STATUS,
    NAMES
};
static const char *const field_names[NAMES] = {
    "code",        "msg",           "id",         "traceId",     "data",
    "totalAmount", "successAmount", "failAmount", "failDetails", "successDetails",
    "status"};

static int read_body(lua_State *L);

/* Makes the function that reads a body, of the decoding function on top. */
static void set_reader(lua_State *L) {
    for (int i = 0; i < NAMES; i++) lua_pushstring(L, field_names[i]);
    lua_pushcclosure(L, read_body, NAMES + 1);
    registry_keep(L, &reader_key);
}

/* Pushes a global as it stands: a script may raise for those that it doesn't know. */
static void push_global(lua_State *L, const char *name) {
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

/* Calls module.name(argument), a setting of lua-cjson's; the module is on top. */
static void set_up(lua_State *L, const char *name, int argument) {
    lua_getfield(L, -1, name);
    if (argument > 0) lua_pushinteger(L, argument);
    else lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
}

/* Raises; `why`, where it isn't "", is what kept lua-cjson from being loaded. */
static void raise_needed(lua_State *L, const char *why) {
    if (callback_out_of_memory(why)) compat_memory_error(L);
    bool missing = strstr(why, "not found") != NULL; /* in many lines */
    luaL_error(L, "geelark needs lua-cjson (Debian: lua-cjson; LuaRocks: lua-cjson)%s%s",
               *why && !missing ? ": " : "", missing ? "" : why);
}

/* lua-cjson's function that makes an instance. */
static lua_CFunction find_cjson(lua_State *L) {
    push_global(L, "require");
    lua_pushliteral(L, "cjson");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) raise_needed(L, callback_error(L));
    if (!lua_istable(L, -1)) raise_needed(L, "");
    lua_getfield(L, -1, "new");
    if (!lua_iscfunction(L, -1)) raise_needed(L, "");
    return lua_tocfunction(L, -1);
}

/* Makes the reader by an instance of lua-cjson; its argument is a pointer to `new`. */
static int open_cjson(lua_State *L) {
    lua_pushcfunction(L, *(lua_CFunction *)lua_touserdata(L, 1));
    lua_call(L, 0, 1);
    set_up(L, "decode_invalid_numbers", 0);
    set_up(L, "decode_max_depth", DEPTH_MAX);
    lua_getfield(L, -1, "decode");
    set_reader(L);
    return 0;
}

static int decoder_close(lua_State *L) {
    struct decoder *d = lua_touserdata(L, 1);
    if (d->own) lua_close(d->own);
    d->own = NULL;
    return 0;
}

static void open_own(lua_State *L, struct decoder *d, lua_CFunction new_instance) {
    d->state = d->own = luaL_newstate();
    if (!d->own || !compat_try(d->own, open_cjson, &new_instance)) compat_memory_error(L);
    lua_gc(d->own, LUA_GCSTOP, 0);
}

/* Opens a decoder that runs in a thread of the caller's state. */
static void open_thread(lua_State *L, struct decoder *d, lua_CFunction new_instance) {
    lua_pushlightuserdata(L, d);
    d->state = lua_newthread(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    if (!new_instance) return;
    lua_pushcfunction(L, open_cjson);
    lua_pushlightuserdata(L, &new_instance);
    lua_call(L, 1, 0);
}

void decode_open(lua_State *L) {
    lua_CFunction new_instance = NULL;
    int top = lua_gettop(L);
    push_global(L, "vim");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "json");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "decode");
    if (lua_isfunction(L, -1)) set_reader(L);
    else
        new_instance = find_cjson(L); /* no Neovim, or what a spec has put in its place */
    /* Newer than lua-cjson's library: a closing Lua lets go of the newest first, and our
     * state must not outlive what runs in it. */
    struct decoder *d = registry_push(L, sizeof *d, decoder_close);
    if (new_instance && compat_hook_is_shared) open_own(L, d, new_instance);
    else open_thread(L, d, new_instance);
    registry_keep(L, &decoder_key);
    lua_settop(L, top);
}

/* What reads one body. */
struct reader {
    lua_State *L;
    struct decoder *decoder;
    struct response *response;
    bool statuses; /* successDetails are read, too */
    bool no_memory;
};

static void raise_memory(struct reader *d) {
    d->no_memory = true;
    compat_memory_error(d->L);
}

/* Pushes table[name], which the caller pops, and returns its type. */
static int push_field(struct reader *d, int table, enum name name) {
    lua_pushvalue(d->L, lua_upvalueindex((int)name + 2));
    return compat_rawget(d->L, table);
}

/* The integer that a text is; false for anything else. */
static bool parse_integer(const char *text, size_t len, int64_t *out) {
    const char *at = text, *end = text + len;
    bool negative = len > 0 && *at == '-';
    int64_t n = 0;
    at += negative;
    if (at == end || end - at > INTEGER_DIGITS) return false;
    for (; at < end && *at >= '0' && *at <= '9'; at++) n = 10 * n + (*at - '0');
    *out = negative ? -n : n;
    return at == end;
}

/* Reads table[name] as an integer, also where the service writes 42001.0 or "42001". */
static bool read_integer(struct reader *d, int table, enum name name, int64_t *out) {
    int type = push_field(d, table, name);
    bool whole = false;
    if (type == LUA_TSTRING) {
        size_t len;
        const char *text = lua_tolstring(d->L, -1, &len);
        whole = parse_integer(text, len, out);
    } else if (type == LUA_TNUMBER) {
        double number = lua_tonumber(d->L, -1);
        whole = number == floor(number) && fabs(number) < 1e15;
        if (whole) *out = (int64_t)number;
    }
    return whole;
}

/* A code or a status; one that doesn't fit is none. */
static bool read_code(struct reader *d, int table, enum name name, long *code) {
    int64_t number;
    bool read = read_integer(d, table, name, &number) && number >= INT32_MIN &&
                number <= INT32_MAX;
    *code = read ? (long)number : 0;
    return read;
}

/* Reads table[name] where it is a string. */
static bool read_text(struct reader *d, int table, enum name name, struct span *span) {
    bool is_text = push_field(d, table, name) == LUA_TSTRING;
    size_t len = 0;
    const char *text = is_text ? lua_tolstring(d->L, -1, &len) : "";
    if (name == MSG && len > MSG_MAX) len = text_cut(text, MSG_MAX);
    *span = response_keep(d->response, text, len);
    return is_text;
}

/* Reads an entry of a list, whose number is called `code`. */
static void read_detail(struct reader *d, int entry, enum name code,
                        struct detail *detail) {
    *detail = (struct detail){0};
    if (!lua_istable(d->L, entry)) return;
    detail->has_code =
        read_code(d, entry, code, &detail->code) && (code == STATUS || detail->code != 0);
    detail->has_id = read_text(d, entry, ID, &detail->id);
    read_text(d, entry, MSG, &detail->msg);
}

/* Reads the entries of a list. */
static void read_list(struct reader *d, int list, enum name code, struct details *out) {
    lua_State *L = d->L;
    size_t count = lua_rawlen(L, list);
    lua_pushnil(L);
    out->sound = count <= DETAILS_MAX && (count > 0 || !lua_next(L, list));
    if (!out->sound) return;
    if (!array_reserve(&out->list, &out->capacity, sizeof *out->list, count))
        raise_memory(d);
    for (; out->count < count; out->count++) {
        lua_settop(L, list);
        lua_rawgeti(L, list, (int)out->count + 1);
        read_detail(d, list + 1, code, &out->list[out->count]);
    }
}

static void read_details(struct reader *d, int data, enum name name, enum name code,
                         struct details *out) {
    int type = push_field(d, data, name);
    if (type == LUA_TTABLE) read_list(d, lua_gettop(d->L), code, out);
    else /* a null is a userdata */
        out->sound =
            type == LUA_TNIL || type == LUA_TLIGHTUSERDATA || type == LUA_TUSERDATA;
}

static void read_envelope(struct reader *d, int root) {
    struct response *r = d->response;
    r->has_envelope = read_code(d, root, CODE, &r->code);
    read_text(d, root, MSG, &r->msg);
    read_text(d, root, TRACE_ID, &r->trace_id);
    push_field(d, root, DATA);
    int data = lua_gettop(d->L);
    if (!lua_istable(d->L, data)) return;
    bool total = read_integer(d, data, TOTAL, &r->total);
    bool success = read_integer(d, data, SUCCESS, &r->success);
    bool fail = read_integer(d, data, FAIL, &r->fail);
    r->has_amounts = total && success && fail;
    read_details(d, data, FAILED, CODE, &r->failed);
    if (d->statuses) read_details(d, data, SUCCEEDED, STATUS, &r->statuses);
}

/* Decodes the text that stands in the response's texts, and reads it. */
static int read_body(lua_State *L) {
    struct reader *d = lua_touserdata(L, 1);
    struct response *r = d->response;
    d->L = L;
    if (!lua_checkstack(L, 16)) raise_memory(d);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushlstring(L, r->texts.data, r->texts.size);
    lua_call(L, 1, 1);
    response_forget_body(r); /* its room was that of the text */
    if (!buffer_room(&r->texts, r->body.size)) raise_memory(d);
    if (lua_istable(L, 2)) read_envelope(d, 2);
    return 0;
}

static int collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCSTOP, 0); /* a collection has set it going again */
    return 0;
}

/* What was decoded, or could not be, is garbage, all that there is in a state of our own:
 * its collector runs by amount. */
static void collect_by_amount(struct decoder *decoder, size_t decoded) {
    decoder->decoded += decoded;
    if (!decoder->own || decoder->decoded < COLLECT_AFTER) return;
    decoder->decoded = 0;
    compat_try(decoder->own, collect, NULL);
}

/* Calls read_body. A finaliser that runs in there, and steps another job, comes here with
 * a frame of its own. */
static int call_reader(struct reader *reader) {
    lua_State *L = reader->decoder->state;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 2)) return LUA_ERRMEM;
    lua_pushlightuserdata(L, &reader_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, reader);
    int status = callback_unhooked(L, 1, 0);
    lua_settop(L, top);
    collect_by_amount(reader->decoder, reader->response->body.size);
    return status;
}

/* Writes the body into the response's texts as it can be decoded; false: it can't. */
static bool prepare(lua_State *L, struct response *r) {
    bool sound;
    char *text = buffer_room(&r->texts, 2 * r->body.size + 2);
    if (!text) compat_memory_error(L);
    r->texts.size = (size_t)(quote_integers(&r->body, text, &sound) - text);
    return sound;
}

void decode_response(lua_State *L, struct response *r, bool statuses) {
    response_forget_body(r);
    if (r->fault != KIND_NONE || r->body.size == 0) return;
    struct reader reader = {
        .decoder = registry_find(L, &decoder_key), .response = r, .statuses = statuses};
    int status = prepare(L, r) ? call_reader(&reader) : LUA_ERRRUN;
    if (status != LUA_OK) response_forget_body(r);
    if (status == LUA_ERRMEM || reader.no_memory) compat_memory_error(L);
}
