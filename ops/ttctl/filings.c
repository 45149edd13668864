#include "filings.h"

#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "query/name.h"

#define PAIRS_MAX 1000 /* of one document */

struct pair {
    UT_hash_handle hh;
    size_t number;
    const char *class_of; /* behind the applicant in `key` */
    char key[];
};

typedef struct {
    int32_t day;
    size_t first, count; /* in `members` */
} filing;

struct ctl_filings {
    bool by_filing;
    size_t class_size;
    struct pair *table;
    struct pair **pairs; /* by number */
    size_t pair_count, pair_room;
    filing *list;
    size_t count, room;
    uint32_t *members; /* numbers of pairs */
    size_t member_count, member_room;
    tt_tokens tokens;
};

ctl_filings *
ctl_filings_new (bool by_filing, size_t class_size)
{
    ctl_filings *f = tt_alloc_zero (1, sizeof *f);
    f->by_filing = by_filing;
    f->class_size = class_size;
    return f;
}

void
ctl_filings_destroy (ctl_filings **reference)
{
    ctl_filings *f = *reference;
    if (f == NULL)
        return;
    struct pair *pair, *next;
    HASH_ITER (hh, f->table, pair, next)
    {
        HASH_DEL (f->table, pair);
        free (pair);
    }
    free (f->pairs);
    free (f->list);
    free (f->members);
    tt_tokens_free (&f->tokens);
    free (f);
    *reference = NULL;
}

size_t
ctl_filings_count (const ctl_filings *f)
{
    return f->count;
}

/* -- a document -- */

static void
add_core (ctl_filings *f, const char *name, tt_buffer *out)
{
    uint32_t kept[TT_NAME_MAX_TOKENS];
    tt_text_tokenise (tt_bytes_of_text (name), &f->tokens);
    size_t count = tt_name_core (tt_bytes_of_text (name), &f->tokens, kept);
    bool all = count == f->tokens.count;
    for (size_t i = 0; i < count; i++) {
        tt_bytes token = tt_token_text (&f->tokens, all ? i : kept[i]);
        if (out->size > 0 && !tt_text_alone (token))
            tt_buffer_text (out, " ");
        tt_buffer_append (out, token.data, token.size);
    }
}

static struct pair *
find_pair (ctl_filings *f, const char *applicant, const char *symbol, size_t symbol_size)
{
    tt_buffer key = { 0 };
    struct pair *pair;
    add_core (f, applicant, &key);
    size_t name_size = key.size;
    tt_buffer_append (&key, "", 1);
    tt_buffer_append (&key, symbol, symbol_size);
    HASH_FIND (hh, f->table, key.data, key.size, pair);
    if (pair == NULL && name_size > 0) {
        pair = tt_alloc_zero (1, sizeof *pair + key.size + 1);
        memcpy (pair->key, key.data, key.size);
        pair->class_of = pair->key + name_size + 1;
        pair->number = f->pair_count;
        HASH_ADD_KEYPTR (hh, f->table, pair->key, key.size, pair);
        if (f->pair_count == f->pair_room) {
            f->pair_room = f->pair_room ? f->pair_room * 2 : 1024;
            f->pairs = tt_realloc (f->pairs, f->pair_room * sizeof (struct pair *));
        }
        f->pairs[f->pair_count++] = pair;
    }
    tt_buffer_free (&key);
    return pair;
}

/* A pair counts once in a document. */
static void
add_member (ctl_filings *f, size_t first, const struct pair *pair)
{
    for (size_t i = first; i < f->member_count; i++)
        if (f->members[i] == pair->number)
            return;
    if (f->member_count == f->member_room) {
        f->member_room = f->member_room ? f->member_room * 2 : 4096;
        f->members = tt_realloc (f->members, f->member_room * sizeof *f->members);
    }
    f->members[f->member_count++] = (uint32_t)pair->number;
}

static void
add_pairs (ctl_filings *f, size_t first, const tt_patent *patent, char **symbols, size_t count)
{
    for (size_t a = 0; a < patent->n_applicants; a++)
        for (size_t s = 0; s < count && f->member_count - first < PAIRS_MAX; s++) {
            size_t size = strnlen (symbols[s], f->class_size);
            const struct pair *pair = size > 0 ? find_pair (f, patent->applicants[a]->name, symbols[s], size) : NULL;
            if (pair)
                add_member (f, first, pair);
        }
}

bool
ctl_filings_add (ctl_filings *f, const tt_patent *patent)
{
    const tt_patent_reference *dated = f->by_filing ? patent->application : patent->publication;
    int32_t day;
    size_t first = f->member_count;
    if (dated == NULL || tt_date_parse (dated->date, &day) != TT_OK)
        return false;
    add_pairs (f, first, patent, patent->cpc, patent->n_cpc);
    add_pairs (f, first, patent, patent->ipc, patent->n_ipc);
    if (f->member_count == first)
        return false;
    if (f->count == f->room) {
        f->room = f->room ? f->room * 2 : 4096;
        f->list = tt_realloc (f->list, f->room * sizeof *f->list);
    }
    f->list[f->count++] = (filing){ day, first, f->member_count - first };
    return true;
}

