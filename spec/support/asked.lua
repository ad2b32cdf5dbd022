-- Every id that was asked for, request by request.

---@param log table[] requests, as service.options logs them
---@return string[]
return function(log)
  local all = {}
  for _, request in ipairs(log) do
    for _, id in ipairs(request.ids) do all[#all + 1] = id end
  end
  return all
end
