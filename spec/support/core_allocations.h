/*
 * core_allocations.h: malloc, calloc, realloc, strdup and free, as the loaded core calls
 * them: they fail where they are told to, and count.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "core_imports.h"

static int (*core_fails)(void); /* asked before each allocation; NULL: none fails */
static long core_blocks;        /* made and not freed */

static void *counted(void *block) {
    if (block) core_blocks++;
    return block;
}
static int core_may(void) { return !core_fails || !core_fails(); }

static void *core_malloc(size_t size) {
    return core_may() ? counted(malloc(size)) : NULL;
}
static void *core_calloc(size_t count, size_t size) {
    return core_may() ? counted(calloc(count, size)) : NULL;
}
static void *core_realloc(void *old, size_t size) {
    if (!core_may()) return NULL;
    return old ? realloc(old, size) : counted(malloc(size));
}
static char *core_strdup(const char *text) {
    return core_may() ? counted(strdup(text)) : NULL;
}
static void core_free(void *block) {
    if (block) core_blocks--;
    free(block);
}

static const struct core_import core_allocations[] = {
    {"malloc", (void *)core_malloc, (void *)malloc},
    {"calloc", (void *)core_calloc, (void *)calloc},
    {"realloc", (void *)core_realloc, (void *)realloc},
    {"strdup", (void *)core_strdup, (void *)strdup},
    {"free", (void *)core_free, (void *)free}};

/* 0: the core isn't loaded. */
static int core_watch_allocations(bool on) {
    return core_redirect(core_allocations,
                         sizeof core_allocations / sizeof *core_allocations, on);
}
