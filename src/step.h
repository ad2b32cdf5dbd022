/* step.h: drives a job for Lua: callbacks, the caller's limiter and transport, waits. */
#pragma once

#include "handle.h"

/* Seconds after which the job has to be stepped, whatever comes. */
double step_wait(struct lua_job *job, double now);

/* Does what can be done, waiting at most `seconds` (INFINITY: to the end) and settling at
 * most `max_answers` answers. Returns whether the job is done. `refs` is the absolute
 * index of its references. Raises memory errors alone; it can be stepped again. */
bool step_run(lua_State *L, struct lua_job *job, int refs, double seconds,
              int max_answers);
