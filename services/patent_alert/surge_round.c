#include "surge_round.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 1000 /* of one document */
#define FIRST_SLOTS 1024
#define HASH_FACTOR UINT64_C (0x9E3779B97F4A7C15)

/* -- pairs -- */

/* Pairs with rows: pair i of the list, and slots with i + 1 by hash. */
typedef struct {
    const alert_columns *columns;
    uint64_t *pairs; /* applicant above, subclass below */
    uint32_t *counts;
    size_t width, count, room;
    uint32_t *slots;
    size_t slot_count; /* power of two */
} counting;

static uint32_t *
slot_of (const counting *c, uint64_t pair)
{
    uint64_t hash = pair * HASH_FACTOR;
    size_t at = (hash ^ hash >> 32) & (c->slot_count - 1);
    while (c->slots[at] != 0 && c->pairs[c->slots[at] - 1] != pair)
        at = (at + 1) & (c->slot_count - 1);
    return &c->slots[at];
}

static void
grow (counting *c)
{
    c->room = c->room ? c->room * 2 : FIRST_SLOTS / 2;
    c->pairs = tt_realloc (c->pairs, c->room * sizeof *c->pairs);
    c->counts = tt_realloc (c->counts, c->room * c->width * sizeof *c->counts);
    c->slot_count = c->room * 2;
    free (c->slots);
    c->slots = tt_alloc_zero (c->slot_count, sizeof *c->slots);
    for (size_t i = 0; i < c->count; i++)
        *slot_of (c, c->pairs[i]) = (uint32_t)i + 1;
}

static size_t
row_of (counting *c, uint64_t pair)
{
    if (c->count == c->room)
        grow (c);
    uint32_t *slot = slot_of (c, pair);
    if (*slot == 0) {
        c->pairs[c->count] = pair;
        memset (c->counts + c->count * c->width, 0, c->width * sizeof *c->counts);
        *slot = (uint32_t)++c->count;
    }
    return *slot - 1;
}

static void
free_counting (counting *c)
{
    free (c->pairs);
    free (c->counts);
    free (c->slots);
}

/* The keys of a kind that a document has, each once, at most PAIRS_MAX. */
static size_t
keys_of (const alert_columns *columns, const alert_place *place, bool applicants, uint32_t keys[PAIRS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < place->count && count < PAIRS_MAX; i++) {
        const alert_value *value = alert_columns_value (columns, place->values[i]);
        bool wanted = applicants ? value->of == ALERT_OF_APPLICANT : value->of == ALERT_OF_IPC || value->of == ALERT_OF_CPC;
        uint32_t key = wanted ? value->keys[applicants ? 0 : ALERT_KEY_SUBCLASS] : ALERT_NO_KEY;
        size_t at = 0;
        while (at < count && keys[at] != key)
            at++;
        if (key != ALERT_NO_KEY && at == count)
            keys[count++] = key;
    }
    return count;
}

static size_t
pairs_of (const alert_columns *columns, const alert_place *place, uint64_t pairs[PAIRS_MAX])
{
    uint32_t applicants[PAIRS_MAX], subclasses[PAIRS_MAX];
    size_t applicant_count = keys_of (columns, place, true, applicants), count = 0;
    size_t subclass_count = applicant_count ? keys_of (columns, place, false, subclasses) : 0;
    for (size_t a = 0; a < applicant_count; a++)
        for (size_t s = 0; s < subclass_count && count < PAIRS_MAX; s++)
            pairs[count++] = (uint64_t)applicants[a] << 32 | subclasses[s];
    return count;
}

/* -- a round -- */

int32_t
alert_surge_last_day (const alert_columns *columns, int32_t today)
{
    int32_t last = ALERT_NO_DAY;
    alert_place place;
    for (size_t i = 0; i < alert_columns_places (columns); i++)
        if (alert_columns_at (columns, i, &place) && place.published_day > last && place.published_day <= today)
            last = place.published_day;
    return last; /* ALERT_NO_DAY is below all days */
}

/* Which window, 0 the last; a negative number: none of them. */
static int64_t
window_of (const alert_surge_rule *rule, int32_t last_day, int32_t day)
{
    int64_t back = (int64_t)last_day - day;
    if (day == ALERT_NO_DAY || back < 0)
        return -1;
    return back / rule->window_days <= rule->trailing ? back / rule->window_days : -1;
}

static void
count_documents (counting *c, const alert_surge_rule *rule, int32_t last_day, tt_surge_table *table)
{
    uint64_t pairs[PAIRS_MAX];
    alert_place place;
    for (size_t i = 0; i < alert_columns_places (c->columns); i++) {
        int64_t window = alert_columns_at (c->columns, i, &place) ? window_of (rule, last_day, place.published_day) : -1;
        size_t count = window >= 0 ? pairs_of (c->columns, &place, pairs) : 0;
        for (size_t p = 0; p < count; p++) {
            size_t row = row_of (c, pairs[p]); /* first: it may move the counts */
            c->counts[row * c->width + (size_t)window]++;
        }
        if (count > 0)
            table->documents[window]++;
    }
    table->counts = c->counts;
    table->pairs = c->count;
}

