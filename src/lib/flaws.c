/* What is wrong with values that are no ids: see flaws.h. */
#include "flaws.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ids.h"
#include "text.h"
#include "private.h"

struct flaw {
    const char *what, *help;
};

static const char TRIM[] = "take text:match \"^%s*(.-)%s*$\"";

/* clang-format off */
static const struct flaw
    empty = {"empty string", NULL},
    blank_line = {"white space alone", "skip empty lines"},
    utf_16 = {"a text in UTF-16", "save the file as UTF-8"},
    byte_order_mark = {"byte order mark", "save the file without it: as UTF-8 without BOM"},
    control = {"control character", NULL},
    url = {"a URL", "take the id alone out of it"},
    no_digit = {"no digit", "every id has one: skip a header line"},
    rounded = {"number with a point or an exponent",
               "a spreadsheet rounds long numbers: export the ids as text"},
    cells = {"quotes, commas or brackets",
             "take the ids alone out of CSV or JSON, without what stands around them"},
    carriage_return = {"carriage return at the end", TRIM},
    white_space_around = {"surrounding white space", TRIM},
    white_space = {"white space", NULL},
    too_long = {"longer than 64 characters", NULL};
/* clang-format on */

static const char DIGITS[] = "0123456789", SPACES[] = " \t\r\n\v\f";

static bool holds(const char *text, const char *characters) {
    return text[strcspn(text, characters)] != '\0';
}

/* As spreadsheets write long numbers, with the comma of some countries. */
static bool is_rounded(const char *text) {
    text += strspn(text, "+-");
    size_t whole = strspn(text, DIGITS);
    char point = text[whole];
    if (whole == 0) return false;
    text += whole;
    if (point == '.' || point == ',') text += 1 + strspn(text + 1, DIGITS);
    if (*text != 'e' && *text != 'E') return point == '.' && *text == '\0';
    text += 1 + strspn(text + 1, "+-");
    return *text != '\0' && text[strspn(text, DIGITS)] == '\0';
}

static bool has_control(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\0' || ((c < 0x20 || c == 0x7f) && !strchr(SPACES, c))) return true;
    }
    return false;
}

/* Only what stands around can be taken away without making two ids of one. */
static const struct flaw *find_space(const char *text, size_t len) {
    const char *start = text + strspn(text, SPACES),
               *end = start + strcspn(start, SPACES);
    if (end[strspn(end, SPACES)] != '\0') return &white_space;
    return text[len - 1] == '\r' ? &carriage_return : &white_space_around;
}

static const struct flaw *find_flaw(const char *text, size_t len) {
    if (len == 0) return &empty;
    if (len > 1 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return &utf_16;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) return &byte_order_mark;
    if (has_control(text, len)) return &control;
    if (text[strspn(text, SPACES)] == '\0') return &blank_line;
    if (strstr(text, "://")) return &url;
    if (!holds(text, DIGITS)) return &no_digit;
    if (is_rounded(text)) return &rounded;
    if (holds(text, "\"',;[]{}")) return &cells;
    if (holds(text, SPACES)) return find_space(text, len);
    return len > ID_LENGTH_MAX ? &too_long : NULL;
}

/* Why the characters themselves make no id. */
static void describe_characters(char *out, size_t size, const char *text, size_t len) {
    uint32_t code = 0;
    size_t at = 0;
    while (at < len && ids_is_id((char[]){'0', text[at]}, 2)) at++;
    if (at == len) snprintf(out, size, "begins with - or _");
    else if (text_character(text + at, len - at, &code) == 0)
        snprintf(out, size, "invalid UTF-8");
    else snprintf(out, size, "character U+%04X", (unsigned)code);
}

static void append(struct flaws *flaws, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof flaws->text - flaws->used;
    int n = vsnprintf(flaws->text + flaws->used, room, format, arguments);
    va_end(arguments);
    flaws->used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

void flaws_add(struct flaws *flaws, size_t position, const char *what, const char *shown,
               const char *help) {
    if (flaws->count++ >= FLAWS_NAMED) return;
    struct flaw_named *named = &flaws->named[flaws->count - 1];
    append(flaws, "%sids[%zu]: ", flaws->count > 1 ? "; " : "", position);
    *named = (struct flaw_named){position, flaws->used, 0, help};
    append(flaws, "%s%s%s", what, shown ? ", " : "", shown ? shown : "");
    named->end = flaws->used;
}

void flaws_add_text(struct flaws *flaws, size_t position, const char *text, size_t len) {
    char shown[FLAW_SHOWN], characters[32];
    const struct flaw *flaw = find_flaw(text, len);
    if (!flaw) describe_characters(characters, sizeof characters, text, len);
    flaws_add(flaws, position, flaw ? flaw->what : characters,
              len > 0 ? flaws_show(shown, text, len) : NULL, flaw ? flaw->help : NULL);
}

size_t flaws_named(const struct flaws *flaws) {
    return flaws->count < FLAWS_NAMED ? flaws->count : FLAWS_NAMED;
}

const char *flaws_finish(struct flaws *flaws) {
    bool helped = false;
    size_t named = flaws_named(flaws);
    if (flaws->count > named) append(flaws, "; and %zu more", flaws->count - named);
    for (size_t i = 0; i < named; i++) {
        const char *help = flaws->named[i].help;
        bool is_new = help != NULL;
        for (size_t j = 0; j < i; j++) is_new = is_new && flaws->named[j].help != help;
        if (!is_new) continue;
        append(flaws, "%s%s", helped ? "; " : "; what helps: ", help);
        helped = true;
    }
    return flaws->text;
}

const char *flaws_show(char out[FLAW_SHOWN], const char *text, size_t len) {
    out[0] = '"';
    text_copy_line(out + 1, FLAW_SHOWN - 2, text, len);
    memcpy(out + strlen(out), "\"", 2);
    return out;
}
