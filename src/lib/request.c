/* A request's body, and the secrets in what comes back: see request.h. */
#include "request.h"

#include <string.h>

#include "batch.h"
#include "private.h"

/* Bytes: a shorter secret could stand in an id or a name by chance, or in any text. */
enum { SECRET_IN_ANSWER = 8, SECRET_IN_TEXT = 4 };

bool request_write_body(struct request *r, const struct batch *batch) {
    static const char head[] = "{\"ids\":[", tail[] = "]}";
    const struct chunk *chunk = r->chunk;
    uint32_t amount = chunk->entry.amount, first = chunk->first;
    bool gathered = chunk->gathered; /* read once: a byte that is written may be any */
    size_t size = sizeof head + (size_t)amount * ID_JSON_MAX + sizeof tail;
    char *start = buffer_room(&r->body, size), *out = start;
    if (!out) return false;
    memcpy(out, head, sizeof head - 1);
    out += sizeof head - 1;
    for (uint32_t i = 0; i < amount; i++) {
        uint32_t position = gathered ? chunk_position(batch, chunk, i) : first + i;
        out = ids_write_json(&batch->ledger->ids, position, out);
        *out++ = ',';
    }
    memcpy(out - 1, tail, sizeof tail - 1); /* over the last comma */
    r->body.size = (size_t)(out - start) - 1 + sizeof tail - 1;
    return true;
}

void request_redact(struct request *r, const struct signer *signer) {
    struct buffer *body = &r->response.body;
    if (body->size > 0)
        signer_redact(signer, &r->headers, body->data, body->size, SECRET_IN_ANSWER);
    signer_redact_words(signer, &r->headers, r->response.reason, SECRET_IN_TEXT);
}

void request_redact_fault(const struct request *r, struct fault *fault,
                          const struct signer *signer) {
    char *const texts[] = {fault->text, fault->excerpt};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        signer_redact(signer, r ? &r->headers : NULL, texts[i], strlen(texts[i]),
                      SECRET_IN_TEXT);
}
