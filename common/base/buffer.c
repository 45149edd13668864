#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

static void *
checked (void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf (stderr, "out of memory: %zu bytes refused\n", size);
        abort ();
    }
    return memory;
}

void *
tt_alloc (size_t size)
{
    return checked (malloc (size ? size : 1), size);
}

void *
tt_alloc_zero (size_t count, size_t size)
{
    return checked (calloc (count ? count : 1, size ? size : 1), count * size);
}

void *
tt_realloc (void *old, size_t size)
{
    return checked (realloc (old, size ? size : 1), size);
}

char *
tt_strdup (const char *text)
{
    return tt_strndup (text, strlen (text));
}

char *
tt_strndup (const char *text, size_t size)
{
    char *copy = tt_alloc (size + 1);
    memcpy (copy, text, size);
    copy[size] = '\0';
    return copy;
}

uint8_t *
tt_buffer_reserve (tt_buffer *buffer, size_t more)
{
    if (buffer->data == NULL || buffer->capacity - buffer->size < more) { /* nothing of nothing is still a place */
        size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
        while (capacity - buffer->size < more)
            capacity *= 2;
        buffer->data = tt_realloc (buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void
tt_buffer_append (tt_buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    memcpy (tt_buffer_reserve (buffer, size), data, size);
    buffer->size += size;
}

void
tt_buffer_text (tt_buffer *buffer, const char *text)
{
    tt_buffer_append (buffer, text, strlen (text));
}

void
tt_buffer_printf (tt_buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start (args, format);
    va_copy (again, args);
    int n = vsnprintf (NULL, 0, format, args);
    va_end (args);
    if (n > 0) {
        vsnprintf ((char *) tt_buffer_reserve (buffer, (size_t) n + 1), (size_t) n + 1, format, again);
        buffer->size += (size_t) n;
    }
    va_end (again);
}

const char *
tt_buffer_cstr (tt_buffer *buffer)
{
    *tt_buffer_reserve (buffer, 1) = '\0';
    return (const char *) buffer->data;
}

void
tt_buffer_clear (tt_buffer *buffer)
{
    buffer->size = 0;
}

void
tt_buffer_free (tt_buffer *buffer)
{
    free (buffer->data);
    *buffer = (tt_buffer){ 0 };
}

tt_bytes
tt_bytes_of_text (const char *text)
{
    return text ? (tt_bytes){ (const uint8_t *) text, strlen (text) } : TT_BYTES_NONE;
}

bool
tt_bytes_equal (tt_bytes a, tt_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}
