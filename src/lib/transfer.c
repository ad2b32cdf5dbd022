/* Requests over libcurl's multi interface: see transfer.h. */
#include "transfer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "pollset.h"
#include "url.h"
#include "private.h"

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

enum { HEADER_BYTES_MAX = 256 * 1024, HEADER_VALUE_SIZE = DATE_SIZE, READY_MAX = 64 };

/* Idle ones that are kept; by itself libcurl keeps four for each request in flight. */
static const long CONNECTIONS_MAX = 64;
/* One that was idle for a minute is not used again; libcurl counts whole seconds. */
static const long IDLE_SECONDS_MAX = 59;
/* A connection that wasn't made in time is tried anew where that came so late that we
 * must have been held up. */
static const double HELD_UP_SECONDS = 1;
/* Reading what has arrived comes to an end, however the other side goes on sending. */
enum { READS_MAX = 10000 };
static const double RETRY_AFTER_MAX = 1e9; /* seconds; more is no number to go by */

/* What a request needs here; like the request it is used again and again. */
struct easy {
    CURL *handle;
    CURLU *url; /* that it was set to, one of the transfer's */
    struct request *request;
    bool in_flight;
    double started;
    size_t body_sent, header_bytes;
    bool sent, too_large, out_of_memory;
    char retry_after[HEADER_VALUE_SIZE], date[HEADER_VALUE_SIZE]; /* as they came */
    struct curl_slist headers[HEADER_LINES_MAX];
    char error[CURL_ERROR_SIZE];
};

struct transfer {
    CURLM *multi;
    struct pollset *pollset; /* NULL: the system has none */
    double timer; /* when libcurl wants to be called, by our clock; INFINITY: never */
    double asleep, woke_at; /* how long the machine slept so far, and when it last woke */
    const char *flaw;       /* what failed inside libcurl: it must not be called again
                             * before its requests were cut (7.88 crashes) */
    const struct transfer_settings *settings;
    CURLU *urls[API_PATHS];
    bool plain;
};

/* libcurl's callbacks are plain C and only take notes. */

/* libcurl re-sends a POST by itself where a reused connection dies, though the server may
 * have obeyed the first one. A body that is read piece by piece and can't be rewound
 * prevents that: the transfer ends, and our own retry counts it as a lost answer. */
static size_t on_read(char *out, size_t size, size_t count, void *user) {
    struct easy *easy = user;
    const struct buffer *body = &easy->request->body;
    size_t left = body->size - easy->body_sent, room = size * count;
    size_t n = left < room ? left : room;
    easy->sent = true;
    memcpy(out, body->data + easy->body_sent, n);
    easy->body_sent += n;
    return n;
}

static int on_seek(void *user, curl_off_t offset, int origin) {
    (void)user, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user) {
    struct easy *easy = user;
    struct buffer *body = &easy->request->response.body;
    size_t n = size * count;
    easy->too_large = body->size + n > BODY_MAX;
    if (easy->too_large) return 0;
    easy->out_of_memory = !buffer_append(body, bytes, n);
    return easy->out_of_memory ? 0 : n;
}

/* Copies the value of a header line, where it has this name. */
static void copy_value(char out[HEADER_VALUE_SIZE], const char *name, const char *line,
                       size_t len) {
    size_t prefix = strlen(name);
    if (len <= prefix || strncasecmp(line, name, prefix) != 0) return;
    len -= prefix;
    if (len >= HEADER_VALUE_SIZE) len = HEADER_VALUE_SIZE - 1;
    memcpy(out, line + prefix, len);
    out[len] = '\0';
}

