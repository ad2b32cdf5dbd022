/*
 * answers.c: bytes → responses → settle: whatever is answered, the account stays true.
 *
 * One input is a job, or several, one resuming the other. Its first line has the job's
 * numbers (see open_job). Each further line is an answer: a digit for the time that
 * passes, one for which request in flight it is for, three for HTTP's status (or "-",
 * then "s" where the request may have left, "f" where every later one would meet the
 * same), perhaps Retry-After between two "~", and the body, in which "$" begins what only
 * the request can tell (see expand). "!" ends the job, and what is left goes on with it.
 */
#include <lauxlib.h>
#include <math.h>
#include <sanitizer/asan_interface.h>

#include "account.h"
#include "check.h"
#include "decode.h"
#include "input.h"
#include "state.h"
#include "lib/settle.h"
#include "lib/traces.h"
#include "lib/transfer.h"

enum {
    IN_FLIGHT_MAX = 3,
    REQUESTS_MAX = TRACES_MAX,
    ROUNDS_MAX = 10000,
    BODY_SIZE = 1 << 18
};
static const double WALL = 1784000000, /* seconds since the epoch */
    MINUTE_HOLD = 60;                  /* seconds, after "too many" */

struct sent {
    struct chunk *chunk;
    struct exchange exchange;
    unsigned ids[ASKED_MAX]; /* which of the account's */
    unsigned char uuid[UUID_SIZE];
};

struct run {
    struct ledger ledger;
    struct batch batch;
    struct batch_options options;
    struct account account;
    struct traces traces;
    char traces_text[TRACES_MAX][TRACE_DIGITS + 1];
    unsigned requests, in_flight, of_this_job;
    struct sent sent[IN_FLIGHT_MAX];
    double now;
};

static char body[BODY_SIZE];

static void drain(struct run *run) {
    while (batch_settled(&run->batch)) continue;
    account_look(&run->account, &run->batch);
}

/* The traceId of the n-th request. */
static void name_request(struct run *run, struct sent *sent) {
    unsigned n = ++run->requests;
    char *text = run->traces_text[n - 1];
    for (int i = 0; i < UUID_SIZE; i++) sent->uuid[i] = (unsigned char)(n * 37 + i * 11);
    for (int i = 0; i < UUID_SIZE; i++) snprintf(text + 2 * i, 3, "%02x", sent->uuid[i]);
    CHECK(traces_add(&run->traces, sent->uuid), "no memory");
}

static void send(struct run *run, struct chunk *chunk) {
    struct sent *sent = &run->sent[run->in_flight++];
    struct exchange *e = &sent->exchange;
    char trace_id[TRACE_ID_SIZE] = "";
    account_send(&run->account, &run->batch, chunk);
    name_request(run, sent);
    memcpy(trace_id, run->traces_text[run->requests - 1], TRACE_DIGITS);
    batch_sent(&run->batch, chunk, trace_id, run->now);
    run->of_this_job++;
    *e = (struct exchange){.path = chunk->entry.path, .amount = chunk->entry.amount};
    sent->chunk = chunk;
    for (unsigned i = 0; i < e->amount; i++) {
        uint32_t position = chunk_position(&run->batch, chunk, i);
        struct id_text id = ids_get(&run->ledger.ids, position);
        e->ids[i] = (struct text){id.text, id.len};
        sent->ids[i] = run->account.of[position];
    }
    e->trace_count = run->requests;
    memcpy(e->traces, run->traces_text, run->requests * sizeof *e->traces);
}

/* Sends all that may leave now. */
static void send_all(struct run *run) {
    bool out_of_memory = false;
    batch_expire(&run->batch, run->now);
    drain(run);
    for (enum api_path path = 0; path < API_PATHS; path++) {
        struct chunk *chunk;
        while (run->in_flight < IN_FLIGHT_MAX && run->requests < REQUESTS_MAX &&
               (chunk = batch_next(&run->batch, path, run->now, &out_of_memory)))
            send(run, chunk);
        CHECK(!out_of_memory, "no memory");
    }
}

/* Lets time go on until something is in flight; false: nothing will be. */
static bool wait(struct run *run) {
    for (int round = 0;; round++) {
        send_all(run);
        if (run->in_flight > 0) return true;
        if (batch_done(&run->batch) || run->requests == REQUESTS_MAX) return false;
        double due = stops_expiry(&run->batch.stops);
        for (enum api_path path = 0; path < API_PATHS; path++)
            due = fmin(due, batch_due(&run->batch, path, run->now));
        CHECK(due < INFINITY && round < ROUNDS_MAX, "the job waits for nothing");
        run->now = fmax(run->now, due);
    }
}

