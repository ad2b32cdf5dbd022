-- Deliberate faults of the engine, each as a change of one place in the sources: `find` stands
-- exactly once in `file`, and `replace` takes its place. The simulation has to catch every one.

---@class spec.support.Mutation
---@field name string
---@field file string its name, without folders
---@field find string exact text
---@field replace string

---@type spec.support.Mutation[]
return {
  { name = "an id that was gone after a lost answer counts as failed", file = "settle.c",
    find = "bool presume = c->lost;",
    replace = "bool presume = false;" },
  { name = "an id that doesn't exist always counts as deleted by us", file = "settle.c",
    find = "bool presume = c->lost;",
    replace = "bool presume = true;" },
  { name = "an answer that doesn't add up is believed", file = "settle.c",
    find = "if (believed) batch_mark_open(",
    replace = "if (believed || v->has_amounts) batch_mark_open(" },
  { name = "a lost answer ends its chunk, and nobody is told that it was lost", file = "settle.c",
    find = "case COURSE_LOST:\n        c->lost = true;",
    replace = "case COURSE_LOST:\n        batch_end_chunk(b, c, now);\n        return;" },
  { name = "the second half of a halved chunk is never sent", file = "settle.c",
    find = "batch_wait_until(b, right, now);",
    replace = "right->lost = true;\n    batch_end_chunk(b, right, now);" },
  { name = "a chunk is tried once too often", file = "settle.c",
    find = "c->faults >= most",
    replace = "c->faults >= most + 1" },
  { name = "when the tries run out the ids count as deleted", file = "settle.c",
    find = "c->faults >= most) {\n        decide(b, c, v);",
    replace = "c->faults >= most) {\n        decide(b, c, v);\n"
      .. "        batch_mark_open(b, c, ID_DELETED);" },
  { name = "40007 holds requests back for 20 seconds only", file = "settle.c",
    find = "double least = MINUTE_SECONDS;",
    replace = "double least = 20;" },
  { name = "a code that stops the job counts as each id's failure", file = "retry.c",
    find = "enum course retry_course(const struct verdict *v)\n{",
    replace = "enum course retry_course(const struct verdict *v)\n{\n    if (v->has_envelope "
      .. "&& find_row(v->code) && find_row(v->code)->course == COURSE_STOP)\n"
      .. "        return COURSE_FAILED;" },
  { name = "the quota's windows are a second too short", file = "quota.c",
    find = "{60.01, 3600.01}",
    replace = "{59.0, 3599.0}" },
  { name = "the quota allows one request too many", file = "quota.c",
    find = "uint64_t limit = q->limit[w];",
    replace = "uint64_t limit = q->limit[w] + 1;" },
  { name = "one request too many is in flight", file = "client.c",
    find = "double wait = c->in_flight >= most ?",
    replace = "double wait = c->in_flight >= most + 1 ?" },
  { name = "an id that is given twice is asked for twice", file = "ids.c",
    find = "if (!slot_is(ids, ids->slots[ids->seen[at] - 1], id, len, numeric, number)) continue;",
    replace = "continue;" },
}
