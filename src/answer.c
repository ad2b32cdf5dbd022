/* Body → envelope, through lua-cjson: see answer.h. */
#include "answer.h"

#include <math.h>
#include <stdlib.h>

#include "compat.h"

enum {
    DEPTH_MAX = 64,       /* of the JSON; the service's has four */
    EXACT_DIGITS = 15,    /* integers of so many digits survive a double */
    REDACT_BEFORE = 8,    /* a shorter secret could stand in an id or a key by chance */
    REDACT_EXCERPT = 4
};

/* --- the decoder ------------------------------------------------------------------------- */

/* The editor exports symbols of its own cjson, so that another copy must not be loaded
 * beside it. */
static bool push_vim_json(lua_State *L)
{
    lua_getglobal(L, "vim");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "json");
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, "decode");
            lua_replace(L, -3);
            lua_pop(L, 1);
            if (lua_isfunction(L, -1)) return true;
            lua_pushnil(L);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return false;
}

/* Calls cjson.NAME(argument); the argument is on top and popped. */
static void configure(lua_State *L, const char *name)
{
    lua_getfield(L, -2, name);
    lua_insert(L, -2);
    lua_call(L, 1, 0);
}

void answer_push_decoder(lua_State *L)
{
    if (push_vim_json(L)) return;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        luaL_error(L, "geelark needs lua-cjson (Debian package: lua-cjson)");
    lua_getfield(L, -1, "new"); /* settings of our own */
    lua_call(L, 0, 1);
    lua_pushboolean(L, 0);
    configure(L, "decode_invalid_numbers");
    lua_pushinteger(L, DEPTH_MAX);
    configure(L, "decode_max_depth");
    lua_getfield(L, -1, "decode");
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* --- exact integers ------------------------------------------------------------------------ */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Past the string that opens at `at`. */
static size_t skip_string(const char *s, size_t len, size_t at)
{
    for (at++; at < len && s[at] != '"'; at++)
        if (s[at] == '\\') at++;
    return at < len ? at + 1 : len;
}

/* The end of the number at `at`; *integer: it is one, of more digits than a double holds. */
static size_t skip_number(const char *s, size_t len, size_t at, bool *long_integer)
{
    size_t digits = 0, start = at;
    if (s[at] == '-') at++;
    for (; at < len && is_digit(s[at]); at++) digits++;
    size_t end = at;
    while (at < len && (is_digit(s[at]) || (s[at] && strchr("+-.eE", s[at])))) at++;
    *long_integer = digits > EXACT_DIGITS && at == end;
    return at > start ? at : at + 1;
}

/* Pushes the body with every bare integer of more than 15 digits made a string, because
 * cjson makes doubles of numbers. */
static void push_exact(lua_State *L, const char *s, size_t len)
{
    luaL_Buffer out;
    size_t copied = 0;
    bool changed = false;
    for (size_t at = 0; at < len;) {
        bool long_integer = false;
        size_t start = at;
        if (s[at] == '"') at = skip_string(s, len, at);
        else if (is_digit(s[at]) || s[at] == '-') at = skip_number(s, len, at, &long_integer);
        else at++;
        if (!long_integer) continue;
        if (!changed) luaL_buffinit(L, &out);
        changed = true;
        luaL_addlstring(&out, s + copied, start - copied);
        luaL_addchar(&out, '"');
        luaL_addlstring(&out, s + start, at - start);
        luaL_addchar(&out, '"');
        copied = at;
    }
    if (!changed) {
        lua_pushlstring(L, s, len);
        return;
    }
    luaL_addlstring(&out, s + copied, len - copied);
    luaL_pushresult(&out);
}

/* --- reading what was decoded ----------------------------------------------------------------- */

/* Pushes table[name] without asking a metatable. */
static void push_field(lua_State *L, int table, const char *name)
{
    table = lua_absindex(L, table);
    lua_pushstring(L, name);
    lua_rawget(L, table);
}

/* The integer at index, also where the service wrote it as a string. */
static bool to_integer(lua_State *L, int index, int64_t *out)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number n = lua_tonumber(L, index);
        if (!(fabs(n) <= 9007199254740992.0) || n != floor(n)) return false;
        *out = (int64_t)n;
        return true;
    }
    if (lua_type(L, index) != LUA_TSTRING) return false;
    size_t len, digits;
    const char *s = lua_tolstring(L, index, &len);
    size_t sign = s[0] == '-';
    for (digits = 0; is_digit(s[sign + digits]); digits++) continue;
    if (digits == 0 || digits > EXACT_DIGITS || sign + digits != len) return false;
    *out = strtoll(s, NULL, 10);
    return true;
}

