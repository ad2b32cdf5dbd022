/* What went wrong, as data: see fault.h. */
#include "fault.h"

#include <string.h>

#include "text.h"
#include "private.h"

const char *fault_kind_name(enum kind kind) {
    static const char *const names[] = {
#define FAULT_NAME(name, text) text,
        FAULT_KINDS(FAULT_NAME)
#undef FAULT_NAME
    };
    return names[kind];
}

void fault_set(struct fault *fault, enum kind kind, const char *text) {
    *fault = (struct fault){.kind = kind, .retry_after = -1};
    text_copy_line(fault->text, sizeof fault->text, text, strlen(text));
}
