#include "query/document_inside.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "query/name.h"

/* Makes room for one more item in a growing array. */
#define GROW(array, count, room, least)                                                                                          \
    do {                                                                                                                         \
        if ((count) == (room)) {                                                                                                 \
            (room) = (room) ? (room)*2 : (least);                                                                                \
            (array) = tt_realloc ((array), (room) * sizeof *(array));                                                            \
        }                                                                                                                        \
    } while (0)

#define FIRST_SLOTS 512

tt_document *
tt_document_new (const tt_schema *schema)
{
    tt_document *document = tt_alloc_zero (1, sizeof *document);
    document->schema = schema;
    document->slot_count = FIRST_SLOTS;
    document->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *document->slots);
    return document;
}

void
tt_document_destroy (tt_document **document)
{
    tt_document *d = *document;
    if (d == NULL)
        return;
    free (d->values);
    free (d->terms);
    free (d->places);
    free (d->spans);
    free (d->symbols);
    free (d->numbers);
    free (d->slots);
    tt_buffer_free (&d->texts);
    tt_tokens_free (&d->tokens);
    free (d);
    *document = NULL;
}

void
tt_document_reset (tt_document *document)
{
    size_t mask = document->slot_count - 1;
    for (size_t i = 0; i < document->term_count; i++) /* a whole chain at a time, so no slot outlives its term */
        for (size_t at = document->terms[i].hash & mask; document->slots[at]; at = (at + 1) & mask)
            document->slots[at] = 0;
    document->value_count = document->term_count = document->place_count = 0;
    document->symbol_count = document->number_count = 0;
    tt_buffer_clear (&document->texts);
    memset (document->ordinals, 0, sizeof document->ordinals);
}

/* Terms */

uint64_t
document_hash (tt_bytes text, term_space space)
{
    return XXH3_64bits_withSeed (text.data, text.size, (uint64_t)space);
}

static void
widen_slots (tt_document *document)
{
    size_t count = document->slot_count * 2;
    free (document->slots);
    document->slots = tt_alloc_zero (count, sizeof *document->slots);
    document->slot_count = count;
    for (size_t i = 0; i < document->term_count; i++) {
        size_t at = document->terms[i].hash & (count - 1);
        while (document->slots[at])
            at = (at + 1) & (count - 1);
        document->slots[at] = (uint32_t)i + 1;
    }
}

static uint32_t
new_term (tt_document *document, size_t slot, uint64_t hash, tt_bytes text, term_space space)
{
    GROW (document->terms, document->term_count, document->term_room, 128);
    uint32_t number = (uint32_t)document->term_count++;
    document->terms[number] = (document_term){ .hash = hash,
                                               .text = (uint32_t)document->texts.size,
                                               .size = (uint32_t)text.size,
                                               .first = DOCUMENT_NONE,
                                               .last = DOCUMENT_NONE,
                                               .space = space };
    tt_buffer_append (&document->texts, text.data, text.size);
    document->slots[slot] = number + 1;
    if (document->term_count * 2 > document->slot_count)
        widen_slots (document);
    return number;
}

/* The number of a term, which is added if it is new. */
static uint32_t
take_term (tt_document *document, tt_bytes text, term_space space)
{
    uint64_t hash = document_hash (text, space);
    size_t mask = document->slot_count - 1;
    size_t at = hash & mask;
    for (; document->slots[at]; at = (at + 1) & mask) {
        uint32_t number = document->slots[at] - 1;
        const document_term *term = &document->terms[number];
        if (term->hash == hash && term->space == space && term->size == text.size
            && memcmp (document->texts.data + term->text, text.data, text.size) == 0)
            return number;
    }
    return new_term (document, at, hash, text, space);
}

/* Values */

static void
add_place (tt_document *document, tt_bytes text, term_space space, document_span span)
{
    uint32_t number = take_term (document, text, space);
    if (document->place_count == document->place_room) {
        document->place_room = document->place_room ? document->place_room * 2 : 256;
        document->places = tt_realloc (document->places, document->place_room * sizeof *document->places);
        document->spans = tt_realloc (document->spans, document->place_room * sizeof *document->spans);
    }
    uint32_t place = (uint32_t)document->place_count++;
    uint32_t value = (uint32_t)document->value_count - 1;
    document->places[place] = (document_place){ .term = number, .next = DOCUMENT_NONE, .value = value };
    document->spans[place] = span;
    document_term *term = &document->terms[number];
    term->stored |= UINT64_C (1) << document->values[value].index;
    if (term->last == DOCUMENT_NONE)
        term->first = place;
    else
        document->places[term->last].next = place;
    term->last = place;
    term->count++;
    document->values[value].count++;
}

static bool
add_text (tt_document *document, document_value *value, tt_bytes text)
{
    (void)value;
    tt_text_tokenise (text, &document->tokens);
    for (size_t i = 0; i < document->tokens.count; i++) {
        const tt_token *token = &document->tokens.tokens[i];
        add_place (document, tt_token_text (&document->tokens, i), SPACE_WORD,
                   (document_span){ token->offset, token->length, token->sentence, token->paragraph });
    }
    return true;
}

