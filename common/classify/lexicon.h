/* A lexicon: terms with weights for the codes of schemes, as an operator edits them (lexicon.csv in the catalogue's directory, columns
 * scheme, code, term, weight). A term is found wherever it stands in Chinese, and as whole words in Latin script; "ipc:h01f" and
 * "trl:7" are terms too, found in what a record declares. Immutable after it was read: any thread may search. */
#ifndef TT_CLASSIFY_LEXICON_H
#define TT_CLASSIFY_LEXICON_H

#include "base/buffer.h"

#define TT_LEXICON_TERMS_MAX 50000
#define TT_LEXICON_CODES_MAX 512
#define TT_LEXICON_WEIGHT_MAX 10.0
#define TT_LEXICON_TERM_MAX 128 /* bytes */

typedef struct tt_lexicon tt_lexicon;

/* A code of a scheme. */
typedef struct {
    const char *scheme, *code;
} tt_lexicon_code;

typedef struct {
    uint32_t code;    /* of tt_lexicon_code_at */
    const char *term; /* normalised; lives as long as the lexicon */
    double weight;    /* above 0, to TT_LEXICON_WEIGHT_MAX */
} tt_lexicon_entry;

/* The bytes are CSV with a header line; name is what errors call them. tt_text_open must have been called. INVALID_ARGUMENT
 * "<name>:<line>: ..." for a malformed line, an empty field, a weight outside its range, a term twice for one code, or too many. */
TT_MUST_USE tt_status tt_lexicon_parse (tt_lexicon **lexicon, tt_bytes csv, const char *name, tt_error *error);
/* The same from a file. NOT_FOUND, PERMISSION_DENIED. */
TT_MUST_USE tt_status tt_lexicon_read (tt_lexicon **lexicon, const char *path, tt_error *error);
void tt_lexicon_destroy (tt_lexicon **lexicon);

size_t tt_lexicon_size (const tt_lexicon *lexicon); /* entries */
const tt_lexicon_entry *tt_lexicon_entry_at (const tt_lexicon *lexicon, size_t i);
size_t tt_lexicon_codes (const tt_lexicon *lexicon);
tt_lexicon_code tt_lexicon_code_at (const tt_lexicon *lexicon, size_t code);

/* An entry that was found. */
typedef struct {
    uint32_t entry;
    uint32_t count;
    bool titled; /* at least once before `title_end` */
} tt_lexicon_hit;

/* Entries found in a normalised text, up to `room` of them, in the order of first sight; returns how many. Where one term ends inside
 * another that begins at the same place (材料 and 材料学), both count. Linear in the text times the longest term. */
size_t tt_lexicon_find (const tt_lexicon *lexicon, tt_bytes text, size_t title_end, tt_lexicon_hit *hits, size_t room);

/* Evidence for a code: the sum over its hits of weight * sqrt (count), doubled in the title. */
double tt_lexicon_evidence (const tt_lexicon *lexicon, const tt_lexicon_hit *hits, size_t count, uint32_t code);

#endif
