-- The small window that shows how far a delete has come, on a screen. The service answers when
-- it is told to, so that what is shown depends on no clock.

local nvim = require "spec.support.nvim"

describe("progress", function()
  local screen
  before_each(function() screen = nvim.open { phones = 1000 } end)
  after_each(function() screen:stop() end)

  it("stands in the corner while one goes on typing, and goes away", function()
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:lua "service.answer(4)"
    screen:shows " 20 %"
    screen:keys "Otyped"
    local seen = screen:shows "typed"
    assert.matches("^typed\n", seen)
    assert.matches("│ Deleting 1,000 cloud phones +│\n", seen)
    assert.matches(" 20 % │\n", seen, 1, true)
    assert.matches("│ 196 deleted, 4 failed +│\n", seen)
    assert.matches("-- INSERT --", seen, 1, true)
    screen:keys "<Esc>"
    screen:lua "service.answer_all()"
    seen = screen:shows "geelark: 996 deleted, 4 failed, see :copen"
    assert.is_nil(seen:find "GeelarkCancel stops it")
    screen:keys ":cfirst<CR>"
    screen:shows "(1 of 4) error: "
  end)

  for _, case in ipairs {
    { "Insert mode", "Otyped", "-- INSERT --", "<Esc>" },
    { "an open command line", ":echo 'half", ":echo 'half", "<Esc>" },
    { "a prompt", ":call input('name: ')<CR>", "\nname:", "me<CR>" },
  } do
    local name, enter, seen, leave = (table.unpack or unpack)(case) -- luacheck: ignore unpack
    it("says how it ended once that can be seen, after " .. name, function()
      screen:keys ":%GeelarkDelete!<CR>"
      screen:shows "│ :GeelarkCancel stops it"
      screen:keys(enter)
      screen:shows(seen)
      screen:lua "service.answer_all()"
      assert.is_nil(screen:lua([[
        assert(vim.wait(10000, require("geelark.nvim.command").idle))
        return vim.fn.execute "messages"]]):find "deleted")
      screen:keys(leave)
      screen:shows "geelark: 1000 deleted"
    end)
  end

  it("says that it waits for the last answers after a cancel", function()
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:keys ":GeelarkCancel<CR>"
    screen:shows "│ cancelled, waiting for 2 answers"
    screen:lua "service.answer()"
    screen:shows "geelark: cancelled: 200 deleted, 800 pending, see :copen"
  end)

  it("says how long it waits, and for what", function()
    screen:lua [[service.setup { requests_per_minute = 1,
      clock = { now = function() return 0 end, sleep = error } }]]
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:lua "service.answer()"
    assert.matches("│ waiting 6%d s: the minute's limit +│\n", screen:shows "the minute's limit")
    screen:keys ":GeelarkCancel<CR>"
    screen:shows "geelark: cancelled: 100 deleted, 900 pending, see :copen"
  end)

  it("has colours of its own names, linked to standard ones until somebody sets them", function()
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:lua 'vim.cmd "highlight clear"' -- as every colour scheme begins
    screen:lua 'vim.cmd "highlight link GeelarkTitle Question"'
    screen:lua "service.answer()"
    screen:shows " 20 %"
    assert.same({
      links = { GeelarkNormal = "NormalFloat", GeelarkBorder = "FloatBorder",
        GeelarkBar = "Special", GeelarkTitle = "Question" },
      marks = { "0 Deleting 1,000 cloud phones GeelarkTitle", "1 ━━━━━━ GeelarkBar" },
      window = "Normal:GeelarkNormal,FloatBorder:GeelarkBorder",
    }, screen:lua [[
      local seen = { links = {}, marks = {} }
      for _, name in ipairs(vim.fn.getcompletion("Geelark", "highlight")) do
        seen.links[name] = vim.fn.execute("highlight " .. name):match "links to (%S+)"
      end
      for _, window in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(window).relative ~= "" then
          seen.window = vim.wo[window].winhighlight:match "^Normal:.*Border:%a+"
          local buffer = vim.api.nvim_win_get_buf(window)
          local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
          local namespace = vim.api.nvim_create_namespace "geelark.progress"
          local options = { details = true }
          for i, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, options)) do
            local text = lines[mark[2] + 1]:sub(mark[3] + 1, mark[4].end_col):gsub("^ ", "")
            seen.marks[i] = mark[2] .. " " .. text .. " " .. mark[4].hl_group
          end
        end
      end
      return seen]])
    screen:lua "service.answer_all()"
    screen:shows "geelark: 1000 deleted"
  end)
end)
