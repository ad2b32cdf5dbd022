# geelark: builds the C core for one Lua, installs it, runs the specs and the checks.
# `make help` lists the targets. Every variable can be overridden.

LUA ?= lua5.4
LUAS = lua5.1 lua5.2 lua5.3 lua5.4 luajit
PREFIX ?= /usr/local
SRC = src
CC = cc
OPTIMISE ?= -O3 -fno-plt
CFLAGS ?= $(OPTIMISE) -g
WARNINGS = -Wall -Wextra -pedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
PKG_CONFIG ?= pkg-config

# $(call once,NAME,COMMAND): a command's output, asked for when NAME is first used.
once = $(eval $1 := $(shell $2))$($1)

# "5.4", or "5.1 luajit": what the interpreter says, whatever it is called.
LUA_SAYS = $(call once,LUA_SAYS,"$(LUA)" -e 'print(_VERSION:match "[%d.]+" .. (jit and " luajit" or ""))' 2>/dev/null)
LUA_VERSION ?= $(firstword $(LUA_SAYS))

# The names under which pkg-config may know that Lua; the last may be one of another version.
lua_packages = $(or $(filter luajit,$(LUA_SAYS)),$(foreach v,$(LUA_VERSION),lua$v lua-$v lua$(subst .,,$v) lua))
lua_wanted = $(if $(filter luajit,$(LUA_SAYS)),2,$(LUA_VERSION))
find_lua = for p in $(lua_packages); do case `$(PKG_CONFIG) --modversion $$p 2>/dev/null` in \
	$(lua_wanted).*) $(PKG_CONFIG) --cflags $$p; break;; esac; done
LUA_CFLAGS ?= $(call once,LUA_CFLAGS,$(find_lua))
LIB_CFLAGS ?= $(call once,LIB_CFLAGS,$(PKG_CONFIG) --cflags libcurl libcrypto 2>/dev/null)
LIBS ?= $(call once,LIBS,$(PKG_CONFIG) --libs libcurl libcrypto 2>/dev/null || echo -lcurl -lcrypto)

# libcurl's resolver thread may outlive the module: its code must stay where it is.
ifeq ($(shell uname -s),Darwin)
SHARED = -bundle -undefined dynamic_lookup
else
SHARED = -shared -Wl,-z,nodelete
endif

# A line for each file in place of the command that compiles it, unless V=1; none under make -s.
is_silent = $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = @$(if $(is_silent)$(V),:,echo) '$1'
run = $(if $(V),,@)

