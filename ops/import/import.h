/* Records out of files, in any form that is understood, as messages of the contract, one at a time in bounded memory: patents,
 * achievements, demands, applications, providers, products, watches, observations and legal events.
 *
 *     tt_import *import = NULL;
 *     if (tt_import_open (&import, "ipg120327.xml.gz", &(tt_import_options){ .kind = TT_IMPORT_PATENTS }, &error) == TT_OK)
 *         while ((status = tt_import_next (import, &record, &error)) == TT_OK && record)
 *             use (record);
 *     tt_import_close (&import);
 *
 * Every record is handed out, good or not: read = accepted + quarantined + rejected. Forms are told apart by their first bytes: XML
 * (formats.h, legal.h, oai.h), tagged lines (tagged.h), JSON Lines (proto3 JSON, short keys, or by a map), tables (CSV, TSV, ";"); plain or gzip. One thread at a time for
 * an import. */
#ifndef TT_IMPORT_IMPORT_H
#define TT_IMPORT_IMPORT_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct tt_import tt_import;

typedef enum {
    TT_IMPORT_PATENTS,
    TT_IMPORT_ACHIEVEMENTS,
    TT_IMPORT_DEMANDS,
    TT_IMPORT_APPLICATIONS,
    TT_IMPORT_PROVIDERS,
    TT_IMPORT_PRODUCTS,
    TT_IMPORT_WATCHES,
    TT_IMPORT_OBSERVATIONS,
    TT_IMPORT_LEGAL_EVENTS,
    TT_IMPORT_KIND_COUNT
} tt_import_kind;

/* "patents" ...; the message that its records become. Static storage. */
const char *tt_import_kind_name (tt_import_kind kind);
const ProtobufCMessageDescriptor *tt_import_kind_type (tt_import_kind kind);

typedef struct {
    tt_import_kind kind;
    const char *map;   /* a file, or the name of a built-in map; NULL: a built-in one that fits, if any */
    size_t max_record; /* bytes in one record, 0 = 64 MiB */
    const char *encoding; /* of the file; NULL: as it declares itself (mark of UTF-16, XML declaration), else UTF-8 */
    const struct tt_catalog *catalog; /* for codes of legal events, borrowed; NULL: the installed one is opened, if it is there */
    const char *source;   /* of achievements in XML (oai.h); NULL: as their identifiers say */
    const char *owner;    /* of those that name none, or NULL */
    int64_t answered_ms;  /* when the repository answered, or 0 */
} tt_import_options;

/* Opens a file ("-": standard input). NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (map, header, a form that is not
 * understood), DATA_LOSS. */
TT_MUST_USE tt_status tt_import_open (tt_import **out, const char *path, const tt_import_options *options, tt_error *error);
void tt_import_close (tt_import **import); /* NULL inside is fine; nulls */

/* Borrowed until the next call. */
typedef struct {
    uint64_t number;           /* from 1; the header of a table is not counted */
    uint64_t line;             /* on which it begins, from 1 */
    uint64_t end;              /* offset (uncompressed, as UTF-8 where the file is not) behind it */
    ProtobufCMessage *message; /* of the kind's type, or a withdrawal; NULL if rejected or skipped */
    bool withdrawal;           /* the source has deleted an achievement: message is a WithdrawAchievementRequest */
    const char *id;     /* what the record itself calls the document, exactly (pn of short keys); NULL if it has no such string */
    const char *reason; /* why it was rejected; NULL: it was not */
    const char *notes;  /* what was left out or cut, a line each; "" if nothing */
    tt_bytes text;      /* the record as it stands in the file (a row of a table as JSON); of a huge one its beginning */
    bool secret;        /* classified: nothing of it may be kept; text is empty */
} tt_import_record;

/* The next record into *record, NULL at the end. DATA_LOSS, INTERNAL: the file cannot be read further. */
TT_MUST_USE tt_status tt_import_next (tt_import *import, const tt_import_record **record, tt_error *error);
/* Passes over records up to this number without converting them; OUT_OF_RANGE if there are fewer, or if the last one does not end
 * at `end`: then it is another file. */
TT_MUST_USE tt_status tt_import_skip (tt_import *import, uint64_t number, uint64_t end, tt_error *error);

/* Identity of the content: hash of its first 64 KiB, 32 hexadecimal digits. Borrowed. */
const char *tt_import_fingerprint (const tt_import *import);
/* For a progress bar: bytes of the file taken so far, and its size; 0 if not known. */
uint64_t tt_import_position (const tt_import *import);
uint64_t tt_import_size (const tt_import *import);

#endif
