/* Training of the linear model: for each label against all others a support vector machine with squared hinge loss and L2
 * regularisation, by dual coordinate descent (Hsieh and others, ICML 2008), over tf-idf of hashed n-grams. The same examples in the same
 * order give the same model, bit for bit, on one machine. One thread. */
#ifndef TT_CLASSIFY_TRAIN_H
#define TT_CLASSIFY_TRAIN_H

#include "classify/model.h"

typedef struct tt_training tt_training;

/* c: cost of an error against the size of weights, above 0 (1 is usual). */
tt_training *tt_training_new (uint32_t bits, double c);
void tt_training_destroy (tt_training **training);
/* One example; text normalised, lead as in tt_grams_count. `aside`: only learnt from, never measured on (and not part of any fold).
 * INVALID_ARGUMENT for a label that is too long, or one label too many. */
TT_MUST_USE tt_status tt_training_add (tt_training *training, tt_bytes text, size_t lead, const char *label, bool aside, tt_error *error);
size_t tt_training_examples (const tt_training *training); /* all */
uint32_t tt_training_labels (const tt_training *training);
const char *tt_training_label (const tt_training *training, uint32_t label); /* in the order of first sight */

typedef struct {
    uint64_t table[TT_MODEL_LABELS_MAX][TT_MODEL_LABELS_MAX]; /* [true][said] */
    double accuracy, macro_f1; /* macro-F1: the mean over the labels that have examples */
    float temperature;         /* that makes the shares of the held-out examples likeliest */
} tt_validation;

/* k-fold cross-validation, stratified: the examples of a label go round the folds in their order. FAILED_PRECONDITION: fewer than two
 * labels, fewer examples than k, or k below 2. */
TT_MUST_USE tt_status tt_training_validate (const tt_training *training, uint32_t k, tt_validation *validation, tt_error *error);
/* A model of all examples; temperature and figures are the caller's to set. FAILED_PRECONDITION: fewer than two labels. */
TT_MUST_USE tt_status tt_training_run (const tt_training *training, tt_model **model, tt_error *error);
/* accuracy and macro_f1 from the table. */
void tt_validation_settle (tt_validation *validation, uint32_t labels);

#endif
