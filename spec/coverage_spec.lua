-- make coverage holds the lines that ran against the list of those that can't run here.

local coverage = require "spec.support.coverage"

-- What gcov says of a file: { name, count, branches... } a line.
local function unit(path, rows)
  local lines = {}
  for i, row in ipairs(rows) do
    local branches = {}
    for k = 3, #row do branches[k - 2] = { count = row[k] } end
    lines[i] = { line_number = i, function_name = row[1], count = row[2], branches = branches }
  end
  return { files = { { file = path, lines = lines } } }
end

local texts = { "a();", "  return 0;", "b();", "\treturn 0;" }
local function text_of(_, number) return texts[number] end

local function compare(rows, list)
  return coverage.compare(coverage.lines { unit("src/x.c", rows) }, text_of,
    coverage.read_list(list))
end

local WHY = "Nobody gets there.\n"

describe("coverage", function()
  local cases = {
    { "is content where every line ran", { { "f", 1 }, { "f", 7 } }, "", {} },
    { "names a line that didn't", { { "f", 1 }, { "f", 0 } }, "",
      { "line 2 runs in no spec: src/x.c: f: return 0;" } },
    { "takes one that the list names", { { "f", 1 }, { "f", 0 } },
      WHY .. "  src/x.c: f: return 0;\n", {} },
    { "takes each as often as it is named", { { "f", 1 }, { "f", 0 }, { "f", 1 }, { "f", 0 } },
      WHY .. "  src/x.c: f: return 0;\n", { "line 4 runs in no spec: src/x.c: f: return 0;" } },
    { "tells functions apart", { { "f", 1 }, { "f", 0 }, { "g", 1 }, { "g", 0 } },
      WHY .. "  src/x.c: g: return 0;\n", { "line 2 runs in no spec: src/x.c: f: return 0;" } },
    { "finds what is named and runs", { { "f", 1 }, { "f", 1 } },
      WHY .. "  src/x.c: f: return 0;\n",
      { "it is named, and runs or is gone: src/x.c: f: return 0;" } },
    { "finds what is named and is gone", { { "f", 1 } }, WHY .. "  src/y.c: old: c();\n",
      { "it is named, and runs or is gone: src/y.c: old: c();" } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function() assert.same(case[4], (compare(case[2], case[3]))) end)
  end

  it("counts lines and branches, a branch once however often it was taken", function()
    local _, figures = compare({ { "f", 1, 5, 0 }, { "f", 0 }, { "f", 2, 1, 1 } },
      WHY .. "  src/x.c: f: return 0;\n")
    assert.same({ lines = 3, covered = 2, named = 1, branches = 4, taken = 3 }, figures)
  end)

  it("adds up what an inline function did in each file that has it", function()
    local lines = coverage.lines { unit("src/x.h", { { "f", 0, 0, 0 } }),
      unit("src/x.h", { { "f", 2, 0, 2 } }) }
    assert.same({ 1, 2, { 0, 2 } }, { #lines, lines[1].count, lines[1].branches })
    assert.same({ "src/x.h:1: 1 of 2 branches never taken" }, coverage.untaken(lines))
  end)

  it("counts the branches of whichever Lua's build has the most of a line", function()
    local units = {}
    for i, row in ipairs { { "f", 1, 1, 0, 0, 1 }, { "f", 1, 0, 1 }, { "f", 1, 0, 1, 0, 1 } } do
      units[i] = unit("src/x.c", { row })
    end
    local _, figures = coverage.compare(coverage.lines(units), text_of, {})
    assert.same({ 4, 3 }, { figures.branches, figures.taken })
  end)

  it("leaves out what isn't ours", function()
    assert.same({}, coverage.lines { unit("/usr/include/stdlib.h", { { "f", 0 } }) })
  end)

  it("wants a reason above each line of the list", function()
    assert.has_error(function() coverage.read_list "  src/x.c: f: return 0;\n" end,
      "no reason stands above: src/x.c: f: return 0;")
  end)
end)
