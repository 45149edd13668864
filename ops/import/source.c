#include "import/source.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PEEK_SIZE 65536

struct tt_source {
    gzFile file;       /* NULL: bytes in memory */
    tt_bytes memory;   /* what is left of it */
    tt_buffer head;    /* peeked and not yet handed out */
    size_t head_taken; /* of head, already handed out */
    uint64_t offset;   /* uncompressed bytes handed out */
    uint64_t size;     /* of the file */
    bool ended;
    char *path;
    iconv_t converter;    /* with `decoding` */
    bool decoding;
    tt_buffer raw;        /* read and not yet converted */
    uint64_t undecodable; /* bytes */
};

static tt_status
system_failure (tt_error *error, const char *path, int code)
{
    tt_status status = code == ENOENT ? TT_NOT_FOUND : code == EACCES || code == EPERM ? TT_PERMISSION_DENIED : TT_INTERNAL;
    return tt_fail (error, status, "%s: %s", path, strerror (code));
}

static tt_status
open_descriptor (const char *path, int *descriptor, uint64_t *size, tt_error *error)
{
    struct stat about;
    *descriptor = strcmp (path, "-") == 0 ? dup (STDIN_FILENO) : open (path, O_RDONLY | O_CLOEXEC);
    if (*descriptor < 0)
        return system_failure (error, path, errno);
    if (fstat (*descriptor, &about) == 0 && S_ISDIR (about.st_mode)) {
        close (*descriptor);
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: is a directory, a file was expected", path);
    }
    *size = S_ISREG (about.st_mode) ? (uint64_t)about.st_size : 0;
    return TT_OK;
}

tt_status
tt_source_open (tt_source **out, const char *path, tt_error *error)
{
    int descriptor;
    uint64_t size = 0;
    tt_status status = open_descriptor (path, &descriptor, &size, error);
    if (status != TT_OK)
        return status;
    gzFile file = gzdopen (descriptor, "rb");
    if (file == NULL) {
        close (descriptor);
        return tt_fail (error, TT_INTERNAL, "%s: cannot start decompression", path);
    }
    gzbuffer (file, 128 * 1024);
    tt_source *source = tt_alloc_zero (1, sizeof *source);
    source->file = file;
    source->size = size;
    source->path = tt_strdup (path);
    *out = source;
    return TT_OK;
}

tt_source *
tt_source_new_bytes (tt_bytes bytes)
{
    tt_source *source = tt_alloc_zero (1, sizeof *source);
    source->memory = bytes;
    source->size = bytes.size;
    source->path = tt_strdup ("memory");
    return source;
}

void
tt_source_close (tt_source **source)
{
    if (*source == NULL)
        return;
    if ((*source)->file)
        gzclose ((*source)->file);
    if ((*source)->decoding)
        iconv_close ((*source)->converter);
    tt_buffer_free (&(*source)->head);
    tt_buffer_free (&(*source)->raw);
    free ((*source)->path);
    free (*source);
    *source = NULL;
}

static tt_status
read_file (tt_source *source, void *data, size_t size, size_t *got, tt_error *error)
{
    unsigned want = size > 1u << 24 ? 1u << 24 : (unsigned)size;
    int n = gzread (source->file, data, want);
    int code = Z_OK;
    const char *reason = gzerror (source->file, &code);
    if (n < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) {
        if (code == Z_ERRNO)
            return system_failure (error, source->path, errno);
        return tt_fail (error, TT_DATA_LOSS, "%s: the compressed data are damaged or cut off (%s)", source->path, reason);
    }
    *got = (size_t)n;
    return TT_OK;
}

/* From the file or from memory, as the bytes stand there. */
static tt_status
read_raw (tt_source *source, void *data, size_t size, size_t *got, tt_error *error)
{
    if (source->file)
        return read_file (source, data, size, got, error);
    *got = size < source->memory.size ? size : source->memory.size;
    if (*got > 0)
        memcpy (data, source->memory.data, *got);
    source->memory.data += *got;
    source->memory.size -= *got;
    return TT_OK;
}

#define RAW_SIZE 65536

/* As much of the raw bytes as fits into `size`; a character that the end of the raw bytes cuts waits for the rest, unless there is
 * none. */
static size_t
convert (tt_source *source, char *data, size_t size, bool last)
{
    char *in = (char *)source->raw.data, *out = data;
    size_t left = source->raw.size, room = size;
    while (left > 0 && room >= 8) {
        if (iconv (source->converter, &in, &left, &out, &room) != (size_t)-1 || errno == E2BIG)
            break;
        if (errno == EINVAL && !last)
            break;
        memcpy (out, "\xef\xbf\xbd", 3);
        out += 3;
        room -= 3;
        in++;
        left--;
        source->undecodable++;
    }
    memmove (source->raw.data, in, left);
    source->raw.size = left;
    return (size_t)(out - data);
}

/* Past anything peeked. A reader asks for more than a few bytes. */
static tt_status
read_fresh (tt_source *source, void *data, size_t size, size_t *got, tt_error *error)
{
    tt_status status = TT_OK;
    size_t more = 1;
    if (!source->decoding)
        return read_raw (source, data, size, got, error);
    *got = 0;
    while (*got == 0 && more > 0 && status == TT_OK) {
        status = read_raw (source, tt_buffer_reserve (&source->raw, RAW_SIZE), RAW_SIZE, &more, error);
        source->raw.size += status == TT_OK ? more : 0;
        if (status == TT_OK && source->raw.size > 0)
            *got = convert (source, data, size, more == 0);
    }
    return status;
}

tt_status
tt_source_decode (tt_source *source, const char *encoding, tt_error *error)
{
    source->converter = iconv_open ("UTF-8", encoding);
    if (source->converter == (iconv_t)-1)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: the encoding \"%.40s\" is not known", source->path, encoding);
    source->decoding = true;
    tt_buffer_append (&source->raw, source->head.data, source->head.size);
    tt_buffer_clear (&source->head);
    source->ended = false;
    return TT_OK;
}

uint64_t
tt_source_undecodable (const tt_source *source)
{
    return source->undecodable;
}

tt_status
tt_source_read (tt_source *source, void *data, size_t size, size_t *got, tt_error *error)
{
    size_t left = source->head.size - source->head_taken;
    tt_status status = TT_OK;
    *got = 0;
    if (left > 0) {
        *got = size < left ? size : left;
        memcpy (data, source->head.data + source->head_taken, *got);
        source->head_taken += *got;
    } else if (!source->ended) {
        status = read_fresh (source, data, size, got, error);
        source->ended = status != TT_OK || *got == 0;
    }
    source->offset += *got;
    return status;
}

tt_status
tt_source_peek (tt_source *source, tt_bytes *head, tt_error *error)
{
    while (source->head.size < PEEK_SIZE && !source->ended) {
        size_t got;
        size_t room = PEEK_SIZE - source->head.size;
        if (room < 8) /* less than a character may take */
            break;
        tt_status status = read_fresh (source, tt_buffer_reserve (&source->head, room), room, &got, error);
        if (status != TT_OK)
            return status;
        source->head.size += got;
        source->ended = got == 0;
    }
    *head = (tt_bytes){ source->head.data + source->head_taken, source->head.size - source->head_taken };
    return TT_OK;
}

uint64_t
tt_source_position (const tt_source *source)
{
    if (source->file == NULL)
        return source->offset;
    z_off_t at = gzoffset (source->file);
    return at < 0 ? 0 : (uint64_t)at;
}

uint64_t
tt_source_size (const tt_source *source)
{
    return source->size;
}
