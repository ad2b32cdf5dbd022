/*
 * lab.c: Lua states of their own ("victims") in which allocations fail, for a Lua state
 * that looks on. Three allocators can be made to fail: Lua's, the core's own (see
 * allocations.h) and libcurl's. They fail in a victim's code alone: not where it calls
 * the state that looks on, which keeps the service and its phones.
 *
 * It has to be loaded before anything else initialises libcurl.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum allocator { NOBODYS, LUAS, CORES, CURLS, ALLOCATORS };

/* Which allocation fails, and how many did. */
static struct {
    enum allocator allocator;
    long left;
    int onwards, on;
    long refused;
} trial;

static _Atomic long blocks[ALLOCATORS]; /* that are not freed */
static __thread int in_main_thread;     /* nothing fails in a resolver's */
static double seconds;                  /* the victims' clock */
static lua_State *onlooker;
static int report_fd = -1;

/* Who asked for the first one that failed. */
enum { FRAMES = 24 };
static struct {
    void *frames[FRAMES];
    int count;
} asker;

static int refuses(enum allocator allocator) {
    if (!trial.on || trial.allocator != allocator || !in_main_thread) return 0;
    int refused = trial.refused ? trial.onwards : --trial.left == 0;
    if (refused && !trial.refused) asker.count = backtrace(asker.frames, FRAMES);
    trial.refused += refused;
    return refused;
}

/* A block knows its size, so that what is freed can be overwritten: who still reads it
 * finds nothing that it knows. */
struct block {
    size_t size;
    enum allocator allocator;
    max_align_t bytes[];
};

static void *take(enum allocator allocator, size_t size) {
    struct block *block = refuses(allocator) ? NULL : malloc(sizeof *block + size);
    if (!block) return NULL;
    block->size = size;
    block->allocator = allocator;
    blocks[allocator]++;
    return memset(block->bytes, 0xa5, size);
}

static void give(enum allocator allocator, void *old) {
    if (!old) return;
    struct block *block = (struct block *)((char *)old - offsetof(struct block, bytes));
    if (block->allocator != allocator) abort();
    blocks[allocator]--;
    block->allocator = NOBODYS;
    memset(block->bytes, 0xdd, block->size);
    free(block);
}

static void *take_zeros(enum allocator allocator, size_t size) {
    void *new = take(allocator, size);
    return new ? memset(new, 0, size) : NULL;
}

static void *change(enum allocator allocator, void *old, size_t size) {
    void *new = take(allocator, size);
    if (!new || !old) return new;
    size_t known = ((struct block *)((char *)old - offsetof(struct block, bytes)))->size;
    memcpy(new, old, known < size ? known : size);
    give(allocator, old);
    return new;
}

static char *copy(enum allocator allocator, const char *text) {
    size_t size = strlen(text) + 1;
    char *new = take(allocator, size);
    return new ? memcpy(new, text, size) : NULL;
}

void *torture_malloc(size_t size) { return take(CORES, size); }
void *torture_calloc(size_t n, size_t size) { return take_zeros(CORES, n * size); }
void *torture_realloc(void *old, size_t size) { return change(CORES, old, size); }
char *torture_strdup(const char *text) { return copy(CORES, text); }
void torture_free(void *old) { give(CORES, old); }

static void *curl_take(size_t size) { return take(CURLS, size); }
static void *curl_zeros(size_t n, size_t size) { return take_zeros(CURLS, n * size); }
static void *curl_change(void *old, size_t size) { return change(CURLS, old, size); }
static char *curl_copy(const char *text) { return copy(CURLS, text); }
static void curl_give(void *old) { give(CURLS, old); }

struct victim {
    lua_State *L;
    long bytes;
};

static void *allocate(void *user, void *old, size_t old_size, size_t size) {
    struct victim *victim = user;
    if (!old) old_size = 0;
    if (size > old_size && refuses(LUAS)) return NULL;
    void *new = NULL;
    if (size == 0) free(old);
    else if (!(new = realloc(old, size))) return NULL;
    victim->bytes += (long)size - (long)old_size;
    return new;
}

static struct victim inner; /* counts the bytes of all states that the core makes */

lua_State *torture_newstate(void) { return lua_newstate(allocate, &inner); }

/* What one state hands to another: texts, numbers, booleans and nil. */
static void hand_over(lua_State *from, lua_State *to, int index) {
    size_t len;
    const char *text;
    switch (lua_type(from, index)) {
    case LUA_TNUMBER: lua_pushnumber(to, lua_tonumber(from, index)); break;
    case LUA_TBOOLEAN: lua_pushboolean(to, lua_toboolean(from, index)); break;
    case LUA_TSTRING:
        text = lua_tolstring(from, index, &len);
        lua_pushlstring(to, text, len);
        break;
    default: lua_pushnil(to);
    }
}

