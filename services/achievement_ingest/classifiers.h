/* Opens what classes are proposed with: the lexicon and the technology fields of the catalogue's directory, the models of the settings. */
#ifndef INGEST_CLASSIFIERS_H
#define INGEST_CLASSIFIERS_H

#include "classes.h"
#include "run/config.h"

/* INVALID_ARGUMENT and the like with the file and what is wrong: a lexicon or model with a code that the catalogue does not know is
 * refused, as a whole. On failure both are the caller's to close. */
TT_MUST_USE tt_status ingest_classifiers_open (const tt_config *config, const tt_catalog *catalog, tt_classifier **classifier, tt_fields **fields,
                                               tt_error *error);

#endif
