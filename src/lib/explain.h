/*
 * explain.h: what a reader of a fault wants to know beside what the answer says: how many
 * tries it took, which URL was asked, whether this machine's clock is wrong.
 */
#pragma once

#include "request.h"

/* Adds to the text of a fault that this request's response decided. `attempts` and
 * `seconds` are its chunk's; `wall` is the present, in seconds since the epoch. */
void explain_fault(struct fault *fault, const struct request *request,
                   const char *base_url, unsigned attempts, double seconds, double wall);
