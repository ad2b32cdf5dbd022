/* Headers of both verifications: see signer.h. */
#include "signer.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "entropy.h"
#include "text.h"
#include "version.h"
#include "private.h"

enum { NONCE_LENGTH = 6 };

struct signer {
    char *authorization, *app_id_line; /* header lines */
    char *token, *app_id, *api_key;
    char *proxy_login, *proxy_user, *proxy_password; /* decoded */
    EVP_MD_CTX *digest;
};

static const char TRACE_NAME[] = "traceId: ", SIGN_NAME[] = "sign: ";

static char *join(const char *a, const char *b) {
    size_t size = strlen(a) + strlen(b) + 1;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s%s", a, b);
    return joined;
}

/* The byte that a percent sign and two digits of a URL stand for, -1: they don't. */
static int escaped_byte(const char *text, size_t left) {
    if (left < 3 || text[0] != '%') return -1;
    int high = text_hex_value(text[1]), low = text_hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static char *unescape(const char *text, size_t len) {
    char *decoded = malloc(len + 1), *out = decoded;
    for (size_t at = 0; decoded && at < len;) {
        int byte = escaped_byte(text + at, len - at);
        *out++ = byte > 0 ? (char)byte : text[at];
        at += byte > 0 ? 3 : 1;
    }
    if (decoded) *out = '\0';
    return decoded;
}

/* Also of a URL that is none, for which any part before the last @ may be a secret. */
static bool copy_proxy_login(struct signer *s, const char *proxy) {
    const char *scheme = strstr(proxy, "://"), *user = scheme ? scheme + 3 : proxy;
    const char *end = strrchr(user, '@');
    if (!end) return true;
    const char *colon = memchr(user, ':', (size_t)(end - user));
    const char *user_end = colon ? colon : end, *password = colon ? colon + 1 : end;
    bool bare = password == end; /* then the user may be a key, and is one everywhere */
    s->proxy_login = unescape(user, (size_t)((bare ? user_end : end) - user));
    s->proxy_user = unescape(user, (size_t)(user_end - user));
    s->proxy_password = unescape(password, (size_t)(end - password));
    return s->proxy_login && s->proxy_user && s->proxy_password;
}

struct signer *signer_new(const struct credentials *given, const char *proxy) {
    struct signer *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    bool made;
    if (given->token) {
        s->token = join(given->token, "");
        s->authorization = join("Authorization: Bearer ", given->token);
        made = s->token && s->authorization;
    } else {
        s->app_id = join(given->app_id, "");
        s->api_key = join(given->api_key, "");
        s->app_id_line = join("appId: ", given->app_id);
        s->digest = EVP_MD_CTX_new();
        made = s->app_id && s->api_key && s->app_id_line && s->digest &&
               EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) == 1;
    }
    if (made && (!proxy || copy_proxy_login(s, proxy))) return s;
    signer_free(s);
    return NULL;
}

void signer_free(struct signer *s) {
    if (!s) return;
    wipe_text(s->authorization);
    wipe_text(s->app_id_line);
    wipe_text(s->token);
    wipe_text(s->app_id);
    wipe_text(s->api_key);
    wipe_text(s->proxy_login);
    wipe_text(s->proxy_user);
    wipe_text(s->proxy_password);
    EVP_MD_CTX_free(s->digest); /* which wipes what it holds */
    free(s);
}

static void put_hex(char *out, const unsigned char *bytes, size_t count,
                    const char *digits) {
    for (size_t i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}

/* A random UUID: version 4, variant 1 (RFC 4122, 4.4). */
static bool make_trace_id(struct headers *h) {
    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    unsigned char *uuid = h->uuid, *bytes = uuid;
    char *out = h->trace_id;
    if (!entropy(uuid, UUID_SIZE)) return false;
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    for (size_t g = 0; g < sizeof groups; bytes += groups[g++]) {
        put_hex(out, bytes, groups[g], "0123456789abcdef");
        out += 2 * groups[g];
        *out++ = g + 1 < sizeof groups ? '-' : '\0';
    }
    return true;
}

/* The signature: upper-case hexadecimal SHA-256 of appId, traceId, ts, nonce, apiKey. */
static bool put_signature(struct signer *s, char *out, const char *trace_id,
                          const char *time) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    bool made = EVP_DigestInit_ex(s->digest, NULL, NULL) == 1 &&
                EVP_DigestUpdate(s->digest, s->app_id, strlen(s->app_id)) == 1 &&
                EVP_DigestUpdate(s->digest, trace_id, TRACE_ID_SIZE - 1) == 1 &&
                EVP_DigestUpdate(s->digest, time, strlen(time)) == 1 &&
                EVP_DigestUpdate(s->digest, trace_id, NONCE_LENGTH) == 1 &&
                EVP_DigestUpdate(s->digest, s->api_key, strlen(s->api_key)) == 1 &&
                EVP_DigestFinal_ex(s->digest, hash, &length) == 1;
    if (!made) return false;
    put_hex(out, hash, length, "0123456789ABCDEF");
    out[2 * length] = '\0';
    return true;
}

