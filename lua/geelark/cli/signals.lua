-- SIGINT and SIGTERM as something that a loop can wait for, while a job runs and not longer.

local signal = require "cqueues.signal"

local signals = {}

--- From the start on: Ctrl-C ends a question or the reading of a file at once (the interpreter's own
--- handler would wait for the next instruction), and a pipe that nobody reads any more is an error
--- of writing.
function signals.prepare()
  signal.default(signal.SIGINT)
  signal.ignore(signal.SIGPIPE)
end

--- From here on neither signal ends the process.
---@return table listener pollable; `listener:wait(0)` is the number of a signal that came, or nil
function signals.listen()
  signal.block(signal.SIGINT, signal.SIGTERM)
  return signal.listen(signal.SIGINT, signal.SIGTERM)
end

--- From here on both do, but for one that has come already.
---@param listener table
function signals.release(listener)
  while listener:wait(0) do end
  signal.unblock(signal.SIGINT, signal.SIGTERM)
end

return signals
