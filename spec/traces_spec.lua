-- Which requests' traceIds are remembered. What an answer that bears one is worth: settle_spec.lua.

local geelark = require "geelark"
local service = require "spec.support.service"

describe("an answer that bears the traceId of a request that was sent", function()
  local last = 33000 -- 32,768 at least are remembered

  for _, earlier in ipairs { 1000, last - 1 } do
    it(("%d requests before is lost"):format(last - earlier), function()
      local trace
      local options = service.options(function(request, n)
        if n == earlier then trace = request.traceId end
        local _, body = service.success(request)
        if n == last then body = body:gsub('"traceId":"t"', ('"traceId":"%s"'):format(trace)) end
        return 200, body
      end, { chunk_size = 1, attempts = 1, requests_per_minute = false, requests_per_hour = false })
      local ids = service.ids(last)
      local _, err = geelark.delete(ids, options)
      assert.same({ ids[last] }, err.result.unknownIds)
      assert.equal(last - 1, err.result.successAmount)
    end)
  end
end)
