#include "import/split.h"

#include <ctype.h>
#include <string.h>

#define PIECE 262144
#define LOOKAHEAD 128 /* bytes that suffice to tell a tag by its name */
#define TAG_MOST 4096 /* bytes in which the end of a tag is looked for */
#define SAMPLE 4096   /* of a barren container, kept for the reject file */

static const char *const exchange_documents[] = { "exchange-document", NULL };

struct tt_split {
    tt_source *source;            /* borrowed */
    const char *const *elements;  /* wanted out of containers */
    const char *element;          /* the one at the front */
    char encoding[TT_ENCODING_SIZE];
    tt_buffer data;
    size_t start;    /* of what was not yet handed out */
    uint64_t offset; /* of data.data[start] */
    uint64_t line;   /* of data.data[start] */
    size_t limit;
    bool ended;
    bool discarding; /* an oversized chunk was handed out: find where it ends */
    bool in_container;
    size_t nested;     /* elements of the same name open within the present one (a MARC record in a record of OAI-PMH) */
    uint64_t found;    /* of the present container */
    tt_buffer sample;  /* its beginning, until it has an element */
    uint64_t sample_line;
};

tt_split *
tt_split_new (tt_source *source, size_t limit)
{
    tt_split *split = tt_alloc_zero (1, sizeof *split);
    split->source = source;
    split->limit = limit ? limit : TT_SPLIT_DEFAULT_LIMIT;
    split->line = 1;
    split->elements = exchange_documents;
    return split;
}

void
tt_split_want (tt_split *split, const char *const *elements)
{
    split->elements = elements;
}

void
tt_split_close (tt_split **split)
{
    if (*split == NULL)
        return;
    tt_buffer_free (&(*split)->data);
    tt_buffer_free (&(*split)->sample);
    free (*split);
    *split = NULL;
}

static const uint8_t *
front (const tt_split *split)
{
    return split->data.data ? split->data.data + split->start : (const uint8_t *)"";
}

static size_t
available (const tt_split *split)
{
    return split->data.size - split->start;
}

static tt_status
fill (tt_split *split, tt_error *error)
{
    if (split->start > 0) {
        memmove (split->data.data, front (split), available (split));
        split->data.size -= split->start;
        split->start = 0;
    }
    size_t got;
    tt_status status = tt_source_read (split->source, tt_buffer_reserve (&split->data, PIECE), PIECE, &got, error);
    if (status == TT_OK) {
        split->data.size += got;
        split->ended = got == 0;
    }
    return status;
}

static void
take (tt_split *split, size_t size)
{
    const uint8_t *at = front (split), *end = at + size;
    while (at < end && (at = memchr (at, '\n', (size_t)(end - at)))) {
        split->line++;
        at++;
    }
    split->start += size;
    split->offset += size;
}

static bool
is_declaration (const uint8_t *at, size_t left)
{
    return left > 5 && memcmp (at, "<?xml", 5) == 0 && isspace (at[5]);
}

/* Where the next document begins: <?xml at the start of a line or right behind a tag, so that one quoted in running text does not
 * count. Searches from `from` on; returns the size of what is there if there is none. */
