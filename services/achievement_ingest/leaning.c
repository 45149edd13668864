#include "leaning.h"

#include <stdio.h>
#include <string.h>

#define INTERESTED_WEIGHT 0.05
#define NOT_RELEVANT_WEIGHT 0.15
#define FACTOR_LEAST 0.5
#define FACTOR_MOST 1.2
#define FIELD_SIZE 24

typedef Techtransfer__Achievement__V1__FieldAnswers field_answers;

#define ANSWER(name) TECHTRANSFER__ACHIEVEMENT__V1__PUSH_ANSWER__##name

/* The place of a field among the sorted; *there: it is kept already. */
static size_t
place_of (const ingest_demand *demand, const char *field, bool *there)
{
    size_t i = 0;
    while (i < demand->n_answers && strcmp (demand->answers[i]->field, field) < 0)
        i++;
    *there = i < demand->n_answers && strcmp (demand->answers[i]->field, field) == 0;
    return i;
}

/* Never below 0: the demand may have been put anew since the answer that is taken back. */
static void
step (uint32_t *count, bool less, bool more)
{
    *count += more;
    *count -= less && *count > 0;
}

/* demand->answers has room for one more. */
static bool
note_field (tt_arena *arena, ingest_demand *demand, const char *field, ingest_answer from, ingest_answer to)
{
    bool there;
    size_t at = place_of (demand, field, &there);
    field_answers *now = tt_arena_alloc (arena, sizeof *now);
    techtransfer__achievement__v1__field_answers__init (now);
    if (there)
        *now = *demand->answers[at];
    field_answers before = *now;
    step (&now->interested, from == ANSWER (INTERESTED), to == ANSWER (INTERESTED));
    step (&now->not_relevant, from == ANSWER (NOT_RELEVANT), to == ANSWER (NOT_RELEVANT));
    if ((now->interested == before.interested && now->not_relevant == before.not_relevant) || (!there && demand->n_answers == INGEST_FIELDS_MOST))
        return false;
    bool empty = now->interested == 0 && now->not_relevant == 0;
    field_answers **rest = demand->answers + at;
    size_t behind = demand->n_answers - at;
    if (empty) { /* it was there, or nothing would have changed */
        memmove (rest, rest + 1, (behind - 1) * sizeof *rest);
        demand->n_answers--;
        return true;
    }
    if (!there) {
        memmove (rest + 1, rest, behind * sizeof *rest);
        demand->n_answers++;
        now->field = tt_arena_strndup (arena, field, strlen (field));
    }
    *rest = now;
    return true;
}

bool
ingest_leaning_note (tt_arena *arena, ingest_demand *demand, const ingest_push *push, ingest_answer from, ingest_answer to)
{
    char field[FIELD_SIZE];
    bool changed = false;
    field_answers **answers = tt_arena_alloc (arena, (demand->n_answers + push->n_specials + 1) * sizeof (field_answers *));
    for (size_t i = 0; i < demand->n_answers; i++)
        answers[i] = demand->answers[i];
    demand->answers = answers;
    if (push->industry[0] != '\0') {
        snprintf (field, sizeof field, "industry/%.8s", push->industry);
        changed = note_field (arena, demand, field, from, to);
    }
    for (size_t i = 0; i < push->n_specials; i++) {
        snprintf (field, sizeof field, "special/%u", push->specials[i]);
        changed = note_field (arena, demand, field, from, to) || changed;
    }
    return changed;
}

static bool
is_of (const char *field, const ingest_traits *traits)
{
    unsigned special;
    if (strncmp (field, "industry/", 9) == 0)
        return strcmp (field + 9, traits->industry) == 0;
    return sscanf (field, "special/%2u", &special) == 1 && special < 32 && (traits->specials >> special & 1);
}

double
ingest_leaning_score (const ingest_limits *limits, const ingest_traits *traits, double score)
{
    int fields = (traits->industry[0] != '\0') + __builtin_popcount (traits->specials);
    if (limits->answer_count == 0 || fields == 0)
        return score;
    double sum = 0;
    for (size_t i = 0; i < limits->answer_count; i++)
        if (is_of (limits->answers[i]->field, traits))
            sum += INTERESTED_WEIGHT * limits->answers[i]->interested - NOT_RELEVANT_WEIGHT * limits->answers[i]->not_relevant;
    double factor = 1 + sum / fields;
    factor = factor < FACTOR_LEAST ? FACTOR_LEAST : factor > FACTOR_MOST ? FACTOR_MOST : factor;
    return score * factor < 1 ? score * factor : 1;
}
