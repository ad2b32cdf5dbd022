/*
 * core_allocations.h: functions of ours in the place of malloc, calloc, realloc, strdup
 * and free wherever the loaded core calls them, and nowhere else. The calls of a shared
 * object go through a table that the loader has filled in; here its entries are filled in
 * again.
 */
#pragma once

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int (*core_fails)(void); /* asked before each allocation; NULL: none fails */
static long core_blocks;        /* made and not freed */

static void *counted(void *block) {
    if (block) core_blocks++;
    return block;
}
static int core_may(void) { return !core_fails || !core_fails(); }

static void *core_malloc(size_t size) {
    return core_may() ? counted(malloc(size)) : NULL;
}
static void *core_calloc(size_t count, size_t size) {
    return core_may() ? counted(calloc(count, size)) : NULL;
}
static void *core_realloc(void *old, size_t size) {
    if (!core_may()) return NULL;
    return old ? realloc(old, size) : counted(malloc(size));
}
static char *core_strdup(const char *text) {
    return core_may() ? counted(strdup(text)) : NULL;
}
static void core_free(void *block) {
    if (block) core_blocks--;
    free(block);
}

static const struct stand_in {
    const char *name;
    void *ours, *own;
} stand_ins[] = {{"malloc", (void *)core_malloc, (void *)malloc},
                 {"calloc", (void *)core_calloc, (void *)calloc},
                 {"realloc", (void *)core_realloc, (void *)realloc},
                 {"strdup", (void *)core_strdup, (void *)strdup},
                 {"free", (void *)core_free, (void *)free}};

static const struct stand_in *find_stand_in(const char *name) {
    for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++)
        if (strcmp(stand_ins[i].name, name) == 0) return &stand_ins[i];
    return NULL;
}

static bool core_redirected;

/* One table of relocations: which names the loader wrote the addresses of, and where. */
static int fill_in(ElfW(Addr) base, const ElfW(Rela) * table, size_t size,
                   const ElfW(Sym) * symbols, const char *names) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int count = 0;
    for (size_t i = 0; i < size / sizeof *table; i++) {
        const struct stand_in *found =
            find_stand_in(names + symbols[ELF64_R_SYM(table[i].r_info)].st_name);
        if (!found) continue;
        void **slot = (void **)(base + table[i].r_offset);
        mprotect((void *)((uintptr_t)slot & ~(page - 1)), page, PROT_READ | PROT_WRITE);
        *slot = core_redirected ? found->ours : found->own;
        count++;
    }
    return count;
}

static int fill_in_object(struct dl_phdr_info *info, size_t unused, void *count) {
    (void)unused;
    if (!strstr(info->dlpi_name, "geelark/core.so")) return 0;
    const ElfW(Dyn) *entry = NULL;
    ElfW(Addr) at[DT_NUM] = {0}; /* what each kind of entry says */
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            entry = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; entry && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag < DT_NUM) at[entry->d_tag] = entry->d_un.d_ptr;
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)at[DT_SYMTAB];
    const char *names = (const char *)at[DT_STRTAB];
    *(int *)count += fill_in(info->dlpi_addr, (const ElfW(Rela) *)at[DT_RELA],
                             at[DT_RELASZ], symbols, names);
    *(int *)count += fill_in(info->dlpi_addr, (const ElfW(Rela) *)at[DT_JMPREL],
                             at[DT_PLTRELSZ], symbols, names);
    return 0;
}

/* From now on, or no longer: this code may be unloaded before the core. Returns how many
 * entries there were: 0 where the core isn't loaded. */
static int core_redirect(bool on) {
    int count = 0;
    core_redirected = on;
    dl_iterate_phdr(fill_in_object, &count);
    return count;
}