static size_t on_header(char *line, size_t size, size_t count, void *user) {
    struct easy *easy = user;
    size_t n = size * count;
    easy->header_bytes += n;
    easy->too_large = easy->header_bytes > HEADER_BYTES_MAX;
    if (easy->too_large) return 0;
    bool begins = n > 5 && strncasecmp(line, "HTTP/", 5) == 0;
    if (begins) easy->retry_after[0] = easy->date[0] = '\0'; /* an interim one's */
    copy_value(easy->retry_after, "retry-after:", line, n);
    copy_value(easy->date, "date:", line, n);
    return n;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose,
                                    struct curl_sockaddr *a) {
    (void)user, (void)purpose;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (!SOCK_CLOEXEC && fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static void note_flaw(struct transfer *t, CURLMcode code) {
    if (code != CURLM_OK) t->flaw = curl_multi_strerror(code);
}

static int on_socket(CURL *handle, curl_socket_t fd, int what, void *user, void *known) {
    struct transfer *t = user;
    struct stat info;
    (void)handle;
    bool in = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    bool out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    /* A resolver's event descriptor would wake us without end if level-triggered. */
    bool edge = !known && fstat(fd, &info) == 0 && !S_ISSOCK(info.st_mode);
    if (!known && !edge && what != CURL_POLL_REMOVE)
        note_flaw(t, curl_multi_assign(t->multi, fd, t));
    bool watched = !t->pollset || pollset_watch(t->pollset, fd, in, out, edge);
    if (!watched && (in || out)) t->flaw = "a connection can't be watched";
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *user) {
    struct transfer *t = user;
    (void)multi;
    t->timer = milliseconds < 0 ? INFINITY : clock_now() + (double)milliseconds / 1000;
    return 0;
}

bool transfer_init(void) {
    static bool done;
    if (!done) done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return done;
}

static bool open_multi(struct transfer *t) {
    t->multi = curl_multi_init();
    t->pollset = t->multi ? pollset_new() : NULL;
    return t->multi && (t->pollset || errno == ENOSYS) &&
           curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) ==
               CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK;
}

static bool parse_urls(struct transfer *t) {
    for (enum api_path p = 0; p < API_PATHS; p++)
        if (!(t->urls[p] = url_parse(t->settings->base_url, path_text(p)))) return false;
    return true;
}

struct transfer *transfer_new(const struct transfer_settings *settings) {
    struct transfer *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->timer = INFINITY;
    t->woke_at = -INFINITY;
    t->settings = settings;
    t->plain = strncasecmp(settings->base_url, "http:", 5) == 0;
    if (parse_urls(t) && open_multi(t)) return t;
    int error = errno;
    transfer_free(t);
    errno = error;
    return NULL;
}

void transfer_abandon(struct transfer *t) {
    if (!t) return;
    pollset_free(t->pollset);
    for (int p = 0; p < API_PATHS; p++) curl_url_cleanup(t->urls[p]);
    free(t);
}

void transfer_free(struct transfer *t) {
    if (t) (void)curl_multi_cleanup(t->multi);
    transfer_abandon(t);
}

void transfer_release(struct request *request, bool abandon) {
    struct easy *easy = request->easy;
    if (easy && !abandon) curl_easy_cleanup(easy->handle);
    free(easy);
    request->easy = NULL;
}

/* Sets an option and remembers whether that failed, in a local variable `failed`. */
#define SET(option, value) (failed |= curl_easy_setopt(handle, option, value) != CURLE_OK)

static bool set_security(const struct transfer *t, CURL *handle) {
    bool failed = false;
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, t->plain ? "http" : "https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(t->plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
    SET(CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* The environment's was read with the options: its password must be known. */
    SET(CURLOPT_PROXY, !t->plain && t->settings->proxy ? t->settings->proxy : "");
    if (t->plain) SET(CURLOPT_NOPROXY, "*"); /* a proxy would read the credentials */
    if (t->settings->ca_file) {
        SET(CURLOPT_CAINFO, t->settings->ca_file);
        /* Some TLS libraries know no folder that could be left out. */
        CURLcode left_out = curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
        failed |= left_out != CURLE_OK && left_out != CURLE_NOT_BUILT_IN;
    }
    return !failed;
}

static bool set_callbacks(struct easy *easy) {
    bool failed = false;
    CURL *handle = easy->handle;
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, easy);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, easy);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, easy);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_ERRORBUFFER, easy->error);
    SET(CURLOPT_PRIVATE, easy);
    return !failed;
}

static bool set_http(CURL *handle) {
    bool failed = false;
    SET(CURLOPT_POST, 1L);
    /* One request on a connection: where a path dies, only that one is lost. */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A slow name lookup must not hold us. The library may be older than its headers. */
    (void)curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#endif
    return !failed;
}

/* Makes what the request needs here, where it has it not yet; false: out of memory. */
static bool attach(struct transfer *t, struct request *request) {
    if (request->easy) return true;
    struct easy *easy = calloc(1, sizeof *easy);
    if (!easy) return false;
    request->easy = easy;
    easy->request = request;
    easy->handle = curl_easy_init();
    if (easy->handle && set_security(t, easy->handle) && set_callbacks(easy) &&
        set_http(easy->handle))
        return true;
    transfer_release(request, false);
    return false;
}

/* libcurl only reads the list, so it can stand in `easy` and point into the request. */
static struct curl_slist *link_headers(struct easy *easy, const struct headers *headers) {
    for (size_t i = 0; i < headers->count; i++) {
        struct curl_slist *next = i + 1 < headers->count ? &easy->headers[i + 1] : NULL;
        easy->headers[i] = (struct curl_slist){(char *)headers->lines[i], next};
    }
    return easy->headers;
}

static long to_milliseconds(double seconds) {
    double ms = ceil(seconds * 1000);
    return ms < 1 ? 1 : ms < 2e9 ? (long)ms : 2000000000L;
}

