/*
 * headers.c: the headers of an answer → how long to wait, and whether a clock is wrong.
 *
 * Each line of an input is a header's. They go both ways into a response, libcurl's and
 * that of a caller's transport. What they mean is read here again, plainly: RFC 9110
 * knows digits, and a date in three forms. What else libcurl's lenient reader takes for a
 * date is only held to the range.
 */
#include "check.h"
#include "input.h"
#include "state.h"
#include "transport.h"
#include "lib/clock.h"
#include "lib/codes.h"
#include "lib/explain.h"

/* Seconds since the epoch: the clock stands still for the code that is read in below,
 * whose callback for headers no other file can call. */
#define WALL 1784000000.0
#define clock_wall() WALL
#include "lib/transfer.c"

enum { LINES_MAX = 32, LINE_SIZE = 1024 };
enum found { IS_NONE, IS_KNOWN, MAY_BE };

/* What a value means. */
struct meant {
    enum found found;
    double seconds; /* since the epoch for a date, else to wait */
};

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

static double seconds_of(int year, int month, int day, const int clock[3]) {
    double days = day - 1;
    for (int y = 1970; y < year; y++) days += is_leap(y) ? 366 : 365;
    for (int m = 0; m < month; m++) days += days_of(year, m);
    return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
}

/* Compares with a pattern: 0 is a digit, A a capital letter, l a small one, a any number
 * of them. */
static bool looks_like(const char *text, const char *pattern) {
    for (; *pattern; pattern++) {
        unsigned char c = (unsigned char)*text;
        if (*pattern == 'a') {
            while (islower((unsigned char)*text)) text++;
            continue;
        }
        if (*pattern == '0'   ? !isdigit(c)
            : *pattern == 'A' ? !isupper(c)
            : *pattern == 'l' ? !islower(c)
                              : c != *pattern)
            return false;
        text++;
    }
    return *text == '\0';
}

static bool is_day_name(const char *text) {
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (int i = 0; i < 7; i++)
        if (strncmp(text, names[i], 3) == 0) return true;
    return false;
}

static bool is_long_day_name(const char *text) {
    static const char *const names[] = {"Monday, ",   "Tuesday, ", "Wednesday, ",
                                        "Thursday, ", "Friday, ",  "Saturday, ",
                                        "Sunday, "};
    for (int i = 0; i < 7; i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0) return true;
    return false;
}

static struct meant date_of(int year, const char *month_name, int day,
                            const char *clock) {
    int month = 0, hms[3];
    while (month < 12 && strncmp(month_name, months[month], 3) != 0) month++;
    for (int i = 0; i < 3; i++) hms[i] = atoi(clock + 3 * i);
    bool sound = year >= 1971 && month < 12 && day >= 1 && day <= days_of(year, month) &&
                 hms[0] < 24 && hms[1] < 60 && hms[2] < 60;
    if (!sound) return (struct meant){MAY_BE, 0};
    return (struct meant){IS_KNOWN, seconds_of(year, month, day, hms)};
}

/* A date in one of RFC 9110's three forms. */
static struct meant read_date(const char *text) {
    const char *comma = strchr(text, ',');
    if (looks_like(text, "All, 00 All 0000 00:00:00 GMT") && is_day_name(text))
        return date_of(atoi(text + 12), text + 8, atoi(text + 5), text + 17);
    if (looks_like(text, "Aa, 00-All-00 00:00:00 GMT") && is_long_day_name(text)) {
        int year = atoi(comma + 9);
        if (year > 70 && year < 80) return (struct meant){MAY_BE, 0}; /* which century? */
        return date_of(year + (year < 75 ? 2000 : 1900), comma + 5, atoi(comma + 2),
                       comma + 12);
    }
    if (is_day_name(text) && (looks_like(text, "All All 00 00:00:00 0000") ||
                              looks_like(text, "All All  0 00:00:00 0000")))
        return date_of(atoi(text + 20), text + 4, atoi(text + 8), text + 11);
    return (struct meant){MAY_BE, 0};
}

