/* Names of applicants and inventors without what offices and people write in many ways: company forms (Inc, GmbH & Co. KG,
 * 株式会社, 有限公司), a leading "The", academic titles, "and", and the country that DOCDB puts behind in square brackets.
 *
 * Case, punctuation, widths and traditional characters are the tokeniser's business (base/text.h). Not for guessing that two
 * differently written names are one company. Values only; no thread rule. */
#ifndef TT_QUERY_NAME_H
#define TT_QUERY_NAME_H

#include "base/text.h"

#define TT_NAME_MAX_TOKENS 64 /* of a longer name nothing is left out */

/* Which tokens of a name are its core, ascending, into kept[TT_NAME_MAX_TOKENS]. text is what was tokenised. Returns how many: at
 * least 1, and tokens->count if all of them are (then kept is not written). */
size_t tt_name_core (tt_bytes text, const tt_tokens *tokens, uint32_t *kept);

/* The table of forms, for tests and documentation: its i-th entry as tokens with a space between them, and the languages or
 * countries it belongs to; NULL past the last. Static storage. */
const char *tt_name_form (size_t i, const char **where);

#endif
