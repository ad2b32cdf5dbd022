/*
 * floor.c: what libcurl alone costs, the measure of everything that is built on it.
 * Handles are reused, the body is built from the ids, the answer is thrown away as it is;
 * libcurl's defaults are kept, those for TLS too. The work comes from the environment:
 * see clients/workload.lua.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_LENGTH 18
#define MOST_IN_FLIGHT 64

static const char *const headers[] = {
    "Content-Type: application/json",
    "Authorization: Bearer token-of-the-bench",
    "traceId: db6094ab-3797-4186-84d5-b0b58eebad56",
};

struct work {
    const char *ids; /* one after the other, ID_LENGTH bytes each */
    long requests, chunk, sent;
    char url[256];
    struct curl_slist *headers;
};

struct handle {
    CURL *easy;
    char *body;
};

static void fail(const char *reason) {
    fprintf(stderr, "floor: %s\n", reason);
    exit(EXIT_FAILURE);
}

static void check(CURLcode code) {
    if (code != CURLE_OK) fail(curl_easy_strerror(code));
}

static long number(const char *name) {
    const char *value = getenv(name);
    if (!value) fail(name);
    return atol(value);
}

static char *make_ids(long amount) {
    char *ids = malloc((size_t)amount * ID_LENGTH);
    if (!ids) fail("out of memory");
    for (long i = 0; i < amount; i++) {
        char id[32];
        snprintf(id, sizeof id, "528086%012ld", 321789535232 + i * 65536);
        memcpy(ids + i * ID_LENGTH, id, ID_LENGTH);
    }
    return ids;
}

static size_t ignore(char *data, size_t size, size_t amount, void *context) {
    (void)data, (void)context;
    return size * amount;
}

static void open_handle(struct handle *handle, const struct work *work) {
    handle->body = malloc((size_t)work->chunk * (ID_LENGTH + 3) + 16);
    handle->easy = curl_easy_init();
    if (!handle->body || !handle->easy) fail("out of memory");
    check(curl_easy_setopt(handle->easy, CURLOPT_PRIVATE, handle));
    check(curl_easy_setopt(handle->easy, CURLOPT_URL, work->url));
    check(curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, work->headers));
    check(curl_easy_setopt(handle->easy, CURLOPT_WRITEFUNCTION, ignore));
    /* One connection for all; without HTTP/2 it would wait a latency for nothing. */
    bool tls = strncmp(work->url, "https:", 6) == 0;
    check(curl_easy_setopt(handle->easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L));
}

/* The next request's body: {"ids":["528…","528…"]}. */
static void load(struct handle *handle, struct work *work) {
    const char *id = work->ids + work->sent++ * work->chunk * ID_LENGTH;
    char *end = handle->body + sprintf(handle->body, "{\"ids\":[");
    for (long i = 0; i < work->chunk; i++, id += ID_LENGTH) {
        *end++ = '"';
        memcpy(end, id, ID_LENGTH);
        end += ID_LENGTH;
        *end++ = '"';
        *end++ = ',';
    }
    memcpy(end - 1, "]}", 2);
    long size = (long)(end + 1 - handle->body);
    check(curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDSIZE, size));
    check(curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDS, handle->body));
}

static void check_answer(const struct handle *handle, CURLcode code) {
    long status = 0;
    check(code);
    check(curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status));
    if (status != 200) fail("not answered with status 200");
}

static void one_by_one(struct work *work) {
    struct handle handle;
    open_handle(&handle, work);
    while (work->sent < work->requests) {
        load(&handle, work);
        check_answer(&handle, curl_easy_perform(handle.easy));
    }
    curl_easy_cleanup(handle.easy);
    free(handle.body);
}

/* Gives a handle that is free its next request; false: none is left. */
static bool send_next(CURLM *multi, struct handle *handle, struct work *work) {
    if (work->sent == work->requests) return false;
    load(handle, work);
    return curl_multi_add_handle(multi, handle->easy) == CURLM_OK;
}

/* Returns how many requests are in flight after what has ended was replaced. */
static long replace_ended(CURLM *multi, struct work *work, long in_flight) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        char *context;
        CURLcode code = message->data.result;
        check(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context));
        struct handle *handle = (struct handle *)(void *)context;
        curl_multi_remove_handle(multi, handle->easy);
        check_answer(handle, code);
        if (!send_next(multi, handle, work)) in_flight--;
    }
    return in_flight;
}

static void several_at_once(struct work *work, long concurrency) {
    struct handle handles[MOST_IN_FLIGHT];
    CURLM *multi = curl_multi_init();
    long in_flight = 0;
    for (long i = 0; i < concurrency; i++) {
        open_handle(&handles[i], work);
        if (send_next(multi, &handles[i], work)) in_flight++;
    }
    while (in_flight > 0) {
        int running;
        curl_multi_perform(multi, &running);
        in_flight = replace_ended(multi, work, in_flight);
        if (in_flight > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (long i = 0; i < concurrency; i++) {
        curl_easy_cleanup(handles[i].easy);
        free(handles[i].body);
    }
    curl_multi_cleanup(multi);
}

int main(void) {
    struct work work = {
        .requests = number("BENCH_REQUESTS"),
        .chunk = number("BENCH_CHUNK"),
    };
    long concurrency = number("BENCH_CONCURRENCY");
    if (concurrency < 1 || concurrency > MOST_IN_FLIGHT) fail("BENCH_CONCURRENCY");
    char *ids = make_ids((work.requests + number("BENCH_SPARE")) * work.chunk);
    work.ids = ids;
    snprintf(work.url, sizeof work.url, "%s/open/v1/phone/delete", getenv("BENCH_URL"));

    check(curl_global_init(CURL_GLOBAL_DEFAULT));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        work.headers = curl_slist_append(work.headers, headers[i]);
    if (concurrency == 1) one_by_one(&work);
    else several_at_once(&work, concurrency);
    curl_slist_free_all(work.headers);
    curl_global_cleanup();
    free(ids);
    return EXIT_SUCCESS;
}
