-- doc/geelark.txt, the page that :help geelark shows: its tags, and what its examples do.

local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"

local text = shell.read "doc/geelark.txt"

-- Its examples: from a line that ends with " >" to one that begins with "<". Lines for the shell
-- begin with "$ ", those for the editor's command line with ":". All others are Lua.
local lua = {}
for example in text:gmatch "%s>\n(.-)\n<" do
  if not example:find "^%s*[$:]" then lua[#lua + 1] = example:gsub("\n    ", "\n") end
end

-- The one that begins with a text.
local function example(start)
  for _, source in ipairs(lua) do
    if source:match "^%s*(.*)":sub(1, #start) == start then return source end
  end
  error("no example begins with " .. start)
end

describe("doc/geelark.txt", function()
  local home

  before_each(function() home = nvim.home() end)
  after_each(function() home:remove() end)

  it("is taken by :helptags, and each of its tags is shown by :help", function()
    -- Not ALL, which writes the editor's own tags, too, while other specs' editors read them.
    local own_tags = ("vim.cmd 'helptags %s'\n"):format(home.clone .. "/doc")
    assert.equal("geelark.txt", home:output(own_tags .. [[
      for _, tag in ipairs { "geelark", ":GeelarkDelete", ":GeelarkCancel", "geelark-lazy",
        "geelark-++stop", "geelark.setup()", "geelark.nvim.delete()", "hl-GeelarkBar" } do
        vim.cmd("help " .. tag)
        assert(vim.fn.expand "<cword>" ~= "" and vim.fn.getline "."
          :find("*" .. tag .. "*", 1, true), tag)
      end
      print(vim.fn.expand "%:t")]]))
  end)

  it("has a tag for each of its own links", function()
    local links = 0
    for link in text:gmatch "|(geelark[^|%s]*)|" do
      assert.matches("*" .. link .. "*", text, 1, true)
      links = links + 1
    end
    assert.is_true(links >= 9)
  end)

  it("fits into 78 columns", function()
    for line in text:gmatch "[^\n]+" do
      local width = 0
      for character in line:gmatch "." do
        width = character == "\t" and width + 8 - width % 8 or width + 1
      end
      assert.is_true(width <= 78, line)
    end
  end)

  it("names the highlight groups that there are", function()
    local links = 0
    for name, standard in shell.read "lua/geelark/nvim/progress.lua"
      :gmatch '(Geelark%u%l+) = "(%u%a+)"' do
      assert.matches("%*hl%-" .. name .. "%*\t+" .. standard .. "\t", text)
      links = links + 1
    end
    assert.equal(4, links)
  end)

  it("has five examples in Lua, each run below", function()
    assert.equal(5, #lua)
  end)

  it("names what lazy.nvim does with it: builds, and gives the options to setup", function()
    local source = example "return {"
    local spec = assert((loadstring or load)(source))() -- luacheck: ignore 113
    assert.same({ url = "ADDRESS", name = "geelark", lazy = false, opts = {},
      build = "make nvim", main = "geelark.nvim" }, spec)
    shell.run("cd %s && " .. spec.build, home.clone)
    assert.equal("true", home:output(([[
      local plugin = (function() %s end)()
      require(plugin.main).setup(plugin.opts)
      print(require "geelark.core" ~= nil)]]):format(source)))
  end)

  -- The clone is where vim.pack would have put it; Neovim has that only from 0.12 on.
  it("builds with vim.pack when the clone is new", function()
    assert.equal("geelark\tADDRESS\tfalse\ntrue", home:output(([[
      local changed
      vim.api.nvim_create_autocmd = function(event, options)
        assert(event == "PackChanged")
        changed = options.callback
      end
      vim.pack = { add = function(specs)
        local spec = specs[1]
        changed { data = { spec = { name = "other" }, kind = "install", path = "nowhere" } }
        changed { data = { spec = spec, kind = "delete", path = "nowhere" } }
        print(spec.name, spec.src, (pcall(require, "geelark.core")))
        changed { data = { spec = spec, kind = "install", path = %q } }
      end }
      %s
      print((pcall(require, "geelark.core")))]])
      :format(home.clone, example "vim.api.nvim_create_autocmd")))
  end)

  it("sets options, a colour, and deletes from Lua", function()
    home:make()
    home:simulate { phones = 250, states = { started = 6 } }
    assert.equal("String\n244 deleted", home:output(table.concat {
      example 'require("geelark.nvim").setup', "\n", example "vim.api.nvim_set_hl", [[

      require "geelark.nvim.progress" -- whose own link gives way
      print((vim.fn.execute "highlight GeelarkBar":match "links to (%S+)"))
      ]], example "local ids" }))
    assert.equal(1, home.sim:state().maxInFlight)
  end)
end)
