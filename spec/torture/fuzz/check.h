/* check.h: says which promise was broken, and ends the run, so that libFuzzer keeps its
 * input. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define CHECK(promise, ...)                                                              \
    do {                                                                                 \
        if (promise) break;                                                              \
        fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #promise);    \
        fprintf(stderr, __VA_ARGS__);                                                    \
        fputc('\n', stderr);                                                             \
        abort();                                                                         \
    } while (0)
