-- Connections that are reset, closed, half closed or silent, at every place of request and answer.

local answers = require "spec.torture.network.answer"
local rows = require "spec.torture.network.faults.rows"

local ENDINGS = { reset = "reset", close = "close", half_close = "half close", stall = "silence" }
local HEAD_STEP, CUTS = 12, 25 -- bytes of a request's head between two cuts; points

local list = {}

local function add(row) list[#list + 1] = row end

-- The parts of an honest answer, whose request was obeyed.
local function answer_parts(x)
  return answers.http(answers.json(x:obey()))
end

local places = {
  -- libcurl may send the body apart from the head: without it nobody can obey.
  { "in the head of the request", CUTS, false, function(x, cut)
    x.connection:take(cut * HEAD_STEP)
  end, "either" },
  { "in the body of the request", CUTS, false, function(x, cut)
    if x:read_head() then x.connection:take(rows.point(x.length, cut, CUTS)) end
  end },
  { "before the deed", nil, false, function(x) x:read() end },
  { "after the deed", nil, true, function(x)
    if x:read() then x:obey() end
  end },
  { "in the status line", 17, true, function(x, cut)
    if not x:read() then return end
    local line = answer_parts(x)
    x.connection:write(line:sub(1, cut))
  end },
  { "in the headers", CUTS, true, function(x, cut)
    if not x:read() then return end
    local line, headers = answer_parts(x)
    x.connection:write(line .. headers:sub(1, rows.point(#headers, cut, CUTS)))
  end },
  { "in the body", CUTS, true, function(x, cut)
    if not x:read() then return end
    local line, headers, body = answer_parts(x)
    x.connection:write(line .. headers .. body:sub(1, rows.point(#body, cut, CUTS)))
  end },
}

for method, ending in pairs(ENDINGS) do
  local alone = method == "stall"
  -- What is written before the connection is accepted may have left, or not.
  add { ending .. " when accepted", alone = alone,
    expect = { http = "either", tls = "unsent" },
    connects = function(wire) wire[method](wire) end }
  for _, place in ipairs(places) do
    local name, cuts, obeys, go, expect = place[1], place[2], place[3], place[4], place[5] or "lost"
    add { ending .. " " .. name, cuts = cuts, obeys = obeys, alone = alone,
      expect = expect,
      does = function(x, cut)
        go(x, cut)
        x.connection[method](x.connection)
      end }
  end
end

add { "nobody listens", expect = "unsent", refuses = true }

return list
