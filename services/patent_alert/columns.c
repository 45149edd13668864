#include "columns.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/clock.h"
#include "query/name.h"
#include "query/symbol.h"

#define FIRST_SLOTS 1024
#define TOMBSTONE UINT32_MAX
#define WASTE_LEAST 4096 /* places below which nothing is loaded anew */

/* Texts with numbers: text i of the list, and slots with i + 1 by hash. */
typedef struct {
    const char **texts; /* in the arena */
    const char **labels;
    size_t count, room;
    uint32_t *slots;
    size_t slot_count; /* power of two */
} names;

typedef struct {
    const char *id; /* in the arena; NULL: empty */
    uint32_t partition, first, count;
    int32_t published_day, arrived_day;
} document;

struct alert_columns {
    tt_arena *arena;
    names value_names; /* the first character says of what */
    alert_value *values;
    size_t value_room;
    names keys[ALERT_KEY_KINDS];
    document *documents;
    size_t places, place_room, size;
    uint32_t *lists; /* values of all documents, one after the other */
    size_t list_count, list_room;
    uint32_t *slots; /* place + 1 by partition and id; 0 free, TOMBSTONE taken out */
    size_t slot_count, slots_taken;
    tt_tokens tokens;
    tt_buffer scratch;
};

alert_columns *
alert_columns_new (void)
{
    alert_columns *c = tt_alloc_zero (1, sizeof *c);
    c->arena = tt_arena_new (1 << 20);
    c->slot_count = FIRST_SLOTS;
    c->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *c->slots);
    return c;
}

static void
free_names (names *n)
{
    free (n->texts);
    free (n->labels);
    free (n->slots);
}

void
alert_columns_destroy (alert_columns **columns)
{
    alert_columns *c = *columns;
    if (c == NULL)
        return;
    tt_arena_destroy (&c->arena);
    free_names (&c->value_names);
    for (int k = 0; k < ALERT_KEY_KINDS; k++)
        free_names (&c->keys[k]);
    free (c->values);
    free (c->documents);
    free (c->lists);
    free (c->slots);
    tt_tokens_free (&c->tokens);
    tt_buffer_free (&c->scratch);
    free (c);
    *columns = NULL;
}

/* -- names -- */

static uint32_t *
name_slot (const names *n, const char *text, size_t size)
{
    size_t at = XXH3_64bits (text, size) & (n->slot_count - 1);
    while (n->slots[at] != 0) {
        const char *held = n->texts[n->slots[at] - 1];
        if (strlen (held) == size && memcmp (held, text, size) == 0)
            break;
        at = (at + 1) & (n->slot_count - 1);
    }
    return &n->slots[at];
}

static void
grow_names (names *n)
{
    n->room = n->room ? n->room * 2 : 64;
    n->texts = tt_realloc (n->texts, n->room * sizeof *n->texts);
    n->labels = tt_realloc (n->labels, n->room * sizeof *n->labels);
    n->slot_count = n->room * 2;
    free (n->slots);
    n->slots = tt_alloc_zero (n->slot_count, sizeof *n->slots);
    for (size_t i = 0; i < n->count; i++)
        *name_slot (n, n->texts[i], strlen (n->texts[i])) = (uint32_t)i + 1;
}

/* The number of a text, given out if it has none; label is kept of the first who brings it. */
static uint32_t
name_of (alert_columns *c, names *n, const char *text, size_t size, const char *label, bool *made)
{
    if (n->count == n->room)
        grow_names (n);
    uint32_t *slot = name_slot (n, text, size);
    *made = *slot == 0;
    if (*made) {
        n->texts[n->count] = tt_arena_strndup (c->arena, text, size);
        n->labels[n->count] = label ? label : n->texts[n->count];
        *slot = (uint32_t)++n->count;
    }
    return *slot - 1;
}

static uint32_t
key_of (alert_columns *c, alert_key_kind kind, const char *text, size_t size, const char *label)
{
    bool made;
    return size == 0 ? ALERT_NO_KEY : name_of (c, &c->keys[kind], text, size, label, &made);
}

/* -- values -- */

static void
key_class (alert_columns *c, alert_value *value)
{
    static const tt_symbol_level levels[ALERT_KEYS_MAX] = { TT_LEVEL_SECTION, TT_LEVEL_CLASS, TT_LEVEL_SUBCLASS, TT_LEVEL_GROUP };
    tt_symbol symbol;
    if (!tt_symbol_parse (tt_bytes_of_text (value->text), &symbol))
        return;
    for (int i = 0; i < ALERT_KEYS_MAX; i++)
        if (symbol.level >= levels[i])
            value->keys[i] = key_of (c, (alert_key_kind)i, symbol.text, symbol.ends[levels[i]], NULL);
}

