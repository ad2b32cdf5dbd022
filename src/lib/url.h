/*
 * url.h: where requests may go.
 *
 * Beside transfer.c the only file that knows libcurl: its parser judges addresses, so
 * that what is allowed is what it will connect to.
 */
#pragma once

#include <stdbool.h>

struct Curl_URL; /* libcurl's CURLU */

/* Says that nobody knows what is wrong: memory ran out. Compared by address. */
extern const char URL_NO_MEMORY[];

/* What is wrong with a base_url, NULL for nothing; *plain: it is http://, to loopback. */
const char *url_flaw(const char *url, bool *plain);

/* What is wrong with the URL of a proxy, NULL for nothing. Never quotes it. */
const char *url_proxy_flaw(const char *url);

/* Whether a list as in the variable no_proxy may keep the proxy from this base_url. That
 * is for libcurl to judge: where it is hard to tell, this says yes. */
bool url_may_avoid_proxy(const char *base_url, const char *no_proxy);

/* The URL of a path below it, parsed once and for all. NULL: out of memory. */
struct Curl_URL *url_parse(const char *base_url, const char *path);
