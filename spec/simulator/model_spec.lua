-- The folder is the rule: what stands in lua/geelark/simulator/ is the model of the service and
-- needs lua-cjson alone; what stands in simulator/http/ brings it to the network.

local shell = require "spec.support.shell"

-- Deletes two phones without a socket, in a process that has no other rock and forbids globals.
local SOURCE = [=[
local cjson = require "cjson"
for _, name in ipairs { "cqueues", "openssl.digest", "openssl.rand", "socket", "geelark.core" } do
  package.preload[name] = function() error(name .. " is not for the model", 0) end
end
require "spec.support.strict"
for name in ([[$names]]):gmatch "%S+" do require("geelark.simulator." .. name) end
local plan = "return { false, { string_numbers = true } }"
local world = require("geelark.simulator.world").new { phones = 2, token = "t", plan = plan }
local answer = require "geelark.simulator.answer"
for i, id in ipairs(require("geelark.simulator.phones").ids(2)) do
  local record, fault = world:arrive({ method = "POST", path = "/open/v1/phone/delete",
    body = cjson.encode { ids = { id } }, headers = { authorization = "Bearer t",
      ["content-type"] = "application/json",
      traceid = "db6094ab-3797-4186-84d5-b0b58eebad5" .. i } }, 0)
  local response = answer.response(world:act(record, 0, fault), fault)
  world:leave(record, response.status, response.code)
  print(response.status, response.body:match '"successAmount":("?1"?)', world:state(0).phoneCount)
end
]=]

describe("the simulator's model", function()
  it("needs lua-cjson alone and reads no global that isn't declared", function()
    local names = shell.output "cd lua/geelark/simulator && basename -s .lua *.lua"
    local said = shell.output(shell.run_lua((SOURCE:gsub("$names", names))) .. " 2>&1")
    assert.equal('200\t1\t1\n200\t"1"\t0', said)
  end)
end)
