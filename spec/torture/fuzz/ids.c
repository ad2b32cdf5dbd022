/*
 * ids.c: what a caller gives as ids → the job's list, or one error that tells of all that
 * are none; against a plain list that is compared one by one.
 *
 * The first character of an input says how they are given: "a" as an array, else by an
 * iterator. Each line is a value: its first character is its type (see push_value), what
 * follows is the value.
 */
#include <lauxlib.h>
#include <math.h>

#include "check.h"
#include "input.h"
#include "read_ids.h"
#include "state.h"
#include "lib/text.h"

enum { VALUES_MAX = 512, BEYOND = 4 * VALUES_MAX, FLAWS_MAX = 5, DIGITS_SIZE = 24 };

struct value {
    bool is_id, is_integer;
    const char *text;
    size_t len;
    char digits[DIGITS_SIZE];
};

static struct value values[VALUES_MAX];
static unsigned count, given; /* of the values; those that the iterator has given */
static bool is_array, has_stray_key, gives_several;

/* 1 to 64 letters, digits, - and _, beginning with a letter or digit, with a digit. */
static bool is_id(const char *text, size_t len) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                      digits[] = "0123456789";
    bool has_digit = false;
    if (len < 1 || len > 64 || text[0] == '-' || text[0] == '_') return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\0' ||
            !(strchr(letters, c) || strchr(digits, c) || c == '-' || c == '_'))
            return false;
        has_digit = has_digit || strchr(digits, c);
    }
    return has_digit;
}

static void note_text(struct value *v, const char *text, size_t len) {
    v->text = text;
    v->len = len;
    v->is_id = is_id(text, len);
}

static double read_double(struct input in) {
    char text[64];
    snprintf(text, sizeof text, "%.*s",
             (int)(input_left(&in) > 63 ? 63 : input_left(&in)), in.at);
    return strtod(text, NULL);
}

static long long read_integer(struct input in) {
    char text[64];
    snprintf(text, sizeof text, "%.*s",
             (int)(input_left(&in) > 63 ? 63 : input_left(&in)), in.at);
    return strtoll(text, NULL, 10);
}

/* Pushes a line's value and notes what it is. */
static void push_value(lua_State *L, struct input in, struct value *v) {
    char type = input_byte(&in);
    size_t len = input_left(&in);
    *v = (struct value){0};
    switch (type) {
    case 'i': {
        long long n = read_integer(in);
        lua_pushinteger(L, n);
        v->is_integer = true;
        note_text(v, v->digits, (size_t)snprintf(v->digits, DIGITS_SIZE, "%lld", n));
        v->is_id = n > 0;
        break;
    }
    case 'f': lua_pushnumber(L, read_double(in)); break;
    case 'b': lua_pushboolean(L, len > 0); break;
    case 't':
        lua_newtable(L);
        lua_pushlstring(L, in.at, len);
        lua_setfield(L, -2, "id");
        break;
    case 'e': lua_newtable(L); break;
    case 'n': lua_pushnil(L); break;
    case 'x': lua_pushthread(L); break;
    case 'r': /* an earlier one again */
        v->is_id = true;
        if (count > 0) *v = values[(unsigned)read_integer(in) % count];
        if (count == 0 || (v->is_integer || !v->is_id)) note_text(v, "a1", 2);
        v->is_integer = false;
        lua_pushlstring(L, v->text, v->len);
        break;
    default: lua_pushlstring(L, in.at, len); note_text(v, in.at, len);
    }
}

/* An iterator over the array that is its upvalue. */
static int l_next(lua_State *L) {
    lua_rawgeti(L, lua_upvalueindex(1), (int)++given);
    if (given <= count || !gives_several) return 1;
    lua_pushinteger(L, 7);
    lua_pushinteger(L, 8);
    return 2;
}

/* Pushes what is read as ids. */
static void push_ids(lua_State *L, struct input in) {
    is_array = input_byte(&in) == 'a';
    count = given = 0;
    has_stray_key = gives_several = false;
    lua_newtable(L);
    while (in.at < in.end && count < VALUES_MAX) {
        struct input line = input_until(&in, '\n');
        if (line.at < line.end &&
            *line.at == 'k') { /* a key of the table's, or two at once */
            has_stray_key = is_array;
            gives_several = !is_array;
            lua_pushboolean(L, 1);
            if (is_array) lua_setfield(L, -2, "key");
            else lua_pop(L, 1);
            continue;
        }
        push_value(L, line, &values[count]);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            if (!is_array) break; /* the iterator's end */
            has_stray_key = true; /* a hole: something stands far behind it */
            lua_pushboolean(L, 1);
            lua_rawseti(L, -2, BEYOND);
            continue;
        }
        lua_rawseti(L, -2, (int)++count);
    }
    if (!is_array) lua_pushcclosure(L, l_next, 1);
}

