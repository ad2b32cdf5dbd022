/*
 * quote.h: a JSON text in which a library may read integers: they stand in quotes.
 *
 * Libraries make doubles of numbers, which hold 15 digits, and an id has 18.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"

/* Copies a body with each bare integer as a string. Numbers with a point or an exponent
 * name no id and stay. `out` has room for twice the body and two bytes: an integer has
 * one digit and one comma at least, and gets two quotes. Returns where the copy ends;
 * *sound: nothing is there that JSON doesn't know. */
char *quote_integers(const struct buffer *body, char *out, bool *sound);
