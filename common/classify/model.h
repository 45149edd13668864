/* A linear model over hashed character n-grams (grams.h): one weight for each n-gram and label. Trained by train.h, kept in a file.
 *
 * The file, all numbers little-endian, floats IEEE 754 single:
 *     0  8 bytes  "TTCLASS" and the version, "1"
 *     8  u32      bits: there are 2^bits buckets, 8 to 22
 *    12  u32      labels, 2 to 64; labels * 2^bits at most 2^26
 *    16  u32      examples it was trained on
 *    20  f32      temperature, above 0: margins are multiplied by it before the softmax
 *    24  f32      accuracy in cross-validation, 0 to 1
 *    28  f32      macro-F1 in cross-validation, 0 to 1
 *    32  f32      accuracy of the lexicon on the same examples, 0 to 1; -1 not measured
 *    36  u32      0
 *    40  24 bytes scheme ("special"), NUL-padded
 *    64  labels * 32 bytes, each NUL-padded; then 2^bits f32 inverse document frequencies, labels f32 biases, 2^bits * labels f32
 *        weights by bucket; then XXH3-64 of everything before.
 * A file of another size, with another checksum, with a number outside its range or not finite is refused.
 *
 * Immutable after it was made: any thread may score, with its own tt_grams. */
#ifndef TT_CLASSIFY_MODEL_H
#define TT_CLASSIFY_MODEL_H

#include "classify/grams.h"

#define TT_MODEL_LABELS_MAX 64
#define TT_MODEL_LABEL_SIZE 32 /* with the NUL */
#define TT_MODEL_SCHEME_SIZE 24

typedef struct {
    uint32_t bits, labels, examples;
    float temperature, accuracy, macro_f1, lexicon_accuracy;
    char scheme[TT_MODEL_SCHEME_SIZE];
    char (*names)[TT_MODEL_LABEL_SIZE]; /* of the labels; owned, as the rest */
    float *idf;                         /* 2^bits */
    float *bias;                        /* labels */
    float *weights;                     /* 2^bits * labels, by bucket */
} tt_model;

/* A model of zeroes with room for all. bits and labels must be in their ranges. */
tt_model *tt_model_new (uint32_t bits, uint32_t labels);
void tt_model_destroy (tt_model **model);
size_t tt_model_size (uint32_t bits, uint32_t labels); /* bytes of the file */

/* NOT_FOUND and the like; INVALID_ARGUMENT with the path and what is wrong. */
TT_MUST_USE tt_status tt_model_read (tt_model **model, const char *path, tt_error *error);
TT_MUST_USE tt_status tt_model_parse (tt_model **model, tt_bytes file, tt_error *error);
/* Writes beside it first and renames, so that nobody reads half a file. INTERNAL with the reason of the system. */
TT_MUST_USE tt_status tt_model_write (const tt_model *model, const char *path, tt_error *error);
void tt_model_print (const tt_model *model, tt_buffer *file); /* appends the file */

/* Probability of each label, summing to 1, into shares[labels]; returns the likeliest. grams: with the model's bits. */
uint32_t tt_model_score (const tt_model *model, const tt_gram *grams, size_t count, float *shares);
/* What each n-gram said for a label against the mean of all labels, into pulls[count]. */
void tt_model_explain (const tt_model *model, const tt_gram *grams, size_t count, uint32_t label, float *pulls);
/* Value of an n-gram before the length of the document is divided out. */
float tt_model_value (const tt_gram *gram, float idf);

#endif
