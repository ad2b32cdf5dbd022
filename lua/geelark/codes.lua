-- The service's codes, both ways: geelark.codes.started == 43009, and
-- geelark.codes[43009].name == "started". The list itself stands in src/lib/codes.h.
-- Source: the error-code tables of the service's public reference, early 2026.

local core = require "geelark.core"

---@class geelark.Code
---@field name string       # short name, as filters take it
---@field meaning string    # what the service means by it
---@field retryable boolean # whether the same call can succeed later
---@field remedy string     # what can help, "" where nothing can

-- What every number has that isn't in the list.
---@type geelark.Code
local unlisted = {
  name = "unlisted", meaning = "not in the list of the service's codes", retryable = false,
  remedy = "see what the service says of it",
}

-- Both ways: by number what it means, by name the number.
---@class geelark.Codes
---@field [integer] geelark.Code
---@field [string] integer
local codes = {}

for _, row in ipairs(core.codes()) do
  codes[row.name] = row.code
  codes[row.code] = {
    name = row.name, meaning = row.meaning, retryable = row.retryable, remedy = row.remedy,
  }
end

return setmetatable(codes, {
  __index = function(_, key) return type(key) == "number" and unlisted or nil end,
})
