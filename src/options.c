/* The table of options: see options.h. */
#include "options.h"

#include <math.h>
#include <stdio.h>

#include "compat.h"
#include "fields.h"
#include "lib/settings.h"
#include "lib/text.h"
#include "lib/url.h"
#include "lib/private.h"

enum type {
    SECRET,
    URL,
    PROXY,
    TEXT,
    NAME,
    COUNT,
    SECONDS,
    LIMIT,
    FLAG,
    FUNCTION,
    CLOCK,
    LIMITER
};

struct option {
    const char *name;
    enum scope scope;
    enum type type;
    size_t offset; /* in struct options, where the type has a value there */
    double least, most;
};

#define AT(field) offsetof(struct options, field)
static const struct option options_known[] = {
    {"token", SCOPE_CLIENT, SECRET, AT(client.credentials.token), 0, 0},
    {"app_id", SCOPE_CLIENT, SECRET, AT(client.credentials.app_id), 0, 0},
    {"api_key", SCOPE_CLIENT, SECRET, AT(client.credentials.api_key), 0, 0},
    {"base_url", SCOPE_CLIENT, URL, AT(client.network.base_url), 0, 0},
    {"ca_file", SCOPE_CLIENT, TEXT, AT(client.network.ca_file), 0, 0},
    {"proxy", SCOPE_CLIENT, PROXY, AT(client.network.proxy), 0, 0},
    {"requests_per_minute", SCOPE_CLIENT, LIMIT, AT(client.requests_per_minute), 1, 1e9},
    {"requests_per_hour", SCOPE_CLIENT, LIMIT, AT(client.requests_per_hour), 1, 1e9},
    {"clock", SCOPE_CLIENT, CLOCK, 0, 0, 0},
    {"limiter", SCOPE_CLIENT, LIMITER, 0, 0, 0},
    {"transport", SCOPE_JOB, FUNCTION, 0, 0, 0},
    {"chunk_size", SCOPE_JOB, COUNT, AT(job.batch.chunk_size), 1, CHUNK_SIZE_MAX},
    {"concurrency", SCOPE_JOB, COUNT, AT(job.concurrency), 1, CONCURRENCY_MAX},
    {"attempts", SCOPE_JOB, COUNT, AT(job.batch.attempts), 1, 1000},
    {"timeout", SCOPE_JOB, SECONDS, AT(job.timeout), 1e-3, 1e6},
    {"connect_timeout", SCOPE_JOB, SECONDS, AT(job.connect_timeout), 1e-3, 1e6},
    {"max_wait", SCOPE_JOB, SECONDS, AT(job.batch.max_wait), 0, 1e6},
    {"deadline", SCOPE_JOB, SECONDS, AT(job.deadline), 0, INFINITY},
    {"stop_started", SCOPE_JOB, FLAG, AT(job.batch.stop_started), 0, 0},
    {"stop_timeout", SCOPE_JOB, SECONDS, AT(job.batch.stop_timeout), 0, 1e6},
    {"journal", SCOPE_JOB, NAME, 0, 0, 0},
    {"dry_run", SCOPE_JOB, FLAG, AT(dry_run), 0, 0},
    {"on_progress", SCOPE_JOB, FUNCTION, 0, 0, 0},
    {"on_event", SCOPE_JOB, FUNCTION, 0, 0, 0},
    {"client", SCOPE_LOOP, NAME, 0, 0, 0},
    {"shared_dict", SCOPE_NGX, NAME, 0, 0, 0},
};
#undef AT

enum { OPTIONS_KNOWN = sizeof options_known / sizeof *options_known };

void options_default(struct options *o) {
    *o = (struct options){
        .client = {.requests_per_minute = 200, .requests_per_hour = 24000},
        .job = {.batch = {.chunk_size = 100,
                          .attempts = 4,
                          .max_wait = 120,
                          .stop_timeout = 120},
                .concurrency = 2,
                .timeout = 60,
                .connect_timeout = 10,
                .deadline = INFINITY,
                .network = true}};
}

/* The option of this name; NULL: there is none. */
static const struct option *find_option(const char *name) {
    for (size_t i = 0; i < OPTIONS_KNOWN; i++)
        if (strcmp(options_known[i].name, name) == 0) return &options_known[i];
    return NULL;
}

