/*
 * core_imports.h: functions of ours in the place of those that the loaded core calls, for
 * the core alone. The calls of a shared object go through a table that the loader has
 * filled in; here its entries are filled in again.
 */
#pragma once

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct core_import {
    const char *name;
    void *ours, *own;
};

/* One call of core_redirect. */
struct core_redirection {
    const struct core_import *imports;
    size_t count;
    bool on;
    int entries; /* that were filled in */
};

/* One table of relocations: which names the loader wrote the addresses of, and where. */
static void core_fill_in(struct core_redirection *r, ElfW(Addr) base,
                         const ElfW(Rela) * table, size_t size, const ElfW(Sym) * symbols,
                         const char *names) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < size / sizeof *table; i++) {
        const char *name = names + symbols[ELF64_R_SYM(table[i].r_info)].st_name;
        void **slot = (void **)(base + table[i].r_offset);
        for (size_t k = 0; k < r->count; k++) {
            const struct core_import *import = &r->imports[k];
            if (strcmp(name, import->name) != 0) continue;
            mprotect((void *)((uintptr_t)slot & ~(page - 1)), page,
                     PROT_READ | PROT_WRITE);
            *slot = r->on ? import->ours : import->own;
            r->entries++;
        }
    }
}

static int core_fill_in_object(struct dl_phdr_info *info, size_t unused, void *user) {
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
    core_fill_in(user, info->dlpi_addr, (const ElfW(Rela) *)at[DT_RELA], at[DT_RELASZ],
                 symbols, names);
    core_fill_in(user, info->dlpi_addr, (const ElfW(Rela) *)at[DT_JMPREL],
                 at[DT_PLTRELSZ], symbols, names);
    return 0;
}

/* From now on, or no longer: our code may be unloaded before the core. Returns how many
 * entries there were: 0 where the core isn't loaded. */
static int core_redirect(const struct core_import *imports, size_t count, bool on) {
    struct core_redirection redirection = {imports, count, on, 0};
    dl_iterate_phdr(core_fill_in_object, &redirection);
    return redirection.entries;
}