/* The core of the name, words with a space between them; characters that stand alone without. */
static void
key_applicant (alert_columns *c, alert_value *value)
{
    uint32_t kept[TT_NAME_MAX_TOKENS];
    tt_bytes text = tt_bytes_of_text (value->text);
    tt_text_tokenise (text, &c->tokens);
    if (c->tokens.count == 0)
        return;
    size_t count = tt_name_core (text, &c->tokens, kept);
    bool all = count == c->tokens.count, alone = true;
    tt_buffer_clear (&c->scratch);
    for (size_t i = 0; i < count; i++) {
        tt_bytes token = tt_token_text (&c->tokens, all ? i : kept[i]);
        bool stands = tt_text_alone (token);
        if (i > 0 && !(alone && stands))
            tt_buffer_text (&c->scratch, " ");
        tt_buffer_append (&c->scratch, token.data, token.size);
        alone = stands;
    }
    value->keys[0] = key_of (c, ALERT_KEY_APPLICANT, (const char *)c->scratch.data, c->scratch.size, value->text);
}

static void
key_value (alert_columns *c, alert_value *value)
{
    switch ((alert_value_of)value->of) {
    case ALERT_OF_IPC:
    case ALERT_OF_CPC:
        key_class (c, value);
        break;
    case ALERT_OF_APPLICANT:
        key_applicant (c, value);
        break;
    case ALERT_OF_COUNTRY:
        value->keys[0] = key_of (c, ALERT_KEY_COUNTRY, value->text, strlen (value->text), NULL);
        break;
    case ALERT_OF_DATE:
        value->keys[0] = key_of (c, ALERT_KEY_YEAR, value->text, strcspn (value->text, "-"), NULL);
        break;
    case ALERT_OF_FILING_YEAR:
        value->keys[0] = key_of (c, ALERT_KEY_FILING_YEAR, value->text, strlen (value->text), NULL);
        break;
    case ALERT_OF_COUNT:
        break;
    }
}

static void
add_value (alert_columns *c, alert_value_of of, const char *text, size_t size)
{
    bool made;
    tt_buffer name = { 0 };
    char mark = (char)('a' + of);
    if (size == 0)
        return;
    tt_buffer_append (&name, &mark, 1);
    tt_buffer_append (&name, text, size);
    uint32_t number = name_of (c, &c->value_names, (const char *)name.data, name.size, NULL, &made);
    tt_buffer_free (&name);
    if (made) {
        if (c->value_room < c->value_names.room) {
            c->value_room = c->value_names.room;
            c->values = tt_realloc (c->values, c->value_room * sizeof *c->values);
        }
        alert_value *value = &c->values[number];
        *value = (alert_value){ .text = c->value_names.texts[number] + 1, .of = (uint8_t)of };
        for (int i = 0; i < ALERT_KEYS_MAX; i++)
            value->keys[i] = ALERT_NO_KEY;
        key_value (c, value);
    }
    if (c->list_count == c->list_room) {
        c->list_room = c->list_room ? c->list_room + c->list_room / 2 : 1024;
        c->lists = tt_realloc (c->lists, c->list_room * sizeof *c->lists);
    }
    c->lists[c->list_count++] = number;
}

static void
add_values (alert_columns *c, const PatentDocument *d)
{
    const DocumentReference *application = d->application;
    for (size_t i = 0; i < d->n_ipc; i++)
        add_value (c, ALERT_OF_IPC, d->ipc[i], strlen (d->ipc[i]));
    for (size_t i = 0; i < d->n_cpc; i++)
        add_value (c, ALERT_OF_CPC, d->cpc[i], strlen (d->cpc[i]));
    for (size_t i = 0; i < d->n_applicants; i++)
        add_value (c, ALERT_OF_APPLICANT, d->applicants[i]->name, strlen (d->applicants[i]->name));
    add_value (c, ALERT_OF_COUNTRY, d->publication->country, strlen (d->publication->country));
    add_value (c, ALERT_OF_DATE, d->publication->date, strlen (d->publication->date));
    if (application)
        add_value (c, ALERT_OF_FILING_YEAR, application->date, strcspn (application->date, "-"));
}

/* -- documents -- */

static uint64_t
hash_document (uint32_t partition, const char *id)
{
    return XXH3_64bits_withSeed (id, strlen (id), partition);
}

