#include "search_lexicon.h"

#include <string.h>

#include "search_postings.h"

#define GROUP 16

void
ingest_lexicon_free (ingest_lexicon *l)
{
    tt_buffer_free (&l->text);
    tt_buffer_free (&l->last);
    tt_buffer_free (&l->lists);
    free (l->group_text);
    free (l->group_lists);
    *l = (ingest_lexicon){ 0 };
}

uint64_t
ingest_lexicon_bytes (const ingest_lexicon *l)
{
    return l->text.capacity + l->lists.capacity + l->room * (sizeof *l->group_text + sizeof *l->group_lists);
}

static int
compare (tt_bytes a, tt_bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp (a.data, b.data, least) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Writing */

static void
begin_group (ingest_lexicon *l)
{
    if (l->groups == l->room) {
        l->room = l->room ? l->room * 2 : 16;
        l->group_text = tt_realloc (l->group_text, l->room * sizeof *l->group_text);
        l->group_lists = tt_realloc (l->group_lists, l->room * sizeof *l->group_lists);
    }
    l->group_text[l->groups] = (uint32_t)l->text.size;
    l->group_lists[l->groups++] = l->last_end;
    tt_buffer_clear (&l->last);
}

/* An entry: bytes in common with the word before, the other bytes, bytes of the list. */
void
ingest_lexicon_add (ingest_lexicon *l, tt_bytes word)
{
    if (l->words++ % GROUP == 0)
        begin_group (l);
    size_t common = 0;
    while (common < l->last.size && common < word.size && l->last.data[common] == word.data[common])
        common++;
    ingest_varint_write (&l->text, common);
    ingest_varint_write (&l->text, word.size - common);
    tt_buffer_append (&l->text, word.data + common, word.size - common);
    ingest_varint_write (&l->text, l->lists.size - l->last_end);
    tt_buffer_clear (&l->last);
    tt_buffer_append (&l->last, word.data, word.size);
    l->last_end = l->lists.size;
}

static void
shrink (tt_buffer *buffer)
{
    if (buffer->size < buffer->capacity && buffer->size > 0) {
        buffer->data = tt_realloc (buffer->data, buffer->size);
        buffer->capacity = buffer->size;
    }
}

void
ingest_lexicon_finish (ingest_lexicon *l)
{
    static const uint8_t pad[INGEST_POSTINGS_PAD] = { 0 };
    tt_buffer_append (&l->lists, pad, sizeof pad);
    tt_buffer_free (&l->last);
    shrink (&l->text);
    shrink (&l->lists);
    if (l->groups > 0) {
        l->room = l->groups;
        l->group_text = tt_realloc (l->group_text, l->room * sizeof *l->group_text);
        l->group_lists = tt_realloc (l->group_lists, l->room * sizeof *l->group_lists);
    }
}

/* Reading */

/* The first word of a group, which shares nothing with the one before. */
static tt_bytes
head_of (const ingest_lexicon *l, size_t group)
{
    const uint8_t *at = l->text.data + l->group_text[group] + 1;
    uint32_t size = ingest_varint_read (&at);
    return (tt_bytes){ at, size };
}

/* The last group whose first word is not behind `word`; the first group if all are. */
static size_t
group_of (const ingest_lexicon *l, tt_bytes word)
{
    size_t low = 0, high = l->groups;
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (compare (head_of (l, middle), word) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void
begin_at_group (ingest_lexicon_walk *walk, size_t group)
{
    const ingest_lexicon *l = walk->lexicon;
    walk->next = (uint32_t)(group * GROUP);
    if (walk->next >= l->words)
        return;
    walk->at = l->text.data + l->group_text[group];
    walk->list_at = l->group_lists[group];
}

bool
ingest_lexicon_walk_next (ingest_lexicon_walk *walk)
{
    const ingest_lexicon *l = walk->lexicon;
    if (walk->next >= l->words)
        return false;
    walk->next++;
    walk->word.size = ingest_varint_read (&walk->at);
    uint32_t more = ingest_varint_read (&walk->at);
    tt_buffer_append (&walk->word, walk->at, more);
    walk->at += more;
    uint32_t size = ingest_varint_read (&walk->at);
    walk->list = (tt_bytes){ l->lists.data + walk->list_at, size };
    walk->list_at += size;
    return true;
}

/* Words of the group before `from` are passed over; the word that ends this is read again by the next call, which leaves it as it
 * is: its first bytes are those that it shares with the word before. */
void
ingest_lexicon_walk_begin (ingest_lexicon_walk *walk, const ingest_lexicon *lexicon, tt_bytes from)
{
    walk->lexicon = lexicon;
    tt_buffer_clear (&walk->word);
    begin_at_group (walk, lexicon->groups ? group_of (lexicon, from) : 0);
    while (walk->next < lexicon->words) {
        const uint8_t *at = walk->at;
        uint64_t list_at = walk->list_at;
        ingest_lexicon_walk_next (walk);
        if (compare ((tt_bytes){ walk->word.data, walk->word.size }, from) < 0)
            continue;
        walk->next--;
        walk->at = at;
        walk->list_at = list_at;
        return;
    }
}

tt_bytes
ingest_lexicon_find (const ingest_lexicon *l, tt_bytes word)
{
    if (l->groups == 0)
        return TT_BYTES_NONE;
    size_t group = group_of (l, word);
    const uint8_t *at = l->text.data + l->group_text[group];
    uint64_t list_at = l->group_lists[group];
    size_t same = 0; /* bytes that the word before has in common with the one that is looked for */
    for (uint32_t i = (uint32_t)group * GROUP; i < l->words && i < (group + 1) * GROUP; i++) {
        uint32_t common = ingest_varint_read (&at), more = ingest_varint_read (&at);
        if (common < same)
            return TT_BYTES_NONE;
        if (common == same) {
            uint32_t k = 0;
            while (k < more && same < word.size && at[k] == word.data[same]) {
                k++;
                same++;
            }
            bool whole = k == more;
            if (!whole && (same == word.size || at[k] > word.data[same]))
                return TT_BYTES_NONE;
            if (whole && same == word.size) {
                at += more;
                return (tt_bytes){ l->lists.data + list_at, ingest_varint_read (&at) };
            }
        }
        at += more;
        list_at += ingest_varint_read (&at);
    }
    return TT_BYTES_NONE;
}

void
ingest_lexicon_walk_end (ingest_lexicon_walk *walk)
{
    tt_buffer_free (&walk->word);
}
