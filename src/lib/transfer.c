/* Exchanges over libcurl's multi interface: see transfer.h. */
#include "transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "url.h"
#include "pollset.h"

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

enum { HEADERS_MAX = 256 * 1024, READY_MAX = 64 };

/* A handle of libcurl's with all that one exchange needs; used again and again. */
struct slot {
    CURL *easy;
    struct exchange *exchange;
    size_t body_sent, headers_seen;
    bool whole; /* libcurl takes the body as it stands */
    bool sent, too_large, out_of_memory;
    char retry_after[64], date[64]; /* header values as they came */
    struct curl_slist headers[STAMP_LINES + 2];
    char error[CURL_ERROR_SIZE];
    struct slot *next, **link; /* in the list of idle ones or of those in flight */
};

struct transfer {
    CURLM *multi;
    struct pollset *pollset;
    double timer; /* when libcurl wants to be called, by our clock; INFINITY: never */
    char *ca_file, *proxy;
    CURLU *url;
    bool plain, hashed_ca;
    struct slot *idle, *flying;
};

/* --- libcurl's callbacks: plain C, they only take notes -------------------------------- */

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* libcurl re-sends a POST by itself where a reused connection dies, though the server may
 * have obeyed the first one. A request may leave once: a second time, the transfer ends, and
 * our own retry counts it as a lost answer. Called just before it leaves. */
static int on_request(void *user, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct slot *slot = user;
    (void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
    if (slot->sent) return 1; /* CURL_PREREQFUNC_ABORT */
    slot->sent = true;
    return 0; /* CURL_PREREQFUNC_OK */
}

/* Before libcurl 7.80 there is no such call: there the body is read piece by piece, and can't
 * be rewound to be sent again. */
static size_t on_read(char *out, size_t size, size_t count, void *user)
{
    struct slot *slot = user;
    const struct buffer *body = &slot->exchange->body;
    size_t left = body->size - slot->body_sent, room = size * count;
    size_t n = left < room ? left : room;
    slot->sent = true;
    memcpy(out, body->data + slot->body_sent, n);
    slot->body_sent += n;
    return n;
}

static int on_seek(void *user, curl_off_t offset, int origin)
{
    (void)user, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct slot *slot = user;
    struct buffer *body = &slot->exchange->reply.body;
    size_t n = size * count;
    slot->too_large = body->size + n > BODY_MAX;
    if (slot->too_large) return 0;
    slot->out_of_memory = !buffer_append(body, bytes, n);
    return slot->out_of_memory ? 0 : n;
}

/* Keeps the value of a header line, where it has this name. */
static void keep_header(char *out, size_t room, const char *name, const char *line, size_t len)
{
    size_t prefix = strlen(name);
    if (len <= prefix || (line[0] | 0x20) != name[0]) return;
    if (strncasecmp(line, name, prefix) != 0) return;
    len -= prefix;
    while (len > 0 && (line[prefix + len - 1] == '\n' || line[prefix + len - 1] == '\r')) len--;
    if (len >= room) len = room - 1;
    memcpy(out, line + prefix, len);
    out[len] = '\0';
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct slot *slot = user;
    size_t n = size * count;
    slot->headers_seen += n;
    slot->too_large = slot->headers_seen > HEADERS_MAX;
    if (slot->too_large) return 0;
    keep_header(slot->retry_after, sizeof slot->retry_after, "retry-after:", line, n);
    keep_header(slot->date, sizeof slot->date, "date:", line, n);
    return n;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)user, (void)purpose;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct transfer *t = user;
    struct stat info;
    (void)easy;
    bool in = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    bool out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    /* A resolver's event descriptor would wake us without end if level-triggered. */
    bool edge = !known && fstat(fd, &info) == 0 && !S_ISSOCK(info.st_mode);
    if (!known && !edge) curl_multi_assign(t->multi, fd, t);
    pollset_watch(t->pollset, fd, in, out, edge);
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *user)
{
    struct transfer *t = user;
    (void)multi;
    t->timer = milliseconds < 0 ? INFINITY : clock_now() + (double)milliseconds / 1000;
    return 0;
}

/* --- opening and closing ----------------------------------------------------------------- */

bool transfer_init(void)
{
    static bool done;
    if (!done) done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return done;
}

