/*
 * audit.h: whether an answer adds up, and which ids it names.
 *
 * Its amounts have to agree with one another, with its lists and with what was asked for;
 * each id in its lists must have been asked for and stand there once.
 */
#pragma once

#include "batch.h"
#include "retry.h"

/* What an answer's data are good for. */
enum data {
    DATA_NONE, /* they name nobody and contradict nothing */
    DATA_SOUND,
    DATA_FLAWED
};

enum { FLAW_SIZE = 120 };

/* The first four are given, the others found. */
struct audit {
    const struct ids *ids;
    struct ids_part part; /* those that were asked for */
    enum api_path path;
    const struct response *response;
    bool named[CHUNK_SIZE_MAX];  /* each of them, by one of the answer's lists */
    uint32_t at[CHUNK_SIZE_MAX]; /* which of them its entries name, failDetails first */
    char flaw[FLAW_SIZE];        /* which part of the answer doesn't add up */
};

/* Judges an answer's data. */
enum data audit_judge(struct audit *audit);

/* Whether the answer contradicts itself, or is another request's. Only success and
 * partial success let data claim that anything was deleted, and need such data; of the
 * dispositions that come before RETRY_LOST data may be missing, not flawed. */
bool audit_contradicts(struct audit *audit, enum disposition then, enum data data);
