#include "landscape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define NO_LINE UINT32_MAX

/* One way to count: from the values of a document to keys, from keys to lines. */
typedef struct {
    alert_key_kind kind;
    unsigned of;         /* which values, one bit each */
    int key;             /* which of their keys */
    bool years;          /* ascending, the latest; else by documents */
    uint32_t *keys;      /* of each value; ALERT_NO_KEY: it is none of this axis */
    uint32_t *stamps;    /* of each key: the last place + 1 that had it */
    uint64_t *documents; /* of each key */
    uint32_t *lines;     /* of each key */
    uint32_t *chosen;    /* key of each line but the rest */
    size_t count;        /* lines, the rest too */
    size_t rest_keys;
    uint64_t *line_documents;
    uint64_t (*growth)[ALERT_GROWTH_YEARS]; /* of each line: documents of the last whole years */
    uint64_t without;
    uint32_t *found; /* of the document at hand: keys, then lines */
    size_t found_count, found_room;
} axis;

typedef struct {
    const alert_columns *columns;
    const alert_selection *selection;
    tt_arena *arena;
    axis rows, across, applicants;
    uint64_t matched;
    int32_t newest_day;
    int last_year; /* 0: no dates */
} landscape;

/* -- axes -- */

static void
class_axis (axis *a, const MapRequest *request)
{
    unsigned level = request->level ? request->level : TECHTRANSFER__PATENT__V1__MAP_LEVEL__MAP_LEVEL_SUBCLASS;
    a->key = (int)level - 1;
    a->kind = (alert_key_kind)(ALERT_KEY_SECTION + a->key);
    a->of = 1U << ALERT_OF_IPC | 1U << ALERT_OF_CPC;
    if (request->scheme == TECHTRANSFER__PATENT__V1__MAP_SCHEME__MAP_SCHEME_IPC)
        a->of = 1U << ALERT_OF_IPC;
    if (request->scheme == TECHTRANSFER__PATENT__V1__MAP_SCHEME__MAP_SCHEME_CPC)
        a->of = 1U << ALERT_OF_CPC;
}

static void
open_axis (landscape *l, axis *a, Techtransfer__Patent__V1__MapAxis what, const MapRequest *request)
{
    static const struct {
        alert_key_kind kind;
        alert_value_of of;
        bool years;
    } plain[] = {
        [TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_APPLICANT] = { ALERT_KEY_APPLICANT, ALERT_OF_APPLICANT, false },
        [TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_COUNTRY] = { ALERT_KEY_COUNTRY, ALERT_OF_COUNTRY, false },
        [TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_YEAR] = { ALERT_KEY_YEAR, ALERT_OF_DATE, true },
        [TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_FILING_YEAR] = { ALERT_KEY_FILING_YEAR, ALERT_OF_FILING_YEAR, true },
    };
    if (what == TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_CLASS) {
        class_axis (a, request);
    } else {
        a->kind = plain[what].kind;
        a->of = 1U << plain[what].of;
        a->years = plain[what].years;
    }
    size_t keys = alert_columns_keys (l->columns, a->kind) + 1, values = alert_columns_values (l->columns);
    a->keys = tt_alloc ((values + 1) * sizeof *a->keys);
    for (uint32_t v = 0; v < values; v++) {
        const alert_value *value = alert_columns_value (l->columns, v);
        a->keys[v] = a->of >> value->of & 1 ? value->keys[a->key] : ALERT_NO_KEY;
    }
    a->stamps = tt_alloc_zero (keys, sizeof *a->stamps);
    a->documents = tt_alloc_zero (keys, sizeof *a->documents);
    a->lines = tt_alloc_zero (keys, sizeof *a->lines);
}

static void
close_axis (axis *a)
{
    free (a->keys);
    free (a->stamps);
    free (a->documents);
    free (a->lines);
    free (a->chosen);
    free (a->line_documents);
    free (a->growth);
    free (a->found);
}

/* The keys of a document, each once. */
static void
find_keys (axis *a, const alert_place *place, size_t number)
{
    uint32_t stamp = (uint32_t)number + 1;
    a->found_count = 0;
    if (a->found_room < place->count) {
        a->found_room = place->count * 2;
        a->found = tt_realloc (a->found, a->found_room * sizeof *a->found);
    }
    for (size_t i = 0; i < place->count; i++) {
        uint32_t key = a->keys[place->values[i]];
        if (key == ALERT_NO_KEY || a->stamps[key] == stamp)
            continue;
        a->stamps[key] = stamp;
        a->found[a->found_count++] = key;
    }
}

/* -- the first visit: documents of each key -- */

static void
count_keys (axis *a, const alert_place *place, size_t number)
{
    find_keys (a, place, number);
    for (size_t i = 0; i < a->found_count; i++)
        a->documents[a->found[i]]++;
    a->without += a->found_count == 0;
}