/* libcurl's clock stands still while the machine sleeps: for a minute afterwards what was
 * idle may have been so for longer than it knows. */
static bool slept_lately(struct transfer *t) {
    double now = clock_now(), asleep = now - clock_seconds(CLOCK_MONOTONIC);
    if (asleep > t->asleep + 1) t->woke_at = now;
    t->asleep = asleep;
    return now < t->woke_at + (double)IDLE_SECONDS_MAX + 1;
}

/* The time of a request is kept by whoever started it: libcurl would judge it before it
 * reads what has arrived. It keeps that of the connection, which it divides among
 * addresses. */
bool transfer_start(struct transfer *t, struct request *request) {
    bool failed = false;
    if (!attach(t, request)) return false;
    struct easy *easy = request->easy;
    CURL *handle = easy->handle;
    easy->started = clock_now();
    easy->body_sent = easy->header_bytes = 0;
    easy->sent = easy->too_large = easy->out_of_memory = false;
    easy->retry_after[0] = easy->date[0] = easy->error[0] = '\0';
    if (easy->url != t->urls[request->path])
        SET(CURLOPT_CURLU, easy->url = t->urls[request->path]);
    SET(CURLOPT_HTTPHEADER, link_headers(easy, &request->headers));
    SET(CURLOPT_POSTFIELDSIZE, (long)request->body.size);
    SET(CURLOPT_CONNECTTIMEOUT_MS, to_milliseconds(request->connect_timeout));
    SET(CURLOPT_FRESH_CONNECT, slept_lately(t) ? 1L : 0L);
    easy->in_flight = !failed && curl_multi_add_handle(t->multi, handle) == CURLM_OK;
    return easy->in_flight;
}

bool transfer_has_left(const struct request *request) {
    return request->easy && request->easy->sent;
}

/* libcurl closes the connection of what is removed before its end. */
bool transfer_cut(struct transfer *t, struct request *request) {
    struct easy *easy = request->easy;
    if (!easy || !easy->in_flight) return false;
    bool sent = easy->sent;
    easy->in_flight = false;
    if (curl_multi_remove_handle(t->multi, easy->handle) != CURLM_OK)
        transfer_release(request, false); /* which removes it for good */
    return sent;
}

/* Of the codes that this use of libcurl can meet. */
static enum kind fault_kind(CURLcode code) {
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return KIND_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return KIND_TLS;
    case CURLE_WRITE_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return KIND_PROTOCOL;
    default: return KIND_NETWORK;
    }
}

/* A certificate that is refused now will be refused again. */
static bool is_final(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

double transfer_retry_after(const char *value, const char *date, double wall) {
    while (*value == ' ' || *value == '\t') value++;
    size_t digits = strspn(value, "0123456789");
    bool ends = value[digits + strspn(value + digits, " \t\r\n")] == '\0';
    if (digits > 0 && ends) {
        double seconds = 0;
        for (; digits > 0; digits--) seconds = 10 * seconds + (*value++ - '0');
        return fmin(seconds, RETRY_AFTER_MAX);
    }
    /* A date of HTTP's has a day's name and a time; libcurl does with less. */
    if (!isalpha((unsigned char)*value) || !strchr(value, ':')) return -1;
    time_t until = curl_getdate(value, NULL), now = curl_getdate(date, NULL);
    if (until == -1) return -1;
    double wait = (double)until - (now != -1 ? (double)now : wall);
    return fmin(fmax(wait, 0), RETRY_AFTER_MAX);
}

double transfer_date(const char *value) { return (double)curl_getdate(value, NULL); }

static const char *reason_text(const struct transfer *t, const struct easy *easy,
                               CURLcode code) {
    if (easy->too_large) return "the answer is too large";
    if (easy->out_of_memory) return "out of memory for the answer";
    if (code == CURLE_SEND_FAIL_REWIND)
        return "the connection was lost before an answer came";
    /* libcurl may quote a proxy's URL, with the password, and cut it anywhere. */
    bool quotes = t->settings->proxy && (strchr(easy->error, '@') ||
                                         strlen(easy->error) > CURL_ERROR_SIZE - 16);
    return easy->error[0] && !quotes ? easy->error : curl_easy_strerror(code);
}

/* Said before libcurl's words, which name the proxy's host at most. */
static const char *proxy_text(const struct transfer *t, CURL *handle, CURLcode code) {
    curl_off_t connected = 0;
    long answer = 0;
    if (!t->settings->needs_proxy) return "";
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &answer);
    if (answer >= 300) return "the proxy refuses to connect: ";
    bool failed = code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT ||
                  code == CURLE_OPERATION_TIMEDOUT;
    return failed && connected == 0 ? "the proxy can't be reached: " : "";
}

