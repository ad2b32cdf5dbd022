/* transport.h: the caller's transport: the request it gets, the answer it gives. */
#pragma once

#include <lua.h>

#include "lib/job.h"

/* Pushes the request table; `refs` is the index of the job's references. */
void transport_push_request(lua_State *L, int refs, const struct job *job,
                            const struct request *request);

/* What a transport said of a request, read from Lua before the request is looked for: it
 * may be answered, and gone, while Lua code runs. Texts are the stack's. */
struct answer {
    const char *flaw;   /* what is wrong with it (it counts as lost); NULL: nothing */
    const char *reason; /* why no answer came; NULL: one did */
    bool sent;          /* where none came: the request may have left */
    int status;
    const char *body; /* may be NULL */
    size_t size;
    const char *retry_after, *date; /* headers; NULL: there is none */
};

/* Reads what a transport returned, from `first` on; all behind the headers is dropped. */
void transport_read_results(lua_State *L, int first, struct answer *answer);
/* Makes it the request's response. False: out of memory, it has none yet. */
bool transport_fill(struct request *request, const struct answer *answer);

/* Makes the metatable of requests; called once for a Lua state. */
void transport_open(lua_State *L);
