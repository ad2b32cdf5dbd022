/* Whether an answer adds up: see audit.h. */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "private.h"

/* Notes at `at` which id each entry of a list names. Returns what is wrong with them, as
 * the end of a sentence, NULL for nothing. Entries mostly stand in the order of the
 * request: it looks there first. */
static const char *collect(struct audit *a, const struct details *details, uint32_t *at) {
    uint32_t start = 0;
    if (!details->sound) return "is no list";
    for (uint32_t i = 0; i < details->count; i++) {
        const struct detail *d = &details->list[i];
        if (!d->has_id || !d->has_code) return "has an entry without id or code";
        uint32_t found = ids_find(a->ids, a->part, start,
                                  response_text(a->response, d->id), d->id.len);
        if (found == a->part.amount) return "names an id that was not asked for";
        if (a->named[found]) return "names an id twice";
        a->named[found] = true;
        at[i] = found;
        start = found + 1 < a->part.amount ? found + 1 : 0;
    }
    return NULL;
}

/* False, and the flaw is noted: the lists of ids are wrong in themselves. */
static bool collect_all(struct audit *a) {
    const struct details *failed = &a->response->failed;
    const char *name = "failDetails", *flaw = collect(a, failed, a->at);
    if (!flaw && a->path == PATH_STATUS) {
        name = "successDetails";
        flaw = collect(a, &a->response->statuses, a->at + failed->count);
    }
    if (flaw) snprintf(a->flaw, sizeof a->flaw, "%s %s", name, flaw);
    return !flaw;
}

static bool amounts_add_up(const struct response *r) {
    return r->success >= 0 && r->fail >= 0 && r->success <= r->total &&
           r->fail == r->total - r->success;
}

enum data audit_judge(struct audit *a) {
    const struct response *r = a->response;
    uint32_t named = r->failed.count, amount = a->part.amount;
    bool names_nobody = !r->has_amounts || (r->total == 0 && amounts_add_up(r)) ||
                        (r->total == amount && r->fail == amount && r->success == 0);
    if (!collect_all(a)) return DATA_FLAWED;
    if (named == 0 && names_nobody) {
        snprintf(a->flaw, sizeof a->flaw, "%s",
                 r->has_amounts ? "failDetails is missing" : "there are no amounts");
        return DATA_NONE;
    } else if (!r->has_amounts) snprintf(a->flaw, sizeof a->flaw, "there are no amounts");
    else if (r->total != amount)
        snprintf(a->flaw, sizeof a->flaw,
                 "totalAmount says %" PRId64 ", %u were asked for", r->total, amount);
    else if (!amounts_add_up(r))
        snprintf(a->flaw, sizeof a->flaw,
                 "successAmount %" PRId64 " and failAmount %" PRId64
                 " are not totalAmount %" PRId64,
                 r->success, r->fail, r->total);
    else if (r->fail != named)
        snprintf(a->flaw, sizeof a->flaw,
                 "failDetails names %u ids, failAmount says %" PRId64, named, r->fail);
    else return DATA_SOUND;
    return DATA_FLAWED;
}

bool audit_contradicts(struct audit *a, enum disposition then, enum data data) {
    const struct response *r = a->response;
    bool may_claim = then == RETRY_ACCEPT || then == RETRY_PARTIAL;
    if (r->foreign)
        snprintf(a->flaw, sizeof a->flaw, "it bears the traceId of another request");
    else if (!r->has_envelope && r->has_amounts && r->success > 0)
        snprintf(a->flaw, sizeof a->flaw,
                 "successAmount %" PRId64 " without a usable code", r->success);
    else if (!may_claim && r->has_amounts && r->success > 0)
        snprintf(a->flaw, sizeof a->flaw, "code %ld with successAmount %" PRId64, r->code,
                 r->success);
    else if (then == RETRY_PARTIAL && data == DATA_SOUND && r->fail == 0)
        snprintf(a->flaw, sizeof a->flaw, "code %ld with failAmount 0", r->code);
    else return may_claim ? data != DATA_SOUND : then < RETRY_LOST && data == DATA_FLAWED;
    return true;
}
