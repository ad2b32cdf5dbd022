-- Deliberate faults of the engine, each as a change of one place in the sources: `find` stands
-- exactly once in `file`, and `replace` takes its place. The simulation has to catch every one.

-- The rules for lost answers, waits and re-entry deserve these as well, once their code stands (each was tried on a
-- model of the engine, and is caught): what is lost makes no id asked; a time-out doesn't; 429 and
-- what surely never left do; resume asks for unknown ids first; the right half of a halved chunk
-- goes first; the first eight alone that are refused don't stop the job; they stop it although
-- something was deleted; max_wait isn't looked at; Retry-After isn't; an unknown code doesn't stop the
-- job, or fails its ids; an envelope behind 503 counts as none; data under a code of failure claim a
-- success; another request's answer is believed; 40009 fails ids that were asked; one that stands alone
-- and was asked fails; an id that isn't in the list, or twice in failDetails, is believed; 40017 keeps the
-- concurrency; 40007 costs a try, or is waited out for ever; a ninth try of a service that is down; a
-- time-out is judged before what came; a job can be stepped, its client closed, within a step.
---@class spec.support.Mutation
---@field name string
---@field file string its name, without folders
---@field find string exact text
---@field replace string

---@type spec.support.Mutation[]
return {
  { name = "an id that was gone after a lost answer counts as failed", file = "ledger.c",
    find = "[FOUND_GONE] = {ID_FAILED, ID_PRESUMED}",
    replace = "[FOUND_GONE] = {ID_FAILED, ID_FAILED}" },
  { name = "an id that doesn't exist always counts as deleted by us", file = "ledger.c",
    find = "[FOUND_GONE] = {ID_FAILED, ID_PRESUMED}",
    replace = "[FOUND_GONE] = {ID_PRESUMED, ID_PRESUMED}" },
  { name = "a refusal after a lost answer counts as a failure", file = "ledger.c",
    find = "[FOUND_REFUSED] = {ID_FAILED, ID_UNKNOWN}",
    replace = "[FOUND_REFUSED] = {ID_FAILED, ID_FAILED}" },
  { name = "an answer that doesn't add up is believed", file = "settle.c",
    find = "if (audit_contradicts(&s->audit, then, data)) {",
    replace = "if (audit_contradicts(&s->audit, then, data) && !s->response->has_amounts) {" },
  { name = "a lost answer ends its chunk, and nobody is told that it was lost", file = "settle.c",
    find = 'case RETRY_LOST: lose(s, ""); return;',
    replace = "case RETRY_LOST: batch_end_chunk(s->batch, s->chunk, s->now); return;" },
  { name = "the second half of a halved chunk is never sent", file = "batch.c",
    find = "wait_until(b, right, -INFINITY);",
    replace = "batch_end_chunk(b, right, now);" },
  { name = "a chunk is tried once too often", file = "settle.c",
    find = "c->failed_tries >= b->options.attempts",
    replace = "c->failed_tries >= b->options.attempts + 1" },
  { name = "when the tries run out the ids count as deleted", file = "settle.c",
    find = "c->failed_tries >= b->options.attempts) {\n        decide(s, flaw);",
    replace = "c->failed_tries >= b->options.attempts) {\n        decide(s, flaw);\n"
      .. "        settle_open(s, FOUND_DELETED);" },
  { name = "40007 holds requests back for 20 seconds only", file = "settle.c",
    find = "fmax(s->response->retry_after, MINUTE_SECONDS)",
    replace = "fmax(s->response->retry_after, 20)" },
  { name = "a code that stops the job counts as each id's failure", file = "retry.c",
    find = "if (row) return row->disposition;",
    replace = "if (row && row->disposition == RETRY_STOP) return RETRY_FAILED;\n"
      .. "    if (row) return row->disposition;" },
  { name = "an envelope that claims a success is believed whatever its code", file = "audit.c",
    find = "bool may_claim = then == RETRY_ACCEPT || then == RETRY_PARTIAL;",
    replace = "bool may_claim = true;" },
  { name = "another request's answer is taken for this one's", file = "audit.c",
    find = "if (r->foreign)\n",
    replace = "if (false)\n" },
  { name = "the quota's windows are a second too short", file = "gate.c",
    find = "{60.01, 3600.01}",
    replace = "{59.0, 3599.0}" },
  { name = "the quota allows one request too many", file = "gate.c",
    find = "if (used < limit) return 0;",
    replace = "if (used <= limit) return 0;" },
  { name = "one request too many is in flight", file = "gate.c",
    find = "if (g->in_flight >= places(g, concurrency)) return INFINITY;",
    replace = "if (g->in_flight >= places(g, concurrency) + 1) return INFINITY;" },
  { name = "an id that is given twice is asked for twice", file = "ids.c",
    find = "if (place->position) {",
    replace = "if (false) {" },
  { name = "what is in use is stopped, too", file = "stops.c",
    find = "(reason.code == CODE_STARTED || reason.code == CODE_STARTING);",
    replace = "(reason.code == CODE_STARTED || reason.code == CODE_STARTING\n"
      .. "            || reason.code == 43021);" },
  { name = "phones are stopped without the option", file = "stops.c",
    find = ".ended = !enabled,",
    replace = ".ended = false," },
  { name = "a phone that was stopped is forgotten", file = "stops.c",
    find = "    go_on(t, index, PATH_STATUS, now);\n}\n\nvoid stops_see",
    replace = "    stops_fail(t, index);\n}\n\nvoid stops_see" },
  { name = "a phone that was stopped isn't told", file = "stops.c",
    find = "    ledger_note_stopped(t->ledger, t->entries[index].position);\n",
    replace = "" },
  { name = "a phone is deleted before status says 2", file = "stops.c",
    find = "status == STATUS_SHUT_DOWN || status == STATUS_EXPIRED;",
    replace = "status >= 0;" },
  { name = "a phone is deleted as soon as its stop is accepted", file = "stops.c",
    find = "    go_on(t, index, PATH_STATUS, now);\n}\n\nvoid stops_see",
    replace = "    wait_for(t, index, PATH_DELETE, now, now);\n}\n\nvoid stops_see" },
  { name = "a phone that is starting is stopped before it is started", file = "stops.c",
    find = "s->starting = reason.code == CODE_STARTING;",
    replace = "s->starting = false;" },
  { name = "a phone that was starting is never stopped", file = "stops.c",
    find = "bool to_stop = s->starting && status == STATUS_STARTED;",
    replace = "bool to_stop = false;" },
  { name = "a phone has one round too many", file = "stops.c",
    find = "enum { ROUNDS_MAX = 3 };",
    replace = "enum { ROUNDS_MAX = 4 };" },
  { name = "phones are looked at too often", file = "stops.c",
    find = "WATCH_MIN = 5,",
    replace = "WATCH_MIN = 4," },
  { name = "a stop waits too long for others", file = "stops.c",
    find = "STOP_GATHERS = 2;",
    replace = "STOP_GATHERS = 4;" },
  { name = "stop_timeout isn't looked at between tries", file = "stops.c",
    find = "    if (late) stops_fail(t, index);\n    return late;",
    replace = "    return late && false;" },
  { name = "what stop refuses fails with delete's code", file = "settle.c",
    find = "settle_one(s, i, FOUND_FAILED, reason);",
    replace = "{ if (s->path == PATH_STOP) stops_fail(&s->batch->stops, s->chunk->indexes[i]);\n"
      .. "    else settle_one(s, i, FOUND_FAILED, reason); }" },
  { name = "who isn't there when stop comes failed, whatever was asked", file = "settle.c",
    find = "if (d->code == CODE_NOT_FOUND) settle_one(s, i, FOUND_GONE, reason);",
    replace = "if (d->code == CODE_NOT_FOUND)\n"
      .. "        settle_one(s, i, s->path ? FOUND_FAILED : FOUND_GONE, reason);" },
  { name = "trouble with stop or status ends the job", file = "settle.c",
    find = "    else batch_end_stopping(s->batch, s->now);\n}",
    replace = "    else batch_stop(s->batch, NULL, s->now);\n}" },
  { name = "the stopping goes on when a stop's tries ran out", file = "settle.c",
    find = "        if (s->path != PATH_DELETE) batch_end_stopping(b, s->now);\n",
    replace = "" },
  { name = "a lost second delete counts as delete's refusal", file = "batch.c",
    find = "    if (!c->gathered || c->asked)\n",
    replace = "    if (!c->gathered)\n" },
  { name = "a lost stop makes its ids asked", file = "batch.c",
    find = "    if (c->entry.path != PATH_DELETE) return;\n    c->asked = true;",
    replace = "    c->asked = true;" },
}
