-- The account of a job whose handler is gone, as one line for error.log: how many ids ended in
-- which way, what went wrong, and the ids that aren't known to be deleted, as far as there is room.

local plain = require "geelark.plain"

-- Bytes. nginx cuts a line of its log off at 2,048, and has something of its own to say in it.
local LONGEST, LONGEST_MESSAGE = 1500, 300
local MORE = 16 -- for ", 999999 more"

local function one_line(text, longest)
  text = plain(text):gsub(" +", " ")
  return #text > longest and text:sub(1, longest) .. "..." or text
end

-- The list's items until there is no room, and how many more there are.
local function listed(list, room)
  local shown, used = {}, #list.title + MORE
  for i, item in ipairs(list.items) do
    local text = list.show(item)
    used = used + #text + 2
    if used > room then
      shown[i] = #list.items - i + 1 .. " more"
      break
    end
    shown[i] = text
  end
  return list.title .. table.concat(shown, ", ")
end

local function with_code(failure) return ("%s (%d)"):format(failure.id, failure.code) end

-- The lists that have any ids, those first that are hardest to find out about otherwise.
local function lists_of(result)
  local lists = {}
  local function add(title, items, show)
    if #items > 0 then lists[#lists + 1] = { title = title, items = items, show = show } end
  end
  add("; unknown: ", result.unknownIds, tostring)
  add("; failed: ", result.failDetails, with_code)
  add("; pending: ", result.pendingIds, tostring)
  return lists
end

-- Fills the lists' texts in: each has a like share of the room, and what shorter ones leave of theirs.
local function fill(lists, room)
  local shortest_first = {}
  for i, list in ipairs(lists) do shortest_first[i] = list end
  table.sort(shortest_first, function(a, b) return #a.items < #b.items end)
  for i, list in ipairs(shortest_first) do
    list.text = listed(list, math.floor(room / (#lists - i + 1)))
    room = room - #list.text
  end
end

local account = {}

---@param result geelark.Result|nil
---@param err geelark.Error|nil
---@return string line
function account.line(result, err)
  result = result or err.result
  local line = ("%d deleted, %d failed, %d unknown, %d pending"):format(result.successAmount,
    result.failAmount, #result.unknownIds, #result.pendingIds)
  local stopped = #result.stoppedIds
  if stopped > 0 then line = ("%s, %d of them stopped"):format(line, stopped) end
  if err then line = line .. "; " .. one_line(err, LONGEST_MESSAGE) end -- it begins with its kind
  local lists = lists_of(result)
  fill(lists, LONGEST - #line)
  for _, list in ipairs(lists) do line = line .. list.text end
  return line
end

---Of a job that ended by an error, and so without an account.
---@param trouble any
---@return string line
function account.trouble(trouble)
  return "no account: " .. one_line(trouble, LONGEST_MESSAGE)
end

return account
