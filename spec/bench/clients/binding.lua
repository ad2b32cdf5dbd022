-- A hand-written loop over a binding of libcurl (Debian's lua-curl), its handle reused.

local curl = require "curl"
local delete_all = require "spec.bench.clients.handwritten"

local easy = curl.easy_init()
local answer
easy:setopt(curl.OPT_WRITEFUNCTION, function(data, size)
  answer[#answer + 1] = data
  return size
end)

delete_all(function(url, headers, body)
  local lines = {}
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
  answer = {}
  easy:setopt(curl.OPT_URL, url)
  easy:setopt(curl.OPT_HTTPHEADER, lines)
  easy:setopt(curl.OPT_POSTFIELDS, body)
  assert(easy:perform() == 0, "not answered")
  return table.concat(answer)
end)