static void add_line(struct headers *h, const char *line) { h->lines[h->count++] = line; }

static bool add_key_headers(struct signer *s, struct headers *h, int64_t milliseconds) {
    char time[24];
    snprintf(time, sizeof time, "%" PRId64, milliseconds);
    snprintf(h->time_line, sizeof h->time_line, "ts: %s", time);
    snprintf(h->nonce_line, sizeof h->nonce_line, "nonce: %.*s", NONCE_LENGTH,
             h->trace_id);
    memcpy(h->sign_line, SIGN_NAME, sizeof SIGN_NAME);
    if (!put_signature(s, h->sign_line + sizeof SIGN_NAME - 1, h->trace_id, time))
        return false;
    add_line(h, s->app_id_line);
    add_line(h, h->time_line);
    add_line(h, h->nonce_line);
    add_line(h, h->sign_line);
    return true;
}

bool signer_sign(struct signer *s, struct headers *h, int64_t milliseconds) {
    if (!make_trace_id(h)) return false;
    memcpy(h->trace_line, TRACE_NAME, sizeof TRACE_NAME);
    memcpy(h->trace_line + sizeof TRACE_NAME - 1, h->trace_id, sizeof h->trace_id);
    h->sign_line[0] = '\0';
    h->signed_at = milliseconds;
    h->count = 0;
    add_line(h, "Content-Type: application/json");
    add_line(h, "Accept: application/json");
    add_line(h, "Accept-Encoding: identity"); /* without it any would be acceptable */
    add_line(h, "User-Agent: geelark/" GEELARK_VERSION);
    add_line(h, h->trace_line);
    if (!s->token) return add_key_headers(s, h, milliseconds);
    add_line(h, s->authorization);
    return true;
}

static bool is_hex_of(const char *four, char c) {
    unsigned char byte = (unsigned char)c;
    return four[0] == '0' && four[1] == '0' && text_hex_value(four[2]) == byte >> 4 &&
           text_hex_value(four[3]) == (byte & 15);
}

/* How long a text begins with the secret, plain or in escapes of JSON or of URLs; 0: it
 * doesn't. */
static size_t match_escaped(const char *text, size_t len, const char *secret) {
    size_t at = 0;
    for (; *secret; secret++) {
        if (escaped_byte(text + at, len - at) == (unsigned char)*secret) at += 3;
        else if (at < len && text[at] == *secret && *secret != '\\') at++;
        else if (at + 1 < len && text[at] == '\\' && text[at + 1] == *secret) at += 2;
        else if (at + 5 < len && text[at] == '\\' && text[at + 1] == 'u' &&
                 is_hex_of(text + at + 2, *secret))
            at += 6;
        else return 0;
    }
    return at;
}

static void redact(char *text, size_t len, const char *secret, size_t least) {
    size_t size = secret ? strlen(secret) : 0;
    if (size == 0 || size < least) return;
    for (char *at = text; (at = memmem(at, len - (size_t)(at - text), secret, size));
         at += size)
        memset(at, '*', size);
    if (!memchr(text, '\\', len) && !memchr(text, '%', len)) return;
    for (size_t at = 0; at < len; at++)
        memset(text + at, '*', match_escaped(text + at, len - at, secret));
}

void signer_redact(const struct signer *s, const struct headers *h, char *text,
                   size_t len, size_t least) {
    if (s) redact(text, len, s->token, least);
    if (s) redact(text, len, s->api_key, least);
    if (s) redact(text, len, s->proxy_login, least);
    if (s) redact(text, len, s->proxy_password, least);
    if (h && h->sign_line[0])
        redact(text, len, h->sign_line + sizeof SIGN_NAME - 1, least);
}

void signer_redact_words(const struct signer *s, const struct headers *h, char *text,
                         size_t least) {
    signer_redact(s, h, text, strlen(text), least);
    if (s) redact(text, strlen(text), s->proxy_user, least);
}