/* Decodes and settles as the core does, and looks at what came of it. */
static void settle_answer(struct run *run, unsigned which, struct response *r) {
    lua_State *L = state_get();
    struct sent *sent = &run->sent[which];
    enum api_path path = sent->exchange.path;
    size_t slack = r->body.capacity - r->body.size;
    if (slack > 0) __asan_poison_memory_region(r->body.data + r->body.size, slack);
    decode_response(L, r, path == PATH_STATUS);
    if (slack > 0) __asan_unpoison_memory_region(r->body.data + r->body.size, slack);
    r->foreign = traces_has_other(&run->traces, response_text(r, r->trace_id),
                                  r->trace_id.len, sent->uuid);
    struct said said = said_read(&sent->exchange);
    struct effects effects = settle(&run->batch, sent->chunk, r, run->now);
    CHECK(!effects.out_of_memory, "no memory");
    CHECK(effects.hold <= MINUTE_HOLD, "held for %g s", effects.hold);
    CHECK(effects.pause <= run->options.max_wait, "a pause of %g s", effects.pause);
    account_settle(&run->account, &run->batch, sent->chunk, path, &said, sent->ids,
                   sent->exchange.amount);
    *sent = run->sent[--run->in_flight];
    drain(run);
}

static void put(size_t *used, const char *text, size_t len) {
    if (len > BODY_SIZE - *used) len = BODY_SIZE - *used;
    memcpy(body + *used, text, len);
    *used += len;
}

/* All ids but the first `skipped`, as failDetails or successDetails have them. */
static void put_entries(size_t *used, const struct exchange *e, unsigned skipped,
                        const char *name, int code) {
    char text[160];
    for (unsigned i = skipped; i < e->amount; i++) {
        int len = snprintf(
            text, sizeof text, "%s{\"id\":\"%.*s\",\"%s\":%d,\"msg\":\"m\"}",
            i > skipped ? "," : "", (int)e->ids[i].len, e->ids[i].text, name, code);
        put(used, text, (size_t)len);
    }
}

/* A whole answer that adds up: nobody failed, or these did, or status shows them all. */
static void put_answer(size_t *used, const struct exchange *e, char kind) {
    static const struct {
        char kind;
        int code, number; /* of the envelope, of the entries */
        bool shows;
    } answers[] = {{'O', 0, 0, false},         {'Q', 40006, 43009, false},
                   {'A', 0, 43009, false},     {'C', 0, 43010, false},
                   {'G', 40009, 42001, false}, {'D', 0, 2, true},
                   {'E', 0, 0, true}};
    char text[160];
    unsigned which = 0, failed = e->amount;
    while (answers[which].kind != kind) which++;
    if (kind == 'O' || answers[which].shows) failed = 0;
    if (kind == 'Q') failed = 1;
    int len = snprintf(text, sizeof text,
                       "{\"code\":%d,\"data\":{\"totalAmount\":%u,\"successAmount\":%u,"
                       "\"failAmount\":%u,\"%s\":[",
                       answers[which].code, e->amount, e->amount - failed, failed,
                       answers[which].shows ? "successDetails" : "failDetails");
    put(used, text, (size_t)len);
    put_entries(used, e, answers[which].shows ? 0 : e->amount - failed,
                answers[which].shows ? "status" : "code", answers[which].number);
    put(used, "]}}", 3);
}

/* What stands for a character behind a "$". */
static void expand(size_t *used, const struct run *run, const struct exchange *e,
                   char c) {
    char number[16];
    unsigned own = e->trace_count - 1;
    if (c >= '0' && c <= '9') {
        const struct text *id = &e->ids[(unsigned)(c - '0') % e->amount];
        put(used, id->text, id->len);
    } else if (c == 'n' || c == 'm') { /* how many were asked for, and one less */
        snprintf(number, sizeof number, "%u", e->amount - (c == 'm'));
        put(used, number, strlen(number));
    } else if (c == 't') put(used, e->traces[own], TRACE_DIGITS);
    else if (c == 'p') put(used, e->traces[own / 2], TRACE_DIGITS); /* an earlier one */
    else if (c == 'x') { /* any id of the list */
        struct id_text id = ids_get(&run->ledger.ids, run->requests % run->account.count);
        put(used, id.text, id.len);
    } else if (c == 'a') put_entries(used, e, 0, "code", 43009);
    else if (c == 'b') put_entries(used, e, 1, "code", 43009);
    else if (c == 'c') put_entries(used, e, 0, "code", 43010);
    else if (c == 'g') put_entries(used, e, 0, "code", 42001);
    else if (c == 'd') put_entries(used, e, 0, "status", 2);
    else if (c == 'e') put_entries(used, e, 0, "status", 0);
    else if (c && strchr("OQACGDE", c)) put_answer(used, e, c);
    else put(used, &c, 1);
}

static struct text read_body(struct input *in, const struct run *run,
                             const struct exchange *e) {
    size_t used = 0;
    while (in->at < in->end) {
        const char *dollar = memchr(in->at, '$', input_left(in));
        size_t len = dollar ? (size_t)(dollar - in->at) : input_left(in);
        put(&used, in->at, len);
        in->at += dollar ? len + 1 : len;
        if (dollar && in->at < in->end) expand(&used, run, e, *in->at++);
    }
    return (struct text){body, used};
}

