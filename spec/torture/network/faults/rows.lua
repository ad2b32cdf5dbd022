-- How rows of faults are written. A row is one kind of fault:
--
--   [1]      its name
--   does     function(exchange, cut): what the server does in place of an honest answer; or
--   connects function(connection): the same, in place of welcoming a connection
--   obeys    whether the ids that can be deleted are deleted
--   cuts     at how many points it can come; else at one
--   expect   what a client has to make of it, or one for each of http and tls:
--              answer   it is the honest answer, or holds it
--              lost     the service may have obeyed: asked again; to the end: unknown
--              unsent   the service surely hasn't: asked again; to the end: pending
--              either   lost or unsent, whatever came first
--              halved   refused as a whole for one id's sake
--              open     answer or lost: this is for the HTTP library to say
--              stops    the job ends, with a kind of error: `kind`; the ids are pending, or in
--                       the state that `state` says
--   alone    one request at a time
--   later    not at the first request
--   reused   only on a connection that had an answer before
--   codes    further codes that an id may have failed with; true: any, as the service's own are
--            spoilt on the way
--   chunks   so many requests at least
--   over     "tls" or "http" alone
--   context, relayed, handshake: see faults/tls.lua

local answers = require "spec.torture.network.answer"

local rows = {}

-- The position of the cut-th of so many points within a text; never its start or end.
function rows.point(length, cut, cuts)
  local at = math.floor(length * cut / (cuts + 1))
  return math.max(1, math.min(length - 1, at))
end

-- Reads, obeys, and writes what `make(body, exchange, cut)` returns, whole HTTP; then `ending`, a
-- method of a connection's, or nothing.
function rows.raw(make, ending)
  return function(x, cut)
    if not x:read() then return end
    x.connection:write(make(answers.json(x:obey()), x, cut))
    if ending then x.connection[ending](x.connection) end
  end
end

-- Reads, obeys, and sends in sound HTTP the body that `make(body, exchange, cut)` returns.
function rows.body(make, status, headers)
  return function(x, cut)
    if not x:read() then return end
    x:send(make(answers.json(x:obey()), x, cut), status, headers)
  end
end

-- Reads, obeys, and sends the answer that `change(answer, exchange, cut)` has changed.
function rows.answer(change, status, headers)
  return function(x, cut)
    if not x:read() then return end
    local answer = x:obey()
    change(answer, x, cut)
    x:send(answers.json(answer), status, headers)
  end
end

-- Reads, doesn't obey, and sends this body.
function rows.refusal(body, status, headers)
  return function(x)
    if x:read() then x:send(body, status, headers) end
  end
end

-- Reads, doesn't obey, and refuses as a whole with this code.
function rows.code(code, msg, status, headers)
  return function(x)
    if x:read() then x:send(answers.json(x:refuse(code, msg)), status, headers) end
  end
end

return rows
