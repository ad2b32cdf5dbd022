/*
 * flaws.h: what is wrong with the values of a list that are no ids, as one text for
 * people: where the first five stand, what they are, how many more there are, and what
 * helps.
 */
#pragma once

#include <stddef.h>

enum { FLAWS_NAMED = 5, FLAW_SHOWN = 48, FLAWS_TEXT = 2048 };

/* One that is named: what is wrong and the value stand in the text from `start` to `end`;
 * what helps may be NULL. */
struct flaw_named {
    size_t position, start, end;
    const char *help;
};

/* All-zero: none yet. */
struct flaws {
    size_t count, used;
    struct flaw_named named[FLAWS_NAMED];
    char text[FLAWS_TEXT];
};

/* A text that ids_is_id refuses; it ends with a zero byte. */
void flaws_add_text(struct flaws *flaws, size_t position, const char *text, size_t len);
/* Any other value: what is wrong, the value as it is to be shown, what helps. The latter
 * two may be NULL; `help` must live on. */
void flaws_add(struct flaws *flaws, size_t position, const char *what, const char *shown,
               const char *help);
/* How many are named. */
size_t flaws_named(const struct flaws *flaws);
/* Ends the text and returns it; it lives as long as `flaws`. */
const char *flaws_finish(struct flaws *flaws);

/* Writes a text in quotes, as one printable line, shortened. */
const char *flaws_show(char out[FLAW_SHOWN], const char *text, size_t len);
