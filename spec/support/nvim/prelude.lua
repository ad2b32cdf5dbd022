-- What stands before every script that a spec runs in a headless Neovim: names of its own.

driver = require "geelark.nvim"
leaving = require "geelark.nvim.leaving"

-- The simulator's.
ids = {}
for id in io.lines "ids.txt" do ids[#ids + 1] = id end

-- What the commands said, a line each.
said = {}
vim.notify = function(text) said[#said + 1] = text end

-- The jobs of all deletes.
jobs = {}
local watch = leaving.watch
function leaving.watch(run)
  jobs[#jobs + 1] = run.job
  watch(run)
end

function edit(lines) vim.api.nvim_buf_set_lines(0, 0, -1, false, lines) end

-- Goes on with everything until something is so.
function wait(over) assert(vim.wait(20000, over, 5), "waited in vain") end

-- Waits for the end of the command's delete.
function finish() wait(require("geelark.nvim.command").idle) end

function command(text)
  vim.cmd(text)
  finish()
end

function account(result, err)
  result = result or err.result
  return ("%d deleted, %d failed, %d unknown, %d pending%s"):format(result.successAmount,
    result.failAmount, #result.unknownIds, #result.pendingIds, err and ", " .. err.kind or "")
end

function quickfix()
  for _, item in ipairs(vim.fn.getqflist()) do
    print(item.lnum, item.type, item.valid, item.text)
  end
end
