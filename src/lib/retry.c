/* What a code or a fault leads to: see retry.h. */
#include "retry.h"

#include "codes.h"

static const double BACKOFF_BASE = 0.5, BACKOFF_CAP = 20.0; /* seconds */

struct code_row {
    long code;
    enum course course;
    enum kind kind;
    const char *meaning;
};

static const struct code_row code_rows[] = {
#define CODE_ROW(number, name, class, kind, retryable, meaning, remedy) \
    {number, COURSE_##class, KIND_##kind, meaning},
    GEELARK_CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct code_row *find_row(long code)
{
    /* Every code that the list does not know and that starts with 9000 is one of access. */
    static const struct code_row access = {0, COURSE_STOP, KIND_AUTH, "access denied"};
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].code == code) return &code_rows[i];
    return code / 10 == 9000 ? &access : NULL;
}

static enum course envelope_course(const struct verdict *v)
{
    const struct code_row *row = find_row(v->code);
    enum course course = row ? row->course : COURSE_FAILED;
    bool settles = course == COURSE_ACCEPT || course == COURSE_PARTIAL;
    if (v->http_status == 429 && (settles || course == COURSE_FAILED)) return COURSE_AGAIN;
    /* A client error that claims success contradicts itself. */
    if (v->http_status >= 400 && settles) return COURSE_LOST;
    return course;
}

enum course retry_course(const struct verdict *v)
{
    int status = v->http_status;
#ifdef GEELARK_MUTATE_IGNORE_STOP
    if (v->has_envelope && find_row(v->code) && find_row(v->code)->course == COURSE_STOP)
        return COURSE_FAILED;
#endif
    if (v->fault != KIND_NONE) {
        if (v->final) return COURSE_STOP;
        return v->sent ? COURSE_LOST : COURSE_AGAIN;
    }
    if (status >= 500 || status < 200 || status == 408) return COURSE_LOST;
    if (status < 400 && status >= 300) return COURSE_STOP;
    if (status == 401 || status == 403) return COURSE_STOP;
    if (v->has_envelope) return envelope_course(v);
    if (status == 429) return COURSE_AGAIN;
    return status >= 400 ? COURSE_STOP : COURSE_LOST;
}

enum kind retry_kind(const struct verdict *v)
{
    const struct code_row *row = v->has_envelope ? find_row(v->code) : NULL;
    int status = v->http_status;
    if (v->fault != KIND_NONE) return v->fault;
    if (status >= 500) return KIND_SERVER;
    if (status == 408) return KIND_TIMEOUT;
    if (status < 200 || (status >= 300 && status < 400)) return KIND_PROTOCOL;
    if (row && row->course >= COURSE_LOST) return row->kind;
    if (status == 401 || status == 403) return KIND_AUTH;
    if (status == 429) return KIND_QUOTA;
    if (v->has_envelope && !row) return KIND_REFUSED;
    return KIND_PROTOCOL;
}

const char *retry_meaning(long code)
{
    const struct code_row *row = find_row(code);
    return row ? row->meaning : NULL;
}

double retry_backoff(unsigned faults, double random)
{
    double most = BACKOFF_BASE;
    while (--faults > 0 && most < BACKOFF_CAP) most *= 2;
    return random * (most < BACKOFF_CAP ? most : BACKOFF_CAP);
}
