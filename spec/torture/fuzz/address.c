/* Whether credentials may go to an address: see address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check.h"

enum { HOST_SIZE = 512 };

/* The host of an http:// address, without its escapes. */
static void read_host(char out[HOST_SIZE], const char *url) {
    const char *at = url + 5;
    size_t used = 0;
    unsigned byte;
    while (*at == '/') at++;
    bool is_v6 = *at == '[';
    at += is_v6;
    while (*at && !strchr(is_v6 ? "]%" : ":/", *at)) { /* a zone is no matter */
        bool escaped = *at == '%' && isxdigit((unsigned char)at[1]) &&
                       isxdigit((unsigned char)at[2]) &&
                       sscanf(at + 1, "%2x", &byte) == 1;
        out[used++] = escaped ? (char)byte : *at;
        at += escaped ? 3 : 1;
    }
    out[used] = '\0';
}

/* Where credentials may go: by https, or to this machine. */
void address_check(const char *url) {
    char host[HOST_SIZE];
    struct in_addr v4;
    struct in6_addr v6;
    const char *host_at = strchr(url, ':');
    size_t slashes = host_at ? strspn(host_at + 1, "/") : 0;
    const char *at = strchr(url, '@'),
               *path = host_at ? strchr(host_at + 1 + slashes, '/') : 0;
    CHECK(!strpbrk(url, "?#") && (!at || (path && path < at)), "more than an address: %s",
          url);
    if (strncasecmp(url, "https:", 6) == 0) return;
    CHECK(strncasecmp(url, "http:", 5) == 0, "credentials leave for %s", url);
    read_host(host, url);
    bool is_v4 = inet_aton(host, &v4) && ntohl(v4.s_addr) >> 24 == 127;
    bool is_v6 = inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    CHECK(is_v4 || is_v6 || strcasecmp(host, "localhost") == 0,
          "credentials leave for %s", url);
}
