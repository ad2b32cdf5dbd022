/*
 * private.h: everything of ours but luaopen_geelark_core is hidden from other libraries.
 *
 * Each .c file includes it last, after the headers of the system, whose functions must
 * stay visible. It holds whatever flags the module is built with.
 */
#pragma GCC visibility push(hidden)
