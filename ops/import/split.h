/* Cuts a stream of XML into documents small enough to parse one at a time.
 *
 * Weekly files are many documents one after the other, each with its own <?xml and DOCTYPE: a document ends where the next <?xml
 * begins, so a broken one costs only itself. A document whose root is a container (exchange-documents, world-patent-data, OAI-PMH,
 * collection) is cut
 * further: each element of the wanted names in it (exchange-document) comes alone, however large the container is. One thread at a
 * time for a splitter. */
#ifndef TT_IMPORT_SPLIT_H
#define TT_IMPORT_SPLIT_H

#include "import/decode.h"
#include "import/source.h"

typedef struct tt_split tt_split;

typedef enum {
    TT_CHUNK_DOCUMENT, /* a whole document */
    TT_CHUNK_ELEMENT,  /* a wanted element out of a container; its prefixes may be declared outside */
    TT_CHUNK_BARREN,   /* a container that held no such element; text is its beginning */
    TT_CHUNK_OVERSIZE  /* larger than the limit: text is its beginning, the rest was passed over */
} tt_chunk_kind;

/* Borrowed from the splitter until its next call. */
typedef struct {
    tt_chunk_kind kind;
    tt_bytes text;
    uint64_t line; /* on which it begins, from 1 */
    uint64_t end;  /* offset of the byte behind it */
    const char *encoding; /* as the document, or for an element its container, declares it; "" if it does not */
} tt_chunk;

#define TT_SPLIT_DEFAULT_LIMIT ((size_t)64 << 20)

/* source is borrowed until the close. limit: bytes in one document, 0 = TT_SPLIT_DEFAULT_LIMIT. */
tt_split *tt_split_new (tt_source *source, size_t limit);
/* Which elements are cut out of containers: names without prefix, NULL-ended, static. Before the first tt_split_next. */
void tt_split_want (tt_split *split, const char *const *elements);
void tt_split_close (tt_split **split); /* NULL inside is fine; nulls */
/* The next chunk; *more = false at the end. Errors of tt_source_read. */
TT_MUST_USE tt_status tt_split_next (tt_split *split, tt_chunk *chunk, bool *more, tt_error *error);

#endif
