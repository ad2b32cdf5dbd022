/*
 * options.c: a table of options → what a job goes by, or an error that names one of them;
 * against the plain table of the manual.
 *
 * Each line of an input is an option: its name (a character from "A" on, in the order of
 * the list below, or "?" and any name up to "="), the type of its value (see push_value),
 * the value. "$" in a credential or a URL stands for a secret, which no message may hold.
 * Lines that begin with "e" set a variable of the environment.
 */
#include <lauxlib.h>
#include <math.h>
#include <strings.h>

#include "address.h"
#include "check.h"
#include "input.h"
#include "options.h"
#include "state.h"
#include "lib/settings.h"

enum kind_of {
    CREDENTIAL,
    ADDRESS,
    PROXY_URL,
    FILE_NAME,
    WHOLE,
    TIME,
    QUOTA,
    YES_NO,
    CALLED,
    A_CLOCK,
    A_LIMITER,
    A_JOURNAL
};

static const struct known {
    const char *name;
    enum kind_of kind;
    bool is_clients;
    double least, most, by_default;
} known[] = {
    {"token", CREDENTIAL, true, 0, 0, 0},
    {"app_id", CREDENTIAL, true, 0, 0, 0},
    {"api_key", CREDENTIAL, true, 0, 0, 0},
    {"base_url", ADDRESS, true, 0, 0, 0},
    {"ca_file", FILE_NAME, true, 0, 0, 0},
    {"proxy", PROXY_URL, true, 0, 0, 0},
    {"chunk_size", WHOLE, false, 1, 100, 100},
    {"concurrency", WHOLE, false, 1, 64, 2},
    {"timeout", TIME, false, 0.001, 1e6, 60},
    {"connect_timeout", TIME, false, 0.001, 1e6, 10},
    {"attempts", WHOLE, false, 1, 1000, 4},
    {"max_wait", TIME, false, 0, 1e6, 120},
    {"deadline", TIME, false, 0, INFINITY, INFINITY},
    {"requests_per_minute", QUOTA, true, 1, 1e9, 200},
    {"requests_per_hour", QUOTA, true, 1, 1e9, 24000},
    {"stop_started", YES_NO, false, 0, 0, 0},
    {"stop_timeout", TIME, false, 0, 1e6, 120},
    {"dry_run", YES_NO, false, 0, 0, 0},
    {"limiter", A_LIMITER, true, 0, 0, 0},
    {"clock", A_CLOCK, true, 0, 0, 0},
    {"transport", CALLED, false, 0, 0, 0},
    {"on_progress", CALLED, false, 0, 0, 0},
    {"on_event", CALLED, false, 0, 0, 0},
    {"journal", A_JOURNAL, false, 0, 0, 0},
};

enum { KNOWN = sizeof known / sizeof *known, BASE_URL = 3, PROXY = 5, TRANSPORT = 20 };
enum { TEXT_SIZE = 512 };
static const char SECRET_TEXT[] = "s3CrEtQ7";

static const char *const variables[] = {
    "GEELARK_TOKEN",   "GEELARK_APP_ID", "GEELARK_API_KEY", "GEELARK_BASE_URL",
    "GEELARK_CA_FILE", "https_proxy",    "ALL_PROXY",       "no_proxy"};
enum { VARIABLES = sizeof variables / sizeof *variables };

/* What an option was given as. */
struct given {
    char type; /* as in the input; 0: not at all */
    double number;
    char text[TEXT_SIZE];
    size_t len;
    unsigned fields; /* a bit for each field of a table that is a function */
    bool has_bad_field, has_seed;
};

static struct given given[KNOWN];
static bool has_unknown, is_no_table;
static unsigned set; /* variables, a bit each */

static bool is_secret(enum kind_of kind) {
    return kind == CREDENTIAL || kind == ADDRESS || kind == PROXY_URL;
}

