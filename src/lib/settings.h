/*
 * settings.h: a client's settings that are text: what is wrong with one, and what the
 * environment says where no option does.
 */
#pragma once

#include "client.h"

enum setting { SETTING_TEXT, SETTING_SECRET, SETTING_URL, SETTING_PROXY };

/* What is wrong with the text of a setting, NULL for nothing; URL_NO_MEMORY: nobody
 * knows. Never quotes it. */
const char *settings_flaw(enum setting type, const char *text, size_t len);

/* What the environment says to a client, libcurl's proxies included: notes it down
 * (false: out of memory), and whether it is the same still. The note holds secrets. */
bool settings_note_environment(struct buffer *note);
bool settings_same_environment(const struct buffer *note);

/* Completes the settings from the environment. Fills `fault` (KIND_CONFIG) where they
 * can't serve; KIND_NONE otherwise. `network`: they are for libcurl. False: out of
 * memory. */
bool settings_complete(struct client_settings *settings, bool network,
                       struct fault *fault);
