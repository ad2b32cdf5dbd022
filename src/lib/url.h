/*
 * url.h: where requests go: which addresses are allowed, and what libcurl's defaults
 * trust there.
 *
 * Beside transfer.c the only file that knows libcurl: its parser judges addresses, so that
 * what is allowed is what it will connect to.
 */
#ifndef GEELARK_URL_H
#define GEELARK_URL_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

struct Curl_URL; /* libcurl's CURLU */

/* What is wrong with a base_url, NULL for nothing; *plain: it is http://, to loopback. */
const char *url_flaw(const char *url, bool *plain);

/* The whole URL of a path below a base_url without flaw, parsed once and for all: libcurl would
 * do it for each request. The caller's to clean up; NULL: out of memory. */
struct Curl_URL *url_parse(const char *base_url, const char *path);

/* Whether the folder of hashed certificates that libcurl knows by default serves in place of its
 * bundle. Reading the whole bundle costs some 30 ms for each connection, looking a certificate
 * up by its hash 1 ms. Where the bundle stands in that folder one tool made both from the same
 * authorities, and the folder is enough. */
bool url_has_hashed_authorities(void);

#pragma GCC visibility pop

#endif
