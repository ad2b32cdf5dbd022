/*
 * url.h: where requests may go.
 *
 * Beside transfer.c the only file that knows libcurl: its parser judges addresses, so
 * that what is allowed is what it will connect to.
 */
#pragma once

#include <stdbool.h>

/* What is wrong with a base_url, NULL for nothing; *plain: it is http://, to loopback. */
const char *url_flaw(const char *url, bool *plain);

/* The URL of a path below a base_url. The caller's to free; NULL: out of memory. */
char *url_join(const char *base_url, const char *path);
