/* Headers of both verifications: see signer.h. */
#include "signer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if !defined __OpenBSD__
#include <sys/random.h> /* getentropy, elsewhere */
#endif

enum { RANDOM_POOL = 256, NONCE_LENGTH = 6 }; /* 256 is the most that getentropy gives */

struct signer {
    char *authorization, *app_id_line; /* header lines */
    char *token, *app_id, *api_key;
    EVP_MD_CTX *digest;
    unsigned char pool[RANDOM_POOL]; /* asked for in bulk: a system call costs more */
    size_t pool_used;
};

static const char SIGN_NAME[] = "sign: ";

static char *join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s%s", a, b);
    return joined;
}

static void wipe(char *secret)
{
    if (secret) OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

struct signer *signer_new(const struct credentials *given)
{
    struct signer *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->pool_used = RANDOM_POOL;
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
    if (made) return s;
    signer_free(s);
    return NULL;
}

void signer_free(struct signer *s)
{
    if (!s) return;
    wipe(s->authorization);
    wipe(s->app_id_line);
    wipe(s->token);
    wipe(s->app_id);
    wipe(s->api_key);
    EVP_MD_CTX_free(s->digest);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
}

static void put_hex(char *out, const unsigned char *bytes, size_t count, const char *digits)
{
    for (size_t i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}

/* A random UUID: version 4, variant 1 (RFC 4122, 4.4). */
static bool make_trace_id(struct signer *s, char out[TRACE_ID_SIZE])
{
    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    if (s->pool_used + 16 > RANDOM_POOL) {
        /* Not libcrypto's: its generator takes 3 ms to start, as long as a short script. */
        if (getentropy(s->pool, RANDOM_POOL) != 0) return false;
        s->pool_used = 0;
    }
    unsigned char *bytes = s->pool + s->pool_used;
    s->pool_used += 16;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    for (size_t g = 0; g < sizeof groups; bytes += groups[g++]) {
        put_hex(out, bytes, groups[g], "0123456789abcdef");
        out += 2 * groups[g];
        *out++ = g + 1 < sizeof groups ? '-' : '\0';
    }
    return true;
}

/* The signature: upper-case hexadecimal SHA-256 of appId, traceId, ts, nonce, apiKey. */
static bool put_signature(struct signer *s, char *out, const char *trace_id, const char *time)
{
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

static bool stamp_key(struct signer *s, struct stamp *stamp, int64_t milliseconds)
{
    int name = snprintf(stamp->time_line, sizeof stamp->time_line, "ts: ");
    snprintf(stamp->time_line + name, sizeof stamp->time_line - (size_t)name, "%" PRId64,
             milliseconds);
    snprintf(stamp->nonce_line, sizeof stamp->nonce_line, "nonce: %.*s", NONCE_LENGTH,
             stamp->trace_id);
    memcpy(stamp->sign_line, SIGN_NAME, sizeof SIGN_NAME);
    if (!put_signature(s, stamp->sign_line + sizeof SIGN_NAME - 1, stamp->trace_id,
                       stamp->time_line + name))
        return false;
    stamp->lines[stamp->count++] = s->app_id_line;
    stamp->lines[stamp->count++] = stamp->time_line;
    stamp->lines[stamp->count++] = stamp->nonce_line;
    stamp->lines[stamp->count++] = stamp->sign_line;
    return true;
}

bool signer_sign(struct signer *s, struct stamp *stamp, int64_t milliseconds)
{
    static const char trace_name[] = "traceId: ";
    if (!make_trace_id(s, stamp->trace_id)) return false;
    memcpy(stamp->trace_line, trace_name, sizeof trace_name);
    memcpy(stamp->trace_line + sizeof trace_name - 1, stamp->trace_id, TRACE_ID_SIZE);
    stamp->lines[0] = "Content-Type: application/json";
    stamp->lines[1] = stamp->trace_line;
    stamp->count = 2;
    stamp->sign_line[0] = '\0';
    if (!s->token) return stamp_key(s, stamp, milliseconds);
    stamp->lines[stamp->count++] = s->authorization;
    return true;
}

static bool is_hex_of(const char *four, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    return four[0] == '0' && four[1] == '0' && (four[2] | 0x20) == (digits[byte >> 4] | 0x20) &&
           (four[3] | 0x20) == (digits[byte & 15] | 0x20);
}

/* The length of a text's beginning that is the secret, each character as it stands or as an
 * escape of JSON's; 0: it isn't. */
static size_t match_escaped(const char *text, size_t len, const char *secret)
{
    size_t at = 0;
    for (; *secret; secret++) {
        if (at < len && text[at] == *secret && *secret != '\\') at++;
        else if (at + 1 < len && text[at] == '\\' && text[at + 1] == *secret) at += 2;
        else if (at + 5 < len && text[at] == '\\' && text[at + 1] == 'u' &&
                 is_hex_of(text + at + 2, *secret)) at += 6;
        else return 0;
    }
    return at;
}

static void redact(char *text, size_t len, const char *secret, size_t least)
{
    size_t size = secret ? strlen(secret) : 0;
    if (size == 0 || size < least) return;
    for (char *at = text; (at = memmem(at, len - (size_t)(at - text), secret, size)); at += size)
        memset(at, '*', size);
    if (!memchr(text, '\\', len)) return;
    for (size_t at = 0; at < len; at++) {
        size_t matched = match_escaped(text + at, len - at, secret);
        memset(text + at, '*', matched);
    }
}

void signer_redact(const struct signer *s, const struct stamp *stamp, char *text, size_t len,
                 size_t least)
{
    if (s) redact(text, len, s->token, least);
    if (s) redact(text, len, s->api_key, least);
    if (stamp->sign_line[0]) redact(text, len, stamp->sign_line + sizeof SIGN_NAME - 1, least);
}
