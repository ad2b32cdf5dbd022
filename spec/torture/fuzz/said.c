/* What an answer says of the ids that were asked for: see said.h. */
#include "said.h"

#include <ctype.h>
#include <string.h>

#include "json.h"

enum { DEPTH_MAX = 64, ENTRIES_MAX = 1000 };

/* What is read of an answer. */
struct reading {
    const struct exchange *exchange;
    const struct json *root, *data;
    bool has_code, has_amounts;
    long long code, total, success, fail;
    bool lists_are_sound; /* they name what was asked for, each once */
    unsigned named;       /* by failDetails */
    struct said said;
};

static bool in_code_range(long long n) { return n >= -0x80000000LL && n <= 0x7fffffffLL; }

static bool read_code(const struct json *object, const char *name, long long *code) {
    return json_integer(json_field(object, name), code) && in_code_range(*code);
}

/* An id is a text, or a number of digits alone; one with a point or an exponent is none.
 */
static bool read_id(const struct json *entry, struct text *id) {
    const struct json *value = json_field(entry, "id");
    if (!value || (value->type != JSON_STRING && value->type != JSON_NUMBER))
        return false;
    *id = (struct text){value->text, value->len};
    for (size_t i = value->text[0] == '-'; i < value->len; i++)
        if (value->type == JSON_NUMBER && !isdigit((unsigned char)value->text[i]))
            return false;
    return true;
}

static struct said_of_id *find(struct reading *r, struct text id) {
    const struct exchange *e = r->exchange;
    for (unsigned i = 0; i < e->amount; i++)
        if (e->ids[i].len == id.len && memcmp(e->ids[i].text, id.text, id.len) == 0)
            return &r->said.ids[i];
    return NULL;
}

static void read_msg(const struct json *entry, struct text *msg) {
    const struct json *value = json_field(entry, "msg");
    bool is_text = value && (value->type == JSON_STRING || /* digits come as a text */
                             (value->type == JSON_NUMBER &&
                              strcspn(value->text, ".eE,]} \t\r\n") >= value->len));
    *msg = is_text ? (struct text){value->text, value->len} : (struct text){"", 0};
}

static bool read_entry(struct reading *r, const struct json *entry, bool shown) {
    struct text id;
    long long code;
    if (!read_id(entry, &id) || !read_code(entry, shown ? "status" : "code", &code))
        return false;
    struct said_of_id *of = find(r, id);
    if (!of || of->failed || of->shown || (!shown && code == 0)) return false;
    of->failed = !shown;
    of->shown = shown;
    *(shown ? &of->status : &of->code) = code;
    read_msg(entry, &of->msg);
    return true;
}

/* A list may be absent, null or empty; Lua can't tell {} from []. */
static bool read_list(struct reading *r, const char *name, bool shown) {
    const struct json *list = json_field(r->data, name);
    unsigned count = 0;
    if (!list || list->type == JSON_NULL) return true;
    if (list->type == JSON_OBJECT) return !list->first;
    if (list->type != JSON_ARRAY) return false;
    for (const struct json *entry = list->first; entry; entry = entry->next)
        if (++count > ENTRIES_MAX || !read_entry(r, entry, shown)) return false;
    if (!shown) r->named = count;
    return true;
}

static void read_data(struct reading *r) {
    r->data = json_field(r->root, "data");
    bool total = json_integer(json_field(r->data, "totalAmount"), &r->total);
    bool success = json_integer(json_field(r->data, "successAmount"), &r->success);
    bool fail = json_integer(json_field(r->data, "failAmount"), &r->fail);
    r->has_amounts = total && success && fail;
    r->lists_are_sound =
        read_list(r, "failDetails", false) &&
        (r->exchange->path != PATH_STATUS || read_list(r, "successDetails", true));
}

/* The amounts agree with what was sent and with failDetails. */
static bool adds_up(const struct reading *r) {
    return r->lists_are_sound && r->has_amounts && r->total == r->exchange->amount &&
           r->success >= 0 && r->fail >= 0 && r->success + r->fail == r->total &&
           r->fail == r->named;
}

/* There are no data that could be used, and they contradict nothing. */
static bool has_no_data(const struct reading *r) {
    if (!r->lists_are_sound || r->named > 0) return false;
    bool zeros = r->total == 0 && r->success == 0 && r->fail == 0;
    bool all = r->total == r->exchange->amount && r->success == 0 && r->fail == r->total;
    return !r->has_amounts || zeros || all;
}