# A path makes a folder's name, too: build/_usr_bin_lua5.4.
empty =
BUILD = build/$(subst /,_,$(subst $(empty) ,_,$(LUA)))
CORE = $(BUILD)/geelark/core.so
OBJECTS = $(patsubst $(SRC)/%.c,$(BUILD)/%.o,$(wildcard $(SRC)/*.c $(SRC)/lib/*.c))
COMPILE = $(CC) -std=c99 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(WARNINGS) $(CPPFLAGS) $(CFLAGS) \
	$(LUA_CFLAGS) $(LIB_CFLAGS)
LINK = $(CC) $(SHARED) $(LDFLAGS) -o $(CORE) $(OBJECTS) $(LIBS) -lm

# A shell doesn't expand a ~ in the middle of a word.
home = $(patsubst ~/%,$(HOME)/%,$1)
version = $(or $(LUA_VERSION),$(error $(LUA) is not found, what helps: make deps LUA=$(LUA)))
LUA_DIR = $(DESTDIR)$(PREFIX)/share/lua/$(version)
LIB_DIR = $(DESTDIR)$(PREFIX)/lib/lua/$(version)
BIN_DIR = $(DESTDIR)$(PREFIX)/bin
COMMAND = $(call home,$(BIN_DIR))/geelark
# Without what only stands before it while a package is made.
installed = $(call home,$(subst $(DESTDIR),,$1))

# Nothing that is run here sees the account of whoever runs it.
unexport GEELARK_TOKEN GEELARK_APP_ID GEELARK_API_KEY GEELARK_BASE_URL GEELARK_CA_FILE

# How a Lua finds the tree's modules without their being installed.
RUN_LUA = LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="$(BUILD)/?.so;;" "$(LUA)"

all: $(CORE) ## the C core for one Lua: LUA=lua5.1 to lua5.5, luajit, or a path; else lua5.4

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,$(CC)  $@)
	$(run)$(LINK)

$(BUILD)/%.o: $(SRC)/%.c $(BUILD)/commands
	@mkdir -p $(@D)
	$(call say,$(CC)  $<)
	$(run)$(COMPILE) -MMD -MP -c -o $@ $<

# Written anew, and so all built anew, when one of the commands has changed.
$(BUILD)/commands: always
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(LINK)' | cmp -s - $@ || { \
		sh spec/support/needs.sh "$(LUA)" "$(LUA_VERSION)" "$(PKG_CONFIG)" $(COMPILE) && \
		echo '$(COMPILE) $(LINK)' >$@; }

-include $(OBJECTS:.o=.d)

install: all ## the module and the command into PREFIX (/usr/local), or LUA_DIR, LIB_DIR and BIN_DIR
	@mkdir -p "$(call home,$(LUA_DIR))" "$(call home,$(LIB_DIR))/geelark" "$(call home,$(BIN_DIR))" || { echo \
		'What helps: as root, or another folder: make install LUA=$(LUA) PREFIX=~/.local' >&2; exit 1; }
	$(run)cp -R lua/. "$(call home,$(LUA_DIR))"
	@rm -f "$(call home,$(LUA_DIR))/geelark/core.so" # the one that make nvim left here, if any
	$(run)install -m 755 $(CORE) "$(call home,$(LIB_DIR))/geelark/core.so"
	$(run)sh spec/support/command.sh "$(LUA)" "$(call installed,$(LUA_DIR))" "$(call installed,$(LIB_DIR))" "$(COMMAND)"
	$(call say,geelark for Lua $(version) is in $(LUA_DIR) and $(LIB_DIR), its command in $(BIN_DIR))

# The command may be one that was installed later for another Lua.
uninstall: ## takes the same away
	@if grep -qsF "$(call installed,$(LUA_DIR))/?.lua" "$(COMMAND)"; then rm -f "$(COMMAND)"; fi
	rm -rf "$(call home,$(LUA_DIR))/geelark.lua" "$(call home,$(LUA_DIR))/geelark" \
		"$(call home,$(LIB_DIR))/geelark"

LUAROCKS ?= luarocks

# git takes this clone for the repository that the rockspec names.
rock: ## a source rock of what is committed, for luarocks build and install
	@command -v "$(LUAROCKS)" >/dev/null || { echo \
		'$(LUAROCKS), which packs rocks, is missing. What helps: make test-deps' >&2; exit 1; }
	@mkdir -p build
	$(run)cd build && GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$(CURDIR).insteadOf" \
		GIT_CONFIG_VALUE_0=$(shell sed -n 's/.*url = "git+\(.*\)".*/\1/p' geelark-scm-1.rockspec) \
		$(LUAROCKS) pack "$(CURDIR)/geelark-scm-1.rockspec"

# The editor's Lua. It is asked of the editor, since that Lua's interpreter need not be there; nearly
# all have LuaJIT. Not NVIM: that one is set in what an editor starts.
NEOVIM ?= nvim
nvim_lua = $(or $(call once,nvim_lua_says,"$(NEOVIM)" -u NONE -i NONE --headless \
	-c 'lua io.write(jit and "luajit" or "lua5.1")' -c qall 2>/dev/null),luajit)

nvim: ## the core for Neovim into this clone, which then is a plugin of Neovim's
	@$(MAKE) --no-print-directory -s all LUA=$(nvim_lua) \
		LUA_SAYS="5.1 $(filter luajit,$(nvim_lua))" BUILD=build/$(nvim_lua)
	@install -m 755 build/$(nvim_lua)/geelark/core.so lua/geelark/core.so
	@echo "lua/geelark/core.so is built for $(nvim_lua); :checkhealth geelark looks at it"

deps: ## what building and the demo need: on Debian it is installed, elsewhere named
	@sh spec/support/deps.sh build "$(LUA)"

test-deps: ## what the specs and checks need
	@sh spec/support/deps.sh test

demo: deps ## deletes 250 phones of a simulator on this machine; no real phone is touched
	@$(MAKE) --no-print-directory -s all
	@$(RUN_LUA) spec/demo.lua

OPTIONS ?= phones = 250, states = { started = 5 }
simulator: deps ## a simulator that serves until Ctrl-C: OPTIONS='phones = 250, log = true'
	@$(RUN_LUA) -e 'require("geelark.simulator").main { $(subst ','\'',$(OPTIONS)) }'

