-- The tree as a plugin of Neovim's: a clone where the editor looks for packages, and `make nvim`
-- in it, are all, for an editor with an empty configuration.

local nvim = require "spec.support.nvim"
local shell = require "spec.support.shell"

local function exists(path)
  return shell.output(("[ -e %s ] && echo yes"):format(shell.quote(path))) == "yes"
end

describe("a clone in the editor's packages", function()
  local home

  before_each(function() home = nvim.home() end)
  after_each(function() home:remove() end)

  -- What the editor prints that deletes from a simulator. Where there is Neovim's cache of modules,
  -- it is on, as some plugin managers have it.
  local function deleting(source)
    shell.run("mkdir -p %s", home.directory:file "config/nvim")
    home.directory:write("config/nvim/init.lua", "if vim.loader then vim.loader.enable() end")
    home:simulate { phones = 3, states = { started = 1 } }
    return home:output(source)
  end

  it("has its commands after a start that loaded nothing of it", function()
    assert.equal("2\t2\n", home:output([[
      print(vim.fn.exists ":GeelarkDelete", vim.fn.exists ":GeelarkCancel")
      local loaded = vim.tbl_filter(function(name) return name:find "geelark" end,
        vim.tbl_keys(package.loaded))
      print(table.concat(loaded, " "))]]) .. "\n")
  end)

  it("deletes once make nvim has built the core into it", function()
    assert.equal("lua/geelark/core.so is built for luajit; :checkhealth geelark looks at it",
      home:make())
    assert.equal("geelark: 2 deleted, 1 failed, see :copen\n2", deleting [[
      assert(not package.path:find "geelark" and not package.cpath:find "geelark")
      vim.notify = function(text) print(text) end
      vim.cmd "edit ids.txt"
      vim.cmd "%GeelarkDelete!"
      assert(vim.wait(20000, require("geelark.nvim.command").idle, 5))
      print(vim.fn.getqflist()[1].lnum)]])
  end)

  it("may be used first in a callback of a timer", function()
    home:make()
    assert.equal("true\n2 deleted", deleting [[
      local ids = vim.fn.readfile "ids.txt"
      local over
      local timer = vim.loop.new_timer()
      timer:start(0, 0, function()
        print(vim.in_fast_event())
        require("geelark.nvim").delete(ids, nil, function(result)
          print(result.successAmount .. " deleted")
          over = true
        end)
      end)
      assert(vim.wait(20000, function() return over end, 5))]])
  end)

  it("says what helps where make nvim never ran", function()
    local why = "geelark: the core can't be loaded, see :checkhealth geelark"
    assert.equal(why .. "; nothing was deleted\nscript.lua:4: " .. why,
      home:output([[
      vim.notify = function(text) print(text) end
      vim.cmd "GeelarkDelete! 1"
      print((select(2, pcall(function()
        require("geelark.nvim").delete({ "1" }, nil, print)
      end))))]]))
  end)

  it("has its commands by require where it was installed without plugin/", function()
    shell.run("rm -r %s/plugin", home.clone)
    assert.equal("0\n2", home:output([[
      print(vim.fn.exists ":GeelarkDelete")
      require "geelark.nvim"
      print(vim.fn.exists ":GeelarkDelete")]]))
  end)

  it("leaves alone what was made of its commands where it is read again", function()
    assert.equal("mine", home:output([[
      vim.api.nvim_create_user_command("GeelarkCancel", function() print "mine" end, {})
      vim.cmd "runtime plugin/geelark.lua"
      vim.cmd "GeelarkCancel"]]))
  end)

  it("is no trouble for an editor that is too old", function()
    assert.equal("0", home:output([[
      vim.cmd "delcommand GeelarkDelete"
      vim.g.loaded_geelark = nil
      vim.fn.has = function() return 0 end
      vim.cmd "runtime plugin/geelark.lua"
      print(vim.fn.exists ":GeelarkDelete")]]))
  end)

  it("is not installed with the core for the editor, and make clean takes that away", function()
    home:make()
    shell.run("make -s -C %s install LUA=luajit PREFIX=/usr DESTDIR=%s", home.clone,
      home.directory:file "root")
    assert.is_true(exists(home.directory:file "root/usr/share/lua/5.1/geelark/health.lua"))
    assert.is_true(exists(home.directory:file "root/usr/lib/lua/5.1/geelark/core.so"))
    assert.is_false(exists(home.directory:file "root/usr/share/lua/5.1/geelark/core.so"))
    shell.run("make -s -C %s clean", home.clone)
    assert.is_false(exists(home.clone .. "/lua/geelark/core.so"))
  end)

  for _, case in ipairs {
    { "LuaJIT", "printf luajit", "LUA=luajit LUA_SAYS=5.1 luajit" },
    { "Lua 5.1", "printf lua5.1", "LUA=lua5.1 LUA_SAYS=5.1" },
    { "what can't be asked for", "exit 1", "LUA=luajit LUA_SAYS=5.1 luajit" },
  } do
    local of, script, named = case[1], case[2], case[3]
    it("builds for an editor with " .. of .. ", also when started by one", function()
      shell.run("chmod +x %s", home.directory:write("editor", "#!/bin/sh\n" .. script .. "\n"))
      local said = shell.output(("NVIM=/a/socket make -C '%s' nvim NEOVIM='%s' MAKE=echo 2>&1")
        :format(home.clone, home.directory:file "editor"))
      assert.matches(" all " .. named .. " *BUILD=", said)
    end)
  end
end)
