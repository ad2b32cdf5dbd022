/* Where requests may go: see url.h. */
#include "url.h"

#include <arpa/inet.h>
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

static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static const char *parsed_url_flaw(CURLU *url, const char *scheme, const char *host,
                                   bool *plain) {
    *plain = strcasecmp(scheme, "http") == 0;
    if (!*plain && strcasecmp(scheme, "https") != 0) return "not https://";
    if (*plain && !is_loopback(host)) return "http:// is for loopback addresses alone";
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return "must not carry a user or a password";
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return "must not carry a query or a fragment";
    return NULL;
}

const char *url_flaw(const char *text, bool *plain) {
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    const char *flaw = "not a URL", *at = text;
    *plain = false;
    while ((unsigned char)*at > ' ' && *at != 0x7f && *at != '\\') at++;
    if (*at == '\0' && url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        flaw = parsed_url_flaw(url, scheme, host, plain);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return flaw;
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
