/* A growable run of bytes. Allocation failure ends the process (tt_alloc), as everywhere in the suite.
 * Not thread-safe; zero-initialise: {0}. */
#ifndef TT_BASE_BUFFER_H
#define TT_BASE_BUFFER_H

#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"

typedef struct {
    uint8_t *data; /* owned; not NUL-terminated unless tt_buffer_cstr was called */
    size_t size;
    size_t capacity;
} tt_buffer;

/* Borrowed bytes: a view, never owned. */
typedef struct {
    const uint8_t *data;
    size_t size;
} tt_bytes;

#define TT_BYTES_NONE ((tt_bytes){ NULL, 0 })

/* malloc, calloc, realloc, strdup that never return NULL: they print to stderr and abort, because a daemon that goes on after a
 * failed allocation of a few bytes cannot keep its promises. */
void *tt_alloc (size_t size) __attribute__ ((malloc, returns_nonnull));
void *tt_alloc_zero (size_t count, size_t size) __attribute__ ((malloc, returns_nonnull));
void *tt_realloc (void *old, size_t size) __attribute__ ((returns_nonnull));
char *tt_strdup (const char *text) __attribute__ ((malloc, returns_nonnull));
char *tt_strndup (const char *text, size_t size) __attribute__ ((malloc, returns_nonnull));

/* Makes room for `more` bytes behind size and returns where they begin. */
uint8_t *tt_buffer_reserve (tt_buffer *buffer, size_t more);
void tt_buffer_append (tt_buffer *buffer, const void *data, size_t size);
void tt_buffer_text (tt_buffer *buffer, const char *text);
void tt_buffer_printf (tt_buffer *buffer, const char *format, ...) TT_PRINTF (2, 3);
/* NUL-terminates behind size (size does not count it) and returns the text: borrowed until the next change. */
const char *tt_buffer_cstr (tt_buffer *buffer);
void tt_buffer_clear (tt_buffer *buffer); /* size 0, memory kept */
void tt_buffer_free (tt_buffer *buffer);  /* memory released, ready for use again */

tt_bytes tt_bytes_of_text (const char *text); /* without the NUL; NULL gives none */
bool tt_bytes_equal (tt_bytes a, tt_bytes b);

#endif
