/* Random queries and documents from a small vocabulary, so that they meet often. Seeded: the same seed gives the same run. */
#ifndef TT_TEST_VOCABULARY_H
#define TT_TEST_VOCABULARY_H

#include "query/document.h"

typedef struct {
    uint64_t state;
} random_source;

uint32_t random_below (random_source *random, uint32_t n); /* 0 to n - 1 */

/* Appends a query of CQL over the patent schema, with every operator and relation, up to `depth` nested parentheses. */
void random_query (random_source *random, int depth, tt_buffer *out);
/* Refills a document of the patent schema. */
void random_document (random_source *random, tt_document *document);

/* tt_text_open, or the end of the test program. */
void open_text (void);
/* Reads the excerpt of a scheme in tests/data, so that random queries have /low and /high of subgroups from then on. */
void open_scheme (void);
/* Adds a value to the index of this name. */
int add_value (tt_document *document, const char *index, const char *value);

#endif