static int l_read(lua_State *L) {
    read_ids(L, 1, lua_touserdata(L, 2));
    return 0;
}

/* Reads the value at 1; returns the error that was raised, on top, NULL for none. */
static const char *read(lua_State *L, struct ids *ids) {
    given = 0;
    lua_pushcfunction(L, l_read);
    lua_pushvalue(L, 1);
    if (ids) lua_pushlightuserdata(L, ids);
    else lua_pushnil(L);
    return lua_pcall(L, 2, 0, 0) == LUA_OK ? NULL : lua_tostring(L, -1);
}

static bool is_same(const struct value *v, struct id_text id) {
    return v->len == id.len && memcmp(v->text, id.text, id.len) == 0;
}

/* The list has each id once, where it came first, as it was given. */
static void check_list(const struct ids *ids) {
    char json[ID_JSON_MAX];
    uint32_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct value *v = &values[i];
        bool repeated = false;
        for (uint32_t j = 0; j < at && !repeated; j++)
            repeated = is_same(v, ids_get(ids, j));
        if (repeated) continue;
        CHECK(at < ids->count, "value %u is missing", i + 1);
        struct id_text id = ids_get(ids, at);
        CHECK(is_same(v, id) && id.integer == v->is_integer, "value %u became %.*s",
              i + 1, (int)id.len, id.text);
        size_t len = (size_t)(ids_write_json(ids, at, json) - json);
        CHECK(len == v->len + 2 && json[0] == '"' && json[len - 1] == '"' &&
                  memcmp(json + 1, v->text, v->len) == 0,
              "value %u is written %.*s", i + 1, (int)len, json);
        struct ids_part all = {NULL, 0, ids->count};
        CHECK(ids_find(ids, all, i % ids->count, v->text, v->len) == at,
              "value %u isn't found", i + 1);
        at++;
    }
    CHECK(at == ids->count, "%u ids, not %u", ids->count, at);
    CHECK(ids->duplicates == count - at, "%u duplicates", (unsigned)ids->duplicates);
}

/* One printable line that names the first five and counts the others. */
static void check_error(const char *text, unsigned flaws) {
    char named[64];
    unsigned shown = 0;
    uint32_t code;
    for (const char *at = text; *at;) {
        size_t n = text_character(at, strlen(at), &code);
        CHECK(n > 0 && !text_is_control(code), "not printable: %s", text);
        at += n;
    }
    for (unsigned i = 0; i < count && flaws > 0; i++) {
        if (values[i].is_id) continue;
        snprintf(named, sizeof named, "ids[%u]: ", i + 1);
        CHECK(shown++ >= FLAWS_MAX || strstr(text, named), "%s %s", named, text);
    }
    snprintf(named, sizeof named, "; and %u more", flaws - FLAWS_MAX);
    CHECK(flaws <= FLAWS_MAX || strstr(text, named), "%s %s", named, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lua_State *L = state_get();
    struct ids ids = {.seed = 1}; /* the system's random bytes would take half of a run */
    unsigned flaws = 0;
    push_ids(L, input_of(data, size));
    for (unsigned i = 0; i < count; i++) flaws += !values[i].is_id;
    bool is_wrong = flaws > 0 || has_stray_key || gives_several;
    const char *error = read(L, &ids), *only_checked = read(L, NULL);
    CHECK((error != NULL) == is_wrong, "%u flaws: %s", flaws, error ? error : "none");
    CHECK((only_checked != NULL) == is_wrong &&
              (!error || strcmp(error, only_checked) == 0),
          "%s, but when they are checked: %s", error, only_checked);
    if (!error) check_list(&ids);
    else check_error(error, gives_several || (has_stray_key && flaws == 0) ? 0 : flaws);
    ids_close(&ids);
    lua_settop(L, 0);
    state_settle(L);
    return 0;
}