/* The name that is spelt most like this one. */
static const char *nearest_name(const char *name) {
    const char *nearest = NULL;
    size_t least = (size_t)-1;
    for (size_t i = 0; i < OPTIONS_KNOWN; i++) {
        size_t distance = text_distance(options_known[i].name, name);
        if (distance < least) least = distance, nearest = options_known[i].name;
    }
    return nearest;
}

/* The option of this name; raises where there is none. */
static const struct option *check_option(lua_State *L, int arg, const char *name) {
    const struct option *o = find_option(name);
    if (!o)
        compat_arg_error(L, arg, "%s: unknown option, did you mean %s?", name,
                         nearest_name(name));
    return o;
}

static const char *place_of(const struct option *o) {
    switch (o->scope) {
    case SCOPE_LOOP: return "belongs to a loop's delete; elsewhere client:delete does it";
    case SCOPE_NGX: return "belongs to geelark.loop.ngx";
    default: return "belongs to geelark.new";
    }
}

/* Raises an argument error about the option. */
static int flawed(lua_State *L, int arg, const char *name, const char *flaw) {
    return compat_arg_error(L, arg, "%s: %s", name, flaw);
}

static int wrong(lua_State *L, int arg, const struct option *o, const char *expected) {
    bool number = lua_type(L, -1) == LUA_TNUMBER && o->type != SECRET;
    const char *got = number ? lua_tostring(L, -1) : luaL_typename(L, -1);
    return flawed(L, arg, o->name,
                  lua_pushfstring(L, "%s expected, got %s", expected, got));
}

static enum setting setting_of(enum type type) {
    switch (type) {
    case SECRET: return SETTING_SECRET;
    case URL: return SETTING_URL;
    case PROXY: return SETTING_PROXY;
    default: return SETTING_TEXT;
    }
}

static const char *check_text(lua_State *L, int arg, const struct option *o) {
    size_t len;
    if (lua_type(L, -1) != LUA_TSTRING) wrong(L, arg, o, "string");
    const char *text = lua_tolstring(L, -1, &len);
    const char *flaw = settings_flaw(setting_of(o->type), text, len);
    if (flaw == URL_NO_MEMORY) compat_memory_error(L);
    if (flaw) flawed(L, arg, o->name, flaw);
    return text;
}

static double check_number(lua_State *L, int arg, const struct option *o, bool whole) {
    char expected[80];
    double n = lua_tonumber(L, -1);
    if (isinf(o->most))
        snprintf(expected, sizeof expected, "number, %g or more,", o->least);
    else
        snprintf(expected, sizeof expected, "%s from %g to %.0f%s",
                 whole ? "whole number" : "number", o->least, o->most,
                 o->type == LIMIT ? ", or false," : "");
    if (lua_type(L, -1) != LUA_TNUMBER || !(n >= o->least && n <= o->most) ||
        (whole && n != floor(n)))
        wrong(L, arg, o, expected);
    return n;
}

/* A table option: what its fields are called and what they hold. */
struct field {
    const char *name;
    int type;
};

static const struct field clock_fields[] = {
    {"now", LUA_TFUNCTION}, {"sleep", LUA_TFUNCTION}, {"seed", LUA_TNUMBER}, {NULL, 0}};
static const struct field limiter_fields[] = {
    {"take", LUA_TFUNCTION}, {"give", LUA_TFUNCTION}, {NULL, 0}};

/* C's functions would see only what stands before a zero byte. */
static bool is_name(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TSTRING &&
           strlen(lua_tostring(L, index)) == lua_rawlen(L, index);
}

static void check_names(lua_State *L, int arg, const struct option *o,
                        const struct field *fields) {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *key = is_name(L, -2) ? lua_tostring(L, -2) : "?";
        const struct field *field = fields;
        while (field->name && strcmp(field->name, key) != 0) field++;
        if (field->name) continue;
        lua_pushstring(L, fields->name);
        while ((++fields)->name)
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), fields->name);
        compat_arg_error(L, arg, "%s.%s: unknown, there is %s", o->name, key,
                         lua_tostring(L, -1));
    }
}

/* Copies the fields of the table on top of the stack to the references. Half a limiter
 * would never give back what it takes. */
