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

enum { HEADER_LINES_MAX = 9 };

/* One request's header lines, which point into this and the signer: it is not copied. */
struct headers {
    char trace_id[TRACE_ID_SIZE];
    char trace_line[48], time_line[32], nonce_line[16], sign_line[72];
    const char *lines[HEADER_LINES_MAX];
    size_t count;
};

/* Copies the credentials. NULL: out of memory. */
struct signer *signer_new(const struct credentials *credentials);
/* Wipes the secrets. NULL is fine. */
void signer_free(struct signer *signer);

/* Makes a request's headers; `milliseconds` since the epoch. False: the system has no
 * random bytes or libcrypto no SHA-256. */
bool signer_sign(struct signer *signer, struct headers *headers, int64_t milliseconds);

/* Overwrites every secret of at least `least` bytes that stands in a text, as it is or in
 * JSON's escapes: the signer's (NULL knows none), and a request's signature. */
void signer_redact(const struct signer *signer, const struct headers *headers, char *text,
                   size_t len, size_t least);
