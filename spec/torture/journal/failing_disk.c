/*
 * failing_disk.c: to be preloaded. The FAIL_AT-th call that writes to a file whose name
 * has "run.db" in it fails, and with FAIL_ALWAYS all later ones: no space, an error of
 * the device, or only half of it written, in turn. FAIL_NOTE is a file that is made when
 * one did.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static int is_journal(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0) return 0;
    path[len] = '\0';
    return strstr(path, "run.db") != NULL;
}

/* Which kind of failure this call meets; 0: none. */
static int failure(int fd) {
    const char *at = getenv("FAIL_AT"), *note = getenv("FAIL_NOTE");
    if (!at || !is_journal(fd)) return 0;
    long number = atol(at);
    calls++;
    if (calls != number && !(calls > number && getenv("FAIL_ALWAYS"))) return 0;
    if (note) close(open(note, O_CREAT | O_WRONLY, 0600));
    return 1 + (int)(number % 3);
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static int fail_call(int kind) {
    errno = kind == 1 ? ENOSPC : EIO;
    return -1;
}

/* A short write is followed by an error, as on a disk that is full. */
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    static int short_before;
    int kind = short_before ? 1 : failure(fd);
    short_before = kind == 3 && size > 1;
    if (short_before) size /= 2;
    else if (kind) return fail_call(kind);
    return REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, data, size,
                                                                         at);
}

ssize_t write(int fd, const void *data, size_t size) {
    int kind = failure(fd);
    if (kind) return fail_call(kind);
    return REAL(ssize_t, "write", int, const void *, size_t)(fd, data, size);
}

int fdatasync(int fd) {
    int kind = failure(fd);
    return kind ? fail_call(kind) : REAL(int, "fdatasync", int)(fd);
}

int fsync(int fd) {
    int kind = failure(fd);
    return kind ? fail_call(kind) : REAL(int, "fsync", int)(fd);
}

int ftruncate64(int fd, off64_t size) {
    int kind = failure(fd);
    return kind ? fail_call(kind) : REAL(int, "ftruncate64", int, off64_t)(fd, size);
}