test: test-deps ## the specs on every Lua, or on LUA=…
	@sh spec/support/test.sh $(if $(findstring command,$(origin LUA)),"$(LUA)",$(LUAS))

specs: all ## some specs on one Lua, without a look at what is needed: SPECS=spec/…
	@SPECS="$(SPECS)" sh spec/support/specs.sh $(BUILD) "$(LUA)"

check: test-deps ## what can be checked without running it
	@sh spec/support/check.sh $(LUAS)

format: test-deps ## clang-format over the C sources
	find src spec -name "*.[ch]" -exec clang-format -i {} +

valgrind: test-deps ## the specs under valgrind
	@$(MAKE) --no-print-directory -s all LUA=lua5.4
	@sh spec/support/valgrind.sh

sanitize: test-deps ## the specs under the address and undefined behaviour sanitizers
	@sh spec/support/sanitize.sh

SECONDS ?= 60
fuzz: test-deps ## made-up bytes for SECONDS=60 a target, under the sanitizers: ONLY=answers for one
	@sh spec/support/fuzz.sh "$(SECONDS)" $(ONLY)

strict: test-deps ## the specs on a Lua built with assertions, API checks and a collector that always runs
	@sh spec/support/strict.sh

coverage: test-deps ## which lines and branches of the C core the specs run; each that can be run has to be
	@sh spec/support/coverage.sh

torture: test-deps ## faults on purpose: ONLY=network or memory or disk, ROUNDS=5, on LUA=…
	@sh spec/support/torture.sh $(if $(findstring command,$(origin LUA)),"$(LUA)")

bench: test-deps ## what it costs: ONLY=name for one measure
	@for lua in lua5.4 luajit; do $(MAKE) --no-print-directory -s all LUA=$$lua || exit; done
	@$(MAKE) --no-print-directory -s bench-run LUA=lua5.4

bench-run:
	@$(RUN_LUA) spec/bench/run.lua $(ONLY)

SEEDS ?= 100000
simulate: test-deps ## SEEDS=100000 simulated worlds
	@$(MAKE) --no-print-directory -s all
	@$(RUN_LUA) spec/simulation.lua $(SEEDS)

HOURS ?= 1
soak: test-deps ## deletes without end while all goes wrong, and watches memory: HOURS=0.333
	@$(MAKE) --no-print-directory -s all
	@$(RUN_LUA) spec/torture/soak.lua $(HOURS) $(SEED)

grounds: test-deps ## the specs on a core built by clang, and on GnuTLS; a build for musl: ON=gnutls
	@SPECS="$(SPECS)" sh spec/support/grounds.sh $(ON)

# What LuaRocks leaves in a clone would be found before what is installed.
clean: ## takes away what was built
	rm -rf build geelark src/*.o src/lib/*.o *.rock lua/geelark/core.so

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/\1	\2/p' Makefile | expand -t 12

.PHONY: all always install uninstall rock nvim deps test-deps demo simulator test specs check format valgrind \
	sanitize strict coverage torture fuzz bench bench-run simulate soak grounds clean help
