/* Patent documents as rows keep them: the packed message compressed against a dictionary of what most of them share, with the day of arrival.
 * Pure; any thread.
 *
 * A row is: 0xFE, the number of the dictionary (0: not compressed), the day of arrival since 1970-01-01 plus one as a varint (0: not known), the
 * packed size as a varint, and the packed document or a zstd frame without its first four bytes, which are always the same. A row that begins
 * with anything else is a bare packed document, as they were before; it is read as ever. */
#ifndef ALERT_ARCHIVE_H
#define ALERT_ARCHIVE_H

#include <limits.h>

#include "patent.h"

#define ALERT_NO_DAY INT32_MIN
#define ALERT_ARCHIVE_MAX ((size_t)256 << 20) /* packed bytes of one document: what claims more is not read */

/* Appends the row. arrived_day: days since 1970-01-01, or ALERT_NO_DAY. */
void alert_archive_pack (const PatentDocument *document, int32_t arrived_day, tt_buffer *out);
/* The document, to be freed with free_unpacked; NULL if the row cannot be read. *arrived_day (may be NULL): ALERT_NO_DAY if the row does not
 * say. */
PatentDocument *alert_archive_unpack (tt_bytes row, int32_t *arrived_day);

/* A dictionary by its number, from 1; none past the last. One that was ever used is kept as it is for ever: rows need it. Static storage. */
tt_bytes alert_archive_dictionary (unsigned number);

#endif