/* What a victim calls: a field of the table that the onlooker gave to lab.open. */
static int call_onlooker(lua_State *L) {
    enum { RESULTS = 3 };
    lua_State *H = onlooker;
    int on = trial.on, args = lua_gettop(L), top = lua_gettop(H);
    trial.on = 0;
    lua_getfield(H, LUA_REGISTRYINDEX, "torture.onlooker");
    lua_getfield(H, -1, lua_tostring(L, lua_upvalueindex(1)));
    for (int i = 1; i <= args; i++) hand_over(L, H, i);
    int status = lua_pcall(H, args, RESULTS, 0);
    if (status != 0) {
        lua_pushfstring(L, "the onlooker: %s", lua_tostring(H, -1));
        lua_settop(H, top);
        return lua_error(L);
    }
    trial.on = on;
    for (int i = 0; i < RESULTS; i++) hand_over(H, L, top + 2 + i); /* may raise */
    lua_settop(H, top);
    return RESULTS;
}

static int read_clock(lua_State *L) {
    lua_pushnumber(L, seconds);
    return 1;
}

static int pass_time(lua_State *L) {
    seconds += luaL_checknumber(L, 1);
    return 0;
}

static int disarm(lua_State *L) {
    (void)L;
    trial.allocator = NOBODYS;
    return 0;
}

static struct victim *check_victim(lua_State *L) {
    struct victim *victim = lua_touserdata(L, 1);
    luaL_argcheck(L, victim && victim->L, 1, "victim expected");
    return victim;
}

/* lab.open(onlooker, path, cpath) → victim */
static int l_open(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    struct victim *victim = lua_newuserdata(L, sizeof *victim);
    *victim = (struct victim){0};
    lua_State *V = victim->L = lua_newstate(allocate, victim);
    if (!V) return luaL_error(L, "this Lua takes no allocator of ours");
    luaL_openlibs(V);
    lua_getglobal(V, "package");
    lua_pushstring(V, luaL_checkstring(L, 2));
    lua_setfield(V, -2, "path");
    lua_pushstring(V, luaL_checkstring(L, 3));
    lua_setfield(V, -2, "cpath");
    lua_settop(V, 0);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        lua_pushstring(V, lua_tostring(L, -2));
        lua_pushcclosure(V, call_onlooker, 1);
        lua_setglobal(V, lua_tostring(L, -2));
    }
    lua_register(V, "now", read_clock);
    lua_register(V, "pass", pass_time);
    lua_register(V, "disarm", disarm);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "torture.onlooker");
    return 1;
}

/* Leaves whether the function on top of the victim's stack ran, and its text. */
static int run(lua_State *L, struct victim *victim, int args, int armed) {
    lua_State *V = victim->L, *outer = onlooker;
    onlooker = L;
    trial.on = armed;
    int status = lua_pcall(V, args, 1, 0);
    trial.on = 0;
    onlooker = outer;
    lua_pushboolean(L, status == 0);
    if (status != 0 && !lua_isstring(V, -1))
        lua_pushfstring(L, "an error object: %s", luaL_typename(V, -1));
    else hand_over(V, L, lua_gettop(V));
    lua_settop(V, 0);
    return 2;
}

/* lab.load(victim, source, name): runs it, and nothing fails */
static int l_load(lua_State *L) {
    struct victim *victim = check_victim(L);
    size_t len;
    const char *source = luaL_checklstring(L, 2, &len);
    if (luaL_loadbuffer(victim->L, source, len, luaL_checkstring(L, 3)))
        return luaL_error(L, "%s", lua_tostring(victim->L, -1));
    return run(L, victim, 0, 0);
}

/* lab.call(victim, name, armed) → whether it ran, its text or error */
static int l_call(lua_State *L) {
    struct victim *victim = check_victim(L);
    lua_getglobal(victim->L, luaL_checkstring(L, 2));
    return run(L, victim, 0, lua_toboolean(L, 3));
}

/* lab.close(victim) → bytes that it did not give back */
static int l_close(lua_State *L) {
    struct victim *victim = check_victim(L);
    lua_State *outer = onlooker;
    onlooker = L;
    lua_close(victim->L); /* whose finalisers may call us */
    onlooker = outer;
    victim->L = NULL;
    lua_pushinteger(L, victim->bytes + inner.bytes);
    inner.bytes = 0;
    return 1;
}

/* lab.arm(allocator, n, onwards): the n-th allocation of the next armed call fails, or
 * all from there on */
static int l_arm(lua_State *L) {
    static const char *const names[] = {"none", "lua", "core", "curl", NULL};
    memset(&trial, 0, sizeof trial);
    trial.allocator = (enum allocator)luaL_checkoption(L, 1, NULL, names);
    trial.left = (long)luaL_checkinteger(L, 2);
    trial.onwards = lua_toboolean(L, 3);
    return 0;
}

