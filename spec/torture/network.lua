-- Deletes phones of servers that break the rules, byte by byte: lua spec/torture/network.lua
--
-- ROUNDS=n    so many rounds; each goes over all kinds, five more of their points, and other draws.
--             Five rounds come to all points. Else one.
-- CASE=text   the cases with this in their names alone; a finding has its name.

local cqueues = require "cqueues"
local cases = require "spec.torture.network.case"
local contexts = require "spec.torture.network.contexts"
local faults = require "spec.torture.network.faults"
local judge = require "spec.torture.network.judge"
local protected = require "spec.torture.network.protected"

local LANES = 16 -- cases at once
local A_ROUND = 5 -- a round takes every fifth point
local FINDINGS_MAX = 50 -- that are printed

local rounds, wanted = tonumber(os.getenv "ROUNDS" or 1), os.getenv "CASE"
local tls, ca_file, remove = contexts()

-- Only a fault that comes to a request meets one that stops, or a job that is cut.
local function is_possible(fault, transport, mode)
  local comes_to_request = fault.does and not fault.relayed
  return (not fault.over or fault.over == transport)
    and (mode == "once" or mode == "always" or comes_to_request)
end

-- Calls visit(case) for all cases of a round.
local function each_case(round, visit)
  for _, fault in ipairs(faults) do
    local cuts = fault.cuts or 1
    for cut = cuts > 1 and (round - 1) % A_ROUND + 1 or 1, cuts, A_ROUND do
      for _, transport in ipairs { "http", "tls" } do
        for _, mode in ipairs { "once", "always", "stops", "cut" } do
          if is_possible(fault, transport, mode) then
            visit(cases.new { fault = fault, cut = cut, transport = transport, mode = mode,
              round = round, contexts = tls, ca_file = ca_file })
          end
        end
      end
    end
  end
end

local amount, findings, points = 0, 0, 0

local function tell(case, complaint)
  findings = findings + 1
  if findings > FINDINGS_MAX then return end
  print(("%s: %s"):format(case.name, complaint))
  print(("  make torture ONLY=network ROUNDS=%d CASE=%q"):format(case.round, case.name))
end

local function run(case)
  local ok, why = protected(function() case:run() end)
  amount = amount + 1
  for _, complaint in ipairs(ok and judge.complaints(case) or { why }) do
    tell(case, complaint)
  end
end

local function torture()
  local list = {}
  for round = 1, rounds do
    each_case(round, function(case)
      points = math.max(points, case.fault.cuts or 1)
      if not wanted or case.name:find(wanted, 1, true) then list[#list + 1] = case end
    end)
  end
  local loop, next_case = cqueues.new(), 0
  for _ = 1, LANES do
    loop:wrap(function()
      while next_case < #list do
        next_case = next_case + 1
        local case = list[next_case]
        list[next_case] = false
        run(case)
      end
    end)
  end
  assert(loop:loop())
end

local began = cqueues.monotime()
local ok, why = xpcall(torture, debug.traceback)
remove()
if not ok then error(why, 0) end

-- 6240 as "6,240"
local function grouped(number)
  return (("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

print(("network: %d kinds, %d cut points, HTTP and TLS: %s faults, %d findings, %.0f s"):format(
  #faults, points, grouped(amount), findings, cqueues.monotime() - began))
if amount == 0 then print("no case is called " .. tostring(wanted)) end
os.exit(findings == 0 and amount > 0 and 0 or 1)
