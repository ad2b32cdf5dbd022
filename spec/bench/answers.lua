-- The service's side of every measure, run by nginx: a delete is answered as the API
-- would, after a latency, with none, some (two) or all of the ids that were really sent
-- refused. Both stand in the path: /ms50/some/open/v1/phone/delete.

-- luacheck: globals ngx

local refusals = { none = 0, some = 2, all = math.huge }
local detail = '{"code":43009,"id":"%s","msg":"the phone is started"}'
local envelope = '{"code":%d,"msg":"%s","traceId":"%s","data":{"totalAmount":%d,'
  .. '"successAmount":%d,"failAmount":%d,"failDetails":[%s]}}'

-- How many ids a body asks for, and the first `most` of them. Plain searches: they are
-- compiled, while matching patterns would cost the server more than all its other work.
local function read_ids(body, most)
  local ids, amount = {}, 0
  local open = body:find('"', body:find("[", 1, true), true)
  while open do
    local close = body:find('"', open + 1, true)
    amount = amount + 1
    if amount <= most then ids[amount] = body:sub(open + 1, close - 1) end
    open = body:find('"', close + 1, true)
  end
  return amount, ids
end

ngx.req.read_body()
local amount, refused = read_ids(ngx.req.get_body_data(), refusals[ngx.var.refused])
local details = {}
for i, id in ipairs(refused) do details[i] = detail:format(id) end

local code, message = 0, "success"
if #refused == amount then code, message = 40009, "all failed"
elseif #refused > 0 then code, message = 40006, "partial success" end
local answer = envelope:format(code, message, ngx.var.http_traceid or "", amount,
  amount - #refused, #refused, table.concat(details, ","))

local latency = tonumber(ngx.var.latency) or 0
if latency > 0 then ngx.sleep(latency / 1000) end
ngx.header["Content-Type"] = "application/json"
ngx.header["Content-Length"] = #answer
ngx.print(answer)