static void fail_response(const struct transfer *t, struct easy *easy, CURLcode code) {
    struct response *response = &easy->request->response;
    char text[CURL_ERROR_SIZE + 40];
    snprintf(text, sizeof text, "%s%s", proxy_text(t, easy->handle, code),
             reason_text(t, easy, code));
    response_fail(response, fault_kind(code), easy->sent, text);
    response->final = is_final(code) && !easy->sent;
}

static void fill_response(const struct transfer *t, struct easy *easy, CURLcode code) {
    struct response *response = &easy->request->response;
    long status = 0;
    if (curl_easy_getinfo(easy->handle, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK &&
        code == CURLE_OK)
        code = CURLE_OUT_OF_MEMORY;
    response->status = (int)status;
    if (easy->retry_after[0])
        response->retry_after =
            transfer_retry_after(easy->retry_after, easy->date, clock_wall());
    memcpy(response->date, easy->date, sizeof response->date);
    response->complete = true;
    if (code != CURLE_OK) fail_response(t, easy, code);
}

/* libcurl gave its connection up only because nobody called it. */
static bool was_held_up(const struct easy *easy, CURLcode code) {
    return code == CURLE_OPERATION_TIMEDOUT && !easy->sent &&
           clock_now() >=
               easy->started + easy->request->connect_timeout + HELD_UP_SECONDS;
}

struct request *transfer_completed(struct transfer *t) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(t->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result; /* the message dies with the removal */
        char *owner = NULL;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner) !=
            CURLE_OK) {
            t->flaw = "a request can't be told from others";
            continue;
        }
        struct easy *easy = (struct easy *)(void *)owner;
        struct request *request = easy->request;
        if (was_held_up(easy, code)) {
            transfer_cut(t, request);
            if (transfer_start(t, request)) continue;
            response_fail(&request->response, KIND_NETWORK, false, "out of memory");
            return request;
        }
        fill_response(t, easy, code);
        transfer_cut(t, request);
        /* libcurl 8.14: a handle that was kept from sending again never sends again. */
        if (code != CURLE_OK) transfer_release(request, false);
        return request;
    }
    return NULL;
}

const char *transfer_flaw(struct transfer *t) {
    const char *flaw = t->flaw;
    t->flaw = NULL;
    return flaw;
}

double transfer_timeout(const struct transfer *t) {
    return isinf(t->timer) ? INFINITY : fmax(0, t->timer - clock_now());
}

int transfer_fd(const struct transfer *t) {
    return t->pollset ? pollset_fd(t->pollset) : -1;
}

/* What libcurl doesn't say again it says where it is asked: it may have been called
 * early. */
static void serve_timer(struct transfer *t) {
    int running;
    long milliseconds = -1;
    if (t->flaw || isinf(t->timer) || t->timer > clock_now()) return;
    t->timer = INFINITY;
    note_flaw(t, curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running));
    if (t->flaw || !isinf(t->timer)) return;
    note_flaw(t, curl_multi_timeout(t->multi, &milliseconds));
    on_timer(t->multi, milliseconds == 0 ? 1 : milliseconds, t);
}

/* Where the system has no pollset libcurl waits by itself. */
static void step_without_pollset(struct transfer *t, double seconds) {
    int running, ms = seconds > 0 ? (int)to_milliseconds(seconds) : 0;
    note_flaw(t, curl_multi_perform(t->multi, &running));
    if (!t->flaw) note_flaw(t, curl_multi_poll(t->multi, NULL, 0, ms, NULL));
    if (!t->flaw) note_flaw(t, curl_multi_perform(t->multi, &running));
}

/* Returns how many descriptors had something to say. */
static int serve(struct transfer *t, double seconds, int max_descriptors) {
    struct ready ready[READY_MAX];
    int running;
    serve_timer(t);
    int count =
        t->flaw ? 0
                : pollset_wait(t->pollset, fmin(seconds, transfer_timeout(t)), ready,
                               max_descriptors < READY_MAX ? max_descriptors : READY_MAX);
    for (int i = 0; i < count && !t->flaw; i++) {
        int what =
            (ready[i].in ? CURL_CSELECT_IN : 0) | (ready[i].out ? CURL_CSELECT_OUT : 0);
        note_flaw(t, curl_multi_socket_action(t->multi, ready[i].fd, what, &running));
    }
    serve_timer(t);
    return count;
}

void transfer_step(struct transfer *t, double seconds, int max_descriptors) {
    if (t->pollset) serve(t, seconds, max_descriptors);
    else step_without_pollset(t, seconds);
}

void transfer_read(struct transfer *t) {
    if (!t->pollset) step_without_pollset(t, 0);
    for (int i = 0; t->pollset && i < READS_MAX && serve(t, 0, READY_MAX) > 0; i++) {
    }
}
