/* How a document lies in memory: values, their tokens in order, and the distinct terms with the places where they stand.
 *
 * Internal to query/, and to the search of achievements, which runs trees on an index of its own: evaluation reads the values,
 * the percolator the terms. */
#ifndef TT_QUERY_DOCUMENT_INSIDE_H
#define TT_QUERY_DOCUMENT_INSIDE_H

#include "base/text.h"
#include "query/document.h"
#include "query/symbol.h"

#define DOCUMENT_NONE UINT32_MAX

/* Terms of different spaces never meet: the word "cn" is not the country CN. */
typedef enum { SPACE_WORD, SPACE_CLASS, SPACE_NUMBER, SPACE_CODE, SPACE_COUNT } term_space;

/* One distinct term of the document. */
typedef struct {
    uint64_t hash;
    uint64_t stored; /* indexes that it stands in, one bit each */
    uint32_t text;   /* offset in document->texts */
    uint32_t size;
    uint32_t first; /* its places in order, through document_place.next */
    uint32_t last;
    uint32_t count; /* places */
    term_space space;
} document_term;

/* One place of a term. Places of a text value follow each other in the order of its tokens. */
typedef struct {
    uint32_t term;
    uint32_t next; /* place of the same term, DOCUMENT_NONE at the end */
    uint32_t value;
} document_place;

typedef struct {
    uint32_t offset, length; /* bytes in the value as it was added */
    uint32_t sentence, paragraph;
} document_span;

typedef struct {
    int index;
    tt_index_kind compares;
    uint32_t ordinal;
    uint32_t size;  /* bytes as added */
    uint32_t first; /* its places: first to first + count */
    uint32_t count;
    int32_t day;     /* DATE */
    uint32_t parsed; /* CLASS: number in document->symbols; NUMBER: in document->numbers */
} document_value;

struct tt_document {
    const tt_schema *schema;
    document_value *values;
    size_t value_count, value_room;
    document_term *terms;
    size_t term_count, term_room;
    document_place *places;
    document_span *spans; /* beside places */
    size_t place_count, place_room;
    tt_symbol *symbols;
    size_t symbol_count, symbol_room;
    tt_number *numbers;
    size_t number_count, number_room;
    uint32_t *slots;   /* open addressing: number of a term + 1; 0 = empty */
    size_t slot_count; /* power of two */
    tt_buffer texts;
    tt_tokens tokens; /* of the value being added */
    uint32_t ordinals[TT_SCHEMA_MAX_INDEXES];
};

/* Hash of a term, the same in documents and percolators of a process. */
uint64_t document_hash (tt_bytes text, term_space space);

/* Does a phrase of terms stand here? The place of token i of a value's text is value->first + i. */
static inline tt_bytes
document_term_text (const tt_document *document, uint32_t term)
{
    const document_term *t = &document->terms[term];
    return (tt_bytes){ document->texts.data + t->text, t->size };
}

/* The forms under which a class symbol is found: every level as a prefix, and the whole with "=" in front. i from 0; false past
 * the last. */
bool document_symbol_form (const tt_symbol *symbol, size_t i, char *out, size_t *size); /* out[TT_SYMBOL_TEXT_SIZE + 1] */
/* The forms of a number: country, country and number, those with kind, and number alone with and without kind. */
#define NUMBER_FORM_SIZE (TT_NUMBER_TEXT_SIZE + 8)
bool document_number_form (const tt_number *number, size_t i, char *out, size_t *size);

#endif
