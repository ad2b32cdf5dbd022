-- The check of the sources' structure finds what it is there to find.

local structure = require "spec.support.structure"

local function violations(files)
  return structure.check(files).violations
end

describe("the structure check", function()
  it("finds nothing in a tree that keeps the rules", function()
    assert.same({}, violations {
      ["src/core.c"] = '#include "core.h"\n#include "lib/job.h"\n#include <lua.h>\n',
      ["src/core.h"] = "#include <lauxlib.h>\n",
      ["src/lib/job.c"] = '#include "job.h"\n#include "ids.h"\n#include <string.h>\n',
      ["src/lib/job.h"] = '#include "ids.h"\n',
      ["src/lib/ids.h"] = "#include <stddef.h>\n",
      ["src/lib/transfer.c"] = "#include <curl/curl.h>\n",
      ["src/lib/url.c"] = "#include <curl/curl.h>\n",
      ["src/lib/signer.c"] = "#include <openssl/evp.h>\n",
    })
  end)

  local cases = {
    { "Lua in src/lib", { ["src/lib/job.c"] = "#include <lua.h>\n" },
      "src/lib/job.c includes lua.h, but src/lib knows no Lua" },
    { "Lua in a header of src/lib", { ["src/lib/job.h"] = '#  include "lauxlib.h"\n' },
      "src/lib/job.h includes lauxlib.h, but src/lib knows no Lua" },
    { "a header of src/ in src/lib", { ["src/lib/job.c"] = '#include "../compat.h"\n',
        ["src/compat.h"] = "#include <lualib.h>\n" },
      "src/lib/job.c includes src/compat.h, which is not in src/lib" },
    { "libcurl elsewhere in src/lib", { ["src/lib/job.h"] = "#include <curl/curl.h>\n" },
      "src/lib/job.h includes curl/curl.h, which is for src/lib/transfer.c and src/lib/url.c" },
    { "libcurl in src/", { ["src/core.c"] = "#include <curl/multi.h>\n" },
      "src/core.c includes curl/multi.h, which is for src/lib/transfer.c and src/lib/url.c" },
    { "libcrypto outside the signer", { ["src/lib/ids.c"] = "#include <openssl/rand.h>\n" },
      "src/lib/ids.c includes openssl/rand.h, which is for src/lib/signer.c" },
    { "headers that include one another", { ["src/lib/a.h"] = '#include "b.h"\n',
        ["src/lib/b.h"] = '#include "a.h"\n' },
      "a circle: src/lib/a -> src/lib/b -> src/lib/a" },
    { "a circle of rooms by way of their .c", { ["src/a.c"] = '#include "b.h"\n', ["src/a.h"] = "",
        ["src/b.c"] = '#include "lib/c.h"\n#include "a.h"\n', ["src/b.h"] = "",
        ["src/lib/c.h"] = "" },
      "a circle: src/a -> src/b -> src/a" },
    { "a function of 51 lines",
      { ["src/core.c"] = "int long_one(void) {\n" .. ("    x();\n"):rep(49) .. "}\n" },
      "src/core.c: long_one has 51 lines" },
  }
  for _, case in ipairs(cases) do
    local name, files, violation = case[1], case[2], case[3]
    it("finds " .. name, function() assert.same({ violation }, violations(files)) end)
  end

  it("lets a function of 50 lines pass", function()
    assert.same({}, violations {
      ["src/core.c"] = "int one(void) {\n" .. ("    x();\n"):rep(48) .. "}\n",
    })
  end)

  it("counts lines and files and names the longest function", function()
    local found = structure.check {
      ["src/a.c"] = [[
/* a */
struct a {
    int b;
};

static const int numbers[] = {
    1, 2, 3, 4, 5, 6, 7,
};

int later(void);

static int long_head(int a,
                     int b) {
    if (a) {
        return a + b;
    }
    return 0;
}
]],
      ["src/lib/b.c"] = "int b(void)\n{\n    return 0;\n}\n\nint c(void) { return 1; }\n",
    }
    assert.equal(24, found.lines)
    assert.equal(2, found.files)
    assert.same({ name = "long_head", path = "src/a.c", lines = 7 }, found.longest)
  end)
end)
