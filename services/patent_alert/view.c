#include "view.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

typedef enum { TI, AB, CL, PA, IN, IC, CPC, PN, AP, PR, PD, CT, FAMN, CC, LS, ST, OWN, FIELD_COUNT } field;

static const char *const field_names[FIELD_COUNT]
    = { "ti", "ab", "cl", "pa", "in", "ic", "cpc", "pn", "ap", "pr", "pd", "ct", "famn", "cc", "ls", "st", "own" };

typedef struct {
    int index;
    uint32_t ordinal;
    tt_bytes text;
} value;

struct alert_view {
    tt_document *document;
    tt_arena *arena;          /* texts that are put together here: numbers */
    int indexes[FIELD_COUNT]; /* of the schema */
    uint32_t ordinals[FIELD_COUNT];
    value *values; /* owned */
    size_t count, capacity;
    size_t skipped;
    uint64_t wanted; /* indexes that are filled, one bit each */
};

alert_view *
alert_view_new (void)
{
    const tt_schema *schema = tt_schema_patent ();
    alert_view *view = tt_alloc_zero (1, sizeof *view);
    view->document = tt_document_new (schema);
    view->arena = tt_arena_new (0);
    for (int f = 0; f < FIELD_COUNT; f++) {
        view->indexes[f] = tt_schema_find (schema, field_names[f], strlen (field_names[f]));
        assert (view->indexes[f] >= 0);
    }
    return view;
}

void
alert_view_destroy (alert_view **view)
{
    if (*view == NULL)
        return;
    tt_document_destroy (&(*view)->document);
    tt_arena_destroy (&(*view)->arena);
    free ((*view)->values);
    free (*view);
    *view = NULL;
}

static void
add_value (alert_view *view, int index, uint32_t ordinal, const char *text)
{
    if (view->count == view->capacity) {
        view->capacity = view->capacity ? view->capacity * 2 : 64;
        view->values = tt_realloc (view->values, view->capacity * sizeof *view->values);
    }
    value *v = &view->values[view->count++];
    *v = (value){ index, ordinal, tt_bytes_of_text (text) };
    view->skipped += (size_t)tt_document_add (view->document, v->index, v->text);
}

static void
add (alert_view *view, field f, const char *text)
{
    if (!(view->wanted >> view->indexes[f] & 1))
        return;
    add_value (view, view->indexes[f], view->ordinals[f]++, text);
}

/* "<index> <value>", for each the number of marks of its index before it as ordinal. */
static void
add_marks (alert_view *view, char **marks, size_t count)
{
    uint32_t ordinals[TT_SCHEMA_MAX_INDEXES] = { 0 };
    for (size_t i = 0; i < count; i++) {
        const char *space = strchr (marks[i], ' ');
        int index = space ? tt_schema_find_mark (tt_schema_patent (), marks[i], (size_t)(space - marks[i])) : -1;
        if (index >= 0)
            add_value (view, index, ordinals[index]++, space + 1);
        else
            view->skipped++;
    }
}

static void
add_reference (alert_view *view, field f, const DocumentReference *reference)
{
    add (view, f, tt_arena_printf (view->arena, "%s%s%s", reference->country, reference->number, reference->kind));
}

static void
add_texts (alert_view *view, field f, Techtransfer__Patent__V1__LocalizedText **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (view, f, texts[i]->text);
}

static void
add_names (alert_view *view, field f, Techtransfer__Patent__V1__PatentParty **parties, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (view, f, parties[i]->name);
}

static void
add_symbols (alert_view *view, field f, char **symbols, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (view, f, symbols[i]);
}

static void
add_references (alert_view *view, field f, DocumentReference **references, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_reference (view, f, references[i]);
}

size_t
alert_view_fill (alert_view *view, const PatentDocument *document)
{
    return alert_view_fill_for (view, document, UINT64_MAX);
}

size_t
alert_view_fill_for (alert_view *view, const PatentDocument *d, uint64_t wanted)
{
    view->wanted = wanted;
    tt_document_reset (view->document);
    tt_arena_reset (view->arena);
    memset (view->ordinals, 0, sizeof view->ordinals);
    view->count = 0;
    view->skipped = 0;
    add_texts (view, TI, d->titles, d->n_titles);
    add_texts (view, AB, d->abstracts, d->n_abstracts);
    add_texts (view, CL, d->claims, d->n_claims);
    add_names (view, PA, d->applicants, d->n_applicants);
    add_names (view, IN, d->inventors, d->n_inventors);
    add_symbols (view, IC, d->ipc, d->n_ipc);
    add_symbols (view, CPC, d->cpc, d->n_cpc);
    add_reference (view, PN, d->publication);
    add (view, CC, d->publication->country);
    if (d->publication->date[0])
        add (view, PD, d->publication->date);
    if (d->application)
        add_reference (view, AP, d->application);
    add_references (view, PR, d->priorities, d->n_priorities);
    add_references (view, CT, d->citations, d->n_citations);
    if (d->family_id[0])
        add (view, FAMN, d->family_id);
    add_marks (view, d->marks, d->n_marks);
    return view->skipped;
}

void
alert_view_add_legal (alert_view *view, const LegalEvent *event)
{
    add (view, LS, event->code);
    if (event->category[0])
        add (view, ST, event->category);
}

void
alert_view_add_own (alert_view *view, const char *portfolio)
{
    add (view, OWN, portfolio);
}

const tt_document *
alert_view_document (const alert_view *view)
{
    return view->document;
}

tt_bytes
alert_view_text (const alert_view *view, const tt_hit *hit)
{
    for (size_t i = 0; i < view->count; i++) {
        const value *v = &view->values[i];
        if (v->index == hit->index && v->ordinal == hit->ordinal && hit->offset <= v->text.size
            && hit->length <= v->text.size - hit->offset)
            return (tt_bytes){ v->text.data + hit->offset, hit->length };
    }
    return TT_BYTES_NONE;
}