static bool copy(char **out, const char *text)
{
    return !text || (*out = strdup(text));
}

struct transfer *transfer_new(const struct transfer_settings *settings)
{
    struct transfer *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->timer = INFINITY;
    t->url = url_parse(settings->base_url, settings->path);
    bool copied = t->url && copy(&t->ca_file, settings->ca_file) &&
                  copy(&t->proxy, settings->proxy);
    t->multi = copied ? curl_multi_init() : NULL;
    t->pollset = t->multi ? pollset_new() : NULL;
    if (!t->pollset) {
        int error = errno;
        transfer_free(t);
        errno = error;
        return NULL;
    }
    t->plain = strncasecmp(settings->base_url, "http:", 5) == 0;
    t->hashed_ca = !t->plain && !t->ca_file && url_has_hashed_authorities();
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
    return t;
}

static void unlink_slot(struct slot *slot)
{
    *slot->link = slot->next;
    if (slot->next) slot->next->link = slot->link;
}

static void link_slot(struct slot **list, struct slot *slot)
{
    slot->next = *list;
    slot->link = list;
    if (slot->next) slot->next->link = &slot->next;
    *list = slot;
}

static void free_slots(struct transfer *t, struct slot **list, bool flying)
{
    for (struct slot *slot; (slot = *list);) {
        unlink_slot(slot);
        if (flying) curl_multi_remove_handle(t->multi, slot->easy);
        curl_easy_cleanup(slot->easy);
        free(slot);
    }
}

static void free_settings(struct transfer *t)
{
    pollset_free(t->pollset);
    curl_url_cleanup(t->url);
    free(t->ca_file);
    if (t->proxy) memset(t->proxy, 0, strlen(t->proxy)); /* it may hold a password */
    free(t->proxy);
    free(t);
}

void transfer_free(struct transfer *t)
{
    if (!t) return;
    free_slots(t, &t->flying, true);
    free_slots(t, &t->idle, false);
    curl_multi_cleanup(t->multi);
    free_settings(t);
}

void transfer_abandon(struct transfer *t)
{
    if (t) free_settings(t); /* libcurl's own memory is left alone: it shares TLS states */
}

/* --- one exchange ------------------------------------------------------------------------- */

static void set_security(const struct transfer *t, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, t->plain ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(t->plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* A proxy would read the credentials of a plain request. */
    if (t->plain) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    } else if (t->proxy) {
        curl_easy_setopt(easy, CURLOPT_PROXY, t->proxy);
    }
    if (t->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    } else if (t->hashed_ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    }
}

/* Sees to it that no request is sent twice. Told at run time: the library may be older than
 * its headers. */
static void set_sending(struct slot *slot)
{
    CURL *easy = slot->easy;
#if LIBCURL_VERSION_NUM >= 0x075000
    slot->whole = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot) == CURLE_OK;
#else
    (void)on_request;
#endif
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, slot);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
}

static void set_callbacks(struct slot *slot)
{
    CURL *easy = slot->easy;
    set_sending(slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
}

static struct slot *new_slot(const struct transfer *t)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot) return NULL;
    slot->easy = curl_easy_init();
    if (!slot->easy) {
        free(slot);
        return NULL;
    }
    CURL *easy = slot->easy;
    set_security(t, easy);
    set_callbacks(slot);
    curl_easy_setopt(easy, CURLOPT_CURLU, t->url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* On https several requests share one HTTP/2 connection; waiting for it to be offered
     * would cost a plain one a latency. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)(t->plain ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, t->plain ? 0L : 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a slow name lookup must not hold us */
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, -1L);
#endif
    return slot;
}

/* libcurl only reads the list, so it can stand in the slot and point into the stamp. */
static struct curl_slist *link_headers(struct slot *slot, const struct stamp *stamp)
{
    /* Here they cost less than as an option, and than being sent: without "Accept" all is
     * accepted. */
    static char user_agent[] = "User-Agent: geelark", accept[] = "Accept:";
    struct curl_slist *last = &slot->headers[stamp->count];
    for (size_t i = 0; i < stamp->count; i++)
        slot->headers[i] = (struct curl_slist){(char *)stamp->lines[i], &slot->headers[i + 1]};
    last[0] = (struct curl_slist){user_agent, &last[1]};
    last[1] = (struct curl_slist){accept, NULL};
    return slot->headers;
}

