-- Where the ids stand in a buffer that may be edited meanwhile: extmarks go with the lines.
-- A place counts only where its id still stands there.

local reader = require "geelark.nvim.ids"

---@class geelark.nvim.Places
---@field buffer integer|nil none for ids from arguments
---@field namespace integer its own: a list that somebody is asked about may be in the same buffer
---@field lines table<string, integer> by id: where it stood at first
---@field marks table<string, integer> by id: extmark at that line
---@field moved table<string, integer>|nil first line of each id in the whole buffer
local Places = {}
Places.__index = Places

local function stands_at(buffer, line, id)
  local text = vim.api.nvim_buf_get_lines(buffer, line - 1, line, false)[1] or ""
  return (" " .. text .. " "):find("[^%w_-]" .. vim.pesc(id) .. "[^%w_-]") ~= nil
end

-- An id that was cut and put elsewhere has left its mark behind.
local function search(self, id)
  if not self.moved then
    self.moved = {}
    for i, text in ipairs(vim.api.nvim_buf_get_lines(self.buffer, 0, -1, false)) do
      local found = reader.id(text)
      if found and not self.moved[found] then self.moved[found] = i end
    end
  end
  local line = self.moved[id]
  return line and stands_at(self.buffer, line, id) and line or nil
end

---@param id string
---@return integer|nil line where it stands now; nil where it is gone
function Places:line(id)
  if not self.buffer or not vim.api.nvim_buf_is_valid(self.buffer) then return nil end
  if not vim.api.nvim_buf_is_loaded(self.buffer) then return self.lines[id] end
  local row = vim.api.nvim_buf_get_extmark_by_id(self.buffer, self.namespace, self.marks[id], {})[1]
  if row and stands_at(self.buffer, row + 1, id) then return row + 1 end
  return search(self, id)
end

--- Takes the marks away.
function Places:close()
  if self.buffer and vim.api.nvim_buf_is_valid(self.buffer) then
    vim.api.nvim_buf_clear_namespace(self.buffer, self.namespace, 0, -1)
  end
end

local places = {}

---@param ids geelark.nvim.Ids
---@param buffer integer|nil
---@return geelark.nvim.Places
function places.mark(ids, buffer)
  local namespace = vim.api.nvim_create_namespace ""
  local marks, mark, plain = {}, vim.api.nvim_buf_set_extmark, {}
  for _, id in ipairs(buffer and ids.list or {}) do
    marks[id] = mark(buffer, namespace, ids.lines[id] - 1, 0, plain)
  end
  return setmetatable({ buffer = buffer, namespace = namespace, lines = ids.lines, marks = marks },
    Places)
end

return places
