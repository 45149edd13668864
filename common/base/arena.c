#include "base/arena.h"

#include <stdio.h>
#include <string.h>

#define ALIGNMENT 16

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas (ALIGNMENT) uint8_t data[];
};

struct tt_arena {
    struct block *first; /* newest first */
    size_t block_size;
    size_t used;
};

tt_arena *
tt_arena_new (size_t block_size)
{
    tt_arena *arena = tt_alloc_zero (1, sizeof *arena);
    arena->block_size = block_size ? block_size : 16384;
    return arena;
}

static void
free_blocks (struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free (block);
        block = next;
    }
}

void
tt_arena_destroy (tt_arena **arena)
{
    if (*arena == NULL)
        return;
    free_blocks ((*arena)->first);
    free (*arena);
    *arena = NULL;
}

void
tt_arena_reset (tt_arena *arena)
{
    arena->used = 0;
    if (arena->first == NULL)
        return;
    free_blocks (arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    if (arena->first->size > arena->block_size) { /* one huge message must not stay for ever */
        free (arena->first);
        arena->first = NULL;
    }
}

void *
tt_arena_alloc (tt_arena *arena, size_t size)
{
    size = (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
    struct block *block = arena->first;
    if (block == NULL || block->size - block->used < size) {
        size_t capacity = size > arena->block_size ? size : arena->block_size;
        block = tt_alloc (sizeof *block + capacity);
        *block = (struct block){ .next = arena->first, .size = capacity };
        arena->first = block;
    }
    void *memory = block->data + block->used;
    block->used += size;
    arena->used += size;
    return memory;
}

void *
tt_arena_zero (tt_arena *arena, size_t size)
{
    return memset (tt_arena_alloc (arena, size), 0, size);
}

char *
tt_arena_strndup (tt_arena *arena, const char *text, size_t size)
{
    char *copy = tt_arena_alloc (arena, size + 1);
    if (size)
        memcpy (copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *
tt_arena_printf (tt_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start (args, format);
    va_copy (again, args);
    int n = vsnprintf (NULL, 0, format, args);
    va_end (args);
    char *text = tt_arena_alloc (arena, (size_t) (n > 0 ? n : 0) + 1);
    vsnprintf (text, (size_t) (n > 0 ? n : 0) + 1, format, again);
    va_end (again);
    return text;
}

tt_bytes
tt_arena_copy (tt_arena *arena, tt_bytes bytes)
{
    return (tt_bytes){ (const uint8_t *) tt_arena_strndup (arena, (const char *) bytes.data, bytes.size), bytes.size };
}

size_t
tt_arena_used (const tt_arena *arena)
{
    return arena->used;
}
