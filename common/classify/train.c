#include "classify/train.h"

#include <math.h>
#include <string.h>

#define ROUNDS_MOST 60
#define GRADIENT_SMALL 0.01
#define BALANCE 0.5 /* power of the ratio of others to own examples; 0 to 1 were tried: README.md */

typedef struct {
    uint32_t label;
    uint32_t fold; /* number among the examples of its label */
    bool aside;
    size_t first; /* in grams */
    size_t count;
} example;

struct tt_training {
    uint32_t bits;
    double c;
    tt_grams *counter;
    tt_gram *grams;
    size_t gram_count, gram_capacity;
    example *examples;
    size_t count, capacity;
    char names[TT_MODEL_LABELS_MAX][TT_MODEL_LABEL_SIZE];
    uint32_t seen[TT_MODEL_LABELS_MAX]; /* examples of a label that are not aside */
    uint32_t labels;
};

/* What one run learns from: values in place of counts. */
typedef struct {
    const tt_training *t;
    size_t *used; /* numbers of examples */
    size_t used_count;
    float *values; /* beside t->grams */
    double *alpha, *w;
    double slack[2]; /* 1 / 2C of others, and of the label's own examples */
} learner;

tt_training *
tt_training_new (uint32_t bits, double c)
{
    tt_training *t = tt_alloc_zero (1, sizeof *t);
    t->bits = bits;
    t->c = c;
    t->counter = tt_grams_new (bits);
    return t;
}

void
tt_training_destroy (tt_training **training)
{
    tt_training *t = *training;
    if (!t)
        return;
    tt_grams_destroy (&t->counter);
    free (t->grams);
    free (t->examples);
    free (t);
    *training = NULL;
}

static tt_status
label_of (tt_training *t, const char *label, uint32_t *out, tt_error *error)
{
    for (*out = 0; *out < t->labels; ++*out)
        if (strcmp (t->names[*out], label) == 0)
            return TT_OK;
    if (label[0] == '\0' || strlen (label) >= TT_MODEL_LABEL_SIZE)
        return tt_fail (error, TT_INVALID_ARGUMENT, "a label has 1 to %d bytes", TT_MODEL_LABEL_SIZE - 1);
    if (t->labels == TT_MODEL_LABELS_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "more than %d labels", TT_MODEL_LABELS_MAX);
    strcpy (t->names[t->labels++], label);
    return TT_OK;
}

tt_status
tt_training_add (tt_training *t, tt_bytes text, size_t lead, const char *label, bool aside, tt_error *error)
{
    uint32_t number;
    tt_status status = label_of (t, label, &number, error);
    if (status != TT_OK)
        return status;
    size_t count;
    const tt_gram *grams = tt_grams_count (t->counter, text, lead, &count);
    if (t->gram_count + count > t->gram_capacity) {
        t->gram_capacity = 2 * (t->gram_count + count);
        t->grams = tt_realloc (t->grams, t->gram_capacity * sizeof *t->grams);
    }
    if (count > 0)
        memcpy (t->grams + t->gram_count, grams, count * sizeof *grams);
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 1024 : 2 * t->capacity;
        t->examples = tt_realloc (t->examples, t->capacity * sizeof *t->examples);
    }
    t->examples[t->count++] = (example){
        .label = number, .fold = aside ? 0 : t->seen[number]++, .aside = aside, .first = t->gram_count, .count = count
    };
    t->gram_count += count;
    return TT_OK;
}

size_t
tt_training_examples (const tt_training *t)
{
    return t->count;
}

uint32_t
tt_training_labels (const tt_training *t)
{
    return t->labels;
}

const char *
tt_training_label (const tt_training *t, uint32_t label)
{
    return t->names[label];
}

