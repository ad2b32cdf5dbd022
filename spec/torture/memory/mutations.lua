-- Deliberate faults in the engine that the torture of the memory has to find, and the sweeps that find
-- each, by every `stride`-th allocation. A mutation's text stands exactly once in its file.

return {
  { name = "a buffer that couldn't grow is taken for one that did", file = "buffer.c",
    find = "if (!data) return NULL;", replace = "", sweeps = "limiter, core, once",
    finding = "the job has no end" },
  { name = "an answer that finds no memory is waited for", file = "step.c",
    find = "response_fail(&request->response, KIND_NETWORK, true,\n"
      .. '                      "out of memory for the answer");',
    replace = "compat_memory_error(L);", sweeps = "limiter, core, once",
    finding = "the job has no end" },
  { name = "a request whose answer finds no memory counts as never sent", file = "step.c",
    find = "KIND_NETWORK, true,\n", replace = "KIND_NETWORK, false,\n",
    sweeps = "stops, core, once", finding = "is gone and is told failed" },
  { name = "a handle of libcurl's whose options find no memory is lost", file = "transfer.c",
    find = "        return true;\n    transfer_release(request, false);",
    replace = "        return true;\n    request->easy = NULL;",
    sweeps = "http, curl, once", stride = 3, finding = "leak" },
  { name = "an answer whose settling finds no memory is forgotten", file = "job.c",
    find = "if (effects.out_of_memory) return false;", replace = "",
    sweeps = "delete, core, once", finding = "hang" },
}
