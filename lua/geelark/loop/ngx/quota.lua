-- The quota of all workers together, in a lua_shared_dict: a limiter for geelark.new.
--
-- Each request takes one slot of its path's minute and one of its path's hour: an entry that
-- expires by itself. While the request may be under way the slot expires a whole window after it
-- can have ended; once its answer came, a window later. A worker that dies takes no slot with it.
-- Slots are taken in a ring. The next one is nearly always the one that has been free longest;
-- answers that overtook each other are found by looking a little further.
--
-- The requests in flight are counted for all paths together: see places.lua.

local places_in = require "geelark.loop.ngx.places"

local LOOK_AHEAD = 256     -- slots; more than can be in flight and overtake each other
local WINDOWS = {
  -- A little more than a window, for clocks that don't tick alike.
  { name = "minute", option = "requests_per_minute", default = 200, seconds = 60.01 },
  { name = "hour", option = "requests_per_hour", default = 24000, seconds = 3600.01 },
}
local CONCURRENCY = 2      -- the default, as for every job
local ASK_AGAIN = 1        -- seconds; another worker's answer may have come meanwhile

-- One account, one quota; the dictionary needn't know the credentials.
local function account_of(options)
  return ngx.md5(options.token or options.app_id or os.getenv "GEELARK_TOKEN"
    or os.getenv "GEELARK_APP_ID" or "")
end

-- Short, since a slot's key decides how much memory it takes.
local function prefix_of(...)
  return "geelark:" .. ngx.md5(table.concat({ ... }, " ")):sub(1, 16) .. ":"
end

local tickets = 0

-- What tells a request from all others, of this worker and of the others.
local function new_ticket()
  tickets = tickets + 1
  return ngx.worker.pid() * 2^30 + tickets
end

-- The windows of a path that has any limits.
local function windows_of(options, path)
  local account, windows = account_of(options), {}
  for _, window in ipairs(WINDOWS) do
    local limit = options[window.option]
    local prefix = prefix_of(account, path, window.name)
    if limit ~= false then
      windows[#windows + 1] = { limit = limit or window.default, seconds = window.seconds,
        prefix = prefix, next = prefix .. "next" }
    end
  end
  return windows
end

-- Takes a slot for so long: its name, or nil and the seconds until one gets free.
local function claim(dict, window, seconds, ticket)
  local first = dict:get(window.next) or 0
  local soonest = ASK_AGAIN
  for i = first, first + math.min(LOOK_AHEAD, window.limit) - 1 do
    local slot = window.prefix .. i % window.limit
    local taken, why = dict:safe_add(slot, ticket, seconds + window.seconds)
    if taken then
      dict:safe_set(window.next, (i + 1) % window.limit) -- `set` could throw a slot out
      return slot
    end
    if why ~= "exists" then error("the lua_shared_dict has no room for the quota", 0) end
    soonest = math.min(soonest, dict:ttl(slot) or 0)
  end
  return nil, soonest
end

-- Takes a slot of each window: returns their names, or nil and the seconds to wait.
local function claim_all(dict, windows, seconds, ticket)
  local slots = {}
  for i, window in ipairs(windows) do
    local slot, wait = claim(dict, window, seconds, ticket)
    if not slot then
      for _, taken in ipairs(slots) do dict:delete(taken) end
      return nil, wait
    end
    slots[i] = slot
  end
  return slots
end

local function dictionary(given)
  local dict = given
  if type(dict) == "string" then dict = ngx.shared[dict] end
  if type(dict) == "table" and dict.safe_add then return dict end
  error("shared_dict: a lua_shared_dict or its name expected, got " .. tostring(given), 0)
end

---@param options geelark.NgxOptions
---@return table limiter for geelark.new; raises where there is no such dictionary
return function(options)
  local dict, paths = dictionary(options.shared_dict), {}
  local places = places_in(dict, prefix_of(account_of(options), "in flight"),
    options.concurrency or CONCURRENCY, new_ticket())

  return {
    take = function(seconds, path)
      local ticket = new_ticket()
      paths[path] = paths[path] or windows_of(options, path)
      ngx.update_time()
      local place, wait = places.take(seconds, ticket)
      if not place then return nil, wait end
      local slots
      slots, wait = claim_all(dict, paths[path], seconds, ticket)
      if slots then return { ticket = ticket, place = place, path = path, slots = slots } end
      places.give(place, ticket)
      return nil, wait
    end,
    give = function(token)
      ngx.update_time()
      places.give(token.place, token.ticket)
      for i, slot in ipairs(token.slots) do
        -- Here, too.
        if dict:get(slot) == token.ticket then
          dict:expire(slot, paths[token.path][i].seconds)
        end
      end
    end,
  }
end