static void
set_idf (const learner *l, float *idf)
{
    const tt_training *t = l->t;
    for (size_t i = 0; i < l->used_count; i++) {
        const example *e = &t->examples[l->used[i]];
        for (size_t g = 0; g < e->count; g++)
            idf[t->grams[e->first + g].bucket]++;
    }
    /* an n-gram that was never seen has no weights: what it would add to the length says nothing */
    for (size_t b = 0; b < (size_t)1 << t->bits; b++)
        idf[b] = idf[b] == 0 ? 0 : logf ((1 + (float)l->used_count) / (1 + idf[b])) + 1;
}

static void
set_values (learner *l, const float *idf)
{
    const tt_training *t = l->t;
    for (size_t i = 0; i < l->used_count; i++) {
        const example *e = &t->examples[l->used[i]];
        double sum = 0;
        for (size_t g = e->first; g < e->first + e->count; g++) {
            l->values[g] = tt_model_value (&t->grams[g], idf[t->grams[g].bucket]);
            sum += (double)l->values[g] * (double)l->values[g];
        }
        for (size_t g = e->first; g < e->first + e->count; g++)
            l->values[g] = (float)((double)l->values[g] / sqrt (sum));
    }
}

static uint64_t
next_random (uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One step at example i; returns by how much its condition was broken. The bias is the weight of a feature that is always 1. */
static double
descend (learner *l, size_t i, uint32_t label, double *w, double *bias)
{
    const tt_training *t = l->t;
    const example *e = &t->examples[l->used[i]];
    double y = e->label == label ? 1 : -1, margin = *bias, slack = l->slack[e->label == label];
    for (size_t g = e->first; g < e->first + e->count; g++)
        margin += w[t->grams[g].bucket] * (double)l->values[g];
    double gradient = y * margin - 1 + slack * l->alpha[i];
    double projected = l->alpha[i] == 0 && gradient > 0 ? 0 : gradient;
    if (fabs (projected) < 1e-12)
        return 0;
    double before = l->alpha[i], after = before - gradient / (2 + slack);
    l->alpha[i] = after > 0 ? after : 0;
    double change = (l->alpha[i] - before) * y;
    for (size_t g = e->first; g < e->first + e->count; g++)
        w[t->grams[g].bucket] += change * (double)l->values[g];
    *bias += change;
    return fabs (projected);
}

/* Few examples of a label against many others would be given up; so an error on them costs more. */
static void
balance (learner *l, uint32_t label)
{
    double own = 0;
    for (size_t i = 0; i < l->used_count; i++)
        own += l->t->examples[l->used[i]].label == label;
    double more = own > 0 ? pow (((double)l->used_count - own) / own, BALANCE) : 1;
    l->slack[0] = 0.5 / l->t->c;
    l->slack[1] = l->slack[0] / (more > 1 ? more : 1);
}

static void
learn_label (learner *l, uint32_t label, tt_model *m)
{
    size_t buckets = (size_t)1 << m->bits;
    balance (l, label);
    double bias = 0;
    uint64_t random = 0x9E3779B97F4A7C15u;
    memset (l->w, 0, buckets * sizeof *l->w);
    memset (l->alpha, 0, l->used_count * sizeof *l->alpha);
    for (int round = 0; round < ROUNDS_MOST; round++) {
        double worst = 0;
        for (size_t i = l->used_count; i > 1; i--) {
            size_t other = next_random (&random) % i, held = l->used[i - 1];
            double alpha = l->alpha[i - 1];
            l->used[i - 1] = l->used[other];
            l->used[other] = held;
            l->alpha[i - 1] = l->alpha[other];
            l->alpha[other] = alpha;
        }
        for (size_t i = 0; i < l->used_count; i++)
            worst = fmax (worst, descend (l, i, label, l->w, &bias));
        if (worst < GRADIENT_SMALL)
            break;
    }
    m->bias[label] = (float)bias;
    for (size_t b = 0; b < buckets; b++)
        m->weights[b * m->labels + label] = (float)l->w[b];
}

/* Learns from all examples but those of the held fold (held >= k: from all). */
static tt_model *
learn (const tt_training *t, uint32_t k, uint32_t held)
{
    tt_model *m = tt_model_new (t->bits, t->labels);
    learner l = { .t = t };
    l.used = tt_alloc ((t->count + 1) * sizeof *l.used);
    l.alpha = tt_alloc ((t->count + 1) * sizeof *l.alpha);
    l.values = tt_alloc_zero (t->gram_count + 1, sizeof *l.values);
    l.w = tt_alloc (((size_t)1 << t->bits) * sizeof *l.w);
    for (size_t i = 0; i < t->count; i++)
        if (t->examples[i].aside || held >= k || t->examples[i].fold % k != held)
            l.used[l.used_count++] = i;
    memcpy (m->names, t->names, t->labels * sizeof *m->names);
    m->examples = (uint32_t)l.used_count;
    set_idf (&l, m->idf);
    set_values (&l, m->idf);
    for (uint32_t label = 0; label < t->labels; label++)
        learn_label (&l, label, m);
    free (l.used);
    free (l.alpha);
    free (l.values);
    free (l.w);
    return m;
}

void
tt_validation_settle (tt_validation *v, uint32_t labels)
{
    double right = 0, all = 0, f1 = 0;
    uint32_t present = 0;
    for (uint32_t i = 0; i < labels; i++) {
        double is = 0, said = 0;
        for (uint32_t k = 0; k < labels; k++) {
            is += (double)v->table[i][k];
            said += (double)v->table[k][i];
        }
        right += (double)v->table[i][i];
        all += is;
        present += is > 0;
        if (is > 0)
            f1 += 2 * (double)v->table[i][i] / (is + said);
    }
    v->accuracy = all > 0 ? right / all : 0;
    v->macro_f1 = present ? f1 / present : 0;
}

/* Likelihood of the held-out margins at a temperature. */
static double
surprise (const float *margins, const uint32_t *truths, size_t count, uint32_t labels, double temperature)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = margins + i * labels;
        double total = 0;
        for (uint32_t k = 0; k < labels; k++)
            total += exp (temperature * ((double)row[k] - (double)row[truths[i]]));
        sum += log (total);
    }
    return sum;
}

