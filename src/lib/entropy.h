/* entropy.h: random bytes of the system's, at most 256 at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#if !defined __OpenBSD__
#include <sys/random.h> /* where getentropy is declared elsewhere */
#endif

/* False: the system has none. (libcrypto's generator takes 3 ms to start.) */
static inline bool entropy(void *out, size_t count) {
    return getentropy(out, count) == 0;
}
