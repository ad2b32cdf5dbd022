/* What trouble is called, and how it is told: see fault.h. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

#include "retry.h"

const char *fault_kind_name(enum kind kind)
{
    static const char *const names[] = {
#define FAULT_NAME(name, text) text,
        FAULT_KINDS(FAULT_NAME)
#undef FAULT_NAME
    };
    return names[kind];
}

/* Length of the character of UTF-8 at s, 0 where there is none or it is cut. */
static size_t character(const unsigned char *s, size_t left)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    if (n == 0 || n > left || s[0] > 0xf4) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

void fault_copy_text(char *out, size_t size, const char *text, size_t len)
{
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        const unsigned char *s = (const unsigned char *)text + at;
        size_t n = character(s, len - at);
        /* C1 control characters move cursors too. */
        bool plain = n > 0 && s[0] >= 0x20 && s[0] != 0x7f && !(s[0] == 0xc2 && s[1] < 0xa0);
        if (used + (plain ? n : 1) + 3 >= size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (plain) memcpy(out + used, s, n);
        else out[used] = n == 1 ? ' ' : '?';
        used += plain ? n : 1;
        at += n > 0 ? n : 1;
    }
    out[used] = '\0';
}

void fault_set(struct fault *fault, enum kind kind, const char *text)
{
    *fault = (struct fault){.kind = kind, .retry_after = -1};
    fault_copy_text(fault->text, sizeof fault->text, text, strlen(text));
}

static void describe_answer(char *out, size_t size, const struct verdict *v)
{
    char msg[160] = "";
    if (v->has_envelope) {
        const char *meaning = retry_meaning(v->code);
        if (v->msg) fault_copy_text(msg, sizeof msg, v->msg, v->msg_len);
        if (retry_course(v) == COURSE_ACCEPT || retry_course(v) == COURSE_PARTIAL)
            snprintf(out, size, "the answer does not add up");
        else if (!meaning)
            snprintf(out, size, "code %ld: %s", v->code, *msg ? msg : "unknown");
        else if (*msg && strcmp(msg, meaning) != 0)
            snprintf(out, size, "code %ld: %s (%s)", v->code, meaning, msg);
        else
            snprintf(out, size, "code %ld: %s", v->code, meaning);
    } else if (v->http_status >= 300 && v->http_status < 400) {
        snprintf(out, size, "redirect refused");
    } else if (v->http_status == 401 || v->http_status == 403) {
        snprintf(out, size, "access refused");
    } else if (v->http_status == 429) {
        snprintf(out, size, "too many requests");
    } else if (v->http_status >= 400) {
        snprintf(out, size, "the service answered with an error");
    } else {
        snprintf(out, size, "the answer is not the service's");
    }
}

void fault_from_verdict(struct fault *fault, const struct verdict *v, enum kind kind,
                        const char *trace_id)
{
    if (v->fault != KIND_NONE) {
        fault_set(fault, kind, v->reason ? v->reason : "no answer");
    } else {
        char text[FAULT_TEXT_SIZE];
        describe_answer(text, sizeof text, v);
        fault_set(fault, kind, text);
        fault_copy_text(fault->excerpt, sizeof fault->excerpt, v->body ? v->body : "",
                        v->body_len);
        if (v->has_envelope) fault->code = v->code;
        if (v->retry_after >= 0) fault->retry_after = v->retry_after;
    }
    fault->http_status = v->http_status;
    snprintf(fault->trace_id, sizeof fault->trace_id, "%s", trace_id);
}
