std = "max"
max_line_length = 100
max_comment_line_length = 130
include_files = { "lua/**/*.lua", "lua/*.lua", "plugin/*.lua", "spec/**/*.lua", "spec/*.lua", "*.rockspec" }
exclude_files = { "build" }
files["spec/**/*_spec.lua"] = { std = "+busted" }
files["lua/geelark/loop/ngx.lua"] = { std = "ngx_lua" }
files["lua/geelark/loop/ngx/*.lua"] = { std = "ngx_lua" }
files["plugin/geelark.lua"] = { globals = { "vim" } }
files["lua/geelark/nvim.lua"] = { globals = { "vim" } }
files["lua/geelark/nvim/*.lua"] = { globals = { "vim" } }
files["lua/geelark/health.lua"] = { globals = { "vim" } }
files["spec/support/nvim/*.lua"] = { globals = { "vim" } }
files["spec/support/nvim/host.lua"] = { globals = { "SCRIPT", "print" } }
files["spec/support/nvim/prelude.lua"] = { allow_defined_top = true, ignore = { "131" } }
files["spec/bench/clients/nvim.lua"] = { globals = { "vim" } }
-- Run in a Lua state where these are globals, see spec/torture/memory/lab.c.
for _, name in ipairs { "victim", "scenarios" } do
  files["spec/torture/memory/" .. name .. ".lua"] = { allow_defined_top = true, ignore = { "131" },
    globals = { "geelark", "scenario", "ids", "more_ids", "more_ids_too", "network", "base_url",
      "ca_file", "ca_bundle", "app_id", "api_key", "journal_file", "insist", "drive", "options",
      "clock", "transport", "tell", "ask", "pump", "note", "now", "pass", "disarm" } }
end
