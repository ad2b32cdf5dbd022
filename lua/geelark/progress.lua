-- How far a delete has come, in words, for the editor and the shell.

local progress = {}

--- 12,345 for 12345.
---@param number integer
---@return string
function progress.grouped(number)
  local text = ("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

--- What became of how many: "1,200 deleted, 4 failed".
---@param now geelark.Progress
---@param with_stopping boolean|nil whether phones that are being stopped are told, too
---@return string
function progress.counts(now, with_stopping)
  local counts = { progress.grouped(now.successAmount) .. " deleted" }
  if now.failAmount > 0 then counts[2] = progress.grouped(now.failAmount) .. " failed" end
  if now.unknownAmount > 0 then
    counts[#counts + 1] = progress.grouped(now.unknownAmount) .. " unknown"
  end
  if with_stopping and now.stoppingAmount > 0 then
    counts[#counts + 1] = progress.grouped(now.stoppingAmount) .. " being stopped"
  end
  return table.concat(counts, ", ")
end

local function several(count, noun)
  return ("%s %s%s"):format(progress.grouped(count), noun, count == 1 and "" or "s")
end

--- That nothing is left but phones that are being stopped, where that is so.
---@param now geelark.Progress
---@return string|nil
function progress.stopping(now)
  if now.stoppingAmount == 0 or now.stoppingAmount < now.pendingAmount then return nil end
  return "waiting for " .. several(now.stoppingAmount, "phone") .. " to stop"
end

--- What a job waits for, where it is worth a word.
---@param now geelark.Progress
---@param cancelled boolean|nil whether nothing more is sent
---@return string|nil
function progress.wait(now, cancelled)
  if cancelled then
    return now.inFlight == 0 and "cancelled"
      or "cancelled, waiting for " .. several(now.inFlight, "answer")
  end
  if now.waiting < 1 or now.inFlight > 0 then return nil end
  local reason = now.reason and ": " .. now.reason or ""
  return ("waiting %d s%s"):format(math.ceil(now.waiting), reason)
end

return progress
