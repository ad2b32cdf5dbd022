-- busted's own output, and how many specs passed and failed written to a file for test.sh
-- (GEELARK_SPEC_RESULTS), which adds up the runs on several Luas.

local busted = require "busted"

return function(options)
  local handler = require "busted.outputHandlers.utfTerminal"(options)
  local subscribe = handler.subscribe

  function handler.subscribe(self, ...)
    subscribe(self, ...)
    local path = os.getenv "GEELARK_SPEC_RESULTS"
    if not path then return end
    busted.subscribe({ "suite", "end" }, function()
      local file = assert(io.open(path, "w"))
      file:write(handler.successesCount, " ", handler.failuresCount + handler.errorsCount, "\n")
      file:close()
      return nil, true
    end)
  end

  return handler
end
