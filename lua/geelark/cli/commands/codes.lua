-- geelark codes

local geelark = require "geelark"
local accounts = require "geelark.account"
local formats = require "geelark.cli.formats"
local results = require "geelark.cli.results"
local status = require "geelark.cli.status"

local COLUMNS = { "code", "name", "retryable", "meaning", "remedy" }

local function sorted()
  local codes = {}
  for code in pairs(geelark.codes) do
    if type(code) == "number" then codes[#codes + 1] = code end
  end
  table.sort(codes)
  return codes
end

local function rows()
  local codes, i = sorted(), 0
  return function()
    i = i + 1
    if not codes[i] then return nil end
    local known = geelark.codes[codes[i]]
    return { codes[i], known.name, known.retryable, known.meaning, known.remedy }
  end
end

-- For people what helps stands behind the meaning.
local function table_rows()
  local next_row = rows()
  return function()
    local row = next_row()
    if not row then return nil end
    local remedy = accounts.remedy(row[1], "--stop-started")
    return { row[1], row[2], row[4] .. (remedy ~= "" and "; " .. remedy or "") }
  end
end

---@param given table arguments
---@return integer status
return function(given)
  return (results(function(output)
    if given.format == "table" then
      formats.table(output, { "code", "name", "meaning; what helps" }, table_rows())
    else
      formats[given.format](output, COLUMNS, rows())
    end
  end, status.DONE))
end
