-- Deletes without end while everything goes wrong, and watches memory and descriptors:
-- lua spec/torture/soak.lua HOURS [SEED] (make soak)
-- Ends with status 1 where either grows, or an account says what isn't so.

local collect = require "spec.support.collect"
local cqueues = require "cqueues"
local native = require "spec.support.native"
local new_samples = require "spec.torture.soak.samples"
local round = require "spec.torture.soak.round"
local screen = require "spec.torture.soak.screen"
local temporary = require "spec.support.temporary"

local EACH = 5 -- seconds from one sample to the next, at least
local MOST_GROWTH = 1e6 -- bytes
local MOST_SHOWN = 20 -- findings

local hours, first_seed = tonumber(arg[1]) or 1, tonumber(arg[2]) or 1
local footprint = native "footprint"
local folder = temporary.new()
local began = cqueues.monotime()
local run = { deletes = 0, ids = 0, findings = 0, minutes = 0, memory = new_samples(),
  descriptors = new_samples() }

local function add(figures, seed)
  run.deletes, run.ids = run.deletes + figures.deletes, run.ids + figures.ids
  for _, finding in ipairs(figures.findings) do
    run.findings = run.findings + 1
    if run.findings <= MOST_SHOWN then
      screen.tell(("%s -- make soak HOURS=0 SEED=%d"):format(finding, seed))
    end
  end
end

-- Nothing is in flight here, so what is there stays.
local function sample()
  collect()
  local bytes, descriptors = footprint()
  run.memory:add(bytes)
  run.descriptors:add(descriptors)
end

local seed, sampled = first_seed, -math.huge
repeat
  add(round(seed, folder.path), seed)
  seed = seed + 1
  local now = cqueues.monotime()
  run.minutes = (now - began) / 60
  if now - sampled >= EACH then
    sampled = now
    sample()
    screen.draw(run)
  end
until run.minutes >= hours * 60 and #run.memory.values > 1
folder:remove()
screen.finish(run)

local grew = run.memory:growth() > MOST_GROWTH or run.descriptors:growth() > 0
os.exit(not grew and run.findings == 0, true)
