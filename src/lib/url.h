/*
 * url.h: where requests may go.
 *
 * Beside transfer.c the only file that knows libcurl: its parser judges addresses, so
 * that what is allowed is what it will connect to.
 */
#pragma once

#include <stdbool.h>

struct Curl_URL; /* libcurl's CURLU */

/* What is wrong with a base_url, NULL for nothing; *plain: it is http://, to loopback. */
const char *url_flaw(const char *url, bool *plain);

/* The URL of a path below it, parsed once and for all. NULL: out of memory. */
struct Curl_URL *url_parse(const char *base_url, const char *path);