/* The slot that holds the document, or a free one. */
static uint32_t *
document_slot (const alert_columns *c, uint32_t partition, const char *id)
{
    size_t at = hash_document (partition, id) & (c->slot_count - 1);
    for (; c->slots[at] != 0; at = (at + 1) & (c->slot_count - 1)) {
        if (c->slots[at] == TOMBSTONE)
            continue;
        const document *d = &c->documents[c->slots[at] - 1];
        if (d->partition == partition && strcmp (d->id, id) == 0)
            break;
    }
    return &c->slots[at];
}

static void
rebuild_slots (alert_columns *c)
{
    free (c->slots);
    while (c->slot_count < (c->size + 1) * 3)
        c->slot_count *= 2;
    c->slots = tt_alloc_zero (c->slot_count, sizeof *c->slots);
    c->slots_taken = c->size;
    for (size_t i = 0; i < c->places; i++)
        if (c->documents[i].id)
            *document_slot (c, c->documents[i].partition, c->documents[i].id) = (uint32_t)i + 1;
}

int32_t
alert_day_of (const char *date)
{
    int32_t days;
    return tt_date_parse (date, &days) == TT_OK ? days : ALERT_NO_DAY;
}

void
alert_columns_put (alert_columns *c, uint32_t partition, const char *id, const PatentDocument *d, int32_t arrived_day)
{
    if ((c->slots_taken + 1) * 3 > c->slot_count * 2)
        rebuild_slots (c);
    if (c->places == c->place_room) {
        c->place_room = c->place_room ? c->place_room + c->place_room / 2 : 256;
        c->documents = tt_realloc (c->documents, c->place_room * sizeof *c->documents);
    }
    uint32_t *slot = document_slot (c, partition, id);
    const char *kept = NULL;
    if (*slot) {
        document *old = &c->documents[*slot - 1];
        kept = old->id;
        old->id = NULL;
        c->size--;
    } else {
        kept = tt_arena_strndup (c->arena, id, strlen (id));
        c->slots_taken++;
    }
    size_t first = c->list_count;
    add_values (c, d);
    c->documents[c->places] = (document){ .id = kept,
                                          .partition = partition,
                                          .first = (uint32_t)first,
                                          .count = (uint32_t)(c->list_count - first),
                                          .published_day = alert_day_of (d->publication->date),
                                          .arrived_day = arrived_day };
    *slot = (uint32_t)++c->places;
    c->size++;
}

bool
alert_columns_remove (alert_columns *c, uint32_t partition, const char *id)
{
    uint32_t *slot = document_slot (c, partition, id);
    if (*slot == 0)
        return false;
    c->documents[*slot - 1].id = NULL;
    *slot = TOMBSTONE;
    c->size--;
    return true;
}

/* -- asking -- */

size_t
alert_columns_size (const alert_columns *c)
{
    return c->size;
}

size_t
alert_columns_places (const alert_columns *c)
{
    return c->places;
}

/* Places and lists are numbered with 32 bits. */
bool
alert_columns_wasteful (const alert_columns *c)
{
    return (c->places > WASTE_LEAST && c->size < c->places / 2) || c->list_count > UINT32_MAX - ((size_t)1 << 20);
}

static size_t
bytes_of_names (const names *n)
{
    return n->room * 2 * sizeof *n->texts + n->slot_count * sizeof *n->slots;
}

size_t
alert_columns_bytes (const alert_columns *c)
{
    size_t bytes = tt_arena_used (c->arena) + bytes_of_names (&c->value_names) + c->value_room * sizeof *c->values
                   + c->place_room * sizeof *c->documents + c->list_room * sizeof *c->lists + c->slot_count * sizeof *c->slots;
    for (int k = 0; k < ALERT_KEY_KINDS; k++)
        bytes += bytes_of_names (&c->keys[k]);
    return bytes;
}

bool
alert_columns_at (const alert_columns *c, size_t place, alert_place *out)
{
    if (place >= c->places || c->documents[place].id == NULL)
        return false;
    const document *d = &c->documents[place];
    *out = (alert_place){ .partition = d->partition,
                          .id = d->id,
                          .published_day = d->published_day,
                          .arrived_day = d->arrived_day,
                          .values = c->lists + d->first,
                          .count = d->count };
    return true;
}

size_t
alert_columns_values (const alert_columns *c)
{
    return c->value_names.count;
}

const alert_value *
alert_columns_value (const alert_columns *c, uint32_t value)
{
    return &c->values[value];
}

size_t
alert_columns_keys (const alert_columns *c, alert_key_kind kind)
{
    return c->keys[kind].count;
}

const char *
alert_columns_key (const alert_columns *c, alert_key_kind kind, uint32_t key, const char **label)
{
    *label = c->keys[kind].labels[key];
    return c->keys[kind].texts[key];
}