static long to_milliseconds(double seconds)
{
    double ms = ceil(seconds * 1000);
    return ms < 1 ? 1 : ms < 2e9 ? (long)ms : 2000000000L;
}

bool transfer_start(struct transfer *t, struct exchange *x)
{
    struct slot *slot = t->idle;
    if (slot) unlink_slot(slot);
    else if (!(slot = new_slot(t))) return false;
    slot->exchange = x;
    slot->body_sent = slot->headers_seen = 0;
    slot->sent = slot->too_large = slot->out_of_memory = false;
    slot->retry_after[0] = slot->date[0] = slot->error[0] = '\0';
    CURL *easy = slot->easy;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, link_headers(slot, &x->stamp));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)x->body.size);
    if (slot->whole) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body.data);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, to_milliseconds(x->timeout));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, to_milliseconds(x->connect_timeout));
    if (curl_multi_add_handle(t->multi, easy) != CURLM_OK) {
        link_slot(&t->idle, slot);
        return false;
    }
    link_slot(&t->flying, slot);
    x->slot = slot;
    x->landed = false;
    return true;
}

static void park(struct transfer *t, struct slot *slot)
{
    curl_multi_remove_handle(t->multi, slot->easy);
    unlink_slot(slot);
    link_slot(&t->idle, slot);
    slot->exchange->slot = NULL;
    slot->exchange = NULL;
}

void transfer_cut(struct transfer *t, struct exchange *x)
{
    struct slot *slot = x->slot;
    if (!slot) return;
    x->reply.sent = slot->sent;
    park(t, slot);
}

/* --- how it ended ------------------------------------------------------------------------ */

static enum kind fault_kind(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return KIND_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return KIND_TLS;
    case CURLE_WRITE_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_BAD_CONTENT_ENCODING: return KIND_PROTOCOL;
    default: return KIND_NETWORK;
    }
}

/* A certificate that is refused now will be refused again. */
static bool is_final(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

static void fill_reply(struct slot *slot, CURLcode code)
{
    struct exchange *x = slot->exchange;
    struct reply *reply = &x->reply;
    long status = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    if (slot->retry_after[0]) {
        double date = parse_retry_after(slot->date, strlen(slot->date), 0);
        double now = date > 0 ? date : (double)time(NULL);
        reply->retry_after = parse_retry_after(slot->retry_after, strlen(slot->retry_after), now);
    }
    x->landed = true;
    if (code == CURLE_OK) return;
    const char *reason = slot->error[0] ? slot->error : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_SEND_FAIL_REWIND)
        reason = "the connection was lost before an answer came";
    if (slot->too_large) reason = "the answer is too large";
    if (slot->out_of_memory) reason = "out of memory for the answer";
    exchange_fail(x, fault_kind(code), slot->sent, reason);
    reply->final = is_final(code) && !slot->sent;
}

struct exchange *transfer_landed(struct transfer *t)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(t->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result; /* the message dies with the removal */
        char *owner = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        struct slot *slot = (struct slot *)(void *)owner;
        struct exchange *x = slot->exchange;
        fill_reply(slot, code);
        park(t, slot);
        return x;
    }
    return NULL;
}

/* --- driving ------------------------------------------------------------------------------ */

double transfer_timeout(const struct transfer *t)
{
    return isinf(t->timer) ? INFINITY : fmax(0, t->timer - clock_now());
}

int transfer_fd(const struct transfer *t)
{
    return pollset_fd(t->pollset);
}

static void serve_timer(struct transfer *t)
{
    int running;
    if (isinf(t->timer) || t->timer > clock_now()) return;
    t->timer = INFINITY;
    curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

bool transfer_step(struct transfer *t, double seconds, int most)
{
    struct ready ready[READY_MAX];
    int running;
    serve_timer(t);
    int count = pollset_wait(t->pollset, fmin(seconds, transfer_timeout(t)), ready,
                             most < READY_MAX ? most : READY_MAX);
    for (int i = 0; i < count; i++) {
        int what = (ready[i].in ? CURL_CSELECT_IN : 0) | (ready[i].out ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(t->multi, ready[i].fd, what, &running);
    }
    serve_timer(t);
    return count >= 0;
}
