/* Body → response: see decode.h. */
#include "decode.h"

#include <math.h>

#include "compat.h"
#include "lib/private.h"

/* A request has at most 100 ids: what comes later in failDetails is not believed. */
enum { DETAILS_MAX = 1000, DEPTH_MAX = 64, INTEGER_DIGITS = 15 };

/* Where the decoding function stands in the registry, and the thread that it runs in. */
static char decode_key, thread_key;

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

/* Pushes a new instance of lua-cjson. */
static void push_cjson(lua_State *L) {
    push_global(L, "require");
    lua_pushliteral(L, "cjson");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        luaL_error(L, "geelark needs lua-cjson (Debian: lua-cjson; LuaRocks: lua-cjson)");
    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1);
    set_up(L, "decode_invalid_numbers", 0);
    set_up(L, "decode_max_depth", DEPTH_MAX);
}

void decode_open(lua_State *L) {
    int top = lua_gettop(L);
    lua_pushlightuserdata(L, &decode_key);
    push_global(L, "vim");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "json");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "decode");
    if (!lua_isfunction(L, -1)) { /* no Neovim, or what a spec has put in its place */
        push_cjson(L);
        lua_getfield(L, -1, "decode");
    }
    lua_replace(L, top + 2);
    lua_settop(L, top + 2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, &thread_key);
    lua_newthread(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Where the string ends that begins at a quote; \\" and the like are part of it. */
static const char *string_end(const char *at, const char *end) {
    const char *quote = at, *before;
    do {
        quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
        if (!quote) return end;
        for (before = quote; before[-1] == '\\';) before--;
    } while ((quote - before) % 2 == 1);
    return quote + 1;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool in_word(char c) {
    return is_digit(c) || (unsigned)((c | 0x20) - 'a') < 26 || c == '.' || c == '+' ||
           c == '-';
}

/* Whether it is an integer as JSON writes it. */
static bool is_integer(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    if (at == end || (*at == '0' && end - at > 1)) return false;
    while (at < end && is_digit(*at)) at++;
    return at == end;
}

static bool is_word(const char *at, const char *end, const char *word) {
    return (size_t)(end - at) == strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* Whether a word outside strings may be JSON's: libraries let NaN, hexadecimal, "1.",
 * "+1" and "01" pass. What else isn't right is for them to say. */
static bool is_json(const char *at, const char *end) {
    if (is_word(at, end, "true") || is_word(at, end, "false") || is_word(at, end, "null"))
        return true;
    for (const char *c = at; c < end; c++)
        if (!is_digit(*c) && !strchr("+-.eE", *c)) return false;
    if (!is_digit(end[-1])) return false;
    if (*at == '-') at++;
    return is_digit(*at) && (*at != '0' || end - at == 1 || !is_digit(at[1]));
}

/* A name of an object has to be a string; what isn't must not be made one. */
static bool is_name(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at)) at++;
    return at < end && *at == ':';
}

static char *put(char *out, const char *from, const char *end) {
    memcpy(out, from, (size_t)(end - from));
    return out + (end - from);
}

/* Copies a body with each bare integer as a string: libraries make doubles of them, and
 * an id has 18 digits. Numbers with a point or an exponent name no id and stay. Returns
 * where the copy ends; *sound: nothing is there that JSON doesn't know. */
static char *quote_integers(const struct buffer *body, char *out, bool *sound) {
    const char *at = body->data, *end = at + body->size, *copied = at, *word;
    *sound = !memchr(at, '\0', body->size); /* lua-cjson would take it for the end */
    while (at < end) {
        if (*at == '"') {
            at = string_end(at, end);
            continue;
        }
        for (word = at; at < end && in_word(*at);) at++;
        if (at == word) {
            at++;
        } else if (is_integer(word, at) && !is_name(at, end)) {
            out = put(out, copied, word);
            *out++ = '"';
            out = put(out, word, at);
            *out++ = '"';
            copied = at;
        } else if (!is_json(word, at)) {
            *sound = false;
        }
    }
    return put(out, copied, end);
}

/* The names of fields are pushed once for a body, from where `names` says: finding such a
 * string again takes as long as reading the field. */
enum name { CODE, MSG, ID, DATA, TOTAL, SUCCESS, FAIL, DETAILS, NAMES };
static const char *const field_names[NAMES] = {
    "code",        "msg",           "id",         "data",
    "totalAmount", "successAmount", "failAmount", "failDetails"};

/* What reads one body. */
struct reader {
    lua_State *L;
    struct response *response;
    int names;
};

/* Pushes table[name], which the caller pops, and returns its type. */
static int push_field(struct reader *d, int table, enum name name) {
    lua_pushvalue(d->L, d->names + (int)name);
    lua_rawget(d->L, table);
    return lua_type(d->L, -1);
}

/* The integer that a text is; false for anything else. */
static bool parse_integer(const char *text, size_t len, int64_t *out) {
    const char *at = text, *end = text + len;
    bool negative = len > 0 && *at == '-';
    int64_t n = 0;
    at += negative;
    if (at == end || end - at > INTEGER_DIGITS) return false;
    for (; at < end && is_digit(*at); at++) n = 10 * n + (*at - '0');
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

/* A code; one that doesn't fit is none. */
static bool read_code(struct reader *d, int table, long *code) {
    int64_t number;
    bool read = read_integer(d, table, CODE, &number) && number >= INT32_MIN &&
                number <= INT32_MAX;
    *code = read ? (long)number : 0;
    return read;
}

/* Reads table[name] where it is a string. */
static bool read_text(struct reader *d, int table, enum name name, struct span *span) {
    bool is_text = push_field(d, table, name) == LUA_TSTRING;
    size_t len = 0;
    const char *text = is_text ? lua_tolstring(d->L, -1, &len) : "";
    *span = response_keep(d->response, text, len);
    return is_text;
}

/* Adds the entry of failDetails on top of the stack. */
static void read_detail(struct reader *d) {
    struct response *r = d->response;
    int entry = lua_gettop(d->L);
    if (!array_reserve(&r->details, &r->detail_capacity, sizeof *r->details,
                       (uint64_t)r->detail_count + 1))
        compat_memory_error(d->L);
    struct detail *detail = &r->details[r->detail_count++];
    *detail = (struct detail){0};
    if (!lua_istable(d->L, entry)) return;
    read_code(d, entry, &detail->code);
    detail->has_id = read_text(d, entry, ID, &detail->id);
    read_text(d, entry, MSG, &detail->msg);
}

static void read_details(struct reader *d, int data) {
    lua_State *L = d->L;
    int type = push_field(d, data, DETAILS), list = lua_gettop(L);
    if (type == LUA_TTABLE) {
        size_t count = lua_rawlen(L, list);
        lua_pushnil(L);
        d->response->details_sound =
            count <= DETAILS_MAX && (count > 0 || !lua_next(L, list));
        for (size_t i = 1; i <= count && i <= DETAILS_MAX; i++) {
            lua_settop(L, list);
            compat_rawgeti(L, list, (lua_Integer)i);
            read_detail(d);
        }
    } else {
        /* A null is a userdata. */
        d->response->details_sound =
            type == LUA_TNIL || type == LUA_TLIGHTUSERDATA || type == LUA_TUSERDATA;
    }
}

static void read_envelope(lua_State *L, int root, struct response *r) {
    struct reader d = {L, r, lua_gettop(L) + 1};
    for (int i = 0; i < NAMES; i++) lua_pushstring(L, field_names[i]);
    r->has_envelope = read_code(&d, root, &r->code);
    read_text(&d, root, MSG, &r->msg);
    push_field(&d, root, DATA);
    int data = lua_gettop(L);
    if (!lua_istable(L, data)) return;
    bool total = read_integer(&d, data, TOTAL, &r->total);
    bool success = read_integer(&d, data, SUCCESS, &r->success);
    bool fail = read_integer(&d, data, FAIL, &r->fail);
    r->has_amounts = total && success && fail;
    read_details(&d, data);
}

/* Calls the function with the argument above it; the result or error takes their place. A
 * hook that raises (Ctrl-C) would make an answer that has come unreadable, and so lost:
 * it has to wait. No interpreter sets hooks for this thread, even while we are in it;
 * LuaJIT's hook is everybody's, and one that comes meanwhile stays. */
static int call_without_hooks(lua_State *L) {
    lua_pushlightuserdata(L, &thread_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_State *thread = lua_tothread(L, -1);
    lua_pop(L, 1); /* the registry holds it */
    lua_settop(thread, 0);
    lua_xmove(L, thread, 2);
    lua_Hook hook = lua_gethook(thread);
    int mask = lua_gethookmask(thread), count = lua_gethookcount(thread);
    if (hook) lua_sethook(thread, NULL, 0, 0);
    int status = lua_pcall(thread, 1, 1, 0);
    if (hook && !lua_gethook(thread)) lua_sethook(thread, hook, mask, count);
    lua_xmove(thread, L, 1);
    return status;
}

/* Pushes the decoded body and returns whether that could be done. */
static bool push_decoded(lua_State *L, struct response *r) {
    bool sound;
    /* Two quotes more for each integer, which has one digit and one comma at least. */
    char *text = buffer_room(&r->texts, 2 * r->body.size + 2);
    if (!text) compat_memory_error(L);
    r->texts.size = (size_t)(quote_integers(&r->body, text, &sound) - text);
    if (!sound) return false;
    lua_pushlightuserdata(L, &decode_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushlstring(L, r->texts.data, r->texts.size);
    int status = call_without_hooks(L);
    if (status == LUA_ERRMEM) lua_error(L);
    return status == LUA_OK;
}

void decode_response(lua_State *L, struct response *r) {
    int top = lua_gettop(L);
    response_forget_body(r);
    if (r->fault != KIND_NONE || r->body.size == 0) return;
    compat_check_stack(L, NAMES + 12);
    bool decoded = push_decoded(L, r);
    response_forget_body(r); /* its room was that of the text */
    if (!buffer_room(&r->texts, r->body.size)) compat_memory_error(L);
    if (decoded && lua_istable(L, top + 1)) read_envelope(L, top + 1, r);
    lua_settop(L, top);
}
