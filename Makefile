# geelark: builds the C core for one Lua (LUA=lua5.1 … lua5.4, luajit) into build/$(LUA)/,
# installs it, and runs the specs and checks. Every variable can be overridden.

LUA ?= lua5.4
PREFIX ?= /usr/local
# Deliberate faults for the simulation's own proof, see spec/simulation_spec.lua.
MUTATION ?=

LUAS = lua5.1 lua5.2 lua5.3 lua5.4 luajit
CC = cc
OPTIMISE ?= -O3 -fno-plt
CFLAGS ?= $(OPTIMISE) -g
WARNINGS = -Wall -Wextra -pedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
PKG_CONFIG ?= pkg-config

# The names under which pkg-config knows a Lua differ from system to system.
lua_packages = $(LUA) $(subst lua5,lua-5,$(LUA)) $(subst .,,$(LUA))
lua_package = $(shell for p in $(lua_packages); do $(PKG_CONFIG) --exists $$p && echo $$p && break; done)
LUA_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags $(lua_package))
CURL_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcurl)
CURL_LIBS ?= $(shell $(PKG_CONFIG) --libs libcurl)
CRYPTO_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcrypto)
CRYPTO_LIBS ?= $(shell $(PKG_CONFIG) --libs libcrypto)

ifeq ($(shell uname -s),Darwin)
SHARED = -bundle -undefined dynamic_lookup
else
SHARED = -shared
endif

BUILD = build/$(LUA)$(MUTATION:%=-%)
CORE = $(BUILD)/geelark/core.so
OBJECTS = $(patsubst src/%.c,$(BUILD)/%.o,$(wildcard src/*.c src/lib/*.c))
ALL_CFLAGS = -std=c99 -D_GNU_SOURCE $(MUTATION:%=-DGEELARK_MUTATE_%) -fPIC -pthread -fvisibility=hidden \
	$(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(LUA_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS)

LUA_VERSION = $(if $(filter luajit,$(LUA)),5.1,$(LUA:lua%=%))
LUA_DIR = $(DESTDIR)$(PREFIX)/share/lua/$(LUA_VERSION)
LIB_DIR = $(DESTDIR)$(PREFIX)/lib/lua/$(LUA_VERSION)

# How a Lua finds the tree's modules without their being installed.
RUN_LUA = LUA_PATH="lua/?.lua;lua/?/init.lua;./?.lua;;" LUA_CPATH="build/$(LUA)/?.so;;" $(LUA)

.PHONY: all install demo test test-one valgrind check bench simulate deps test-deps clean

all: $(CORE)

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(LDFLAGS) -o $@ $(OBJECTS) $(CURL_LIBS) $(CRYPTO_LIBS) -lm -pthread

$(BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

install: all
	mkdir -p $(LUA_DIR) $(LIB_DIR)/geelark
	cp -R lua/. $(LUA_DIR)
	install -m 755 $(CORE) $(LIB_DIR)/geelark/core.so

# What a machine needs: on Debian it is installed, and named before.
deps:
	@sh spec/support/deps.sh build $(LUA)

test-deps:
	@sh spec/support/deps.sh test

demo: deps
	@$(MAKE) --no-print-directory -s all
	@$(RUN_LUA) spec/demo.lua

# Without LUA on the command line: on every Lua.
ifeq ($(origin LUA),command line)
test: test-deps
	@sh spec/support/test.sh $(LUA)
else
test: test-deps
	@sh spec/support/test.sh $(LUAS)
endif

valgrind: test-deps
	@$(MAKE) --no-print-directory -s all LUA=lua5.4
	@sh spec/support/valgrind.sh

check: test-deps
	@sh spec/support/check.sh "$(WARNINGS)" $(LUAS)

bench: test-deps
	@for lua in lua5.4 luajit; do $(MAKE) --no-print-directory -s all LUA=$$lua || exit; done
	@$(MAKE) --no-print-directory -s bench-run LUA=lua5.4

.PHONY: bench-run
bench-run:
	@$(RUN_LUA) spec/bench/run.lua $(ONLY)

SEEDS ?= 100000
simulate: test-deps
	@$(MAKE) --no-print-directory -s all
	@$(RUN_LUA) spec/simulation.lua $(SEEDS)

# What luarocks leaves in a clone would be found before what is installed.
clean:
	rm -rf build geelark src/*.o
