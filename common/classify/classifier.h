/* Proposes classes for an achievement that declares none: for each scheme by a model where there is one that was measured better than
 * the lexicon, else by the lexicon; with a score and the terms that led to it. Pure: the same text gives the same proposals.
 * One thread at a time for an object. */
#ifndef TT_CLASSIFY_CLASSIFIER_H
#define TT_CLASSIFY_CLASSIFIER_H

#include "base/arena.h"
#include "classify/fields.h"
#include "classify/lexicon.h"
#include "classify/model.h"

#define TT_CLASS_TERMS_MAX 8
#define TT_CLASS_SCHEMES_MAX 8

/* What is known of an achievement. NULL texts are empty. All borrowed. */
typedef struct {
    const char *title, *title_en, *abstract;
    char *const *keywords;
    size_t keyword_count;
    char *const *ipc; /* symbols of its patents */
    size_t ipc_count;
    uint32_t trl; /* 0: not stated */
} tt_class_text;

typedef struct {
    const char *code;  /* lives as long as the classifier */
    const char *method; /* "lexicon" or "model" */
    double score; /* 0 to 1: the model's share; of a lexicon, the share of the evidence, less where there is little */
    const char *terms[TT_CLASS_TERMS_MAX]; /* in the arena, strongest first */
    size_t term_count;
} tt_class_proposal;

typedef struct tt_classifier tt_classifier;

/* Takes the lexicon (nulls it). Never fails. */
tt_classifier *tt_classifier_new (tt_lexicon **lexicon);
void tt_classifier_destroy (tt_classifier **classifier);
/* Takes the model for its scheme. True if it will be used: `always`, or measured better than the lexicon. It is dropped otherwise.
 * FAILED_PRECONDITION: too many schemes, or one for this scheme is there. */
TT_MUST_USE tt_status tt_classifier_use (tt_classifier *classifier, tt_model **model, bool always, bool *used, tt_error *error);
const tt_lexicon *tt_classifier_lexicon (const tt_classifier *classifier); /* borrowed */

/* Puts a text before the classifier: what follows is about it. */
void tt_classifier_read (tt_classifier *classifier, const tt_class_text *text);
/* The best codes of the scheme with at least this score, best first, into found[most]; returns how many. */
size_t tt_classifier_propose (tt_classifier *classifier, const char *scheme, double least, tt_arena *arena, tt_class_proposal *found,
                              size_t most);
/* The same by the lexicon alone, to measure it. */
size_t tt_classifier_look_up (tt_classifier *classifier, const char *scheme, double least, tt_arena *arena, tt_class_proposal *found,
                              size_t most);
/* Normalised text as models are trained on it: title, title_en, keywords, abstract, each with a line break behind it; appended. Returns
 * where the abstract begins. */
size_t tt_class_text_print (const tt_class_text *text, tt_buffer *out);

#endif