/* Without the blanks around it. */
static void trim(char *out, const char *value) {
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && strchr(" \t\r\n", value[len - 1])) len--;
    memcpy(out, value, len);
    out[len] = '\0';
}

static bool has_letter(const char *text) {
    for (; *text; text++)
        if (isalpha((unsigned char)*text)) return true;
    return false;
}

/* How long a Retry-After asks to wait, from the answer's Date on. */
static struct meant read_retry_after(const char *value, const char *date) {
    char text[LINE_SIZE], now[LINE_SIZE];
    struct meant none = {IS_NONE, -1}, now_meant = {IS_KNOWN, WALL};
    trim(text, value);
    trim(now, date);
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && text[digits]) return none;
    if (digits > 0) return (struct meant){IS_KNOWN, fmin(strtod(text, NULL), 1e9)};
    if (!isalpha((unsigned char)text[0]) || !strchr(text, ':')) return none;
    struct meant until = read_date(text);
    if (has_letter(now)) now_meant = read_date(now);
    if (until.found != IS_KNOWN || now_meant.found != IS_KNOWN)
        return (struct meant){MAY_BE, 0};
    double wait = fmin(fmax(until.seconds - now_meant.seconds, 0), 1e9);
    return (struct meant){IS_KNOWN, wait};
}

/* A header's value as the response gets it, cut where it is long. */
static void cut(char out[HEADER_VALUE_SIZE], const char *value) {
    snprintf(out, HEADER_VALUE_SIZE, "%s", value);
}

/* The lines of an input, and the values that count: the last ones of the last response,
 * which a status line begins. */
struct lines {
    char lines[LINES_MAX][LINE_SIZE];
    size_t sizes[LINES_MAX];
    unsigned count;
    const char *retry_after, *date; /* "" for none */
};

static struct lines lines;

static void note_value(struct lines *l, const char *line) {
    const char *colon = strchr(line, ':');
    size_t len = colon ? (size_t)(colon - line) : 0;
    if (len == 11 && strncasecmp(line, "retry-after", len) == 0)
        l->retry_after = colon + 1;
    if (len == 4 && strncasecmp(line, "date", len) == 0) l->date = colon + 1;
}

static void read_lines(struct lines *l, struct input in) {
    l->count = 0;
    l->retry_after = l->date = "";
    while (in.at < in.end && l->count < LINES_MAX) {
        struct input line = input_until(&in, '\n');
        size_t len = input_left(&line);
        if (len > LINE_SIZE - 3) len = LINE_SIZE - 3;
        if (memchr(line.at, '\0', len)) continue; /* libcurl lets no such line pass */
        char *copy = l->lines[l->count];
        memcpy(copy, line.at, len);
        memcpy(copy + len, "\r\n", 3);
        l->sizes[l->count++] = len + 2;
        note_value(l, copy);
        if (strncasecmp(copy, "HTTP/", 5) == 0) l->retry_after = l->date = "";
    }
}

/* Line by line as libcurl hands them over. */
static void by_network(const struct lines *l, struct request *request) {
    static struct easy easy;
    static const struct transfer_settings settings;
    struct transfer transfer = {.settings = &settings};
    if (!easy.handle) easy.handle = curl_easy_init();
    easy.header_bytes = 0;
    easy.retry_after[0] = easy.date[0] = '\0';
    easy.request = request;
    for (unsigned i = 0; i < l->count; i++) {
        char *line = malloc(l->sizes[i]); /* without a zero byte behind it */
        memcpy(line, l->lines[i], l->sizes[i]);
        size_t taken = on_header(line, 1, l->sizes[i], &easy);
        CHECK(taken == l->sizes[i], "%zu bytes were taken", taken);
        free(line);
    }
    CHECK(memchr(easy.retry_after, 0, HEADER_VALUE_SIZE) &&
              memchr(easy.date, 0, HEADER_VALUE_SIZE),
          "a value has more room than there is");
    fill_response(&transfer, &easy, CURLE_OK);
}

