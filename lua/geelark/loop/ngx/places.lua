-- The requests in flight of all workers together, in a lua_shared_dict: as many places as may be
-- in flight at once. A place is an entry that expires by itself when its request must have ended,
-- so that a worker that dies keeps none for long.
--
-- Who finds no place free says so, and has the next one: else a worker that takes a place as soon
-- as it gives one back would keep all others waiting.

local ASK_AGAIN = 0.02 -- seconds; nobody is told when a place gets free
local TURN = 0.25      -- seconds; who doesn't come to take its place by then has lost its turn

---@class geelark.NgxPlaces
---@field take fun(seconds: number, ticket: number): string|nil, number|nil # the place, or nil and the seconds to wait
---@field give fun(place: string, ticket: number)

---@param dict table a lua_shared_dict
---@param prefix string of its keys
---@param amount integer
---@param me number what tells this limiter from those of other workers
---@return geelark.NgxPlaces
return function(dict, prefix, amount, me)
  local next_key = prefix .. "next"

  local function claim(seconds, ticket)
    for i = 1, amount do
      local taken, why = dict:safe_add(prefix .. i, ticket, seconds)
      if taken then return prefix .. i end
      if why ~= "exists" then error("the lua_shared_dict has no room for the quota", 0) end
    end
  end

  return {
    take = function(seconds, ticket)
      local whose = dict:get(next_key)
      if whose and whose ~= me then return nil, ASK_AGAIN end
      local place = claim(seconds, ticket)
      if place and whose then dict:delete(next_key) end
      if not place then dict:safe_set(next_key, me, TURN) end
      return place, ASK_AGAIN
    end,
    give = function(place, ticket)
      -- Where the answer was read too late, the place may be another request's by now.
      if dict:get(place) == ticket then dict:delete(place) end
    end,
  }
end
