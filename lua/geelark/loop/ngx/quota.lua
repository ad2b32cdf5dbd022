-- The quota of all workers together, in a lua_shared_dict: a limiter for geelark.new.
--
-- Each request takes one slot of the minute's and one of the hour's: an entry that expires by
-- itself. While the request may be under way the slot expires a whole window after it can have
-- ended; once its answer came, a window later. A worker that dies takes no slot with it.
-- Slots are taken in a ring. The next one is nearly always the one that has been free longest;
-- answers that overtook each other are found by looking a little further.

local LOOK_AHEAD = 256     -- slots; more than can be in flight and overtake each other
local WINDOWS = {
  -- A little more than a window, for clocks that don't tick alike.
  { name = "minute", option = "requests_per_minute", default = 200, seconds = 60.01 },
  { name = "hour", option = "requests_per_hour", default = 24000, seconds = 3600.01 },
}
local ASK_AGAIN = 1        -- seconds; another worker's answer may have come meanwhile

-- One account, one quota; the dictionary needn't know the credentials.
local function account_of(options)
  return ngx.md5(options.token or options.app_id or os.getenv "GEELARK_TOKEN"
    or os.getenv "GEELARK_APP_ID" or "")
end

local tickets = 0

-- What tells a request from all others, of this worker and of the others.
local function new_ticket()
  tickets = tickets + 1
  return ngx.worker.pid() * 2^30 + tickets
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

---@param options geelark.NgxOptions
---@return table limiter for geelark.new; raises where there is no such dictionary
return function(options)
  local dict = options.shared_dict
  if type(dict) == "string" then dict = ngx.shared[dict] end
  if type(dict) ~= "table" or not dict.safe_add then
    local given = tostring(options.shared_dict)
    error("shared_dict: a lua_shared_dict or its name expected, got " .. given, 0)
  end
  local account, windows = account_of(options), {}
  for _, window in ipairs(WINDOWS) do
    local limit = options[window.option]
    local prefix = ("geelark:%s:%s:"):format(account, window.name)
    if limit ~= false then
      windows[#windows + 1] = { limit = limit or window.default, seconds = window.seconds,
        prefix = prefix, next = prefix .. "next" }
    end
  end

  return {
    take = function(seconds)
      local slots = { ticket = new_ticket() }
      ngx.update_time()
      for i, window in ipairs(windows) do
        local slot, wait = claim(dict, window, seconds, slots.ticket)
        if not slot then
          for _, taken in ipairs(slots) do dict:delete(taken) end
          return nil, wait
        end
        slots[i] = slot
      end
      return slots
    end,
    give = function(slots)
      ngx.update_time()
      for i, slot in ipairs(slots) do
        -- Where the answer was read too late, the slot may be another request's by now.
        if dict:get(slot) == slots.ticket then dict:expire(slot, windows[i].seconds) end
      end
    end,
  }
end
