/* An arena: many small allocations, freed together. For what lives as long as one batch, one query or one document.
 * Not thread-safe. Memory is aligned to 16 bytes and not zeroed unless said. */
#ifndef TT_BASE_ARENA_H
#define TT_BASE_ARENA_H

#include "base/buffer.h"

typedef struct tt_arena tt_arena;

tt_arena *tt_arena_new (size_t block_size);  /* bytes a block, 0 = 16 KiB; never NULL */
void tt_arena_destroy (tt_arena **arena);    /* frees all, nulls; NULL inside is fine */
void tt_arena_reset (tt_arena *arena);       /* everything handed out is invalid; the first block is kept */
void *tt_arena_alloc (tt_arena *arena, size_t size);
void *tt_arena_zero (tt_arena *arena, size_t size);
char *tt_arena_strndup (tt_arena *arena, const char *text, size_t size); /* NUL-terminated copy */
char *tt_arena_printf (tt_arena *arena, const char *format, ...) TT_PRINTF (2, 3);
tt_bytes tt_arena_copy (tt_arena *arena, tt_bytes bytes);
size_t tt_arena_used (const tt_arena *arena); /* bytes handed out since the last reset, for limits and counters */

#endif
