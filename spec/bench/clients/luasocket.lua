-- A hand-written loop over luasocket, which opens a connection for each request.

local http = require "socket.http"
local ltn12 = require "ltn12"
local delete_all = require "spec.bench.clients.handwritten"

delete_all(function(url, headers, body)
  local answer = {}
  headers["Content-Length"] = #body
  assert(http.request { url = url, method = "POST", headers = headers,
    source = ltn12.source.string(body), sink = ltn12.sink.table(answer) })
  return table.concat(answer)
end)
