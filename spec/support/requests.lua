-- Requests as the service wants them, for specs that ask the simulator without geelark.

local json = require("cjson").new()
local rand = require "openssl.rand" -- Debian: lua-luaossl

local requests = {
  DELETE = "/open/v1/phone/delete",
  STOP = "/open/v1/phone/stop",
  STATUS = "/open/v1/phone/status",
  START = "/open/v1/phone/start",
  LIST = "/open/v1/phone/list",
  TOKEN = "simulator",
}

---@return string a version-4 UUID
function requests.uuid()
  local digits = rand.bytes(16):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  return ("%s-%s-4%s-a%s-%s"):format(digits:sub(1, 8), digits:sub(9, 12), digits:sub(14, 16),
    digits:sub(18, 20), digits:sub(21, 32))
end

---@param more table<string, string|false>|nil what differs; false: none
---@return table<string, string> headers of a good request
function requests.headers(more)
  local headers = { authorization = "Bearer " .. requests.TOKEN, traceid = requests.uuid(),
    ["content-type"] = "application/json" }
  for name, value in pairs(more or {}) do headers[name] = value or nil end
  return headers
end

---@param ids string[]|string ids, or a body as it stands
---@return string
function requests.body(ids)
  return type(ids) == "string" and ids or json.encode { ids = ids }
end

---@param path string
---@param ids string[]|string ids, or a body as it stands
---@param more table<string, string|false>|nil headers that differ
---@return geelark.simulator.Request
function requests.post(path, ids, more)
  return { method = "POST", path = path, headers = requests.headers(more),
    body = requests.body(ids) }
end

return requests
