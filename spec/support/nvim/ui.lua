-- The user interface of a Neovim that it starts, for spec/support/nvim/screen.lua. It speaks the
-- protocol of Neovim's own terminal interface (:help ui), and so draws just what a terminal
-- would show. It runs in a headless Neovim itself, which has MessagePack and libuv.

local uv = vim.uv or vim.loop
local mpack = vim.mpack

local LINES, COLUMNS = 24, 80
local PATIENCE = 30000 -- milliseconds until something that doesn't come is an error

-- The screen --------------------------------------------------------------------------------

local grid = {}    -- cell by row and column, both counted from 1
local shown = ""   -- the grid as it was when it was last complete

local function clear(row)
  grid[row] = {}
  for column = 1, COLUMNS do grid[row][column] = " " end
end

local function text()
  local rows = {}
  for row = 1, LINES do rows[row] = table.concat(grid[row]):gsub("%s+$", "") end
  return table.concat(rows, "\n")
end

-- What the editor tells of its screen, by the events' names.
local draw = {}

function draw.grid_clear()
  for row = 1, LINES do clear(row) end
end

function draw.grid_line(_, row, column, cells)
  for _, cell in ipairs(cells) do
    for _ = 1, cell[3] or 1 do
      column = column + 1
      grid[row + 1][column] = cell[1]
    end
  end
end

function draw.grid_scroll(_, top, bottom, left, right, rows)
  local from, to, step = top + 1, bottom - rows, 1
  if rows < 0 then from, to, step = bottom, top + 1 - rows, -1 end
  for row = from, to, step do
    for column = left + 1, right do grid[row][column] = grid[row + rows][column] end
  end
end

function draw.flush()
  shown = text()
end

local function redraw(events)
  for _, event in ipairs(events) do
    local act = draw[event[1]]
    for i = 2, act and #event or 0 do act(unpack(event[i])) end
  end
end

-- The editor --------------------------------------------------------------------------------

local input, output = uv.new_pipe(false), uv.new_pipe(false)
local ended = false
local answers = {} -- of requests, by number
local sent = 0

-- Buffers, windows and tabpages come as extension types, and are of no use here.
local function handle(_, data) return data end
local unpacker = mpack.Unpacker { ext = { [0] = handle, handle, handle } }

local function receive(trouble, data)
  assert(not trouble, trouble)
  local position = 1
  while data and position <= #data do
    local message
    message, position = unpacker(data, position)
    if message and message[1] == 1 then answers[message[2]] = message
    elseif message and message[2] == "redraw" then redraw(message[3]) end
  end
end

local function wait(over, what)
  vim.wait(PATIENCE, function() return ended or over() end, 5)
  if not over() then error((ended and "the editor ended before " or "no end of waiting until ")
    .. what .. ":\n" .. shown, 0) end
end

local function request(method, ...)
  sent = sent + 1
  local number = sent
  input:write(mpack.encode { 0, number, method, { ... } })
  wait(function() return answers[number] end, method .. " is answered")
  local _, _, trouble, result = unpack(answers[number])
  if trouble ~= vim.NIL then error(trouble[2], 0) end
  return result
end

-- Orders ------------------------------------------------------------------------------------

local orders = {}

function orders.keys(keys)
  local taken = request("nvim_input", keys)
  assert(taken == #keys, "not all keys were taken")
end

function orders.shows(wanted)
  wait(function() return shown:find(wanted, 1, true) end, ("%q is shown"):format(wanted))
  return shown
end

function orders.lua(source)
  return request("nvim_exec_lua", source, {})
end

local function run(arguments)
  draw.grid_clear()
  table.insert(arguments, 1, "--embed")
  local process = assert(uv.spawn(vim.v.progpath,
    { args = arguments, stdio = { input, output, 2 } }, function() ended = true end))
  output:read_start(receive)
  request("nvim_ui_attach", COLUMNS, LINES, { ext_linegrid = true, rgb = true })
  for line in io.lines() do
    local name, argument = unpack(vim.json.decode(line))
    local done, result = pcall(orders[name], argument)
    io.write(vim.json.encode(done and { result = result } or { trouble = result }), "\n")
    io.flush()
  end
  if not ended then process:kill "sigkill" end
  wait(function() return ended end, "it is killed")
end

local file = assert(io.open "arguments.json")
local ran, trouble = pcall(run, vim.json.decode(file:read "*a"))
if ran then vim.cmd "qall!" end
io.stderr:write(tostring(trouble), "\n")
vim.cmd "cquit"