/* It bears the traceId of another request; dashes and case are no matter. */
static bool is_foreign(const struct reading *r) {
    const struct exchange *e = r->exchange;
    const struct json *trace = json_field(r->root, "traceId");
    char digits[TRACE_DIGITS + 1] = "";
    size_t used = 0;
    bool is_text = trace && (trace->type == JSON_STRING || trace->type == JSON_NUMBER);
    for (size_t i = 0; is_text && i < trace->len; i++) {
        if (trace->text[i] == '-') continue;
        if (used == TRACE_DIGITS) return false;
        digits[used++] = (char)tolower((unsigned char)trace->text[i]);
    }
    if (strcmp(digits, e->traces[e->trace_count - 1]) == 0) return false;
    for (unsigned i = 0; used == TRACE_DIGITS && i < e->trace_count; i++)
        if (memcmp(digits, e->traces[i], TRACE_DIGITS) == 0) return true;
    return false;
}

/* The tables of codes, and what the manual says of each. */
static bool find_code(long long code, enum meaning *meaning) {
    static const struct {
        long long first, last;
        enum meaning meaning;
    } codes[] = {{0, 0, SAYS_WHAT_BECAME},        {40000, 40000, SAYS_NOTHING},
                 {40001, 40001, SAYS_NOT_DONE},   {40002, 40003, SAYS_STOP},
                 {40004, 40005, SAYS_ONE_IS_BAD}, {40006, 40006, SAYS_WHAT_BECAME},
                 {40007, 40007, SAYS_WAIT},       {40009, 40009, SAYS_ALL_FAILED},
                 {40010, 40010, SAYS_ONE_IS_BAD}, {40011, 40016, SAYS_STOP},
                 {40017, 40017, SAYS_WAIT},       {41001, 41001, SAYS_STOP},
                 {42000, 43999, SAYS_ONE_IS_BAD}, {46001, 46001, SAYS_STOP},
                 {47002, 47002, SAYS_STOP},       {50000, 50000, SAYS_NOTHING},
                 {90000, 90009, SAYS_STOP}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        *meaning = codes[i].meaning;
        if (code >= codes[i].first && code <= codes[i].last) return true;
    }
    return false;
}

/* A complete envelope with a known code decides, whatever the HTTP status. */
static enum meaning find_meaning(const struct reading *r) {
    enum meaning known;
    int status = r->exchange->status;
    if (r->has_code && find_code(r->code, &known)) return known;
    if (status == 429) return SAYS_NOT_DONE;
    if (status < 200 || status == 408 || status >= 500) return SAYS_NOTHING;
    if (r->has_code) return SAYS_UNLISTED;
    return status >= 300 ? SAYS_STOP : SAYS_NOTHING;
}

/* Only code 0 and 40006 let data claim a success, the latter beside a failure. */
static enum meaning judge(struct reading *r, enum meaning meaning) {
    bool claims = r->has_amounts && r->success > 0;
    bool stops = meaning == SAYS_STOP || meaning == SAYS_UNLISTED;
    if (is_foreign(r)) return SAYS_NOTHING;
    if (meaning == SAYS_WHAT_BECAME)
        return adds_up(r) && !(r->code == 40006 && r->fail == 0) ? meaning : SAYS_NOTHING;
    if (claims && stops) r->said.may_be_obeyed = true;
    if (claims && !stops) return SAYS_NOTHING;
    if (meaning != SAYS_ALL_FAILED && meaning != SAYS_ONE_IS_BAD) return meaning;
    if (adds_up(r)) return SAYS_WHAT_BECAME;
    return has_no_data(r) ? meaning : SAYS_NOTHING;
}

struct said said_read(const struct exchange *e) {
    struct reading r = {.exchange = e, .lists_are_sound = true};
    if (!e->answered) {
        enum meaning meaning = e->may_have_left ? SAYS_NOTHING : SAYS_NOT_DONE;
        r.said.meaning = e->is_final ? SAYS_STOP : meaning;
    } else {
        r.root = json_read(e->body.text, e->body.len, DEPTH_MAX);
        r.has_code = read_code(r.root, "code", &r.code);
        read_data(&r);
        r.said.code = r.has_code ? r.code : 0;
        r.said.meaning = judge(&r, find_meaning(&r));
    }
    r.said.may_be_obeyed |= r.said.meaning == SAYS_NOTHING;
    r.said.may_be_obeyed &= e->path == PATH_DELETE;
    return r.said;
}
