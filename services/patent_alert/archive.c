#include "archive.h"

#include <pthread.h>
#include <string.h>
#include <zstd.h>

#define ROW_MARK 0xFE
#define DICTIONARY 1 /* that new rows are written with */
#define DICTIONARIES 1
#define LEVEL 3 /* measured: ops/decisions/0019-patent-maps.md */
#define MAGIC_SIZE 4
#define POOL_MAX 8

static const uint8_t magic[MAGIC_SIZE] = { 0x28, 0xB5, 0x2F, 0xFD };

/* -- contexts: making one costs more than compressing a document, so they are kept and lent -- */

typedef struct {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *expand;
} contexts;

static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static contexts pool[POOL_MAX];
static size_t pool_count;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static ZSTD_CDict *compressing;
static ZSTD_DDict *expanding[DICTIONARIES + 1];

static void
prepare (void)
{
    for (unsigned n = 1; n <= DICTIONARIES; n++) {
        tt_bytes words = alert_archive_dictionary (n);
        expanding[n] = ZSTD_createDDict (words.data, words.size);
    }
    tt_bytes words = alert_archive_dictionary (DICTIONARY);
    compressing = ZSTD_createCDict (words.data, words.size, LEVEL);
}

static contexts
borrow (void)
{
    contexts c = { NULL, NULL };
    pthread_once (&prepared, prepare);
    pthread_mutex_lock (&pool_mutex);
    if (pool_count > 0)
        c = pool[--pool_count];
    pthread_mutex_unlock (&pool_mutex);
    if (c.compress == NULL)
        c = (contexts){ ZSTD_createCCtx (), ZSTD_createDCtx () };
    return c;
}

static void
give_back (contexts c)
{
    pthread_mutex_lock (&pool_mutex);
    bool room = pool_count < POOL_MAX;
    if (room)
        pool[pool_count++] = c;
    pthread_mutex_unlock (&pool_mutex);
    if (room)
        return;
    ZSTD_freeCCtx (c.compress);
    ZSTD_freeDCtx (c.expand);
}

/* -- varints -- */

static void
put_number (tt_buffer *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *tt_buffer_reserve (out, 1) = (uint8_t)(number | 0x80), out->size++;
    *tt_buffer_reserve (out, 1) = (uint8_t)number;
    out->size++;
}

static bool
take_number (tt_bytes *from, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 63 && from->size > 0; shift += 7) {
        uint8_t byte = *from->data++;
        from->size--;
        *number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* -- rows -- */

static void
put_head (tt_buffer *out, uint8_t dictionary, int32_t arrived_day, size_t size)
{
    const uint8_t head[2] = { ROW_MARK, dictionary };
    tt_buffer_append (out, head, sizeof head);
    put_number (out, arrived_day == ALERT_NO_DAY || arrived_day < 0 ? 0 : (uint64_t)arrived_day + 1);
    put_number (out, size);
}

/* The frame into *frame; 0 if that is not shorter than the document itself. */
static size_t
compress (const uint8_t *packed, size_t size, tt_buffer *frame)
{
    contexts c = borrow ();
    size_t room = ZSTD_compressBound (size);
    uint8_t *at = tt_buffer_reserve (frame, room);
    ZSTD_CCtx_reset (c.compress, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_refCDict (c.compress, compressing);
    ZSTD_CCtx_setParameter (c.compress, ZSTD_c_contentSizeFlag, 0); /* the row says it */
    ZSTD_CCtx_setParameter (c.compress, ZSTD_c_dictIDFlag, 0);
    size_t written = ZSTD_compress2 (c.compress, at, room, packed, size);
    give_back (c);
    return ZSTD_isError (written) || written >= size || memcmp (at, magic, MAGIC_SIZE) != 0 ? 0 : written;
}

void
alert_archive_pack (const PatentDocument *document, int32_t arrived_day, tt_buffer *out)
{
    tt_buffer packed = { 0 }, frame = { 0 };
    size_t size = techtransfer__patent__v1__patent_document__get_packed_size (document);
    techtransfer__patent__v1__patent_document__pack (document, tt_buffer_reserve (&packed, size));
    size_t written = compress (packed.data, size, &frame);
    put_head (out, written ? DICTIONARY : 0, arrived_day, size);
    if (written)
        tt_buffer_append (out, frame.data + MAGIC_SIZE, written - MAGIC_SIZE);
    else
        tt_buffer_append (out, packed.data, size);
    tt_buffer_free (&packed);
    tt_buffer_free (&frame);
}

static PatentDocument *
expand (unsigned dictionary, tt_bytes rest, size_t size)
{
    tt_buffer frame = { 0 }, packed = { 0 };
    PatentDocument *document = NULL;
    tt_buffer_append (&frame, magic, MAGIC_SIZE);
    tt_buffer_append (&frame, rest.data, rest.size);
    contexts c = borrow ();
    size_t got = ZSTD_decompress_usingDDict (c.expand, tt_buffer_reserve (&packed, size), size, frame.data, frame.size,
                                             expanding[dictionary]);
    give_back (c);
    if (!ZSTD_isError (got) && got == size)
        document = techtransfer__patent__v1__patent_document__unpack (NULL, size, packed.data);
    tt_buffer_free (&frame);
    tt_buffer_free (&packed);
    return document;
}

PatentDocument *
alert_archive_unpack (tt_bytes row, int32_t *arrived_day)
{
    if (arrived_day)
        *arrived_day = ALERT_NO_DAY;
    if (row.size < 4 || row.data[0] != ROW_MARK)
        return techtransfer__patent__v1__patent_document__unpack (NULL, row.size, row.data);
    unsigned dictionary = row.data[1];
    uint64_t day = 0, size = 0;
    row = (tt_bytes){ row.data + 2, row.size - 2 };
    if (!take_number (&row, &day) || !take_number (&row, &size) || day > INT32_MAX || size > ALERT_ARCHIVE_MAX
        || dictionary > DICTIONARIES)
        return NULL;
    if (arrived_day && day > 0)
        *arrived_day = (int32_t)day - 1;
    if (dictionary > 0)
        return expand (dictionary, row, size);
    return row.size == size ? techtransfer__patent__v1__patent_document__unpack (NULL, size, row.data) : NULL;
}