static bool integer_field(lua_State *L, int table, const char *name, int64_t *out)
{
    push_field(L, table, name);
    bool found = to_integer(L, -1, out);
    lua_pop(L, 1);
    return found;
}

/* A code that doesn't fit is none. */
static bool code_field(lua_State *L, int table, long *out)
{
    int64_t code;
    if (!integer_field(L, table, "code", &code) || code < INT32_MIN || code > INT32_MAX)
        return false;
    *out = (long)code;
    return true;
}

/* A string that stays in the table, and so lives as long as it does. */
static const char *string_field(lua_State *L, int table, const char *name, size_t *len)
{
    push_field(L, table, name);
    const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, len) : NULL;
    lua_pop(L, 1);
    return s;
}

/* The id of the entry on top; one that came as a number is put back as text. */
static void read_id(lua_State *L, struct detail *d)
{
    int64_t number;
    push_field(L, -1, "id");
    if (lua_type(L, -1) == LUA_TNUMBER && to_integer(L, -1, &number)) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)number);
        lua_pop(L, 1);
        lua_pushliteral(L, "id");
        lua_pushstring(L, text);
        lua_rawset(L, -3);
        push_field(L, -1, "id");
    }
    if (lua_type(L, -1) == LUA_TSTRING) d->id = lua_tolstring(L, -1, &d->id_len);
    lua_pop(L, 1);
}

static void read_detail(lua_State *L, struct detail *d)
{
    *d = (struct detail){.msg = ""};
    if (!lua_istable(L, -1)) return;
    read_id(L, d);
    if (!code_field(L, -1, &d->code)) d->code = 0;
    const char *msg = string_field(L, -1, "msg", &d->msg_len);
    if (msg) d->msg = msg;
}

/* failDetails is on top; puts a userdata that holds the entries in its place. */
static void read_details(lua_State *L, struct verdict *v)
{
    int list = lua_gettop(L);
    v->details_sound = lua_isnil(L, list) || lua_isuserdata(L, list); /* null is a userdata */
    if (!lua_istable(L, list)) return;
    size_t count = lua_rawlen(L, list);
    lua_pushnil(L);
    v->details_sound = count > 0 || !lua_next(L, list); /* an object is no array */
    lua_settop(L, list);
    if (count == 0) return;
    struct detail *details = lua_newuserdata(L, count * sizeof *details);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        read_detail(L, &details[i]);
        lua_pop(L, 1);
    }
    v->details = details;
    v->detail_count = count;
    lua_replace(L, list);
}

/* `data` is on top; leaves the holder of the details in its place. */
static void read_data(lua_State *L, struct verdict *v)
{
    if (!lua_istable(L, -1)) return;
    v->has_amounts = integer_field(L, -1, "totalAmount", &v->total) &&
                     integer_field(L, -1, "successAmount", &v->success) &&
                     integer_field(L, -1, "failAmount", &v->fail);
    push_field(L, -1, "failDetails");
    read_details(L, v);
    lua_replace(L, -2);
}

/* Decodes the body; leaves the envelope and the holder of its details on the stack, or two
 * other values. */
static void read_body(lua_State *L, int decoder, struct reply *reply, struct verdict *v)
{
    lua_pushvalue(L, decoder);
    push_exact(L, reply->body.data ? reply->body.data : "", reply->body.size);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM) lua_error(L);
    if (status != LUA_OK || !lua_istable(L, -1)) {
        lua_pushnil(L);
        return;
    }
    v->has_envelope = code_field(L, -1, &v->code);
    v->msg = string_field(L, -1, "msg", &v->msg_len);
    push_field(L, -1, "data");
    read_data(L, v);
}

void answer_read(lua_State *L, int decoder, struct reply *reply, const struct sign *sign,
                 struct verdict *v)
{
    luaL_checkstack(L, 12, NULL);
    *v = (struct verdict){.fault = reply->fault, .sent = reply->sent, .final = reply->final,
                          .reason = reply->reason, .http_status = reply->status,
                          .retry_after = reply->retry_after, .details_sound = true};
    if (reply->fault != KIND_NONE) {
        sign_redact(sign, reply->reason, strlen(reply->reason), REDACT_EXCERPT);
        lua_pushnil(L);
        lua_pushnil(L);
        return;
    }
    if (reply->body.size > 0)
        sign_redact(sign, reply->body.data, reply->body.size, REDACT_BEFORE);
    read_body(L, decoder, reply, v);
    if (reply->body.size > 0)
        sign_redact(sign, reply->body.data, reply->body.size, REDACT_EXCERPT);
    v->body = reply->body.data;
    v->body_len = reply->body.size;
}