static int
newest_first (const void *a, const void *b, void *context)
{
    alert_place x, y;
    (void)alert_columns_at (context, *(const uint32_t *)a, &x);
    (void)alert_columns_at (context, *(const uint32_t *)b, &y);
    if (x.published_day != y.published_day)
        return x.published_day > y.published_day ? -1 : 1;
    return strcmp (x.id, y.id); /* two replicas have them in another order */
}

/* The documents of the window once more, for the finds alone: how many there are of each is known. */
static void
name_documents (counting *c, const alert_surge_rule *rule, alert_surge_round *round)
{
    uint64_t pairs[PAIRS_MAX];
    alert_place place;
    size_t total = 0;
    uint32_t *find_of = tt_alloc_zero (c->count + 1, sizeof *find_of);
    for (size_t i = 0; i < round->count; i++) {
        find_of[round->finds[i].surge.pair] = (uint32_t)i + 1;
        total += round->finds[i].surge.count;
    }
    uint32_t *next = round->places = tt_alloc ((total + 1) * sizeof *next);
    for (size_t i = 0; i < round->count; next += round->finds[i++].surge.count)
        round->finds[i].places = next;
    for (size_t i = 0; round->count > 0 && i < alert_columns_places (c->columns); i++) {
        bool inside = alert_columns_at (c->columns, i, &place) && window_of (rule, round->last_day, place.published_day) == 0;
        size_t count = inside ? pairs_of (c->columns, &place, pairs) : 0;
        for (size_t p = 0; p < count; p++) {
            uint32_t find = find_of[row_of (c, pairs[p])];
            if (find > 0)
                round->finds[find - 1].places[round->finds[find - 1].place_count++] = (uint32_t)i;
        }
    }
    free (find_of);
    for (size_t i = 0; i < round->count; i++) {
        alert_surge_find *find = &round->finds[i];
        qsort_r (find->places, find->place_count, sizeof *find->places, newest_first, (void *)c->columns);
        find->place_count = find->place_count < ALERT_SURGE_DOCUMENTS ? find->place_count : ALERT_SURGE_DOCUMENTS;
    }
}

static void
name_finds (const counting *c, const tt_surge *found, alert_surge_round *round)
{
    round->finds = tt_alloc_zero (round->count + 1, sizeof *round->finds);
    for (size_t i = 0; i < round->count; i++) {
        alert_surge_find *find = &round->finds[i];
        const char *ignored;
        find->surge = found[i];
        find->applicant = alert_columns_key (c->columns, ALERT_KEY_APPLICANT, (uint32_t)(c->pairs[found[i].pair] >> 32), &find->label);
        find->subclass = alert_columns_key (c->columns, ALERT_KEY_SUBCLASS, (uint32_t)c->pairs[found[i].pair], &ignored);
    }
}

void
alert_surge_round_make (const alert_columns *columns, const alert_surge_rule *rule, int32_t last_day, alert_surge_round *out)
{
    counting c = { .columns = columns, .width = rule->trailing + 1 };
    tt_surge_table table = { .trailing = rule->trailing };
    tt_surge_model model;
    *out = (alert_surge_round){ .first_day = last_day - rule->window_days + 1, .last_day = last_day };
    count_documents (&c, rule, last_day, &table);
    out->pairs = table.pairs;
    if (tt_surge_fit (&table, &model, NULL) == TT_OK) {
        tt_surge *found = tt_alloc ((table.pairs + 1) * sizeof *found);
        out->dispersion = model.dispersion;
        out->count = tt_surge_find (&table, &model, rule->bound, rule->least, found);
        name_finds (&c, found, out);
        free (found);
        name_documents (&c, rule, out);
    }
    free_counting (&c);
}

void
alert_surge_round_free (alert_surge_round *round)
{
    free (round->finds);
    free (round->places);
    *round = (alert_surge_round){ 0 };
}

bool
alert_surge_overlaps (int32_t first_a, int32_t last_a, int32_t first_b, int32_t last_b)
{
    return first_a <= last_b && first_b <= last_a;
}

bool
alert_surge_due (const alert_surge_pace *pace, const alert_surge_times *t)
{
    int64_t due = t->done_ms > 0 ? t->done_ms + pace->every_ms : t->loaded_ms;
    if (t->done_ms > t->now_ms + pace->every_ms)
        due = t->loaded_ms; /* some clock was far ahead when that was written */
    if (pace->every_ms == 0 || t->now_ms < due)
        return false;
    bool quiet = t->now_ms - t->changed_ms >= pace->quiet_ms || t->now_ms < t->changed_ms;
    return quiet || t->now_ms - due >= pace->every_ms;
}
