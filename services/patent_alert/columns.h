/* All stored documents in memory, as the values that maps count and queries can be decided by: class symbols, applicants, country, dates.
 * Texts are not here. A value that many documents share is held once.
 *
 * A document has a place (a number, ascending in the order of arrival here); a changed document gets a new one, and the old is empty for good until
 * alert_columns_wasteful says that everything should be loaded anew. Pure; owned by one thread. */
#ifndef ALERT_COLUMNS_H
#define ALERT_COLUMNS_H

#include "archive.h"

typedef struct alert_columns alert_columns;

/* What a value is of. */
typedef enum { ALERT_OF_IPC, ALERT_OF_CPC, ALERT_OF_APPLICANT, ALERT_OF_COUNTRY, ALERT_OF_DATE, ALERT_OF_FILING_YEAR, ALERT_OF_COUNT } alert_value_of;

/* Kinds of keys: a value has at most one of each. */
typedef enum {
    ALERT_KEY_SECTION,
    ALERT_KEY_CLASS,
    ALERT_KEY_SUBCLASS,
    ALERT_KEY_MAIN_GROUP,
    ALERT_KEY_APPLICANT,
    ALERT_KEY_COUNTRY,
    ALERT_KEY_YEAR,
    ALERT_KEY_FILING_YEAR,
    ALERT_KEY_KINDS
} alert_key_kind;
#define ALERT_KEYS_MAX 4 /* of one value */
#define ALERT_NO_KEY UINT32_MAX

typedef struct {
    const char *text;              /* as the document writes it; NUL-terminated */
    uint32_t keys[ALERT_KEYS_MAX]; /* of a class: section to main group; of others the first; ALERT_NO_KEY: none */
    uint8_t of;
} alert_value;

alert_columns *alert_columns_new (void); /* never NULL */
void alert_columns_destroy (alert_columns **columns);

/* Takes a document in, in place of the one with this partition and id. arrived_day: ALERT_NO_DAY if not known. */
void alert_columns_put (alert_columns *columns, uint32_t partition, const char *id, const PatentDocument *document, int32_t arrived_day);
/* False if there was none. */
bool alert_columns_remove (alert_columns *columns, uint32_t partition, const char *id);

size_t alert_columns_size (const alert_columns *columns);   /* documents */
size_t alert_columns_places (const alert_columns *columns); /* places given out so far */
bool alert_columns_wasteful (const alert_columns *columns); /* most places are empty */
size_t alert_columns_bytes (const alert_columns *columns);  /* memory, as good as it is known */

typedef struct {
    uint32_t partition;
    const char *id;                   /* borrowed until the next put */
    int32_t published_day, arrived_day; /* ALERT_NO_DAY: not known */
    const uint32_t *values;           /* numbers for alert_columns_value */
    size_t count;
} alert_place;
/* False if the place is empty. */
bool alert_columns_at (const alert_columns *columns, size_t place, alert_place *out);

size_t alert_columns_values (const alert_columns *columns);
const alert_value *alert_columns_value (const alert_columns *columns, uint32_t value);
size_t alert_columns_keys (const alert_columns *columns, alert_key_kind kind);
/* A key as text ("H01M", normalised name, "2019"), and for an applicant one way that it was written. Borrowed until the next put. */
const char *alert_columns_key (const alert_columns *columns, alert_key_kind kind, uint32_t key, const char **label);

/* Days since 1970-01-01 of "2019-05-14"; ALERT_NO_DAY if it is none. */
int32_t alert_day_of (const char *date);

#endif