/* -- rounds -- */

/* splitmix64 */
static uint64_t
next_random (uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C (0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C (0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C (0x94D049BB133111EB);
    return z ^ z >> 31;
}

void
ctl_filings_shuffle (ctl_filings *f, uint64_t *seed)
{
    for (size_t i = f->count; i > 1; i--) {
        size_t other = next_random (seed) % i;
        int32_t day = f->list[i - 1].day;
        f->list[i - 1].day = f->list[other].day;
        f->list[other].day = day;
    }
}

struct round_space {
    uint32_t *order;  /* documents by day: one date that is far off must not make each round look at all of them */
    uint32_t *row_of; /* of each pair: its row + 1 */
    uint32_t *pair_of; /* of each row */
    uint32_t *counts;
    tt_surge *found;
};

static int
by_day (const void *a, const void *b, void *context)
{
    const filing *list = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int32_t m = list[x].day, n = list[y].day;
    return m != n ? (m > n) - (m < n) : (x > y) - (x < y);
}

static uint32_t *
sort_by_day (const ctl_filings *f)
{
    uint32_t *order = tt_alloc ((f->count + 1) * sizeof *order);
    for (size_t i = 0; i < f->count; i++)
        order[i] = (uint32_t)i;
    qsort_r (order, f->count, sizeof *order, by_day, f->list);
    return order;
}

/* Place of the first document behind a day. */
static size_t
place_behind (const ctl_filings *f, const uint32_t *order, int32_t day)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->list[order[middle]].day <= day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The rows of the table, from the documents of its windows; forgets the rows of the pairs again. */
static void
fill_table (const ctl_filings *f, const ctl_surge_options *o, int32_t last, struct round_space *space, tt_surge_table *table)
{
    size_t width = o->trailing + 1;
    int32_t before = last - o->window_days * (int32_t)width;
    for (size_t i = place_behind (f, space->order, before); i < f->count && f->list[space->order[i]].day <= last; i++) {
        const filing *one = &f->list[space->order[i]];
        size_t window = (size_t)((last - one->day) / o->window_days);
        table->documents[window]++;
        for (size_t m = one->first; m < one->first + one->count; m++) {
            uint32_t *row = &space->row_of[f->members[m]];
            if (*row == 0) {
                space->pair_of[table->pairs] = f->members[m];
                memset (space->counts + table->pairs * width, 0, width * sizeof *space->counts);
                *row = (uint32_t)++table->pairs;
            }
            space->counts[(*row - 1) * width + window]++;
        }
    }
    for (size_t row = 0; row < table->pairs; row++)
        space->row_of[space->pair_of[row]] = 0;
}

static void
run_round (const ctl_filings *f, const ctl_surge_options *o, int32_t last, struct round_space *space, ctl_surge_visitor *visit, void *context)
{
    tt_surge_table table = { .counts = space->counts, .trailing = o->trailing };
    tt_surge_model model;
    tt_error ignored = { 0 };
    fill_table (f, o, last, space, &table);
    if (tt_surge_fit (&table, &model, &ignored) != TT_OK)
        return; /* a time without documents says nothing */
    size_t count = tt_surge_find (&table, &model, o->bound, o->least, space->found);
    for (size_t i = 0; i < count; i++)
        space->found[i].pair = space->pair_of[space->found[i].pair];
    visit (context, &(ctl_surge_round){ last - o->window_days + 1, last, table.pairs, space->found, count });
}

void
ctl_filings_rounds (ctl_filings *f, const ctl_surge_options *o, ctl_surge_visitor *visit, void *context)
{
    if (f->count == 0)
        return;
    uint32_t *order = sort_by_day (f);
    int32_t first = f->list[order[0]].day, last = f->list[order[f->count - 1]].day;
    struct round_space space = { .order = order,
                                 .row_of = tt_alloc_zero (f->pair_count, sizeof *space.row_of),
                                 .pair_of = tt_alloc (f->pair_count * sizeof *space.pair_of),
                                 .counts = tt_alloc (f->pair_count * (o->trailing + 1) * sizeof *space.counts),
                                 .found = tt_alloc (f->pair_count * sizeof *space.found) };
    int64_t rounds = ((int64_t)last - first + 1) / o->window_days - o->trailing;
    for (int64_t back = rounds - 1; back >= 0; back--)
        run_round (f, o, last - (int32_t)(back * o->window_days), &space, visit, context);
    free (space.order);
    free (space.row_of);
    free (space.pair_of);
    free (space.counts);
    free (space.found);
}

const char *
ctl_filings_applicant (const ctl_filings *f, size_t pair)
{
    return f->pairs[pair]->key;
}

const char *
ctl_filings_class (const ctl_filings *f, size_t pair)
{
    return f->pairs[pair]->class_of;
}
