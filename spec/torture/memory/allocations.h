/*
 * allocations.h: put before each source of the core (-include), so that its allocations
 * are those of lab.c, which counts them and lets them fail.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

void *torture_malloc(size_t size);
void *torture_calloc(size_t count, size_t size);
void *torture_realloc(void *old, size_t size);
char *torture_strdup(const char *text);
void torture_free(void *old);
struct lua_State *torture_newstate(void); /* one that the core makes for itself */

#define malloc(size) torture_malloc(size)
#define calloc(count, size) torture_calloc(count, size)
#define realloc(old, size) torture_realloc(old, size)
#define strdup(text) torture_strdup(text)
#define free(old) torture_free(old)
#define luaL_newstate() torture_newstate()