static float
fit_temperature (const float *margins, const uint32_t *truths, size_t count, uint32_t labels)
{
    double best = 1, least = INFINITY;
    for (double t = 0.25; t < 50; t *= 1.1) {
        double now = surprise (margins, truths, count, labels, t);
        if (now < least) {
            least = now;
            best = t;
        }
    }
    return (float)best;
}

tt_status
tt_training_validate (const tt_training *t, uint32_t k, tt_validation *v, tt_error *error)
{
    memset (v, 0, sizeof *v);
    if (t->labels < 2 || k < 2 || t->count < k)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%zu examples of %u labels cannot be cut in %u folds", t->count, t->labels, k);
    float *margins = tt_alloc ((t->count + 1) * t->labels * sizeof *margins);
    uint32_t *truths = tt_alloc ((t->count + 1) * sizeof *truths);
    size_t measured = 0;
    for (uint32_t fold = 0; fold < k; fold++) {
        tt_model *m = learn (t, k, fold);
        for (size_t i = 0; i < t->count; i++) {
            const example *e = &t->examples[i];
            if (e->aside || e->fold % k != fold)
                continue;
            float *row = margins + measured * t->labels;
            v->table[e->label][tt_model_score (m, t->grams + e->first, e->count, row)]++;
            for (uint32_t j = 0; j < t->labels; j++) /* shares back to margins, up to a number that all share */
                row[j] = logf (fmaxf (row[j], 1e-30f));
            truths[measured++] = e->label;
        }
        tt_model_destroy (&m);
    }
    v->temperature = fit_temperature (margins, truths, measured, t->labels);
    tt_validation_settle (v, t->labels);
    free (margins);
    free (truths);
    return TT_OK;
}

tt_status
tt_training_run (const tt_training *t, tt_model **model, tt_error *error)
{
    *model = NULL;
    if (t->labels < 2)
        return tt_fail (error, TT_FAILED_PRECONDITION, "there is one label only: nothing can be told apart");
    *model = learn (t, 1, 1);
    return TT_OK;
}
