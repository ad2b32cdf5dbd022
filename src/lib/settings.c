/* A client's settings that are text, and the environment: see settings.h. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "url.h"
#include "private.h"

static const char DEFAULT_BASE_URL[] = "https://openapi.geelark.com";

/* A header value with a control character could smuggle in a header of its own, and one
 * that a server doesn't take as it stands would look like a lost answer. */
static const char *secret_flaw(const char *text, size_t len) {
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) return "byte order mark";
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] > 126) return "byte above 126";
    if (text[0] == ' ' || text[len - 1] == ' ') return "blank at an end";
    if (strncasecmp(text, "bearer ", 7) == 0)
        return "starts with \"Bearer\", which is added to it";
    return NULL;
}

const char *settings_flaw(enum setting type, const char *text, size_t len) {
    bool plain;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return "control character";
    if (len == 0) return "empty string";
    if (type == SETTING_SECRET) return secret_flaw(text, len);
    if (type == SETTING_PROXY) return url_proxy_flaw(text);
    return type == SETTING_URL ? url_flaw(text, &plain) : NULL;
}

static const char *const noted[] = {
    "GEELARK_TOKEN",   "GEELARK_APP_ID", "GEELARK_API_KEY", "GEELARK_BASE_URL",
    "GEELARK_CA_FILE", "https_proxy",    "HTTPS_PROXY",     "all_proxy",
    "ALL_PROXY",       "no_proxy",       "NO_PROXY"};

enum { VARIABLES = sizeof noted / sizeof *noted };

/* Each value with its zero, or a line feed where there is none. */
bool settings_note_environment(struct buffer *note) {
    size_t size = 0;
    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(noted[i]);
        size += value ? strlen(value) + 1 : 1;
    }
    if (!buffer_room(note, size))
        return false; /* at once: what it left wouldn't be wiped */
    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(noted[i]);
        buffer_append(note, value ? value : "\n", value ? strlen(value) + 1 : 1);
    }
    return true;
}

bool settings_same_environment(const struct buffer *note) {
    const char *at = note->data;
    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(noted[i]);
        size_t size = value ? strlen(value) + 1 : 1;
        size_t left = (size_t)(note->data + note->size - at);
        if (size > left || memcmp(at, value ? value : "\n", size) != 0) return false;
        at += size;
    }
    return true;
}

static void set_flaw(struct fault *fault, const char *name, const char *flaw) {
    char text[FAULT_TEXT_SIZE];
    snprintf(text, sizeof text, "%s: %s", name, flaw);
    fault_set(fault, KIND_CONFIG, text);
}

/* Takes a variable where the field has no value yet; false: the variable's is flawed. */
static bool complete(const char **field, enum setting type, const char *variable,
                     struct fault *fault) {
    const char *value = *field ? NULL : getenv(variable);
    if (!value || !*value) return true;
    const char *flaw = settings_flaw(type, value, strlen(value));
    if (flaw && flaw != URL_NO_MEMORY) set_flaw(fault, variable, flaw);
    *field = value;
    return !flaw;
}

/* An option wins over the environment, and a token over a key. */
static void complete_credentials(struct credentials *c, struct fault *fault) {
    bool given = c->app_id || c->api_key;
    if (!given && !complete(&c->token, SETTING_SECRET, "GEELARK_TOKEN", fault)) return;
    if (c->token) {
        c->app_id = c->api_key = NULL;
        return;
    }
    if (!complete(&c->app_id, SETTING_SECRET, "GEELARK_APP_ID", fault)) return;
    if (!complete(&c->api_key, SETTING_SECRET, "GEELARK_API_KEY", fault)) return;
    if (!c->app_id && !c->api_key)
        fault_set(fault, KIND_CONFIG,
                  "no credentials: set the option token (GEELARK_TOKEN), or app_id and "
                  "api_key (GEELARK_APP_ID, GEELARK_API_KEY)");
    else if (!c->app_id)
        fault_set(fault, KIND_CONFIG, "app_id is missing (option, or GEELARK_APP_ID)");
    else if (!c->api_key)
        fault_set(fault, KIND_CONFIG, "api_key is missing (option, or GEELARK_API_KEY)");
}

static const char *environment(const char *const *variables, const char **name) {
    const char *value = NULL;
    for (; *variables && !(value && *value); variables++)
        value = getenv(*name = *variables);
    return value && *value ? value : NULL;
}

/* Chooses the proxy as libcurl would, which chooses at each connection: then the variable
 * could hold a password that nobody overwrites in messages. False: out of memory. */
static bool complete_proxy(struct transfer_settings *n, bool network,
                           struct fault *fault) {
    static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY", NULL};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
    const char *variable = NULL, *ignored;
    if (!n->proxy) n->proxy = environment(proxies, &variable);
    if (!n->proxy) return true;
    const char *except = environment(exceptions, &ignored);
    n->needs_proxy = !except || !url_may_avoid_proxy(n->base_url, except);
    const char *flaw =
        variable ? settings_flaw(SETTING_PROXY, n->proxy, strlen(n->proxy)) : NULL;
    if (flaw == URL_NO_MEMORY) return false;
    if (flaw && n->needs_proxy && network) set_flaw(fault, variable, flaw);
    return true;
}

/* Notes why this file can't be read, if so. */
static void check_ca_file(const char *name, struct fault *fault) {
    char text[256];
    struct stat info;
    const char *flaw = "cannot read";
    if (access(name, R_OK) == 0 && stat(name, &info) == 0) {
        if (!S_ISDIR(info.st_mode)) return;
        flaw = "a folder, not a file:";
    }
    snprintf(text, sizeof text, "%s %s", flaw, name);
    set_flaw(fault, "ca_file", text);
}

/* False: out of memory. */
static bool complete_network(struct transfer_settings *n, bool network,
                             struct fault *fault) {
    bool plain;
    if (!complete(&n->base_url, SETTING_URL, "GEELARK_BASE_URL", fault))
        return fault->kind != KIND_NONE;
    if (!complete(&n->ca_file, SETTING_TEXT, "GEELARK_CA_FILE", fault)) return true;
    if (!n->base_url) n->base_url = DEFAULT_BASE_URL;
    if (url_flaw(n->base_url, &plain)) return false; /* it was checked before */
    if (plain && n->proxy)
        set_flaw(fault, "proxy",
                 "not with an http:// base_url, it would read the credentials");
    else if (n->ca_file) check_ca_file(n->ca_file, fault);
    return plain || fault->kind != KIND_NONE || complete_proxy(n, network, fault);
}

bool settings_complete(struct client_settings *c, bool network, struct fault *fault) {
    *fault = (struct fault){.kind = KIND_NONE};
    complete_credentials(&c->credentials, fault);
    return fault->kind != KIND_NONE || complete_network(&c->network, network, fault);
}
