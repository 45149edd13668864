#include "screen.h"

#include <stdio.h>
#include <string.h>

enum { BY_LEG, BY_DISTRICT, BY_INDUSTRY, BY_STAGE, BY_SPECIAL, DIMENSIONS };

/* The products that name this value. */
typedef struct {
    char value[72];
    uint64_t *products;
} value_set;

typedef struct {
    uint64_t *any; /* the products that name nothing here: they take everything */
    value_set *values;
    size_t count, capacity;
} dimension;

struct match_screen {
    size_t words; /* of 64 products */
    dimension by[DIMENSIONS];
    uint64_t *hits, *choice;
};

static uint64_t *
find (const dimension *d, const char *value)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp (d->values[i].value, value) == 0)
            return d->values[i].products;
    return NULL;
}

static uint64_t *
find_or_add (match_screen *s, dimension *d, const char *value)
{
    uint64_t *products = find (d, value);
    if (products)
        return products;
    if (d->count == d->capacity) {
        d->capacity = d->capacity ? d->capacity * 2 : 16;
        d->values = tt_realloc (d->values, d->capacity * sizeof *d->values);
    }
    value_set *set = &d->values[d->count++];
    snprintf (set->value, sizeof set->value, "%s", value);
    set->products = tt_alloc_zero (s->words, sizeof *set->products);
    return set->products;
}

static void
mark (uint64_t *products, size_t product)
{
    products[product / 64] |= UINT64_C (1) << (product % 64);
}

static void
add_texts (match_screen *s, int which, char *const *values, size_t count, size_t product)
{
    if (count == 0)
        mark (s->by[which].any, product);
    for (size_t i = 0; i < count; i++)
        mark (find_or_add (s, &s->by[which], values[i]), product);
}

static void
add_number (match_screen *s, int which, uint32_t value, size_t product)
{
    char text[16];
    snprintf (text, sizeof text, "%u", value);
    mark (find_or_add (s, &s->by[which], text), product);
}

static void
add_product (match_screen *s, const finance_product *p, size_t product)
{
    static const finance_mandate everything = TECHTRANSFER__FINANCE__V1__MANDATE__INIT;
    const finance_mandate *m = p->mandate ? p->mandate : &everything;
    add_number (s, BY_LEG, (uint32_t)p->leg, product);
    add_texts (s, BY_DISTRICT, m->districts, m->n_districts, product);
    add_texts (s, BY_INDUSTRY, m->industries, m->n_industries, product);
    add_texts (s, BY_STAGE, m->stages, m->n_stages, product);
    if (m->n_specials == 0)
        mark (s->by[BY_SPECIAL].any, product);
    for (size_t i = 0; i < m->n_specials; i++)
        add_number (s, BY_SPECIAL, m->specials[i], product);
}

match_screen *
match_screen_new (const match_offer *offers, size_t count)
{
    match_screen *s = tt_alloc_zero (1, sizeof *s);
    s->words = count / 64 + 1;
    s->hits = tt_alloc_zero (s->words, sizeof *s->hits);
    s->choice = tt_alloc_zero (s->words, sizeof *s->choice);
    for (int i = 0; i < DIMENSIONS; i++)
        s->by[i].any = tt_alloc_zero (s->words, sizeof (uint64_t));
    for (size_t i = 0; i < count; i++)
        add_product (s, offers[i].product, i);
    return s;
}

void
match_screen_destroy (match_screen **screen)
{
    match_screen *s = *screen;
    if (s == NULL)
        return;
    for (int i = 0; i < DIMENSIONS; i++) {
        for (size_t k = 0; k < s->by[i].count; k++)
            free (s->by[i].values[k].products);
        free (s->by[i].values);
        free (s->by[i].any);
    }
    free (s->hits);
    free (s->choice);
    free (s);
    *screen = NULL;
}

/* -- asking: choice gathers what fits one dimension, hits what fits all so far -- */

static void
begin_choice (match_screen *s, int which)
{
    memcpy (s->choice, s->by[which].any, s->words * sizeof *s->choice);
}

static void
choose (match_screen *s, int which, const char *value)
{
    const uint64_t *products = find (&s->by[which], value);
    for (size_t i = 0; products && i < s->words; i++)
        s->choice[i] |= products[i];
}

static void
choose_number (match_screen *s, int which, uint32_t value)
{
    char text[16];
    snprintf (text, sizeof text, "%u", value);
    choose (s, which, text);
}

static void
end_choice (match_screen *s)
{
    for (size_t i = 0; i < s->words; i++)
        s->hits[i] &= s->choice[i];
}

static void
choose_industries (match_screen *s, const char *industry)
{
    for (size_t i = 0; i < s->by[BY_INDUSTRY].count; i++)
        if (match_industry (s->by[BY_INDUSTRY].values[i].value, industry))
            choose (s, BY_INDUSTRY, s->by[BY_INDUSTRY].values[i].value);
}

static size_t
list_hits (const match_screen *s, uint32_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < s->words; i++)
        for (uint64_t word = s->hits[i]; word; word &= word - 1)
            out[count++] = (uint32_t)(i * 64 + (size_t)__builtin_ctzll (word));
    return count;
}

size_t
match_screen_ask (match_screen *s, const match_want *want, uint32_t *out)
{
    const finance_application *a = want->application;
    begin_choice (s, BY_LEG);
    choose_number (s, BY_LEG, (uint32_t)want->leg->leg);
    memcpy (s->hits, s->choice, s->words * sizeof *s->hits);
    begin_choice (s, BY_DISTRICT);
    choose (s, BY_DISTRICT, a->district);
    end_choice (s);
    begin_choice (s, BY_INDUSTRY);
    choose_industries (s, a->industry);
    end_choice (s);
    begin_choice (s, BY_STAGE);
    choose (s, BY_STAGE, a->stage);
    end_choice (s);
    begin_choice (s, BY_SPECIAL);
    for (size_t i = 0; i < a->n_specials; i++)
        choose_number (s, BY_SPECIAL, a->specials[i]);
    end_choice (s);
    return list_hits (s, out);
}
