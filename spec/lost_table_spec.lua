-- The table of what comes after a lost answer, cell by cell: what was found of an id, whether it
-- was asked before, and what it is then.

local geelark = require "geelark"
local service = require "spec.support.service"

-- What may make an id asked: the service may have obeyed.
local asking = {
  { "a reset", function() return nil, "reset", true end },
  { "a time-out", function() return nil, "timeout", true end },
  { "502", function() return 502, "" end },
  { "524", function() return 524, "" end },
  { "408", function() return 408, "" end },
  { "no JSON", function() return 200, "<html>" end },
  { "JSON without code", function() return 200, "{}" end },
  { "40000", function() return service.code(40000) end },
  { "50000", function() return service.code(50000) end },
  { "an answer that doesn't add up", function() return 200, service.envelope(0, 7, {}) end },
}
-- What doesn't: nothing was done.
local harmless = {
  { "nothing", nil },
  { "a request that never left", function() return nil, "refused" end },
  { "429", function() return 429, "" end },
  { "40001", function() return service.code(40001) end },
  { "40007", function() return service.code(40007) end },
  { "40017", function() return service.code(40017) end },
}

local function named(code)
  return function(request)
    local failures = {}
    for i, id in ipairs(request.ids) do failures[i] = service.failure(id, code) end
    return 200, service.envelope(0, #request.ids, failures)
  end
end

local function says(code) return function() return service.code(code) end end

-- What came then; the state of ids not asked before, of those that were, and the code of failures.
local rows = {
  { "failDetails with 42001", named(42001), "failed", "presumed", 42001 },
  { "failDetails with 43009", named(43009), "failed", "failed", 43009 },
  { "failDetails with a code that nobody knows", named(49999), "failed", "failed", 49999 },
  { "40009 without data", says(40009), "failed", "unknown", 40009 },
  { "40009 whose data name nobody", function(request)
    return 200, service.envelope(40009, #request.ids, {}, #request.ids)
  end, "failed", "unknown", 40009 },
  { "40004", says(40004), "failed", "unknown", 40004 },
  { "40005", says(40005), "failed", "unknown", 40005 },
  { "40010", says(40010), "failed", "unknown", 40010 },
  { "42001", says(42001), "failed", "presumed", 42001 },
  { "42777", says(42777), "failed", "unknown", 42777 },
  { "43009", says(43009), "failed", "unknown", 43009 },
  { "43777", says(43777), "failed", "unknown", 43777 },
  { "40003", says(40003), "pending", "unknown" },
  { "40014", says(40014), "pending", "unknown" },
  { "47002", says(47002), "pending", "unknown" },
  { "90009", says(90009), "pending", "unknown" },
  { "HTTP 302", function() return 302, "" end, "pending", "unknown" },
  { "HTTP 403", function() return 403, "" end, "pending", "unknown" },
  { "HTTP 404", function() return 404, "<html>" end, "pending", "unknown" },
  { "a code that isn't known", says(12345), "unknown", "unknown" },
  { "no more tries, none left", function() return nil, "refused" end, "pending", "unknown" },
  { "no more tries, over a limit", function() return 429, "" end, "pending", "unknown" },
  { "no more tries, the answers lost", function() return 502, "" end, "unknown", "unknown" },
  { "success", service.success, "deleted", "deleted" },
}

-- The state that all ids have, and the code of their failures.
local function outcome(before, after)
  local options = service.options(function(request, n)
    if before and n == 1 then return before(request) end
    return after(request)
  end, { attempts = 3 })
  local ids = service.ids(3)
  local result, err = geelark.delete(ids, options)
  if err then assert.matches("^%l+$", err.kind) end
  result = result or err.result
  local amounts = {
    deleted = result.successAmount - #result.presumedIds, presumed = #result.presumedIds,
    failed = result.failAmount, unknown = #result.unknownIds, pending = #result.pendingIds,
  }
  for state, amount in pairs(amounts) do
    if amount == #ids then return state, result.failDetails[1] and result.failDetails[1].code end
  end
  return "not all alike"
end

for _, row in ipairs(rows) do
  local what, after, not_asked, asked, code = row[1], row[2], row[3], row[4], row[5]
  describe(what, function()
    for _, before in ipairs(harmless) do
      it(("after %s makes an id %s"):format(before[1], not_asked), function()
        local state, failure = outcome(before[2], after)
        assert.equal(not_asked, state)
        assert.equal(not_asked == "failed" and code or nil, failure)
      end)
    end
    for _, before in ipairs(asking) do
      it(("after %s makes an id %s"):format(before[1], asked), function()
        local state, failure = outcome(before[2], after)
        assert.equal(asked, state)
        assert.equal(asked == "failed" and code or nil, failure)
      end)
    end
  end)
end
