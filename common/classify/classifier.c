#include "classify/classifier.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HITS_MOST 256 /* different terms of one text; more change nothing, and bound what a hostile text costs */
#define LOUDEST 32
#define DOUBT 2.0 /* evidence that one middling term gives: with no more than that the score is a half at most */

struct tt_classifier {
    tt_lexicon *lexicon;
    tt_model *models[TT_CLASS_SCHEMES_MAX];
    size_t model_count;
    tt_grams *grams;      /* with the bits of the model that counted last */
    uint32_t grams_bits;
    const tt_gram *counted; /* NULL: the text in hand is not counted yet */
    size_t counted_count;
    tt_buffer text;       /* normalised, for models; behind it what only the lexicon reads */
    size_t text_size;     /* of the former */
    size_t lead;
    tt_lexicon_hit hits[HITS_MOST];
    size_t hit_count;
    float *pulls;
    size_t pull_capacity;
};

tt_classifier *
tt_classifier_new (tt_lexicon **lexicon)
{
    tt_classifier *c = tt_alloc_zero (1, sizeof *c);
    c->lexicon = *lexicon;
    *lexicon = NULL;
    return c;
}

void
tt_classifier_destroy (tt_classifier **classifier)
{
    tt_classifier *c = *classifier;
    if (!c)
        return;
    tt_lexicon_destroy (&c->lexicon);
    for (size_t i = 0; i < c->model_count; i++)
        tt_model_destroy (&c->models[i]);
    tt_grams_destroy (&c->grams);
    tt_buffer_free (&c->text);
    free (c->pulls);
    free (c);
    *classifier = NULL;
}

static const tt_model *
model_of (const tt_classifier *c, const char *scheme)
{
    for (size_t i = 0; i < c->model_count; i++)
        if (strcmp (c->models[i]->scheme, scheme) == 0)
            return c->models[i];
    return NULL;
}

tt_status
tt_classifier_use (tt_classifier *c, tt_model **model, bool always, bool *used, tt_error *error)
{
    tt_model *m = *model;
    *model = NULL;
    *used = always || m->accuracy > m->lexicon_accuracy;
    tt_status status = TT_OK;
    if (c->model_count == TT_CLASS_SCHEMES_MAX || model_of (c, m->scheme))
        status = tt_fail (error, TT_FAILED_PRECONDITION, "a second model for the scheme %s, or too many", m->scheme);
    if (status == TT_OK && *used)
        c->models[c->model_count++] = m;
    else
        tt_model_destroy (&m);
    return status;
}

const tt_lexicon *
tt_classifier_lexicon (const tt_classifier *c)
{
    return c->lexicon;
}

static void
print_part (const char *text, tt_buffer *out)
{
    if (text && *text)
        tt_text_normalise (tt_bytes_of_text (text), out);
    tt_buffer_append (out, "\n", 1);
}

size_t
tt_class_text_print (const tt_class_text *text, tt_buffer *out)
{
    print_part (text->title, out);
    print_part (text->title_en, out);
    for (size_t i = 0; i < text->keyword_count; i++)
        print_part (text->keywords[i], out);
    size_t title_end = out->size;
    print_part (text->abstract, out);
    return title_end;
}

