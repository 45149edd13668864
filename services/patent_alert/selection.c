#include "selection.h"

#include <string.h>

struct alert_selection {
    tt_cql *query;
    tt_document *probe;   /* one value at a time */
    uint64_t *met;        /* of each value of the columns: the leaves that it meets */
    size_t values, value_room;
    uint64_t open;        /* leaves that columns and id cannot decide */
    uint64_t stored;      /* indexes that the query looks at */
    bool by_id;           /* some leaf looks at the publication number */
    int indexes[ALERT_OF_COUNT]; /* of the schema; -1: no index */
    int number_index;
    uint8_t *bits; /* one for each place */
    size_t places, byte_room, asked, hits;
};

static int
index_of (const char *name)
{
    return tt_schema_find (tt_schema_patent (), name, strlen (name));
}

/* What the columns hold of each index is all that the document has of it, as far as the index can read it. */
static void
take_apart (alert_selection *s)
{
    static const char *const names[ALERT_OF_COUNT] = { "ic", "cpc", "pa", "cc", "pd", NULL };
    uint64_t known = 0;
    for (int of = 0; of < ALERT_OF_COUNT; of++) {
        s->indexes[of] = names[of] ? index_of (names[of]) : -1;
        known |= names[of] ? UINT64_C (1) << s->indexes[of] : 0;
    }
    s->number_index = index_of ("pn");
    known |= UINT64_C (1) << s->number_index;
    size_t leaves = tt_cql_leaves (s->query);
    for (size_t i = 0; i < leaves; i++) {
        uint64_t stored = tt_cql_leaf_stored (s->query, i);
        s->by_id |= stored >> s->number_index & 1;
        s->stored |= stored;
        if (stored & ~known)
            s->open |= UINT64_C (1) << i;
    }
}

tt_status
alert_selection_open (alert_selection **out, const char *query, tt_error *error)
{
    tt_cql *parsed = NULL;
    *out = NULL;
    tt_status status = tt_cql_parse (tt_schema_patent (), query, strlen (query), &parsed, error);
    if (status == TT_OK && tt_cql_leaves (parsed) > TT_LEAVES_MAX)
        status = tt_fail (error, TT_INVALID_ARGUMENT, "at byte 0: %zu terms; a map takes a query of at most %d", tt_cql_leaves (parsed),
                          TT_LEAVES_MAX);
    if (status != TT_OK) {
        tt_cql_free (&parsed);
        return status;
    }
    alert_selection *s = tt_alloc_zero (1, sizeof *s);
    s->query = parsed;
    s->probe = tt_document_new (tt_schema_patent ());
    take_apart (s);
    *out = s;
    return TT_OK;
}

void
alert_selection_close (alert_selection **selection)
{
    alert_selection *s = *selection;
    if (s == NULL)
        return;
    tt_cql_free (&s->query);
    tt_document_destroy (&s->probe);
    free (s->met);
    free (s->bits);
    free (s);
    *selection = NULL;
}

/* -- one place -- */

static void
set_bit (alert_selection *s, size_t place)
{
    s->bits[place / 8] |= (uint8_t)(1U << place % 8);
    s->hits++;
}

static void
learn_values (alert_selection *s, const alert_columns *columns, size_t wanted)
{
    if (s->value_room < wanted) {
        s->value_room = wanted + wanted / 2;
        s->met = tt_realloc (s->met, s->value_room * sizeof *s->met);
    }
    for (; s->values < wanted; s->values++) {
        const alert_value *value = alert_columns_value (columns, (uint32_t)s->values);
        s->met[s->values] = 0;
        if (s->indexes[value->of] < 0)
            continue;
        tt_document_reset (s->probe);
        if (tt_document_add (s->probe, s->indexes[value->of], tt_bytes_of_text (value->text)) == 0)
            s->met[s->values] = tt_cql_leaf_match (s->query, s->probe);
    }
}

/* "CN.111504366.B" without the points, as a publication number is added. */
static uint64_t
met_by_id (alert_selection *s, const char *id)
{
    char number[64];
    size_t size = 0;
    for (; *id && size < sizeof number; id++)
        if (*id != '.')
            number[size++] = *id;
    tt_document_reset (s->probe);
    if (tt_document_add (s->probe, s->number_index, (tt_bytes){ (const uint8_t *)number, size }) != 0)
        return 0;
    return tt_cql_leaf_match (s->query, s->probe);
}

static tt_leaf_answer
judge (alert_selection *s, const alert_place *place)
{
    uint64_t met = s->by_id ? met_by_id (s, place->id) : 0;
    for (size_t i = 0; i < place->count; i++)
        met |= s->met[place->values[i]];
    return tt_cql_leaf_decide (s->query, met, s->open & ~met);
}

/* -- public -- */

size_t
alert_selection_step (alert_selection *s, const alert_columns *columns, size_t places, size_t *asked, size_t most)
{
    size_t end = alert_columns_places (columns), count = 0;
    if (end - s->places > places)
        end = s->places + places;
    if (s->byte_room < (end + 7) / 8) {
        size_t room = (end + 7) / 8 * 3 / 2;
        s->bits = tt_realloc (s->bits, room);
        memset (s->bits + s->byte_room, 0, room - s->byte_room);
        s->byte_room = room;
    }
    for (; s->places < end && count < most; s->places++) {
        alert_place place;
        if (!alert_columns_at (columns, s->places, &place))
            continue;
        size_t highest = 0;
        for (size_t i = 0; i < place.count; i++)
            highest = place.values[i] >= highest ? place.values[i] + (size_t)1 : highest;
        if (highest > s->values)
            learn_values (s, columns, highest);
        tt_leaf_answer answer = judge (s, &place);
        if (answer == TT_LEAF_YES)
            set_bit (s, s->places);
        else if (answer == TT_LEAF_OPEN)
            asked[count++] = s->places;
    }
    s->asked += count;
    return count;
}

void
alert_selection_answer (alert_selection *s, size_t place, const PatentDocument *document, alert_view *view)
{
    if (document == NULL)
        return;
    (void)alert_view_fill_for (view, document, s->stored);
    if (tt_cql_matches (s->query, alert_view_document (view)))
        set_bit (s, place);
}

bool
alert_selection_done (const alert_selection *s, const alert_columns *columns)
{
    return s->places == alert_columns_places (columns);
}

size_t
alert_selection_examined (const alert_selection *s)
{
    return s->places;
}

bool
alert_selection_has (const alert_selection *s, size_t place)
{
    return place < s->places && (s->bits[place / 8] >> place % 8 & 1);
}

size_t
alert_selection_hits (const alert_selection *s)
{
    return s->hits;
}

size_t
alert_selection_asked (const alert_selection *s)
{
    return s->asked;
}

size_t
alert_selection_bytes (const alert_selection *s)
{
    return s->byte_room + s->value_room * sizeof *s->met;
}
