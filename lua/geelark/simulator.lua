-- A stand-in for the service, to try scripts and to test them without deleting real phones: it
-- behaves as the service's reference says, and makes faults on demand. One model (simulator/),
-- and three ways to run it, which take the same options:
--
--     simulator.new      in this process, behind the option `transport`; needs lua-cjson alone
--     simulator.spawn    a process of its own over HTTP or TLS, for scripts that block
--     simulator.main     this process as one
--
-- The last two (simulator/http/) need cqueues, for TLS luaossl.

---@class geelark.simulator
local simulator = {}

-- A module of ours, loaded when it is asked for.
local function part(name)
  return require("geelark.simulator." .. name)
end

-- Calls a function of ours; what is wrong with its arguments is an error where ours was called. So
-- nobody may call this as a tail call, which leaves no trace of itself.
local function call(act, ...)
  local done, result, second = pcall(act, ...)
  if not done then error(result, 3) end
  return result, second
end

---The service within this process, without a socket and without waiting:
---
---    local service = simulator.new { phones = 250, states = { started = 2 } }
---    local result = assert(geelark.delete(service:ids(), service:options()))
---    service:state(id)    -- "stopped", "started", ..., "deleted", or nil
---    service:requests()   -- what was asked, one entry each
---@param options geelark.simulator.Options|nil
---@return geelark.simulator.Service service raises where an option is wrong
function simulator.new(options)
  local service = call(part("service").new, options)
  return service
end

---The service as a process of its own, which ends with `:stop()` or with this process.
---@param options geelark.simulator.Options|nil a plan is a list or source, no function
---@return geelark.simulator.Process process with `url`, `token`, `ca_file`; raises where an option
---  is wrong or it can't start
function simulator.spawn(options)
  local process = call(part "spawn", options)
  return process
end

---Runs the service as this process. Prints, once it listens, a line of variables to paste into
---another shell, `export GEELARK_BASE_URL=<url> ...`, and the first ids. Returns when it is ended by
---Ctrl-C or a signal.
---@param options geelark.simulator.Options|nil
function simulator.main(options)
  call(part("http.process").run, options)
end

---Ids like the service's: 18 digits, neighbours 65,536 apart. They are the ids of the
---phones that a number as `phones` makes.
---@param count integer
---@return string[]
function simulator.ids(count)
  return part("phones").ids(count)
end

---An answer for a transport of one's own: all of them are deleted.
---@param ids string[]|integer those that were asked for, or how many
---@return integer status
---@return string body
function simulator.success(ids)
  local status, body = call(part("ready").success, ids)
  return status, body
end

---An answer for a transport of one's own: some can't be deleted, the others are.
---@param states table<string, geelark.simulator.State|"missing"|integer> by id: the state that it is
---  in, or the code with which it fails
---@param ids string[]|nil those that were asked for, of which only those in `states` fail; default:
---  the ids of `states`
---@return integer status
---@return string body
function simulator.failures(states, ids)
  local status, body = call(part("ready").failures, states, ids)
  return status, body
end

---An answer for a transport of one's own: the request is refused as a whole.
---@param code integer such as 40014
---@param msg string|nil default: the code's own
---@return integer status
---@return string body
function simulator.refusal(code, msg)
  local status, body = call(part("ready").refusal, code, msg)
  return status, body
end

return simulator