/* lab.refused() → how many allocations failed since lab.arm */
static int l_refused(lua_State *L) {
    lua_pushinteger(L, trial.refused);
    return 1;
}

/* lab.held() → blocks of the core's, blocks of libcurl's, descriptors */
static int l_held(lua_State *L) {
    int descriptors = 0;
    for (int fd = 0; fd < 64; fd++) descriptors += fcntl(fd, F_GETFD) != -1;
    lua_pushinteger(L, blocks[CORES]);
    lua_pushinteger(L, blocks[CURLS]);
    lua_pushinteger(L, descriptors);
    return 3;
}

static int count_threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));)
        count += task->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return count;
}

/* lab.join(): returns when libcurl's resolver threads, which nobody else waits for, have
 * ended; what hangs is ended by lab.limit */
static int l_join(lua_State *L) {
    (void)L;
    while (count_threads() > 1) usleep(1000);
    return 0;
}

/* lab.set_time(seconds) */
static int l_set_time(lua_State *L) {
    seconds = luaL_checknumber(L, 1);
    return 0;
}

static void report(const char *text, size_t len) {
    while (len > 0) {
        ssize_t n = write(report_fd, text, len);
        if (n <= 0) _exit(9);
        text += n;
        len -= (size_t)n;
    }
}

static int l_report(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    report(text, len);
    return 0;
}

/* Writes the objects, and places in them, that the frames stand for; returns the length.
 */
static size_t write_frames(char *text, size_t size, void *const *frames, int count) {
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_fname || at + 80 > size) continue;
        const char *name = strrchr(info.dli_fname, '/');
        at += (size_t)snprintf(
            text + at, 80, " %.40s+%lx", name ? name + 1 : info.dli_fname,
            (unsigned long)((char *)frames[i] - (char *)info.dli_fbase));
    }
    return at;
}

/* lab.asker() → where the first allocation that failed was asked for */
static int l_asker(lua_State *L) {
    char text[4096];
    size_t len = write_frames(text, sizeof text, asker.frames, asker.count);
    lua_pushlstring(L, text, len);
    return 1;
}

/* A signal that ends us is reported with where we were. */
static void end_by(int number) {
    void *frames[FRAMES];
    char text[4096];
    size_t at = (size_t)snprintf(text, sizeof text, "%s %d at",
                                 number == SIGALRM ? "hang" : "crash", number);
    int count = backtrace(frames, FRAMES);
    at += write_frames(text + at, sizeof text - at - 1, frames, count);
    text[at++] = '\n';
    report(text, at);
    _exit(8);
}

static void catch_signals(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGALRM};
    static char room[65536];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_handler = end_by, .sa_flags = SA_ONSTACK};
    void *frame;
    backtrace(&frame, 1); /* loads what it needs */
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

/* lab.limit(seconds): what takes longer is reported as a hang; 0: nothing is */
static int l_limit(lua_State *L) {
    struct itimerval timer = {.it_value.tv_sec = (time_t)luaL_checkinteger(L, 1)};
    setitimer(ITIMER_REAL, &timer, NULL);
    return 0;
}

/* lab.child(function) → what it reported, its exit status. It runs in a child. */
static int l_child(lua_State *L) {
    int ends[2], status;
    char text[4096];
    ssize_t n;
    luaL_Buffer all;
    if (pipe(ends) != 0) return luaL_error(L, "no pipe");
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) return luaL_error(L, "no child");
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        catch_signals();
        lua_settop(L, 1);
        if (lua_pcall(L, 0, 0, 0) != 0) {
            const char *why = lua_tostring(L, -1);
            snprintf(text, sizeof text, "trouble %s\n", why ? why : "?");
            report(text, strlen(text));
        }
        _exit(0);
    }
    close(ends[1]);
    luaL_buffinit(L, &all);
    while ((n = read(ends[0], text, sizeof text)) > 0)
        luaL_addlstring(&all, text, (size_t)n);
    close(ends[0]);
    luaL_pushresult(&all);
    waitpid(pid, &status, 0);
    lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
    return 2;
}

int luaopen_lab(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"open", l_open},     {"load", l_load},   {"call", l_call},
        {"close", l_close},   {"arm", l_arm},     {"refused", l_refused},
        {"held", l_held},     {"join", l_join},   {"set_time", l_set_time},
        {"report", l_report}, {"asker", l_asker}, {"limit", l_limit},
        {"child", l_child},   {NULL, NULL}};
    Dl_info self;
    in_main_thread = 1;
    /* The core is to find our allocations. */
    if (!dladdr(&trial, &self) || !dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL))
        return luaL_error(L, "%s", dlerror());
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_take, curl_give, curl_change,
                             curl_copy, curl_zeros) != CURLE_OK)
        return luaL_error(L, "libcurl can't be initialised");
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
    lua_setfield(L, -2, "curl_version");
    return 1;
}
