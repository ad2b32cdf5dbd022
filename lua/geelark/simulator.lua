-- A stand-in for the service, to try scripts without deleting real phones: it behaves as the
-- service's reference says, and makes faults on demand. The model of the service stands in
-- simulator/ and needs lua-cjson, for signatures luaossl. What brings it to a loopback address
-- over real HTTP stands in simulator/http/ and needs cqueues, for TLS luaossl.
--
--     lua5.4 -e 'require("geelark.simulator").main { phones = 250 }'
--
-- prints the environment variables under which geelark finds it, and serves until it is
-- interrupted.

local check = require "geelark.simulator.check"
local phones = require "geelark.simulator.phones"
local worlds = require "geelark.simulator.world"
local process = require "geelark.simulator.http.process"
local servers = require "geelark.simulator.http.server"

local simulator = {}

-- Who gives no credentials of their own uses this token. It is no secret.
local TOKEN = "simulator"

---@class geelark.simulator.Options: geelark.simulator.WorldOptions
---@field host string|nil and the other fields of geelark.simulator.ServerOptions

-- Splits the options between world and server; none may be left over.
local function divide(options)
  local of_world, of_server = {}, {}
  for name, value in pairs(options) do
    local part = servers.options[name] and of_server or of_world
    part[name] = value
  end
  check("options", of_server, servers.options)
  if not of_world.token and not of_world.app_id then of_world.token = TOKEN end
  return of_world, of_server
end

---A simulated service that does not listen yet. It runs in a cqueues loop: after
---`listen()`, either `loop()` or `attach(cq)` serves its connections; `close()` ends it.
---`world` holds the phones and the journal of requests.
---@param options geelark.simulator.Options|nil where they hold neither token nor app_id
---  and api_key, the token "simulator" is accepted
---@return geelark.simulator.Server server raises where an option is wrong
function simulator.new(options)
  local of_world, of_server = divide(options or {})
  return servers.new(worlds.new(of_world), of_server)
end

---Ids like the service's: 18 digits, neighbours 65,536 apart. They are the ids of the
---phones that a number as `phones` makes.
---@param count integer
---@return string[]
function simulator.ids(count)
  return phones.ids(count)
end

---Runs the simulator as this process and prints, once it listens, one line
---`export GEELARK_BASE_URL=<url>`, followed by `GEELARK_TOKEN=simulator` where no credentials
---were given as options. Returns only when it is told to stop.
---@param options geelark.simulator.Options|nil
---@param controlled boolean|nil obey standard input and end with it; see
---  geelark.simulator.http.process
function simulator.main(options, controlled)
  local server = simulator.new(options)
  local own = options and (options.token or options.app_id)
  local ready = "export GEELARK_BASE_URL=%s" .. (own and "" or " GEELARK_TOKEN=" .. TOKEN)
  process.run(server, ready, controlled)
end

return simulator
