/*
 * failing_calls.c: fail(name, n) makes the n-th call, from now on, of a function of
 * libcurl, libcrypto or the system that the core makes fail, once; fail(): none any more.
 * Returns whether the one before was reached. A name may have an argument's name behind a
 * colon: "epoll_create1:ENOSYS". fail("clock", seconds) sets the core's clock forward,
 * until fail().
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core_imports.h"

static char chosen[64]; /* the name of the call that fails */
static long left;       /* calls until it fails; 0: it doesn't */
static int reached;
static long ahead; /* seconds, of the core's clock */

static int fails(const char *name) {
    if (left == 0 || strcmp(name, chosen) != 0 || --left > 0) return 0;
    return reached = 1;
}

static int fails_with(const char *name, int error) {
    if (!fails(name)) return 0;
    errno = error;
    return 1;
}

#define STAND_IN(type, name, params, args, failure)                                      \
    static type our_##name params { return fails(#name) ? failure : (name)args; }

STAND_IN(CURLM *, curl_multi_init, (void), (), NULL)
STAND_IN(CURL *, curl_easy_init, (void), (), NULL)
STAND_IN(CURLU *, curl_url, (void), (), NULL)
STAND_IN(CURLMcode, curl_multi_setopt, (CURLM * m, CURLMoption o, void *v), (m, o, v),
         CURLM_OUT_OF_MEMORY)
STAND_IN(CURLcode, curl_easy_setopt, (CURL * c, CURLoption o, void *v), (c, o, v),
         CURLE_OUT_OF_MEMORY)
STAND_IN(CURLUcode, curl_url_set, (CURLU * u, CURLUPart p, const char *t, unsigned f),
         (u, p, t, f), CURLUE_OUT_OF_MEMORY)
STAND_IN(CURLUcode, curl_url_get, (CURLU * u, CURLUPart p, char **t, unsigned f),
         (u, p, t, f), CURLUE_OUT_OF_MEMORY)
STAND_IN(CURLMcode, curl_multi_assign, (CURLM * m, curl_socket_t s, void *p), (m, s, p),
         CURLM_INTERNAL_ERROR)
STAND_IN(CURLMcode, curl_multi_add_handle, (CURLM * m, CURL *c), (m, c),
         CURLM_OUT_OF_MEMORY)
STAND_IN(CURLMcode, curl_multi_remove_handle, (CURLM * m, CURL *c), (m, c),
         CURLM_INTERNAL_ERROR)
STAND_IN(CURLMcode, curl_multi_socket_action,
         (CURLM * m, curl_socket_t s, int what, int *running), (m, s, what, running),
         CURLM_INTERNAL_ERROR)
STAND_IN(CURLMcode, curl_multi_timeout, (CURLM * m, long *ms), (m, ms),
         CURLM_INTERNAL_ERROR)
STAND_IN(CURLMcode, curl_multi_perform, (CURLM * m, int *running), (m, running),
         CURLM_INTERNAL_ERROR)
STAND_IN(CURLMcode, curl_multi_poll,
         (CURLM * m, struct curl_waitfd *more, unsigned count, int ms, int *ready),
         (m, more, count, ms, ready), CURLM_INTERNAL_ERROR)
STAND_IN(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL)
STAND_IN(int, EVP_DigestInit_ex, (EVP_MD_CTX * c, const EVP_MD *type, ENGINE *e),
         (c, type, e), 0)
STAND_IN(int, EVP_DigestUpdate, (EVP_MD_CTX * c, const void *data, size_t size),
         (c, data, size), 0)
STAND_IN(int, EVP_DigestFinal_ex, (EVP_MD_CTX * c, unsigned char *out, unsigned *size),
         (c, out, size), 0)

static CURLcode our_curl_easy_getinfo(CURL *handle, CURLINFO info, void *out) {
    const char *name = info == CURLINFO_PRIVATE ? "curl_easy_getinfo:PRIVATE"
                       : info == CURLINFO_RESPONSE_CODE
                           ? "curl_easy_getinfo:RESPONSE_CODE"
                           : "";
    return fails(name) ? CURLE_UNKNOWN_OPTION : (curl_easy_getinfo)(handle, info, out);
}

static int our_getentropy(void *out, size_t size) {
    return fails_with("getentropy", EIO) ? -1 : getentropy(out, size);
}
static int our_epoll_create1(int flags) {
    if (fails_with("epoll_create1:EMFILE", EMFILE) ||
        fails_with("epoll_create1:ENOSYS", ENOSYS))
        return -1;
    return epoll_create1(flags);
}
static int our_epoll_ctl(int set, int what, int fd, struct epoll_event *event) {
    return fails_with("epoll_ctl", ENOMEM) ? -1 : epoll_ctl(set, what, fd, event);
}
static int our_pipe(int ends[2]) { return fails_with("pipe", EMFILE) ? -1 : pipe(ends); }
static int our_socket(int family, int type, int protocol) {
    return fails_with("socket", EMFILE) ? -1 : socket(family, type, protocol);
}
static int our_clock_gettime(clockid_t clock, struct timespec *now) {
    int status = clock_gettime(clock, now);
    now->tv_sec += ahead;
    return status;
}

#define IMPORT(name)                                                                     \
    { #name, (void *)our_##name, (void *)name }
static const struct core_import imports[] = {IMPORT(curl_multi_init),
                                             IMPORT(curl_easy_init),
                                             IMPORT(curl_url),
                                             IMPORT(curl_multi_setopt),
                                             IMPORT(curl_easy_setopt),
                                             IMPORT(curl_url_set),
                                             IMPORT(curl_url_get),
                                             IMPORT(curl_multi_assign),
                                             IMPORT(curl_multi_add_handle),
                                             IMPORT(curl_multi_remove_handle),
                                             IMPORT(curl_multi_socket_action),
                                             IMPORT(curl_multi_timeout),
                                             IMPORT(curl_multi_perform),
                                             IMPORT(curl_multi_poll),
                                             IMPORT(EVP_MD_CTX_new),
                                             IMPORT(EVP_DigestInit_ex),
                                             IMPORT(EVP_DigestUpdate),
                                             IMPORT(EVP_DigestFinal_ex),
                                             IMPORT(curl_easy_getinfo),
                                             IMPORT(getentropy),
                                             IMPORT(epoll_create1),
                                             IMPORT(epoll_ctl),
                                             IMPORT(pipe),
                                             IMPORT(socket),
                                             IMPORT(clock_gettime)};

static int l_fail(lua_State *L) {
    const char *name = luaL_optstring(L, 1, "");
    long n = (long)luaL_optinteger(L, 2, 0);
    if (core_redirect(imports, sizeof imports / sizeof *imports, n > 0) == 0)
        return luaL_error(L, "the core isn't loaded");
    lua_pushboolean(L, reached);
    if (n == 0) ahead = 0;
    if (strcmp(name, "clock") == 0) {
        ahead = n;
        return 1;
    }
    snprintf(chosen, sizeof chosen, "%s", name);
    left = n;
    reached = 0;
    return 1;
}

int luaopen_failing_calls(lua_State *L) {
    lua_pushcfunction(L, l_fail);
    return 1;
}