static bool
selected (const landscape *l, size_t number, alert_place *place)
{
    return (l->selection == NULL || alert_selection_has (l->selection, number)) && alert_columns_at (l->columns, number, place);
}

static void
visit_keys (landscape *l)
{
    alert_place place;
    size_t places = alert_columns_places (l->columns);
    for (size_t p = 0; p < places; p++) {
        if (!selected (l, p, &place))
            continue;
        l->matched++;
        if (place.published_day > l->newest_day)
            l->newest_day = place.published_day;
        count_keys (&l->rows, &place, p);
        count_keys (&l->across, &place, p);
        count_keys (&l->applicants, &place, p);
    }
}

/* The newest year is whole only if its last day has come. */
static void
find_last_year (landscape *l)
{
    int month, day;
    if (l->newest_day == ALERT_NO_DAY)
        return;
    tt_date_civil (l->newest_day, &l->last_year, &month, &day);
    if (month != 12 || day != 31)
        l->last_year--;
}

/* -- choosing lines -- */

typedef struct {
    uint32_t key;
    uint64_t documents;
    const char *text;
} candidate;

static int
by_documents (const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->documents != y->documents)
        return x->documents > y->documents ? -1 : 1;
    return strcmp (x->text, y->text);
}

static int
by_text (const void *a, const void *b)
{
    return strcmp (((const candidate *)a)->text, ((const candidate *)b)->text);
}

static candidate *
candidates_of (const landscape *l, const axis *a, size_t *count)
{
    size_t keys = alert_columns_keys (l->columns, a->kind);
    candidate *list = tt_alloc ((keys + 1) * sizeof *list);
    const char *label;
    *count = 0;
    for (uint32_t k = 0; k < keys; k++)
        if (a->documents[k] > 0)
            list[(*count)++] = (candidate){ k, a->documents[k], alert_columns_key (l->columns, a->kind, k, &label) };
    qsort (list, *count, sizeof *list, a->years ? by_text : by_documents);
    return list;
}

static void
choose (const landscape *l, axis *a, size_t limit)
{
    size_t count = 0;
    candidate *list = candidates_of (l, a, &count);
    size_t shown = count < limit ? count : limit, skipped = a->years ? count - shown : 0;
    a->chosen = tt_alloc ((shown + 1) * sizeof *a->chosen);
    for (size_t i = 0; i < count; i++)
        a->lines[list[i].key] = (uint32_t)shown;
    for (size_t i = 0; i < shown; i++) {
        a->chosen[i] = list[skipped + i].key;
        a->lines[a->chosen[i]] = (uint32_t)i;
    }
    a->rest_keys = count - shown;
    a->count = shown + (a->rest_keys > 0);
    a->line_documents = tt_alloc_zero (a->count + 1, sizeof *a->line_documents);
    a->growth = tt_alloc_zero (a->count + 1, sizeof *a->growth);
    free (list);
}

/* -- the second visit: cells -- */

/* The lines of a document, each once; counts it in them. year: of growth, or -1. */
static void
find_lines (axis *a, const alert_place *place, size_t number, int year)
{
    find_keys (a, place, number);
    size_t kept = 0;
    bool rest = false;
    for (size_t i = 0; i < a->found_count; i++) {
        uint32_t line = a->lines[a->found[i]];
        bool in_rest = a->rest_keys > 0 && line == a->count - 1;
        if (!in_rest || !rest)
            a->found[kept++] = line;
        rest |= in_rest;
    }
    a->found_count = kept;
    for (size_t i = 0; i < kept; i++) {
        a->line_documents[a->found[i]]++;
        if (year >= 0)
            a->growth[a->found[i]][year]++;
    }
}

static int
growth_year (const landscape *l, int32_t published_day)
{
    int year, month, day;
    if (published_day == ALERT_NO_DAY)
        return -1;
    tt_date_civil (published_day, &year, &month, &day);
    int at = year - l->last_year + ALERT_GROWTH_YEARS - 1;
    return at >= 0 && at < ALERT_GROWTH_YEARS ? at : -1;
}

static void
forget_stamps (const landscape *l, axis *a)
{
    memset (a->stamps, 0, alert_columns_keys (l->columns, a->kind) * sizeof *a->stamps);
}

static void
visit_cells (landscape *l, uint64_t *cells)
{
    alert_place place;
    size_t places = alert_columns_places (l->columns);
    axis *rows = &l->rows, *across = &l->across;
    forget_stamps (l, rows);
    forget_stamps (l, across);
    forget_stamps (l, &l->applicants);
    for (size_t p = 0; p < places; p++) {
        if (!selected (l, p, &place))
            continue;
        int year = growth_year (l, place.published_day);
        find_lines (rows, &place, p, year);
        find_lines (across, &place, p, year);
        find_lines (&l->applicants, &place, p, year);
        for (size_t r = 0; r < rows->found_count; r++)
            for (size_t c = 0; c < across->found_count; c++)
                cells[rows->found[r] * across->count + across->found[c]]++;
    }
}

