/* Where requests may go: see url.h. */
#include "url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "private.h"

static bool is_loopback(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    if (strcasecmp(host, "localhost") == 0) return true;
    if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    size_t len = strlen(host);
    if (len < 3 || len > 46 || host[0] != '[' || host[len - 1] != ']') return false;
    char bare[48];
    snprintf(bare, sizeof bare, "%.*s", (int)(len - 2), host + 1);
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

const char URL_NO_MEMORY[] = "out of memory";

/* The path "/", which every URL has, is none. Where memory runs out it may have it. */
static bool has_part(CURLU *url, CURLUPart part, bool *no_memory) {
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, 0);
    bool has = code == CURLUE_OK && (part != CURLUPART_PATH || text[1]);
    curl_free(text);
    *no_memory |= code == CURLUE_OUT_OF_MEMORY;
    return has;
}

static const char *parsed_url_flaw(CURLU *url, const char *scheme, const char *host,
                                   bool *plain) {
    bool no_memory = false;
    *plain = strcasecmp(scheme, "http") == 0;
    if (!*plain && strcasecmp(scheme, "https") != 0) return "not https://";
    if (*plain && !is_loopback(host)) return "http:// is for loopback addresses alone";
    if (has_part(url, CURLUPART_USER, &no_memory) ||
        has_part(url, CURLUPART_PASSWORD, &no_memory))
        return "must not carry a user or a password";
    return no_memory ? URL_NO_MEMORY : NULL;
}

/* Printable, and without what some reader might take for the end of the host. */
static bool has_url_characters(const char *text, const char *refused) {
    while ((unsigned char)*text > ' ' && *text != 0x7f && !strchr(refused, *text)) text++;
    return *text == '\0';
}

/* Reads a text into `url`, which is NULL where no memory was left for it. */
static CURLUcode parse(CURLU *url, const char *text, unsigned flags, char **scheme,
                       char **host) {
    if (!url) return CURLUE_OUT_OF_MEMORY;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, flags);
    if (code == CURLUE_OK) code = curl_url_get(url, CURLUPART_SCHEME, scheme, 0);
    if (code == CURLUE_OK) code = curl_url_get(url, CURLUPART_HOST, host, 0);
    return code;
}

const char *url_flaw(const char *text, bool *plain) {
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    const char *flaw = "not a URL";
    *plain = false;
    CURLUcode code = has_url_characters(text, "\\") ? parse(url, text, 0, &scheme, &host)
                                                    : CURLUE_MALFORMED_INPUT;
    if (code == CURLUE_OK) flaw = parsed_url_flaw(url, scheme, host, plain);
    else if (code == CURLUE_OUT_OF_MEMORY) flaw = URL_NO_MEMORY;
    /* libcurl doesn't tell of an empty one, which would swallow the path. */
    if (!flaw && strpbrk(text, "?#")) flaw = "must not carry a query or a fragment";
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return flaw;
}

static bool has_sound_escapes(const char *text, const char *end) {
    for (; text < end; text++)
        if (*text == '%' &&
            !(isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])))
            return false;
    return true;
}

/* Whether what it decodes to can be sent; libcurl refuses control characters. */
static bool has_sound_part(CURLU *url, CURLUPart part, CURLUcode missing,
                           bool *no_memory) {
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, CURLU_URLDECODE);
    curl_free(text);
    *no_memory |= code == CURLUE_OUT_OF_MEMORY;
    return code == CURLUE_OK || code == missing || code == CURLUE_OUT_OF_MEMORY;
}

/* What looks like a path, a query or a fragment is the rest of a password with an
 * unescaped / ? or #, and the user then passes for the host. But below localhost libcurl
 * takes the path of a SOCKS proxy for that of a Unix socket. */
static const char *parsed_proxy_flaw(CURLU *url, const char *scheme, const char *host) {
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    bool known = false, no_memory = false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        known = known || strcasecmp(scheme, schemes[i]) == 0;
    if ((has_part(url, CURLUPART_PATH, &no_memory) &&
         strcasecmp(host, "localhost") != 0) ||
        has_part(url, CURLUPART_QUERY, &no_memory) ||
        has_part(url, CURLUPART_FRAGMENT, &no_memory) ||
        !has_sound_part(url, CURLUPART_USER, CURLUE_NO_USER, &no_memory) ||
        !has_sound_part(url, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD, &no_memory))
        return "not a URL";
    if (!known)
        return "not a URL of a proxy: its scheme is none of http, https, socks4, "
               "socks4a, socks5, socks5h";
    return no_memory ? URL_NO_MEMORY : NULL;
}

const char *url_proxy_flaw(const char *text) {
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    const char *flaw = "not a URL", *at = strchr(text, '@');
    bool sound = has_url_characters(text, "") &&
                 !(at && (strchr(at + 1, '@') || !has_sound_escapes(text, at)));
    /* As libcurl will read it: a scheme that is missing is guessed. */
    unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
    CURLUcode code =
        sound ? parse(url, text, flags, &scheme, &host) : CURLUE_MALFORMED_INPUT;
    if (code == CURLUE_OK) flaw = parsed_proxy_flaw(url, scheme, host);
    else if (code == CURLUE_OUT_OF_MEMORY) flaw = URL_NO_MEMORY;
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return flaw;
}

static bool may_match(const char *host, const char *entry, size_t len) {
    size_t host_len = strlen(host);
    if (len == 1 && *entry == '*') return true;
    if (*host == '[') return memchr(entry, ':', len);
    if (memchr(entry, '/', len)) return isdigit((unsigned char)*host);
    if (*entry == '.') entry++, len--;
    if (len > 0 && entry[len - 1] == '.') len--;
    if (host_len > 0 && host[host_len - 1] == '.') host_len--;
    return len > 0 && len <= host_len &&
           strncasecmp(host + host_len - len, entry, len) == 0;
}

bool url_may_avoid_proxy(const char *text, const char *no_proxy) {
    static const char blanks[] = ", \t";
    CURLU *url = curl_url();
    char *host = NULL;
    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        curl_url_get(url, CURLUPART_HOST, &host, 0);
    bool may = !host; /* out of memory: it is hard to tell */
    for (const char *at = no_proxy; host && *(at += strspn(at, blanks));) {
        size_t len = strcspn(at, blanks);
        may = may || may_match(host, at, len);
        at += len;
    }
    curl_free(host);
    curl_url_cleanup(url);
    return may;
}

CURLU *url_parse(const char *base_url, const char *path) {
    size_t base = strlen(base_url), size = base + strlen(path) + 1;
    while (base > 0 && base_url[base - 1] == '/') base--;
    CURLU *parsed = curl_url();
    char *url = malloc(size);
    bool set = false;
    if (parsed && url) {
        snprintf(url, size, "%.*s%s", (int)base, base_url, path);
        set = curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK;
    }
    free(url);
    if (set) return parsed;
    curl_url_cleanup(parsed);
    return NULL;
}