/* Copies a text, each "$" of a secret one as the secret. */
static void read_text(struct given *g, struct input in, bool secret) {
    size_t used = 0;
    while (in.at < in.end && used + sizeof SECRET_TEXT < TEXT_SIZE) {
        char c = *in.at++;
        if (c == '$' && secret) {
            memcpy(g->text + used, SECRET_TEXT, sizeof SECRET_TEXT - 1);
            used += sizeof SECRET_TEXT - 1;
        } else g->text[used++] = c;
    }
    g->text[used] = '\0';
    g->len = used;
}

static int l_nothing(lua_State *L) {
    (void)L;
    return 0;
}

static void push_callable(lua_State *L) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, l_nothing);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
}

/* A clock or a limiter: its fields, each a name and a character for the value. */
static void push_table(lua_State *L, struct input in, struct given *g) {
    static const char *const functions[] = {"now", "sleep", "take", "give"};
    lua_newtable(L);
    while (in.at < in.end) {
        struct input name = input_until(&in, '=');
        size_t len = input_left(&name);
        char value = input_byte(&in);
        lua_pushlstring(L, name.at, len);
        lua_rawget(L, -2);
        bool again = !lua_isnil(L, -1);
        lua_pop(L, 1);
        if (again) continue;
        if (value == 'x') lua_pushcfunction(L, l_nothing);
        else if (value == 'c') push_callable(L);
        else lua_pushinteger(L, 5);
        bool function = value == 'x' || value == 'c', fits = false;
        for (unsigned i = 0; i < 4; i++) {
            if (strlen(functions[i]) != len || memcmp(functions[i], name.at, len) != 0)
                continue;
            fits = function;
            g->fields |= 1u << i;
        }
        if (len == 4 && memcmp(name.at, "seed", 4) == 0) {
            fits = !function;
            g->has_seed = true;
        }
        g->has_bad_field |= !fits;
        lua_pushlstring(L, name.at, len);
        lua_insert(L, -2);
        lua_rawset(L, -3);
    }
}

static void push_value(lua_State *L, struct input in, struct given *g, bool secret) {
    *g = (struct given){.type = input_byte(&in)};
    read_text(g, in, secret);
    switch (g->type) {
    case 'n':
        g->number = strtod(g->text, NULL);
        lua_pushnumber(L, g->number);
        break;
    case 'i':
        g->type = 'n';
        lua_pushinteger(L, (lua_Integer)strtoll(g->text, NULL, 10));
        g->number = lua_tonumber(L, -1);
        break;
    case 'y': lua_pushboolean(L, 1); break;
    case 'f': lua_pushboolean(L, 0); break;
    case 'x': lua_pushcfunction(L, l_nothing); break;
    case 'c': push_callable(L); break;
    case 't': push_table(L, in, g); break;
    default: g->type = 's'; lua_pushlstring(L, g->text, g->len);
    }
}

static void set_variable(struct input in) {
    static struct given value;
    unsigned which = input_number(&in, VARIABLES);
    read_text(&value, in, which < 4 || which == 5 || which == 6);
    setenv(variables[which], value.text, 1);
    set |= 1u << which;
}

static void push_option(lua_State *L, struct input in) {
    static struct given any;
    char first = input_byte(&in);
    unsigned which = (unsigned)(unsigned char)(first - 'A');
    if (first != '?') {
        which %= KNOWN;
        lua_pushstring(L, known[which].name);
    } else {
        struct input name = input_until(&in, '=');
        size_t len = input_left(&name);
        for (which = 0; which < KNOWN; which++)
            if (strlen(known[which].name) == len &&
                memcmp(known[which].name, name.at, len) == 0)
                break;
        has_unknown |= which == KNOWN;
        lua_pushlstring(L, name.at, len);
    }
    if (which < KNOWN) push_value(L, in, &given[which], is_secret(known[which].kind));
    else push_value(L, in, &any, true);
    lua_rawset(L, -3);
}

