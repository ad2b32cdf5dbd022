-- How LuaRocks builds, installs and tests geelark: "luarocks make" (or "build") and "luarocks test" in
-- a clone. spec/layout_spec.lua holds the lists to the tree.
rockspec_format = "3.0"
package = "geelark"
version = "scm-1"

-- The one place for the public address, once there is one. `make rock` packs the clone that it runs
-- in, whatever stands here.
source = {
  url = "git+https://no-public-address-yet.invalid/geelark",
}

description = {
  summary = "Deletes GeeLark cloud phones, any number of them, and accounts for every id",
  license = "MIT",
}

-- geelark.simulator over HTTP, for trying scripts, also wants cqueues and luaossl; the option journal
-- and geelark.limiter.sqlite want luadbi-sqlite3.
dependencies = {
  "lua >= 5.1, < 5.6",
  "lua-cjson",
}

-- What only the packages for building have. libcurl's headers stand in a folder that LuaRocks doesn't
-- look into on Debian (the compiler does), so its curl-config is looked for.
external_dependencies = {
  CURL = { program = "curl-config", library = "curl" },
  CRYPTO = { header = "openssl/evp.h", library = "crypto" },
}

build = {
  type = "builtin",
  modules = {
    ["geelark.core"] = {
      sources = {
        "src/account.c",
        "src/callback.c",
        "src/core.c",
        "src/decode.c",
        "src/handle.c",
        "src/journal.c",
        "src/lib/batch.c",
        "src/lib/buffer.c",
        "src/lib/client.c",
        "src/lib/explain.c",
        "src/lib/fault.c",
        "src/lib/flaws.c",
        "src/lib/gate.c",
        "src/lib/ids.c",
        "src/lib/job.c",
        "src/lib/ledger.c",
        "src/lib/pollset.c",
        "src/lib/response.c",
        "src/lib/retry.c",
        "src/lib/settle.c",
        "src/lib/signer.c",
        "src/lib/stops.c",
        "src/lib/text.c",
        "src/lib/traces.c",
        "src/lib/transfer.c",
        "src/lib/url.c",
        "src/lib/watcher.c",
        "src/limiter.c",
        "src/moment.c",
        "src/options.c",
        "src/read_ids.c",
        "src/registry.c",
        "src/report.c",
        "src/shared.c",
        "src/step.c",
        "src/transport.c",
      },
      defines = { "_GNU_SOURCE" },
      libraries = { "curl", "crypto", "m" },
      incdirs = { "$(CURL_INCDIR)", "$(CRYPTO_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)" },
    },
    geelark = "lua/geelark.lua",
    ["geelark.callable"] = "lua/geelark/callable.lua",
    ["geelark.codes"] = "lua/geelark/codes.lua",
    ["geelark.failures"] = "lua/geelark/failures.lua",
    ["geelark.health"] = "lua/geelark/health.lua",
    ["geelark.journal"] = "lua/geelark/journal.lua",
    ["geelark.limiter.redis"] = "lua/geelark/limiter/redis.lua",
    ["geelark.limiter.rules"] = "lua/geelark/limiter/rules.lua",
    ["geelark.limiter.shared"] = "lua/geelark/limiter/shared.lua",
    ["geelark.limiter.sqlite"] = "lua/geelark/limiter/sqlite.lua",
    ["geelark.loop.cqueues"] = "lua/geelark/loop/cqueues.lua",
    ["geelark.loop.luv"] = "lua/geelark/loop/luv.lua",
    ["geelark.loop.ngx"] = "lua/geelark/loop/ngx.lua",
    ["geelark.loop.ngx.account"] = "lua/geelark/loop/ngx/account.lua",
    ["geelark.loop.ngx.clients"] = "lua/geelark/loop/ngx/clients.lua",
    ["geelark.loop.ngx.quota"] = "lua/geelark/loop/ngx/quota.lua",
    ["geelark.loop.ngx.thread"] = "lua/geelark/loop/ngx/thread.lua",
    ["geelark.loop.nvim"] = "lua/geelark/loop/nvim.lua",
    ["geelark.loop.start"] = "lua/geelark/loop/start.lua",
    ["geelark.nearest"] = "lua/geelark/nearest.lua",
    ["geelark.nvim"] = "lua/geelark/nvim.lua",
    ["geelark.nvim.account"] = "lua/geelark/nvim/account.lua",
    ["geelark.nvim.client"] = "lua/geelark/nvim/client.lua",
    ["geelark.nvim.command"] = "lua/geelark/nvim/command.lua",
    ["geelark.nvim.commands"] = "lua/geelark/nvim/commands.lua",
    ["geelark.nvim.ids"] = "lua/geelark/nvim/ids.lua",
    ["geelark.nvim.leaving"] = "lua/geelark/nvim/leaving.lua",
    ["geelark.nvim.places"] = "lua/geelark/nvim/places.lua",
    ["geelark.nvim.progress"] = "lua/geelark/nvim/progress.lua",
    ["geelark.nvim.quickfix"] = "lua/geelark/nvim/quickfix.lua",
    ["geelark.nvim.record"] = "lua/geelark/nvim/record.lua",
    ["geelark.simulator"] = "lua/geelark/simulator.lua",
    ["geelark.simulator.answer"] = "lua/geelark/simulator/answer.lua",
    ["geelark.simulator.batch"] = "lua/geelark/simulator/batch.lua",
    ["geelark.simulator.body"] = "lua/geelark/simulator/body.lua",
    ["geelark.simulator.calls"] = "lua/geelark/simulator/calls.lua",
    ["geelark.simulator.check"] = "lua/geelark/simulator/check.lua",
    ["geelark.simulator.clock"] = "lua/geelark/simulator/clock.lua",
    ["geelark.simulator.credentials"] = "lua/geelark/simulator/credentials.lua",
    ["geelark.simulator.http.certificate"] = "lua/geelark/simulator/http/certificate.lua",
    ["geelark.simulator.http.connection"] = "lua/geelark/simulator/http/connection.lua",
    ["geelark.simulator.http.process"] = "lua/geelark/simulator/http/process.lua",
    ["geelark.simulator.http.server"] = "lua/geelark/simulator/http/server.lua",
    ["geelark.simulator.limits"] = "lua/geelark/simulator/limits.lua",
    ["geelark.simulator.list"] = "lua/geelark/simulator/list.lua",
    ["geelark.simulator.log"] = "lua/geelark/simulator/log.lua",
    ["geelark.simulator.messages"] = "lua/geelark/simulator/messages.lua",
    ["geelark.simulator.need"] = "lua/geelark/simulator/need.lua",
    ["geelark.simulator.options"] = "lua/geelark/simulator/options.lua",
    ["geelark.simulator.phones"] = "lua/geelark/simulator/phones.lua",
    ["geelark.simulator.plan"] = "lua/geelark/simulator/plan.lua",
    ["geelark.simulator.ready"] = "lua/geelark/simulator/ready.lua",
    ["geelark.simulator.service"] = "lua/geelark/simulator/service.lua",
    ["geelark.simulator.spawn"] = "lua/geelark/simulator/spawn.lua",
    ["geelark.simulator.transport"] = "lua/geelark/simulator/transport.lua",
    ["geelark.simulator.world"] = "lua/geelark/simulator/world.lua",
    ["geelark.types"] = "lua/geelark/types.lua",
  },
}

test = {
  type = "command",
  script = "spec/support/rock_test.lua",
}