/* -- growth -- */

static void
percent (double ratio, char out[ALERT_GROWTH_SIZE])
{
    double value = (ratio - 1) * 100;
    snprintf (out, ALERT_GROWTH_SIZE, "%.1f", fabs (value) < 0.05 ? 0.0 : value);
}

void
alert_growth_last (const uint64_t counts[ALERT_GROWTH_YEARS], char out[ALERT_GROWTH_SIZE])
{
    uint64_t base = counts[ALERT_GROWTH_YEARS - 2];
    out[0] = '\0';
    if (base > 0)
        percent ((double)counts[ALERT_GROWTH_YEARS - 1] / (double)base, out);
}

void
alert_growth_compound (const uint64_t counts[ALERT_GROWTH_YEARS], char out[ALERT_GROWTH_SIZE])
{
    int first = 0;
    while (first < ALERT_GROWTH_YEARS - 1 && counts[first] == 0)
        first++;
    out[0] = '\0';
    int years = ALERT_GROWTH_YEARS - 1 - first;
    if (years > 0)
        percent (pow ((double)counts[ALERT_GROWTH_YEARS - 1] / (double)counts[first], 1.0 / years), out);
}

/* -- the reply -- */

static MapLine *
line_of (const landscape *l, const axis *a, size_t i)
{
    MapLine *line = tt_arena_alloc (l->arena, sizeof *line);
    techtransfer__patent__v1__map_line__init (line);
    bool rest = a->rest_keys > 0 && i == a->count - 1;
    const char *label = a->years ? "earlier" : "others";
    line->documents = a->line_documents[i];
    line->keys = rest ? a->rest_keys : 1;
    if (!rest)
        line->key = (char *)alert_columns_key (l->columns, a->kind, a->chosen[i], &label);
    line->label = (char *)label;
    if (a->years || l->last_year == 0)
        return line;
    line->growth = tt_arena_alloc (l->arena, ALERT_GROWTH_SIZE);
    line->compound_growth = tt_arena_alloc (l->arena, ALERT_GROWTH_SIZE);
    alert_growth_last (a->growth[i], line->growth);
    alert_growth_compound (a->growth[i], line->compound_growth);
    return line;
}

static size_t
lines_of (const landscape *l, const axis *a, size_t count, MapLine ***out)
{
    *out = tt_arena_alloc (l->arena, (count + 1) * sizeof **out);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = line_of (l, a, i);
    return count;
}

static size_t
limit_of (uint32_t asked, size_t otherwise)
{
    return asked ? asked : otherwise;
}

MapReply *
alert_landscape (const alert_columns *columns, const alert_selection *selection, const MapRequest *request, tt_arena *arena)
{
    landscape l = { .columns = columns, .selection = selection, .arena = arena, .newest_day = ALERT_NO_DAY };
    open_axis (&l, &l.rows, request->rows ? request->rows : TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_CLASS, request);
    open_axis (&l, &l.across, request->columns ? request->columns : TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_YEAR, request);
    open_axis (&l, &l.applicants, TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_APPLICANT, request);
    visit_keys (&l);
    find_last_year (&l);
    choose (&l, &l.rows, limit_of (request->row_limit, ALERT_MAP_LINES));
    choose (&l, &l.across, limit_of (request->column_limit, ALERT_MAP_LINES));
    choose (&l, &l.applicants, limit_of (request->top, ALERT_MAP_TOP));
    MapReply *reply = tt_arena_alloc (arena, sizeof *reply);
    techtransfer__patent__v1__map_patents_reply__init (reply);
    reply->n_cells = l.rows.count * l.across.count;
    reply->cells = tt_arena_zero (arena, (reply->n_cells + 1) * sizeof *reply->cells);
    visit_cells (&l, reply->cells);
    reply->complete = true;
    reply->documents = reply->examined = alert_columns_size (columns);
    reply->matched = l.matched;
    reply->without_row = l.rows.without;
    reply->without_column = l.across.without;
    reply->last_year = (uint32_t)l.last_year;
    reply->n_rows = lines_of (&l, &l.rows, l.rows.count, &reply->rows);
    reply->n_columns = lines_of (&l, &l.across, l.across.count, &reply->columns);
    reply->n_applicants = lines_of (&l, &l.applicants, l.applicants.count - (l.applicants.rest_keys > 0), &reply->applicants);
    close_axis (&l.rows);
    close_axis (&l.across);
    close_axis (&l.applicants);
    return reply;
}
