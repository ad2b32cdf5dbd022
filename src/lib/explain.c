/* What a reader of a fault wants to know: see explain.h. */
#include "explain.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codes.h"
#include "text.h"
#include "transfer.h"
#include "private.h"

static const double CLOCK_TOLERANCE = 60; /* seconds */
enum { LEAST_ROOM = 16 };                 /* for words that are worth adding */

static void add(struct fault *fault, const char *format, ...) {
    char text[FAULT_TEXT_SIZE];
    size_t used = strlen(fault->text);
    va_list values;
    if (sizeof fault->text - used < LEAST_ROOM) return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    text_copy_line(fault->text + used, sizeof fault->text - used, text, strlen(text));
}

/* The service judges the time of a signature. It was signed before the answer came, and
 * the answer came before now, so that no delay makes a right clock look wrong. */
static void explain_clock(struct fault *fault, const struct request *r, double wall) {
    double date = transfer_date(r->response.date);
    double ahead = (double)r->headers.signed_at / 1000 - date, behind = date - wall;
    double off = fmax(ahead, behind);
    if (fault->code != CODE_SIGNATURE_REFUSED || !r->headers.sign_line[0] || date < 0 ||
        off <= CLOCK_TOLERANCE)
        return;
    const char *way = ahead > behind ? "ahead" : "behind";
    int64_t minutes = (int64_t)(off / 60), hours = minutes / 60, days = hours / 24;
    if (days > 1) add(fault, "; this machine's clock is %d days %s", (int)days, way);
    else if (hours > 0)
        add(fault, "; this machine's clock is %d h %d min %s", (int)hours,
            (int)(minutes % 60), way);
    else add(fault, "; this machine's clock is %d min %s", (int)minutes, way);
}

/* Such an answer most often comes from somebody else than the service. */
static void explain_url(struct fault *fault, const struct request *request,
                        const char *base_url) {
    const struct response *response = &request->response;
    int status = response->status;
    size_t len = strlen(base_url);
    bool elsewhere = status == 404 || status == 405 || (status >= 300 && status < 400);
    if (response->fault != KIND_NONE || response->has_envelope || !elsewhere) return;
    while (len > 0 && base_url[len - 1] == '/') len--;
    add(fault, ", asked was %.*s%s", (int)len, base_url, path_text(request->path));
}

void explain_fault(struct fault *fault, const struct request *r, const char *base_url,
                   unsigned attempts, double seconds, double wall) {
    explain_clock(fault, r, wall);
    explain_url(fault, r, base_url);
    /* A lock that lasts longer says so itself. */
    if (r->response.retry_after > 0 && r->response.retry_after >= fault->retry_after)
        add(fault, ", asks for a pause of %.0f s", r->response.retry_after);
    if (attempts > 1 || r->response.fault != KIND_NONE)
        add(fault, ", after %u %s in %.1f s", attempts, attempts == 1 ? "try" : "tries",
            seconds);
}
