-- The demo, as a file gets it and as terminals of two widths show it.

local shell = require "spec.support.shell"
local text_of = require "spec.support.cli.screen"

local run_demo = shell.run_lua 'arg = { [-1] = arg[-1] or arg[0] } dofile "spec/demo.lua"'
