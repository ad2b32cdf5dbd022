-- Temporary directories of the specs.

local temporary = require "spec.support.temporary"

describe("a temporary directory", function()
  it("is there, takes files, and is gone when removed", function()
    local directory = temporary.new()
    local path = directory:write("a file", "content")
    local file = assert(io.open(path))
    assert.equal("content", file:read "*a")
    file:close()
    directory:remove()
    directory:remove()
    assert.is_nil((io.open(path)))
    assert.is_nil((io.open(directory.path)))
  end)
end)
