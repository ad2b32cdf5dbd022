-- The ways in which a run with a journal is cut short.

-- A number from 1 to most that the seed decides.
local function draw(round, turn, most) return (round.seed * 7919 + turn * 104729) % most + 1 end

return {
  function(round, turn) -- at any moment; in the foreground timeout doesn't kill itself, too, but waits
    return round:run(("timeout --foreground -s KILL %.3fs"):format(
      0.02 + draw(round, turn, 400) / 1000))
  end,
  function(round, turn) -- between the write and the request
    return round:run(nil, ("RUN_KILL='send %d'"):format(draw(round, turn, 30)))
  end,
  function(round, turn) -- between the answer and its effect on whoever called
    return round:run(nil, ("RUN_KILL='settle %d'"):format(draw(round, turn, 20)))
  end,
  function(round, turn) -- the disk is full: writes beyond a size fail
    return round:run(("sh -c 'trap \"\" XFSZ; ulimit -f %d; exec \"$@\"' sh")
      :format(draw(round, turn, 3000)))
  end,
}