/* Pushes the table. */
static void push_options(lua_State *L, struct input in) {
    memset(given, 0, sizeof given);
    has_unknown = false;
    is_no_table = in.at < in.end && *in.at == '#';
    if (is_no_table) lua_pushlstring(L, in.at, input_left(&in));
    else lua_newtable(L);
    while (!is_no_table && in.at < in.end) {
        struct input line = input_until(&in, '\n');
        if (line.at == line.end) continue;
        if (*line.at != 'e') push_option(L, line);
        else {
            line.at++;
            set_variable(line);
        }
    }
}

/* A header's value: printable, no blank at an end, no "Bearer ". */
static bool is_credential(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~') return false;
    return len > 0 && text[0] != ' ' && text[len - 1] != ' ' &&
           strncasecmp(text, "bearer ", 7) != 0;
}

static bool has_control(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return true;
    return false;
}

static bool is_number(const struct known *k, const struct given *g) {
    bool whole = k->kind == TIME || g->number == floor(g->number);
    return g->type == 'n' && whole && g->number >= k->least && g->number <= k->most;
}

enum good { BAD, GOOD, PERHAPS };

static enum good is_good(const struct known *k, const struct given *g, unsigned scope) {
    if (k->is_clients && !(scope & SCOPE_CLIENT)) return BAD;
    bool text = g->type == 's' && g->len > 0 && !has_control(g->text, g->len);
    switch (k->kind) {
    case CREDENTIAL: return text && is_credential(g->text, g->len) ? GOOD : BAD;
    case ADDRESS: /* libcurl parses it, and doesn't like all that could be one */
    case PROXY_URL: return text ? PERHAPS : BAD;
    case A_JOURNAL: /* a file's name, too, which Lua keeps */
    case FILE_NAME: return text ? GOOD : BAD;
    case WHOLE:
    case TIME: return is_number(k, g) ? GOOD : BAD;
    case QUOTA: return g->type == 'f' || is_number(k, g) ? GOOD : BAD;
    case YES_NO: return g->type == 'f' || g->type == 'y' ? GOOD : BAD;
    case CALLED: return g->type == 'x' || g->type == 'c' ? GOOD : BAD;
    case A_CLOCK: /* what can be called is a table, too, and an empty one */
        if (g->type != 't') return g->type == 'c' ? GOOD : BAD;
        return !g->has_bad_field && !(g->fields & ~3u) ? GOOD : BAD;
    case A_LIMITER:
        return g->type == 't' && !g->has_bad_field && !g->has_seed && g->fields == 12
                   ? GOOD
                   : BAD;
    }
    return BAD;
}

static double value_of(const struct options *o, const char *name) {
    const struct {
        const char *name;
        double value;
    } values[] = {{"chunk_size", o->job.batch.chunk_size},
                  {"concurrency", o->job.concurrency},
                  {"timeout", o->job.timeout},
                  {"connect_timeout", o->job.connect_timeout},
                  {"attempts", o->job.batch.attempts},
                  {"max_wait", o->job.batch.max_wait},
                  {"deadline", o->job.deadline},
                  {"requests_per_minute", (double)o->client.requests_per_minute},
                  {"requests_per_hour", (double)o->client.requests_per_hour},
                  {"stop_started", o->job.batch.stop_started},
                  {"stop_timeout", o->job.batch.stop_timeout},
                  {"dry_run", o->dry_run}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].name, name) == 0) return values[i].value;
    CHECK(false, "no option %s", name);
    return 0;
}

static const char *text_of(const struct options *o, const char *name) {
    if (strcmp(name, "token") == 0) return o->client.credentials.token;
    if (strcmp(name, "app_id") == 0) return o->client.credentials.app_id;
    if (strcmp(name, "api_key") == 0) return o->client.credentials.api_key;
    if (strcmp(name, "base_url") == 0) return o->client.network.base_url;
    if (strcmp(name, "ca_file") == 0) return o->client.network.ca_file;
    return o->client.network.proxy;
}

