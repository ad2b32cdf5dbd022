/*
 * canaries.c: find(file) says where in this process's memory a line of a file stands, as
 * a list of texts such as "line 2 in [heap]". The lines themselves never come into memory
 * that is searched, nor into Lua: the file is mapped to be read alone.
 *
 * Searched is what can be written, but for the environment that the system gave and for
 * reservations of a sanitizer's. What libcurl and libcrypto free is wiped here, since
 * they don't and nobody could tell them to: what is left was left by us. So this has to
 * be loaded before they are used.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAPPINGS_MAX = 4096, LARGEST = 1 << 30 };

struct mapping {
    const char *start, *end;
    char name[64];
};

static struct mapping mappings[MAPPINGS_MAX];

static void wiping_free(void *block) {
    if (block) explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

static void *wiping_realloc(void *old, size_t size) {
    size_t held = old ? malloc_usable_size(old) : 0;
    void *moved = malloc(size);
    if (!moved) return NULL;
    if (old) memcpy(moved, old, held < size ? held : size);
    wiping_free(old);
    return moved;
}

static void *crypto_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return malloc(size);
}
static void *crypto_realloc(void *old, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return wiping_realloc(old, size);
}
static void crypto_free(void *block, const char *file, int line) {
    (void)file, (void)line;
    wiping_free(block);
}

/* Reads the list of what can be written. The main thread's stack ends with the
 * environment. */
static int read_mappings(void) {
    extern char **environ;
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;
    if (!maps) return -1;
    while (fgets(line, sizeof line, maps) && count < MAPPINGS_MAX) {
        struct mapping *m = &mappings[count];
        uintptr_t start, end;
        char rights[5];
        m->name[0] = '\0';
        if (sscanf(line, "%zx-%zx %4s %*s %*s %*s %63s", &start, &end, rights, m->name) <
            3)
            continue;
        if (strncmp(rights, "rw", 2) != 0 || end - start > LARGEST) continue;
        m->start = (const char *)start;
        m->end = (const char *)end;
        if (strcmp(m->name, "[stack]") == 0) m->end = environ[0];
        count++;
    }
    fclose(maps);
    return count;
}

/* Adds what is found of one text to the list on top, which has so many entries. */
static int search(lua_State *L, const char *text, size_t size, int number, int found,
                  int count) {
    for (const struct mapping *m = mappings; m < mappings + count; m++) {
        const char *at = m->start;
        while ((at = memmem(at, (size_t)(m->end - at), text, size))) {
            lua_pushfstring(L, "line %d in %s", number,
                            m->name[0] ? m->name : "a mapping");
            lua_rawseti(L, -2, ++found);
            at += size;
        }
    }
    return found;
}

static int l_find(lua_State *L) {
    int file = open(luaL_checkstring(L, 1), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return luaL_error(L, "no such file");
    const char *lines =
        mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    int count = read_mappings(), number = 1, found = 0;
    if (lines == MAP_FAILED || count < 0) return luaL_error(L, "can't be read");
    lua_newtable(L);
    const char *end = lines + status.st_size, *at = lines, *newline;
    for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
        found = search(L, at, (size_t)(newline - at), number++, found, count);
    munmap((void *)lines, (size_t)status.st_size);
    return 1;
}

int luaopen_canaries(lua_State *L);

/* libcrypto frees when the process ends, after Lua has unloaded its libraries. */
static int stay_loaded(void) {
    Dl_info own;
    return dladdr((void *)mappings, &own) &&
           dlopen(own.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

int luaopen_canaries(lua_State *L) {
    if (!stay_loaded() ||
        CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1 ||
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
                             strdup, calloc) != CURLE_OK)
        return luaL_error(L, "libcurl or libcrypto is in use already");
    lua_pushcfunction(L, l_find);
    return 1;
}
