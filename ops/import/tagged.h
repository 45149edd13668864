/* Cuts the US office's files of tagged lines into documents: Green Book (1976 to 2001, each from PATN on) and the full text of
 * its search system (BRS, each behind a boundary line). A document is lines of a tag and a value; lines that begin with blanks go
 * on with the value before. What stands before the first document is passed over. One thread at a time for a reader. */
#ifndef TT_IMPORT_TAGGED_H
#define TT_IMPORT_TAGGED_H

#include "import/source.h"

typedef struct tt_tagged tt_tagged;

typedef enum { TT_TAGGED_NONE, TT_TAGGED_GREENBOOK, TT_TAGGED_BRS } tt_tagged_form;

/* Which form the beginning of a file is. */
tt_tagged_form tt_tagged_tell (tt_bytes head);

/* source is borrowed until the close. limit: bytes in one document, 0 = 64 MiB. */
tt_tagged *tt_tagged_new (tt_source *source, tt_tagged_form form, size_t limit);
void tt_tagged_close (tt_tagged **tagged); /* NULL inside is fine; nulls */

/* A document: borrowed until the next call. */
typedef struct {
    tt_bytes text;
    uint64_t line; /* on which it begins, from 1 */
    uint64_t end;  /* offset behind it */
    bool oversize; /* text is its beginning */
} tt_tagged_document;

/* The next document; *more = false at the end. Errors of tt_source_read. */
TT_MUST_USE tt_status tt_tagged_next (tt_tagged *tagged, tt_tagged_document *document, bool *more, tt_error *error);

/* The fields of a document one after the other: tag (at most 7 characters) and value, its lines joined by blanks, in *value
 * (cleared first). *at: 0 at first. False at the end. */
bool tt_tagged_field (tt_bytes text, size_t *at, char tag[8], tt_buffer *value);

#endif