static size_t
find_boundary (const tt_split *split, size_t from)
{
    const uint8_t *text = front (split);
    size_t size = available (split), first = from;
    while (from < size) {
        const uint8_t *hit = memmem (text + from, size - from, "<?xml", 5);
        if (hit == NULL)
            return size;
        size_t at = (size_t)(hit - text);
        size_t mark = at >= 3 && memcmp (text + at - 3, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, begin = at - mark;
        bool after_break = begin == 0 || text[begin - 1] == '\n' || text[begin - 1] == '\r' || text[begin - 1] == '>';
        if (after_break && begin >= first && is_declaration (hit, size - at))
            return begin;
        from = at + 5;
    }
    return size;
}

/* The local name of the tag that begins at `at`, if that is name; `closing` wants </name. */
static bool
is_tag (const uint8_t *at, size_t left, bool closing, const char *name)
{
    size_t i = 1, length = strlen (name);
    if (left < 2 || at[0] != '<' || (at[1] == '/') != closing)
        return false;
    i += closing;
    size_t begin = i;
    while (i < left && i < LOOKAHEAD && (isalnum (at[i]) || strchr ("-_.:", at[i]) != NULL) && at[i] != '\0') {
        if (at[i] == ':')
            begin = i + 1;
        i++;
    }
    return i < left && i - begin == length && memcmp (at + begin, name, length) == 0;
}

/* Past a comment, processing instruction or DOCTYPE that begins at `at`; 0 if its end is not there. */
static size_t
skip_markup (const uint8_t *text, size_t at, size_t size)
{
    const char *end = text[at + 1] == '?' ? "?>" : memcmp (text + at, "<!--", size - at < 4 ? size - at : 4) == 0 ? "-->" : NULL;
    if (end) {
        const uint8_t *hit = memmem (text + at, size - at, end, strlen (end));
        return hit ? (size_t)(hit - text) + strlen (end) : 0;
    }
    int depth = 0;
    for (size_t i = at; i < size; i++) {
        depth += (text[i] == '[') - (text[i] == ']');
        if (text[i] == '>' && depth <= 0)
            return i + 1;
    }
    return 0;
}

/* Where the root's start tag begins; `size` if that cannot be seen (yet). */
static size_t
find_root (const tt_split *split)
{
    const uint8_t *text = front (split);
    size_t size = available (split), at = 0;
    for (;;) {
        const uint8_t *hit = at < size ? memchr (text + at, '<', size - at) : NULL;
        if (hit == NULL)
            return size;
        at = (size_t)(hit - text);
        if (at + (split->ended ? 2 : LOOKAHEAD) > size)
            return size;
        if (text[at + 1] != '?' && text[at + 1] != '!')
            return at;
        at = skip_markup (text, at, size);
        if (at == 0)
            return size;
    }
}

static bool
is_container (const uint8_t *at, size_t left)
{
    return is_tag (at, left, false, "exchange-documents") || is_tag (at, left, false, "world-patent-data")
           || is_tag (at, left, false, "OAI-PMH") || is_tag (at, left, false, "collection");
}

/* Reads on until the root is in sight, the limit is reached or the input ends; *container says what it is. */
static tt_status
look_at_root (tt_split *split, bool *container, tt_error *error)
{
    for (;;) {
        size_t root = find_root (split), size = available (split);
        if (root < size || split->ended || size > split->limit) {
            *container = root < size && is_container (front (split) + root, size - root);
            return TT_OK;
        }
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

static void
give (tt_split *split, tt_chunk *chunk, tt_chunk_kind kind, size_t size)
{
    *chunk = (tt_chunk){ .kind = kind, .text = { front (split), size }, .line = split->line, .encoding = split->encoding };
    if (!split->in_container)
        tt_decode_declared (chunk->text, split->encoding);
    take (split, size);
    chunk->end = split->offset;
}

static tt_status
next_document (tt_split *split, tt_chunk *chunk, tt_error *error)
{
    size_t seen = 1;
    for (;;) {
        size_t size = available (split), at = find_boundary (split, seen);
        if (at < size || split->ended) {
            give (split, chunk, at > split->limit ? TT_CHUNK_OVERSIZE : TT_CHUNK_DOCUMENT, at);
            return TT_OK;
        }
        if (size > split->limit) {
            give (split, chunk, TT_CHUNK_OVERSIZE, split->limit);
            split->discarding = true;
            return TT_OK;
        }
        seen = size > 16 ? size - 16 : 1; /* a mark and a declaration may be cut by the end of what was read */
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

/* Which of the wanted elements begins at `at`; behind its start tag only the end of that one counts. NULL: none. */
static const char *
wanted (const tt_split *split, const uint8_t *at, size_t left, bool closing)
{
    if (closing)
        return is_tag (at, left, true, split->element) ? split->element : NULL;
    for (const char *const *name = split->elements; *name; name++)
        if (is_tag (at, left, false, *name))
            return *name;
    return NULL;
}

/* Whether the tag at `at` is an element without content; *known = false if its end is not in sight yet. A tag longer than TAG_MOST
 * is taken for one with content, so that no tag without end is waited for. */
static bool
is_empty_tag (const tt_split *split, size_t at, bool *known)
{
    size_t left = available (split) - at, most = left < TAG_MOST ? left : TAG_MOST;
    const uint8_t *tag = front (split) + at, *end = memchr (tag, '>', most);
    *known = end || most == TAG_MOST || split->ended;
    return end && end[-1] == '/';
}

/* The end tag that closes the present element, from `from` on; what is nested in it is counted on the way. */
static bool
closes (tt_split *split, size_t at, bool *known)
{
    const uint8_t *tag = front (split) + at;
    size_t left = available (split) - at;
    *known = true;
    if (is_tag (tag, left, false, split->element)) {
        bool empty = is_empty_tag (split, at, known);
        split->nested += *known && !empty;
        return false;
    }
    if (!is_tag (tag, left, true, split->element))
        return false;
    if (split->nested == 0)
        return true;
    split->nested--;
    return false;
}

/* What comes next in a container, from `from` on: an element, the next document, or neither in sight (returns the size). */
static size_t
find_in_container (tt_split *split, size_t from, bool closing, bool *declaration)
{
    const uint8_t *text = front (split);
    size_t size = available (split);
    *declaration = false;
    while (from < size) {
        const uint8_t *hit = memchr (text + from, '<', size - from);
        if (hit == NULL)
            return size;
        size_t at = (size_t)(hit - text);
        if (!split->ended && size - at < LOOKAHEAD)
            return at; /* the caller reads on and asks again from here */
        bool known = true;
        if (closing ? closes (split, at, &known) : wanted (split, hit, size - at, false) != NULL)
            return at;
        if (!known || (*declaration = is_declaration (hit, size - at)))
            return at;
        from = at + 1;
    }
    return size;
}

static bool
decided (const tt_split *split, size_t at, bool closing, bool declaration)
{
    bool nested = closing && split->nested > 0; /* then it is where more must be read, or the end tag of what is nested */
    return at < available (split)
           && (declaration || (!nested && wanted (split, front (split) + at, available (split) - at, closing)));
}

static void
keep_sample (tt_split *split, size_t size)
{
    size_t room = SAMPLE - split->sample.size;
    if (split->found == 0)
        tt_buffer_append (&split->sample, front (split), size < room ? size : room);
}

/* Passes over what lies before the next element; *found = false if the container ended. */
static tt_status
to_element (tt_split *split, bool *found, tt_error *error)
{
    for (;;) {
        bool declaration;
        size_t at = find_in_container (split, 0, false, &declaration);
        keep_sample (split, at);
        take (split, at);
        if (decided (split, 0, false, declaration) || split->ended) {
            *found = !declaration && available (split) > 0;
            return TT_OK;
        }
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

/* Hands out the element at the front. One without its end (the next document or the end of input comes first) is handed out as it
 * is: the parser will say what is wrong. */
static tt_status
next_element (tt_split *split, tt_chunk *chunk, tt_error *error)
{
    size_t seen = 1;
    for (;;) {
        bool declaration;
        size_t at = find_in_container (split, seen, true, &declaration), size = available (split);
        if (decided (split, at, true, declaration)) {
            const uint8_t *end = memchr (front (split) + at, '>', size - at);
            if (declaration || end || split->ended) {
                size_t length = declaration ? at : end ? (size_t)(end - front (split)) + 1 : size;
                give (split, chunk, length > split->limit ? TT_CHUNK_OVERSIZE : TT_CHUNK_ELEMENT, length);
                return TT_OK;
            }
        } else if (split->ended) {
            give (split, chunk, size > split->limit ? TT_CHUNK_OVERSIZE : TT_CHUNK_ELEMENT, size);
            return TT_OK;
        }
        if (size > split->limit) {
            give (split, chunk, TT_CHUNK_OVERSIZE, split->limit);
            split->discarding = true;
            return TT_OK;
        }
        seen = at > 0 ? at : 1;
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

/* Whether the element at the front has no content and so no end tag. */
static tt_status
look_at_tag (tt_split *split, bool *empty, tt_error *error)
{
    for (;;) {
        bool known;
        *empty = is_empty_tag (split, 0, &known);
        tt_status status = known ? TT_OK : fill (split, error);
        if (known || status != TT_OK)
            return status;
    }
}

static void
leave_container (tt_split *split, tt_chunk *chunk, bool *more)
{
    split->in_container = false;
    *more = split->found == 0;
    if (*more)
        *chunk = (tt_chunk){ .kind = TT_CHUNK_BARREN,
                             .text = { split->sample.data, split->sample.size },
                             .line = split->sample_line,
                             .end = split->offset,
                             .encoding = split->encoding };
}

static tt_status
in_container (tt_split *split, tt_chunk *chunk, bool *more, tt_error *error)
{
    bool found;
    tt_status status = to_element (split, &found, error);
    if (status != TT_OK)
        return status;
    if (!found) {
        leave_container (split, chunk, more);
        return TT_OK;
    }
    split->found++;
    split->nested = 0;
    split->element = wanted (split, front (split), available (split), false);
    *more = true;
    bool empty = false;
    status = look_at_tag (split, &empty, error);
    if (status != TT_OK || !empty)
        return status == TT_OK ? next_element (split, chunk, error) : status;
    give (split, chunk, TT_CHUNK_ELEMENT, (size_t)((uint8_t *)memchr (front (split), '>', available (split)) - front (split)) + 1);
    return TT_OK;
}

/* Behind an oversized document or element: on to where the next one begins. */
static tt_status
discard (tt_split *split, tt_error *error)
{
    for (;;) {
        bool declaration = false;
        size_t size = available (split);
        size_t at = split->in_container ? find_in_container (split, 0, true, &declaration) : find_boundary (split, 0);
        bool there = split->in_container ? decided (split, at, true, declaration) : at < size;
        if (there || split->ended) {
            take (split, at);
            split->discarding = false;
            return TT_OK;
        }
        size_t keep = size < LOOKAHEAD ? size : LOOKAHEAD;
        take (split, split->in_container ? at : size - keep);
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

static bool
is_mark (const uint8_t *at, size_t left)
{
    return left >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0;
}

/* Past white space and a byte order mark; *more = false at the end of the input. */
static tt_status
to_document (tt_split *split, bool *more, tt_error *error)
{
    for (;;) {
        size_t size = available (split), i = 0;
        const uint8_t *text = front (split);
        while (i < size && (isspace (text[i]) || text[i] == '\0' || is_mark (text + i, size - i)))
            i += is_mark (text + i, size - i) ? 3 : 1;
        take (split, i);
        *more = available (split) > 0;
        if (*more || split->ended)
            return TT_OK;
        tt_status status = fill (split, error);
        if (status != TT_OK)
            return status;
    }
}

static void
enter_container (tt_split *split)
{
    split->in_container = true;
    split->found = 0;
    split->sample_line = split->line;
    tt_buffer_clear (&split->sample);
    tt_buffer_text (&split->sample, "<");
    tt_decode_declared ((tt_bytes){ front (split), available (split) }, split->encoding);
    take (split, 1); /* past the < of its own declaration or root, so that it is not taken for the next document's */
}

tt_status
tt_split_next (tt_split *split, tt_chunk *chunk, bool *more, tt_error *error)
{
    tt_status status = split->discarding ? discard (split, error) : TT_OK;
    *more = false;
    while (status == TT_OK && !*more) {
        bool container = false;
        if (split->in_container) {
            status = in_container (split, chunk, more, error);
            continue;
        }
        status = to_document (split, more, error);
        if (status != TT_OK || !*more)
            return status;
        status = look_at_root (split, &container, error);
        *more = false;
        if (status == TT_OK && container) {
            enter_container (split);
        } else if (status == TT_OK) {
            *more = true;
            status = next_document (split, chunk, error);
        }
    }
    return status;
}
