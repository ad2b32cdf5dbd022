/*
 * signer.h: the headers of a request, and the sole owner of the secret.
 *
 * With a token: Authorization. With a key: appId, ts, nonce and sign, an SHA-256 over
 * them and the API key. Either way a fresh traceId, a version-4 UUID, for each request.
 * Source: the service's "request instructions", early 2026.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/* Either token is set, or app_id and api_key are. Without control characters. */
struct credentials {
    const char *token, *app_id, *api_key;
};

struct signer;

enum { HEADER_LINES_MAX = 9, UUID_SIZE = 16 };

/* One request's header lines, which point into this and the signer: it is not copied. */
struct headers {
    unsigned char uuid[UUID_SIZE]; /* the traceId, as bytes and as text */
    char trace_id[TRACE_ID_SIZE];
    char trace_line[48], time_line[32], nonce_line[16], sign_line[72];
    const char *lines[HEADER_LINES_MAX];
    size_t count;
    int64_t signed_at; /* milliseconds since the epoch */
};

/* Copies the credentials, and of the proxy's URL (NULL: none) user and password. NULL:
 * out of memory. */
struct signer *signer_new(const struct credentials *credentials, const char *proxy);
/* Wipes the secrets. NULL is fine. */
void signer_free(struct signer *signer);

/* Makes a request's headers; `milliseconds` since the epoch. False: the system has no
 * random bytes or libcrypto no SHA-256. */
bool signer_sign(struct signer *signer, struct headers *headers, int64_t milliseconds);

/* Overwrites every secret of at least `least` bytes that stands in a text, as it is or in
 * escapes of JSON or of URLs: the signer's (NULL knows none), and a request's signature
 * (`headers` may be NULL). */
void signer_redact(const struct signer *signer, const struct headers *headers, char *text,
                   size_t len, size_t least);
/* The same for somebody else's words, in which the name of the proxy's user is one, too:
 * in an answer or in our own words it could stand by chance. */
void signer_redact_words(const struct signer *signer, const struct headers *headers,
                         char *text, size_t least);