/* "ipc:h01f" for the subclass, and "ipc:h01" for the class. */
static void
print_declared (const tt_class_text *text, tt_buffer *out)
{
    for (size_t i = 0; i < text->ipc_count; i++) {
        char symbol[5] = { 0 };
        for (size_t k = 0; k < 4 && text->ipc[i][k]; k++) {
            char c = text->ipc[i][k];
            symbol[k] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
        tt_buffer_printf (out, "ipc:%s\nipc:%.3s\n", symbol, symbol);
    }
    if (text->trl > 0)
        tt_buffer_printf (out, "trl:%u\n", text->trl);
}

void
tt_classifier_read (tt_classifier *c, const tt_class_text *text)
{
    tt_buffer_clear (&c->text);
    size_t title_end = tt_class_text_print (text, &c->text);
    c->text_size = c->text.size;
    c->lead = title_end;
    print_declared (text, &c->text);
    c->counted = NULL;
    c->hit_count = tt_lexicon_find (c->lexicon, (tt_bytes){ c->text.data, c->text.size }, title_end, c->hits, HITS_MOST);
}

/* Puts it among the best, which are sorted. */
static size_t
keep_best (tt_class_proposal *found, size_t count, size_t most, const tt_class_proposal *one)
{
    size_t at = count;
    while (at > 0 && found[at - 1].score < one->score)
        at--;
    if (at >= most)
        return count;
    size_t moved = (count < most ? count : most - 1) - at;
    memmove (found + at + 1, found + at, moved * sizeof *found);
    found[at] = *one;
    return count < most ? count + 1 : most;
}

/* The strongest terms of a code: its hits are few. */
static void
set_terms (const tt_classifier *c, uint32_t code, tt_class_proposal *p)
{
    double weights[TT_CLASS_TERMS_MAX];
    for (size_t i = 0; i < c->hit_count; i++) {
        const tt_lexicon_entry *entry = tt_lexicon_entry_at (c->lexicon, c->hits[i].entry);
        if (entry->code != code)
            continue;
        double weight = tt_lexicon_evidence (c->lexicon, &c->hits[i], 1, code);
        size_t at = p->term_count;
        while (at > 0 && weights[at - 1] < weight)
            at--;
        if (at == TT_CLASS_TERMS_MAX)
            continue;
        size_t last = p->term_count < TT_CLASS_TERMS_MAX ? p->term_count++ : TT_CLASS_TERMS_MAX - 1;
        memmove (weights + at + 1, weights + at, (last - at) * sizeof *weights);
        memmove (p->terms + at + 1, p->terms + at, (last - at) * sizeof *p->terms);
        weights[at] = weight;
        p->terms[at] = entry->term;
    }
}

size_t
tt_classifier_look_up (tt_classifier *c, const char *scheme, double least, tt_arena *arena, tt_class_proposal *found, size_t most)
{
    double evidence[TT_LEXICON_CODES_MAX] = { 0 }, sum = 0;
    size_t codes = tt_lexicon_codes (c->lexicon), count = 0;
    for (size_t i = 0; i < c->hit_count; i++) {
        uint32_t code = tt_lexicon_entry_at (c->lexicon, c->hits[i].entry)->code;
        if (strcmp (tt_lexicon_code_at (c->lexicon, code).scheme, scheme) != 0)
            continue;
        double weight = tt_lexicon_evidence (c->lexicon, &c->hits[i], 1, code);
        evidence[code] += weight;
        sum += weight;
    }
    for (uint32_t code = 0; code < codes && sum > 0; code++) {
        double score = evidence[code] / (sum + DOUBT);
        if (evidence[code] <= 0 || score < least)
            continue;
        tt_class_proposal p = { .code = tt_lexicon_code_at (c->lexicon, code).code, .method = "lexicon", .score = score };
        set_terms (c, code, &p);
        count = keep_best (found, count, most, &p);
    }
    (void)arena; /* the terms are the lexicon's */
    return count;
}

static void
count_grams (tt_classifier *c, uint32_t bits)
{
    if (c->grams && c->grams_bits != bits)
        tt_grams_destroy (&c->grams);
    else if (c->counted)
        return;
    if (!c->grams)
        c->grams = tt_grams_new (bits);
    c->grams_bits = bits;
    c->counted = tt_grams_count (c->grams, (tt_bytes){ c->text.data, c->text_size }, c->lead, &c->counted_count);
}

static bool
overlaps (const tt_gram *a, const tt_gram *b)
{
    return a->at < b->at + b->size && b->at < a->at + a->size;
}

/* The places of the n-grams with the highest pulls above 0, highest first; one pass, because a text may have 60,000. */
static size_t
find_loudest (const tt_classifier *c, size_t loudest[LOUDEST])
{
    size_t count = 0;
    for (size_t i = 0; i < c->counted_count; i++) {
        float pull = c->pulls[i];
        if (pull <= 0 || (count == LOUDEST && pull <= c->pulls[loudest[LOUDEST - 1]]))
            continue;
        size_t at = count < LOUDEST ? count++ : LOUDEST - 1;
        for (; at > 0 && c->pulls[loudest[at - 1]] < pull; at--)
            loudest[at] = loudest[at - 1];
        loudest[at] = i;
    }
    return count;
}

/* The n-grams that spoke loudest, none that overlaps a louder one. */
static void
set_pulls (tt_classifier *c, const tt_model *m, uint32_t label, tt_arena *arena, tt_class_proposal *p)
{
    if (c->pull_capacity < c->counted_count) {
        c->pull_capacity = 2 * c->counted_count;
        c->pulls = tt_realloc (c->pulls, c->pull_capacity * sizeof *c->pulls);
    }
    size_t loudest[LOUDEST];
    const tt_gram *chosen[TT_CLASS_TERMS_MAX];
    tt_model_explain (m, c->counted, c->counted_count, label, c->pulls);
    size_t count = find_loudest (c, loudest);
    for (size_t i = 0; i < count && p->term_count < TT_CLASS_TERMS_MAX; i++) {
        const tt_gram *gram = &c->counted[loudest[i]];
        bool free = gram->size > 0;
        for (size_t k = 0; k < p->term_count; k++)
            free = free && !overlaps (chosen[k], gram);
        if (!free)
            continue;
        chosen[p->term_count] = gram;
        p->terms[p->term_count++] = tt_arena_strndup (arena, (const char *)c->text.data + gram->at, gram->size);
    }
}

size_t
tt_classifier_propose (tt_classifier *c, const char *scheme, double least, tt_arena *arena, tt_class_proposal *found, size_t most)
{
    const tt_model *m = model_of (c, scheme);
    if (!m)
        return tt_classifier_look_up (c, scheme, least, arena, found, most);
    float shares[TT_MODEL_LABELS_MAX];
    size_t count = 0;
    count_grams (c, m->bits);
    tt_model_score (m, c->counted, c->counted_count, shares);
    for (uint32_t k = 0; k < m->labels; k++) {
        tt_class_proposal p = { .code = m->names[k], .method = "model", .score = (double)shares[k] };
        if (p.score >= least)
            count = keep_best (found, count, most, &p);
    }
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < m->labels; k++)
            if (found[i].code == m->names[k])
                set_pulls (c, m, k, arena, &found[i]);
    return count;
}
