#include "query/occurrence.h"

void
occurrence_add (occurrence_list *list, uint32_t first, uint32_t last)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 32;
        list->items = tt_realloc (list->items, list->room * sizeof *list->items);
    }
    list->items[list->count++] = (occurrence){ first, last };
}

void
occurrence_free (occurrence_list *list)
{
    free (list->items);
    *list = (occurrence_list){ 0 };
}

/* What distance is counted in: words by place, else by the number of sentence or paragraph. */
static uint64_t
measure (const tt_document *document, cql_unit unit, uint32_t place)
{
    if (unit == UNIT_WORD)
        return place;
    return unit == UNIT_SENTENCE ? document->spans[place].sentence : document->spans[place].paragraph;
}

/* A partner behind `one`: the first that begins behind it and is far enough, if it is not too far and in the same value. */
static bool
near_behind (const tt_document *document, const cql_prox *prox, occurrence one, const occurrence_list *others)
{
    uint32_t value = document->places[one.last].value;
    uint64_t from = measure (document, prox->unit, one.last);
    size_t low = 0;
    size_t high = others->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t place = others->items[middle].first;
        bool in_later_value = document->places[place].value > value;
        if (place > one.last && (in_later_value || measure (document, prox->unit, place) >= from + prox->least))
            high = middle;
        else
            low = middle + 1;
    }
    if (low == others->count)
        return false;
    uint32_t place = others->items[low].first;
    return document->places[place].value == value && measure (document, prox->unit, place) <= from + prox->most;
}

/* A partner before `one`: the last that ends before it and is far enough. */
static bool
near_before (const tt_document *document, const cql_prox *prox, occurrence one, const occurrence_list *others)
{
    uint32_t value = document->places[one.first].value;
    uint64_t to = measure (document, prox->unit, one.first);
    size_t low = 0;
    size_t high = others->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t place = others->items[middle].last;
        bool in_earlier_value = document->places[place].value < value;
        if (place < one.first && (in_earlier_value || measure (document, prox->unit, place) + prox->least <= to))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    uint32_t place = others->items[low - 1].last;
    return document->places[place].value == value && measure (document, prox->unit, place) + prox->most >= to;
}

bool
occurrence_near (const tt_document *document, const cql_prox *prox, occurrence one, bool is_left, const occurrence_list *others)
{
    if ((is_left || !prox->ordered) && near_behind (document, prox, one, others))
        return true;
    return (!is_left || !prox->ordered) && near_before (document, prox, one, others);
}

bool
occurrence_any_near (const tt_document *document, const cql_prox *prox, const occurrence_list *left, const occurrence_list *right)
{
    for (size_t i = 0; i < left->count; i++)
        if (occurrence_near (document, prox, left->items[i], true, right))
            return true;
    return false;
}