/* Nothing came. */
static void read_no_answer(struct input *in, struct exchange *e, struct response *r) {
    char how = input_byte(in);
    e->may_have_left = how == 's';
    e->is_final = how == 'f';
    response_fail(r, KIND_NETWORK, e->may_have_left, "nothing came");
    r->final = e->is_final;
}

static void read_headers(struct input *in, struct response *r) {
    char value[64];
    if (in->at == in->end || *in->at != '~') return;
    in->at++;
    struct input part = input_until(in, '~');
    snprintf(value, sizeof value, "%.*s", (int)input_left(&part), part.at);
    r->retry_after = transfer_retry_after(value, "", WALL);
}

static void answer(struct run *run, struct input in) {
    static const double passing[] = {0, 0.3, 2, 5, 10, 30, 60, 130, 301, 4000};
    struct response r = {0};
    run->now += passing[input_number(&in, 10)];
    if (!wait(run)) return;
    unsigned which = input_number(&in, run->in_flight);
    struct exchange *e = &run->sent[which].exchange;
    response_reset(&r);
    e->answered = !(in.at < in.end && *in.at == '-');
    if (e->answered) {
        unsigned hundreds = input_number(&in, 10);
        r.status = e->status =
            (int)(100 * hundreds + 10 * input_number(&in, 10) + input_number(&in, 10));
        read_headers(&in, &r);
        e->body = read_body(&in, run, e);
        CHECK(e->body.len == 0 || buffer_append(&r.body, e->body.text, e->body.len),
              "no memory");
        r.complete = true;
    } else {
        in.at++;
        read_no_answer(&in, e, &r);
    }
    settle_answer(run, which, &r);
    response_close(&r);
}

/* Ends the job as a deadline does: what is in flight is lost. */
static void end_job(struct run *run) {
    struct fault fault;
    fault_set(&fault, KIND_DEADLINE, "the end");
    batch_stop(&run->batch, &fault, run->now);
    while (run->in_flight > 0) {
        struct response r = {0};
        response_reset(&r);
        response_fail(&r, KIND_DEADLINE, true, "the end");
        run->sent[0].exchange.answered = false;
        run->sent[0].exchange.may_have_left = true;
        settle_answer(run, 0, &r);
        response_close(&r);
    }
    drain(run);
    account_end(&run->account, &run->batch);
    unsigned attempts = 0;
    for (uint32_t i = 0; i < run->ledger.entry_count; i++)
        attempts += run->ledger.entries[i].attempts;
    CHECK(attempts == run->of_this_job, "%u tries are told of %u", attempts,
          run->of_this_job);
}

/* Neighbours that a double can't tell apart, short ones, and names. */
static void add_ids(struct ids *ids, unsigned count, unsigned kind) {
    static const char *const formats[] = {"5280863217895352%02u", "%u", "a%u", "1%u-x_Z"};
    ids->seed = 1; /* the system's random bytes would take half of a run */
    for (unsigned i = 0; i < count; i++) {
        char id[ID_LENGTH_MAX];
        int len = snprintf(id, sizeof id, formats[kind], i + 1);
        CHECK(ids_add(ids, id, (size_t)len, false) == IDS_ADDED, "%s", id);
    }
    ids_seal(ids);
}

static void open_job(struct run *run, struct input *in) {
    unsigned count = 1 + input_number(in, 50), size = 1 + input_number(in, 50);
    if (count > 40) count = 100; /* a whole request's */
    add_ids(&run->ledger.ids, count, input_number(in, 4));
    unsigned attempts = 1 + input_number(in, 5), flags = input_number(in, 16);
    run->options = (struct batch_options){.chunk_size = size > 40 ? 100 : size,
                                          .attempts = attempts,
                                          .max_wait = flags & 1 ? 0 : 120,
                                          .stop_started = !(flags & 2),
                                          .stop_timeout = flags & 4 ? 1 : 120};
    CHECK(ledger_open(&run->ledger), "no memory");
    batch_open(&run->batch, &run->ledger, &run->options);
    account_begin(&run->account, &run->ledger);
}

static void resume(struct run *run) {
    end_job(run);
    batch_close(&run->batch);
    struct ledger earlier = run->ledger;
    run->ledger = (struct ledger){0};
    ledger_sort_failures(&earlier);
    CHECK(ledger_resume(&run->ledger, &earlier), "no memory");
    ledger_close(&earlier);
    batch_open(&run->batch, &run->ledger, &run->options);
    run->of_this_job = 0;
    account_begin(&run->account, &run->ledger);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    decode_open(state_get());
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct run run;
    struct input in = input_of(data, size), first = input_until(&in, '\n');
    run = (struct run){0};
    open_job(&run, &first);
    while (in.at < in.end && run.requests < REQUESTS_MAX) {
        struct input line = input_until(&in, '\n');
        if (line.at < line.end && *line.at == '!') resume(&run);
        else answer(&run, line);
    }
    end_job(&run);
    batch_close(&run.batch);
    ledger_close(&run.ledger);
    traces_close(&run.traces);
    state_settle(state_get());
    return 0;
}
