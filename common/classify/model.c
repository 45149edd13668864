#include "classify/model.h"

#include <math.h>
#include <string.h>

tt_model *
tt_model_new (uint32_t bits, uint32_t labels)
{
    tt_model *m = tt_alloc_zero (1, sizeof *m);
    size_t buckets = (size_t)1 << bits;
    m->bits = bits;
    m->labels = labels;
    m->temperature = 1;
    m->lexicon_accuracy = -1;
    m->names = tt_alloc_zero (labels, sizeof *m->names);
    m->idf = tt_alloc_zero (buckets, sizeof *m->idf);
    m->bias = tt_alloc_zero (labels, sizeof *m->bias);
    m->weights = tt_alloc_zero (buckets * labels, sizeof *m->weights);
    return m;
}

void
tt_model_destroy (tt_model **model)
{
    tt_model *m = *model;
    if (!m)
        return;
    free (m->names);
    free (m->idf);
    free (m->bias);
    free (m->weights);
    free (m);
    *model = NULL;
}

/* The hundredth time says little more than the tenth. Most come once. */
float
tt_model_value (const tt_gram *gram, float idf)
{
    return gram->count == 1 ? idf : (1 + logf ((float)gram->count)) * idf;
}

static float
inverse_length (const tt_model *m, const tt_gram *grams, size_t count)
{
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        float value = tt_model_value (&grams[i], m->idf[grams[i].bucket]);
        sum += value * value;
    }
    return sum > 0 ? 1 / sqrtf (sum) : 0;
}

/* Margins to probabilities; returns the likeliest. */
static uint32_t
softmax (const tt_model *m, float *shares)
{
    uint32_t best = 0;
    float sum = 0;
    for (uint32_t k = 1; k < m->labels; k++)
        if (shares[k] > shares[best])
            best = k;
    float top = shares[best];
    for (uint32_t k = 0; k < m->labels; k++)
        sum += shares[k] = expf ((shares[k] - top) * m->temperature);
    for (uint32_t k = 0; k < m->labels; k++)
        shares[k] /= sum;
    return best;
}

uint32_t
tt_model_score (const tt_model *m, const tt_gram *grams, size_t count, float *shares)
{
    float sums[TT_MODEL_LABELS_MAX] = { 0 }, square = 0;
    uint32_t labels = m->labels;
    for (size_t i = 0; i < count; i++) {
        size_t bucket = grams[i].bucket;
        float value = tt_model_value (&grams[i], m->idf[bucket]);
        const float *weights = m->weights + bucket * labels;
        square += value * value;
        if (i + 8 < count)
            __builtin_prefetch (m->weights + (size_t)grams[i + 8].bucket * labels);
        for (uint32_t k = 0; k < labels; k++)
            sums[k] += value * weights[k];
    }
    float scale = square > 0 ? 1 / sqrtf (square) : 0;
    for (uint32_t k = 0; k < labels; k++)
        shares[k] = m->bias[k] + scale * sums[k];
    return softmax (m, shares);
}

void
tt_model_explain (const tt_model *m, const tt_gram *grams, size_t count, uint32_t label, float *pulls)
{
    float scale = inverse_length (m, grams, count);
    for (size_t i = 0; i < count; i++) {
        size_t bucket = grams[i].bucket;
        const float *weights = m->weights + bucket * m->labels;
        float mean = 0;
        for (uint32_t k = 0; k < m->labels; k++)
            mean += weights[k] / (float)m->labels;
        pulls[i] = scale * tt_model_value (&grams[i], m->idf[bucket]) * (weights[label] - mean);
    }
}
