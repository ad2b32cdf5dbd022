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

  it("says that it waits for the last answers after a cancel", function()
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:keys ":GeelarkCancel<CR>"
    screen:shows "│ stopping, waiting for 2 answers"
    screen:lua "service.answer()"
    screen:shows "geelark: cancelled: 200 deleted, 800 pending, see :copen"
  end)

  it("says how long the quota makes it wait", function()
    screen:lua [[service.setup { requests_per_minute = 1,
      clock = { now = function() return 0 end, sleep = error } }]]
    screen:keys ":%GeelarkDelete!<CR>"
    screen:shows "│ :GeelarkCancel stops it"
    screen:lua "service.answer()"
    assert.matches("│ waiting 6%d s for the quota +│\n", screen:shows "for the quota")
    screen:keys ":GeelarkCancel<CR>"
    screen:shows "geelark: cancelled: 100 deleted, 900 pending, see :copen"
  end)
end)