/* What was given is there, what wasn't has its default. */
static void check_values(const struct options *o) {
    for (unsigned i = 0; i < KNOWN; i++) {
        const struct known *k = &known[i];
        const struct given *g = &given[i];
        if (k->kind <= FILE_NAME) {
            const char *text = text_of(o, k->name);
            CHECK((text != NULL) == (g->type != 0), "%s is %s", k->name, text);
            CHECK(!text || strcmp(text, g->text) == 0, "%s is %s", k->name, text);
        } else if (k->kind <= YES_NO) {
            double value = g->type == 'n' ? g->number : g->type == 'y';
            if (!g->type) value = k->by_default;
            CHECK(value_of(o, k->name) == value, "%s is %g, not %g", k->name,
                  value_of(o, k->name), value);
        }
    }
    CHECK(o->job.network == !given[TRANSPORT].type, "transport");
}

static unsigned scope_now;

static int l_read(lua_State *L) {
    struct options *o = lua_touserdata(L, 2);
    lua_settop(L, 1);
    lua_newtable(L); /* for functions */
    options_read(L, 1, scope_now, 2, o);
    if (given[BASE_URL].type && scope_now & SCOPE_CLIENT)
        address_check(o->client.network.base_url);
    check_values(o);
    struct fault fault;
    CHECK(settings_complete(&o->client, o->job.network, &fault), "no memory");
    CHECK(!strstr(fault.text, SECRET_TEXT), "a secret in: %s", fault.text);
    CHECK(fault.kind == KIND_NONE || fault.kind == KIND_CONFIG, "kind %d", fault.kind);
    if (fault.kind != KIND_NONE) return 0;
    address_check(o->client.network.base_url);
    const char *proxy = o->client.network.proxy, *at = proxy ? strchr(proxy, '@') : NULL;
    CHECK(!given[PROXY].type || !at || !strchr(at + 1, '@'), "where does %s go?", proxy);
    return 0;
}

/* It names an option that was wrong. */
static void check_error(const char *error, unsigned scope) {
    bool named = has_unknown || is_no_table;
    CHECK(!strstr(error, SECRET_TEXT), "a secret in: %s", error);
    for (unsigned i = 0; i < KNOWN; i++) {
        char digits[32]; /* of more than any limit has */
        snprintf(digits, sizeof digits, "%.0f", fmin(given[i].number, 1e14));
        bool long_number = known[i].kind == CREDENTIAL && given[i].number > 1e10;
        CHECK(!long_number || !strstr(error, digits), "a secret in: %s", error);
    }
    for (unsigned i = 0; i < KNOWN; i++)
        if (given[i].type && is_good(&known[i], &given[i], scope) != GOOD)
            named |= strstr(error, known[i].name) != NULL;
    CHECK(named, "whose error is %s", error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lua_State *L = state_get();
    struct input in = input_of(data, size);
    struct options options;
    bool bad, perhaps = false;
    if (size > 0 && memmem(data, size, SECRET_TEXT, sizeof SECRET_TEXT - 1)) return 0;
    scope_now = input_byte(&in) == 'j' ? SCOPE_JOB : SCOPE_JOB | SCOPE_CLIENT;
    set = 0;
    options_default(&options);
    lua_pushcfunction(L, l_read);
    push_options(L, in);
    lua_pushlightuserdata(L, &options);
    bad = has_unknown || is_no_table;
    for (unsigned i = 0; i < KNOWN; i++) {
        enum good good = given[i].type ? is_good(&known[i], &given[i], scope_now) : GOOD;
        bad |= good == BAD;
        perhaps |= good == PERHAPS;
    }
    const char *error = lua_pcall(L, 2, 0, 0) == LUA_OK ? NULL : lua_tostring(L, -1);
    CHECK(!bad || error, "a wrong option passes");
    CHECK(bad || perhaps || !error, "a right one doesn't: %s", error);
    if (error) check_error(error, scope_now);
    for (unsigned i = 0; i < VARIABLES; i++)
        if (set >> i & 1) unsetenv(variables[i]);
    lua_settop(L, 0);
    state_settle(L);
    return 0;
}
