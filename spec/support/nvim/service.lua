-- The service, in the editor itself and the command's from now on: a request waits until the spec
-- has it answered. What a spec sees meanwhile depends on no clock.

local driver = require "geelark.nvim"
local envelopes = require "spec.support.service"

local service = {
  requests = {}, -- all that came
}

local waiting = {}
local at_once = false

local function failures(ids, count)
  local list = {}
  for i = 1, count do list[i] = envelopes.failure(ids[i], 43009, "env is started") end
  return list
end

--- Answers what waits.
---@param failing integer|nil how many ids of the first request are refused
function service.answer(failing)
  local answered = waiting
  waiting = {}
  for i, request in ipairs(answered) do
    local failed = failures(request.ids, i == 1 and failing or 0)
    request:answer(200, envelopes.envelope(#failed > 0 and 40006 or 0, #request.ids, failed))
  end
end

--- Answers what waits, and from now on everything.
function service.answer_all()
  at_once = true
  service.answer()
end

--- The option `transport`.
function service.transport(request)
  table.insert(service.requests, request)
  if at_once then return envelopes.success(request) end
  table.insert(waiting, request)
end

--- Sets options of the command.
---@param options geelark.Options|nil
function service.setup(options)
  options = options or {}
  options.token, options.transport = "token-of-the-spec", service.transport
  driver.setup(options)
end

service.setup()

return service