bool
document_symbol_form (const tt_symbol *symbol, size_t i, char *out, size_t *size)
{
    if (i > (size_t)symbol->level)
        return false;
    *size = symbol->ends[i ? i : (size_t)symbol->level] + (i == 0);
    out[0] = '=';
    memcpy (out + (i == 0), symbol->text, *size - (i == 0));
    return true;
}

bool
document_number_form (const tt_number *number, size_t i, char *out, size_t *size)
{
    bool country = i < 3;
    bool alone = number->number[0] >= '0' && number->number[0] <= '9';
    if (i >= 5 || (!country && !alone))
        return false;
    bool kind = i == 2 || i == 4;
    int n = snprintf (out, NUMBER_FORM_SIZE, "%s%s%s", country ? number->country : "", i == 0 ? "" : number->number,
                      kind ? number->kind : "");
    *size = (size_t)n;
    return true;
}

static bool
add_symbol (tt_document *document, document_value *value, tt_bytes text)
{
    GROW (document->symbols, document->symbol_count, document->symbol_room, 16);
    tt_symbol *symbol = &document->symbols[document->symbol_count];
    if (!tt_symbol_parse (text, symbol))
        return false;
    value->parsed = (uint32_t)document->symbol_count++;
    char form[TT_SYMBOL_TEXT_SIZE + 1];
    size_t size = 0;
    for (size_t i = 0; document_symbol_form (symbol, i, form, &size); i++)
        add_place (document, (tt_bytes){ (const uint8_t *)form, size }, SPACE_CLASS, (document_span){ .length = value->size });
    return true;
}

static bool
add_number (tt_document *document, document_value *value, tt_bytes text)
{
    GROW (document->numbers, document->number_count, document->number_room, 8);
    tt_number *number = &document->numbers[document->number_count];
    if (!tt_number_parse (text, number) || number->country[0] == '\0' || number->number[0] == '\0')
        return false;
    value->parsed = (uint32_t)document->number_count++;
    char form[NUMBER_FORM_SIZE];
    size_t size = 0;
    for (size_t i = 0; document_number_form (number, i, form, &size); i++)
        add_place (document, (tt_bytes){ (const uint8_t *)form, size }, SPACE_NUMBER, (document_span){ .length = value->size });
    return true;
}

static bool
add_day (tt_document *document, document_value *value, tt_bytes text)
{
    (void)document;
    int32_t last = 0;
    return text.size == 10 && tt_date_range (text, &value->day, &last) && value->day == last;
}

static bool
add_code (tt_document *document, document_value *value, tt_bytes text)
{
    tt_buffer code = { 0 };
    tt_text_normalise (text, &code);
    bool some = code.size > 0;
    if (some)
        add_place (document, (tt_bytes){ code.data, code.size }, SPACE_CODE, (document_span){ .length = value->size });
    tt_buffer_free (&code);
    return some;
}

/* The core of a name (name.h), where it is not the whole, is one more value under the same ordinal, whose places are those of the
 * name as it is written. */
static void
add_core_of_name (tt_document *document, tt_bytes text)
{
    uint32_t kept[TT_NAME_MAX_TOKENS];
    const tt_tokens *tokens = &document->tokens;
    size_t count = tt_name_core (text, tokens, kept);
    if (count == tokens->count)
        return;
    GROW (document->values, document->value_count, document->value_room, 16);
    document_value *core = &document->values[document->value_count];
    *core = document->values[document->value_count - 1];
    core->first = (uint32_t)document->place_count;
    core->count = 0;
    document->value_count++;
    for (size_t i = 0; i < count; i++) {
        const tt_token *token = &tokens->tokens[kept[i]];
        add_place (document, tt_token_text (tokens, kept[i]), SPACE_WORD,
                   (document_span){ token->offset, token->length, token->sentence, token->paragraph });
    }
}

int
tt_document_add (tt_document *document, int index, tt_bytes text)
{
    static bool (*const add[]) (tt_document *, document_value *, tt_bytes) = { [TT_INDEX_TEXT] = add_text,
                                                                               [TT_INDEX_CLASS] = add_symbol,
                                                                               [TT_INDEX_DATE] = add_day,
                                                                               [TT_INDEX_NUMBER] = add_number,
                                                                               [TT_INDEX_CODE] = add_code };
    uint32_t ordinal = document->ordinals[index]++;
    if (tt_schema_stored (document->schema, index) != UINT64_C (1) << index || text.size > UINT32_MAX)
        return 1;
    GROW (document->values, document->value_count, document->value_room, 16);
    document_value *value = &document->values[document->value_count++];
    *value = (document_value){ .index = index,
                               .compares = tt_schema_compares (document->schema, index),
                               .ordinal = ordinal,
                               .size = (uint32_t)text.size,
                               .first = (uint32_t)document->place_count };
    if (!add[value->compares](document, value, text)) {
        document->value_count--;
        return 1;
    }
    if (document->schema->indexes[index].kind == TT_INDEX_NAME)
        add_core_of_name (document, text);
    return 0;
}
