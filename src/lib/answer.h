/*
 * answer.h: body → envelope, as a verdict for the batch.
 *
 * The service's JSON is read where it stands. A library would make doubles of its numbers,
 * and an id of 18 digits is more than a double can hold; it would also build each answer as
 * Lua's tables, only to throw them away, which costs more than sending the request.
 */
#ifndef GEELARK_ANSWER_H
#define GEELARK_ANSWER_H

#include "exchange.h"
#include "verdict.h"

#pragma GCC visibility push(hidden)

/* What reading needs besides the reply, for one answer after the other. All-zero is empty. */
struct answer {
    struct detail *details;
    uint32_t capacity;
    struct buffer unescaped;
};

void answer_close(struct answer *answer);

/* Reads a reply. The verdict points into both and is good until one of them is used again.
 * False: out of memory; read it again. */
bool answer_read(struct answer *answer, const struct reply *reply, struct verdict *verdict);

#pragma GCC visibility pop

#endif
