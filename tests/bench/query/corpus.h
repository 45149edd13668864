/* Real documents for figures: titles and abstracts of US grants, each given class symbols, applicants and a date of a
 * bibliographic record: its own where there is one, else that of another grant, always the same one. Not thread-safe. */
#ifndef TT_BENCH_CORPUS_H
#define TT_BENCH_CORPUS_H

#include "query/document.h"

#define CORPUS_CLASSES 6
#define CORPUS_WORDS 400
#define CORPUS_NO_WORD UINT32_MAX

typedef struct {
    char *title, *abstract, *date; /* owned */
    char *classes[CORPUS_CLASSES];
    size_t class_count;
    char *applicant;              /* NULL: there is none */
    uint32_t words[CORPUS_WORDS]; /* tokens of title and abstract in order, numbers in corpus.words */
    size_t word_count;
} corpus_document;

typedef struct {
    char *text;         /* owned */
    uint32_t documents; /* that have it */
    uint32_t last;      /* document that it was last counted for, + 1 */
} corpus_word;

typedef struct {
    corpus_document *documents;
    size_t count;
    corpus_word *words;
    size_t word_count;
} corpus;

/* Reads TT_REAL_DATA (by default ../shared/data beside the source), or ends the program and says what is missing. */
void corpus_load (corpus *c);
void corpus_free (corpus *c);

/* Refills a document of the patent schema with title, abstract, classes, applicant and date of number i. */
void corpus_fill (const corpus *c, size_t i, tt_document *document);

#endif