/* The table of a caller's transport. */
static void by_transport(const struct lines *l, struct request *request) {
    lua_State *L = state_get();
    struct answer answer;
    lua_pushinteger(L, 200);
    lua_pushnil(L);
    lua_newtable(L);
    for (unsigned i = 0; i < l->count; i++) {
        const char *colon = strchr(l->lines[i], ':');
        bool counts = colon && (colon + 1 == l->retry_after || colon + 1 == l->date);
        if (!colon || (!counts && (strncasecmp(l->lines[i], "retry-after:", 12) == 0 ||
                                   strncasecmp(l->lines[i], "date:", 5) == 0)))
            continue; /* two that differ in case alone would come in any order */
        lua_pushlstring(L, l->lines[i], (size_t)(colon - l->lines[i]));
        lua_pushstring(L, colon + 1);
        lua_rawset(L, -3);
    }
    transport_read_results(L, 1, &answer);
    CHECK(!answer.flaw && !answer.reason, "%s", answer.flaw);
    CHECK(transport_fill(request, &answer), "no memory");
    lua_settop(L, 0);
}

static void check_wait(const struct lines *l, double wait, bool whole) {
    struct meant meant = read_retry_after(l->retry_after, l->date);
    CHECK(wait <= 1e9 && (wait >= 0 || wait == -1), "a wait of %g s", wait);
    if (!whole || meant.found == MAY_BE) return;
    CHECK(wait == meant.seconds, "Retry-After:%s and Date:%s make %g s, not %g",
          l->retry_after, l->date, wait, meant.seconds);
}

/* A signature that is refused: by more than a minute the clock is wrong. */
static void check_clock(struct request *request, const char *date, bool whole) {
    struct fault fault = {.kind = KIND_AUTH, .code = CODE_SIGNATURE_REFUSED};
    char text[LINE_SIZE], words[64];
    request->headers.signed_at = (int64_t)WALL * 1000;
    request->headers.sign_line[0] = 's';
    explain_fault(&fault, request, "https://x", 1, 0, WALL);
    trim(text, date);
    struct meant meant = read_date(text);
    if (!whole || meant.found != IS_KNOWN) return;
    double off = fabs(WALL - meant.seconds);
    const char *way = WALL > meant.seconds ? "ahead" : "behind";
    long long minutes = (long long)(off / 60);
    if (minutes / 60 >= 48)
        snprintf(words, sizeof words, "%lld days %s", minutes / 1440, way);
    else if (minutes >= 60)
        snprintf(words, sizeof words, "%lld h %lld min %s", minutes / 60, minutes % 60,
                 way);
    else snprintf(words, sizeof words, "%lld min %s", minutes, way);
    CHECK((strstr(fault.text, words) != NULL) == (off > 60), "Date:%s is %s in: %s", date,
          words, fault.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct job job = {.wall = WALL};
    static struct request requests[2];
    char retry_after[HEADER_VALUE_SIZE], date[HEADER_VALUE_SIZE];
    read_lines(&lines, input_of(data, size));
    cut(retry_after, lines.retry_after);
    cut(date, lines.date);
    /* libcurl's way keeps so much of a value. */
    bool whole =
        strcmp(retry_after, lines.retry_after) == 0 && strcmp(date, lines.date) == 0;
    for (int i = 0; i < 2; i++) {
        requests[i].job = &job;
        response_reset(&requests[i].response);
    }
    by_network(&lines, &requests[0]);
    by_transport(&lines, &requests[1]);
    for (int i = 0; i < 2; i++) {
        check_wait(&lines, requests[i].response.retry_after, whole || i == 1);
        check_clock(&requests[i], lines.date, whole);
    }
    state_settle(state_get());
    return 0;
}
