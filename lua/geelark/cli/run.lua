-- Steps a job to its end. The first SIGINT or SIGTERM meanwhile sends nothing more and waits for what
-- is in flight; another one, a second later, ends the process at once.

local cqueues = require "cqueues"
local report = require "geelark.cli.report"
local signals = require "geelark.cli.signals"
local status = require "geelark.cli.status"
local terminal = require "geelark.cli.terminal"

local ONCE = 1 -- seconds: `timeout` sends its signal to the process, and once more to its group

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
  local listener, caught, caught_at = signals.listen(), nil, nil
  local loop = cqueues.new()
  loop:wrap(function()
    while not job:step() do
      display:update(job)
      cqueues.poll(job, listener, display.every)
      local number = listener:wait(0)
      if number and caught then
        if cqueues.monotime() - caught_at >= ONCE then
          end_at_once(job, display, number, journal)
        end
      elseif number then
        caught, caught_at = number, cqueues.monotime()
        job:cancel()
        display:cancel(job)
      end
    end
  end)
  local done, why = loop:loop()
  display:close()
  if not done then error(why, 0) end
  return caught, function() signals.release(listener) end
end
