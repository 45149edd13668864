/* A segment: up to 65,536 records as a search reads them. Immutable; any thread may read it, the last one to leave frees it.
 *
 * Records are numbers from 0. Words stand in two spaces, each with its own places: the subject (title, abstract, keywords, in
 * this order) and names (owners, people). The places of a value follow each other; between two values one place stays empty, so
 * no phrase crosses them. What is compared whole (district to source) and days are columns, without lists. No text is kept but
 * words and codes. */
#ifndef INGEST_SEARCH_SEGMENT_H
#define INGEST_SEARCH_SEGMENT_H

#include <stdatomic.h>

#include "hash_map.h"
#include "search_lexicon.h"
#include "types.h"

#define INGEST_SEGMENT_MOST 65536u
#define INGEST_SEGMENT_WORDS (INGEST_SEGMENT_MOST / 64)
#define INGEST_NO_DAY INT32_MIN

typedef enum { INGEST_SUBJECT, INGEST_NAMES, INGEST_SPACES } ingest_space;

/* Text indexes, in the order of their places; the first three are the subject. */
typedef enum { INGEST_TITLE, INGEST_ABSTRACT, INGEST_KEYWORD, INGEST_OWNER, INGEST_PERSON, INGEST_FIELDS } ingest_field;

typedef enum {
    INGEST_DISTRICT,
    INGEST_SPECIAL, /* the numbers, joined by commas */
    INGEST_STAGE,
    INGEST_FORM,
    INGEST_CATEGORY,
    INGEST_INDUSTRY,
    INGEST_SOURCE,
    INGEST_COLUMNS
} ingest_column_kind;

typedef struct {
    char **values; /* owned; distinct, as written; "" where a record has none */
    char **normal; /* owned; as codes are compared */
    uint32_t count, room;
    uint16_t *of;           /* owned; of each record: which value */
    ingest_hash_map places; /* of values, until it is sealed */
} ingest_column;

typedef struct {
    atomic_uint users;
    uint32_t count;
    uint32_t room;       /* of the arrays; count once it is sealed */
    int64_t *registered; /* owned, as all arrays: milliseconds since 1970 */
    uint64_t *revision;
    int32_t *day;      /* completed; INGEST_NO_DAY: none */
    uint16_t *length;  /* words of the subject, heavy ones twice; at most 65,535 */
    uint32_t *ends[2]; /* of the subject: place behind the titles, behind the abstract */
    uint32_t *owners_end;
    ingest_column columns[INGEST_COLUMNS];
    uint32_t *key_at; /* count + 1 */
    tt_buffer keys;   /* "<source>/<source_id>" */
    uint32_t *layout_at;
    tt_buffer layouts; /* see ingest_layout_read */
    ingest_lexicon lexicons[INGEST_SPACES];
} ingest_segment;

/* The field or column that an index of the schema is, by its name; -1: none. */
int ingest_field_of (const char *index);
int ingest_column_of (const char *index);

ingest_segment *ingest_segment_keep (ingest_segment *segment); /* one more user */
void ingest_segment_leave (ingest_segment **segment);
uint64_t ingest_segment_bytes (const ingest_segment *segment);

static inline tt_bytes
ingest_segment_key (const ingest_segment *s, uint32_t record)
{
    return (tt_bytes){ s->keys.data + s->key_at[record], s->key_at[record + 1] - s->key_at[record] };
}

/* The field that a place is in. */
static inline ingest_field
ingest_segment_field (const ingest_segment *s, uint32_t record, ingest_space space, uint32_t place)
{
    if (space == INGEST_NAMES)
        return place < s->owners_end[record] ? INGEST_OWNER : INGEST_PERSON;
    return place < s->ends[0][record] ? INGEST_TITLE : place < s->ends[1][record] ? INGEST_ABSTRACT : INGEST_KEYWORD;
}

/* Where values, sentences and paragraphs begin in one record. Reused from record to record; zero-initialise: {0}. */
typedef struct {
    uint32_t *starts[3]; /* owned; ascending places: of values (with the end behind the last), sentences, paragraphs */
    size_t count[3], room[3];
} ingest_layout;
enum { INGEST_VALUES, INGEST_SENTENCES, INGEST_PARAGRAPHS };
void ingest_layout_read (ingest_layout *layout, const ingest_segment *segment, uint32_t record, ingest_space space);
void ingest_layout_free (ingest_layout *layout);
/* How many starts of a kind there are up to a place, itself included. */
uint32_t ingest_layout_rank (const ingest_layout *layout, int kind, uint32_t place);

/* -- for those who make segments -- */

ingest_segment *ingest_segment_new (void);
/* Room for one more record; its arrays are to be filled in, then count is to be raised. */
void ingest_segment_grow (ingest_segment *segment);
/* Number of a value in a column, put there if it is new. */
uint16_t ingest_column_value (ingest_column *column, const char *value);
void ingest_segment_seal (ingest_segment *segment); /* gives back what is not needed */

#endif