static void read_fields(lua_State *L, int arg, const struct option *o,
                        const struct field *fields, int refs) {
    if (!lua_istable(L, -1)) wrong(L, arg, o, "table");
    check_names(L, arg, o, fields);
    for (; fields->name; fields++) {
        lua_getfield(L, -1, fields->name);
        bool fits = fields->type == LUA_TFUNCTION ? compat_is_callable(L, -1)
                                                  : lua_type(L, -1) == fields->type;
        if (!fits && (o->type == LIMITER || !lua_isnil(L, -1)))
            compat_arg_error(L, arg, "%s.%s: %s expected, got %s", o->name, fields->name,
                             lua_typename(L, fields->type), luaL_typename(L, -1));
        lua_setfield(L, refs, fields->name);
    }
}

/* Reads the value on top of the stack. */
static void read_value(lua_State *L, int arg, const struct option *o, int refs,
                       struct options *options) {
    void *field = (char *)options + o->offset;
    switch (o->type) {
    case SECRET:
    case TEXT:
    case URL:
    case PROXY: *(const char **)field = check_text(L, arg, o); break;
    case NAME:
        check_text(L, arg, o);
        lua_pushvalue(L, -1);
        lua_setfield(L, refs, o->name);
        break;
    case COUNT: *(uint32_t *)field = (uint32_t)check_number(L, arg, o, true); break;
    case SECONDS: *(double *)field = check_number(L, arg, o, false); break;
    case LIMIT:
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) *(uint64_t *)field = 0;
        else *(uint64_t *)field = (uint64_t)check_number(L, arg, o, true);
        break;
    case FLAG:
        if (!lua_isboolean(L, -1)) wrong(L, arg, o, "boolean");
        *(bool *)field = lua_toboolean(L, -1) != 0;
        break;
    case FUNCTION:
        if (!compat_is_callable(L, -1)) wrong(L, arg, o, "function");
        if (strcmp(o->name, "transport") == 0) options->job.network = false;
        lua_pushvalue(L, -1);
        lua_setfield(L, refs, o->name);
        break;
    case CLOCK: read_fields(L, arg, o, clock_fields, refs); break;
    case LIMITER: read_fields(L, arg, o, limiter_fields, refs); break;
    }
}

/* What a table inherits can't be listed, and a dry_run that is passed over deletes. */
static void check_plain(lua_State *L, int arg) {
    if (luaL_getmetafield(L, arg, "__index"))
        compat_arg_error(L, arg,
                         "plain table of options expected, got an object with "
                         "__index; what helps: a copy that holds them all");
}

void options_read(lua_State *L, int arg, unsigned scope, int refs,
                  struct options *options) {
    compat_check_stack(L, 12);
    if (lua_isnoneornil(L, arg)) return;
    if (!lua_istable(L, arg))
        compat_arg_error(L, arg, "table expected, got %s", luaL_typename(L, arg));
    check_plain(L, arg);
    lua_newtable(L); /* a field's metamethod may change the table while it is read */
    int strings = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            compat_arg_error(L, arg, "option names are strings, got a %s",
                             luaL_typename(L, -2));
        if (!is_name(L, -2)) compat_arg_error(L, arg, "an option name has a zero byte");
        const char *name = lua_tostring(L, -2);
        const struct option *o = check_option(L, arg, name);
        if (!(o->scope & scope)) flawed(L, arg, name, place_of(o));
        if (lua_type(L, -1) == LUA_TSTRING) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, strings, (int)lua_rawlen(L, strings) + 1);
        }
        read_value(L, arg, o, refs, options);
    }
}

void options_push_client_names(lua_State *L) {
    lua_newtable(L);
    for (size_t i = 0; i < OPTIONS_KNOWN; i++) {
        if (!(options_known[i].scope & SCOPE_CLIENT)) continue;
        set_flag(L, options_known[i].name, true);
    }
}

static bool is_for_client(const char *name) {
    const struct option *o = find_option(name);
    return o && (o->scope == SCOPE_CLIENT || strcmp(name, "transport") == 0);
}

bool options_are_for_job(lua_State *L, int arg) {
    bool are = true;
    if (lua_isnoneornil(L, arg)) return true;
    if (!lua_istable(L, arg)) return false;
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && is_for_client(lua_tostring(L, -2)))
            are = false;
    return are;
}
