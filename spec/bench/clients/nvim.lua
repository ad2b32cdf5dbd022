-- Deletes the lines of a buffer in a headless Neovim, by the command, and prints by how many
-- milliseconds a timer of 10 ms was late at most: first while the editor is idle, then meanwhile.
--
-- Time in which the editor could have run, but another program had the processor (the server
-- does), isn't the editor's, and is taken off where the kernel tells it.

local workload = require "spec.bench.clients.workload"

local EVERY = 10 -- milliseconds

local hrtime = (vim.uv or vim.loop).hrtime

-- Nanoseconds so far that this process waited for a processor.
local function queued()
  local file = io.open "/proc/self/schedstat"
  local nanoseconds = file and file:read "*l":match "%d+ (%d+)"
  if file then file:close() end
  return tonumber(nanoseconds) or 0
end

local function latest(act)
  local late, at, waited = 0, hrtime(), queued()
  local timer = vim.fn.timer_start(EVERY, function()
    local now, after = hrtime(), queued()
    late = math.max(late, now - at - (after - waited))
    at, waited = now, after
  end, { ["repeat"] = -1 })
  act()
  vim.wait(3 * EVERY) -- a hold-up at the very end is late only then
  vim.fn.timer_stop(timer)
  return late / 1e6 - EVERY
end

local said
vim.notify = function(text) said = text end

local function delete()
  vim.cmd "%GeelarkDelete!"
  assert(vim.wait(60000, require("geelark.nvim.command").idle, 5), "the delete does not end")
end

require "geelark.nvim.commands"
require("geelark.nvim").setup { token = "token-of-the-bench", base_url = workload.url,
  concurrency = workload.concurrency, requests_per_minute = false, requests_per_hour = false }
require "geelark"
vim.api.nvim_buf_set_lines(0, 0, -1, false, workload.ids)

local idle = latest(function() vim.wait(300) end)
local deleting = latest(delete)
workload.check(tonumber(said:match "(%d+) deleted"), vim.fn.getqflist())
io.write(idle, " ", deleting, "\n")
vim.cmd "qall!"
