-- Steps a job to its end. The first SIGINT or SIGTERM meanwhile sends nothing more and waits for what
-- is in flight; the second ends the process at once.

local cqueues = require "cqueues"
local report = require "geelark.cli.report"
local signals = require "geelark.cli.signals"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

local AT_ONCE = 0.1 -- seconds: `timeout` signals the process and then its group, which counts as one

local function end_at_once(job, display, number, journal)
  display:close()
  terminal.say(("geelark: ended at once; requests in flight, of which nobody knows what became: %d")
    :format(job:progress().inFlight))
  report.how_to_go_on(journal)
  os.exit(status.SIGNAL + number)
end

---@param job geelark.Job
---@param display geelark.cli.Display
---@param journal string|nil its file
---@return integer|nil signal that came
---@return fun() release from then on either signal ends the process
return function(job, display, journal)
  local listener, caught = signals.listen(), nil
  local loop = cqueues.new()
  loop:wrap(function()
    while not job:step() do
      display:update(job)
      cqueues.poll(job, listener, display.every)
      local number = listener:wait(0)
      if number and caught then end_at_once(job, display, number, journal) end
      if number then
        caught = number
        job:cancel()
        cqueues.sleep(AT_ONCE)
        while listener:wait(0) do end
        display:cancel(job)
      end
    end
  end)
  local done, why = loop:loop()
  display:close()
  if not done then error(why, 0) end
  return caught, function() signals.release(listener) end
end
