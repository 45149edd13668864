/* The watches in memory: a random history of puts and removes against a plain list. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "view.h"
#include "watch_index.h"

#define OWNERS 9
#define IDS 300

static Watch
watch (const char *owner, const char *id, const char *query)
{
    Watch w = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    w.owner = (char *)owner;
    w.watch_id = (char *)id;
    w.query = (char *)query;
    return w;
}

static uint32_t
next_random (uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* word[o][i]: which word that watch asks for, 0 = there is no such watch. */
static size_t
count_expected (uint8_t word[OWNERS][IDS], uint8_t wanted)
{
    size_t count = 0;
    for (int o = 0; o < OWNERS; o++)
        for (int i = 0; i < IDS; i++)
            count += word[o][i] == wanted;
    return count;
}

static void
change_one (alert_watch_index *index, uint8_t word[OWNERS][IDS], uint32_t *seed)
{
    char owner[16], id[16], query[32];
    uint32_t o = next_random (seed) % OWNERS, i = next_random (seed) % IDS, w = next_random (seed) % 6;
    snprintf (owner, sizeof owner, "o%u", o);
    snprintf (id, sizeof id, "w%03u", i);
    snprintf (query, sizeof query, "ti=word%u", w);
    if (w == 0) {
        cr_assert_eq (alert_watch_index_remove (index, owner, id), word[o][i] != 0);
    } else {
        Watch put = watch (owner, id, query);
        cr_assert_eq (alert_watch_index_put (index, &put, NULL), TT_OK);
    }
    word[o][i] = (uint8_t)w;
}

static void
check (alert_watch_index *index, uint8_t word[OWNERS][IDS], uint8_t wanted)
{
    char title[32];
    tt_document *document = tt_document_new (tt_schema_patent ());
    const alert_watch_entry *const *entries = NULL;
    snprintf (title, sizeof title, "a word%u here", wanted);
    cr_assert_eq (tt_document_add (document, tt_schema_find (tt_schema_patent (), "ti", 2), tt_bytes_of_text (title)), 0);
    size_t count = alert_watch_index_match (index, document, &entries);
    cr_assert_eq (count, count_expected (word, wanted));
    for (size_t i = 0; i < count; i++) {
        unsigned o, n;
        cr_assert_eq (sscanf (entries[i]->owner, "o%u", &o) + sscanf (entries[i]->watch_id, "w%u", &n), 2);
        cr_assert_eq (word[o][n], wanted);
        if (i > 0) {
            int order = strcmp (entries[i - 1]->owner, entries[i]->owner);
            cr_assert (order < 0 || (order == 0 && strcmp (entries[i - 1]->watch_id, entries[i]->watch_id) < 0));
        }
    }
    tt_document_destroy (&document);
}

Test (watch_index, holds_exactly_what_was_put)
{
    static uint8_t word[OWNERS][IDS];
    uint32_t seed = 7;
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    alert_watch_index *index = alert_watch_index_new ();
    for (int round = 0; round < 40; round++) {
        for (int n = 0; n < 250; n++)
            change_one (index, word, &seed);
        for (uint8_t w = 1; w < 6; w++)
            check (index, word, w);
        cr_assert_eq (alert_watch_index_size (index), OWNERS * IDS - count_expected (word, 0));
    }
    alert_watch_index_destroy (&index);
}

Test (watch_index, a_query_that_does_not_parse_leaves_nothing)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    alert_watch_index *index = alert_watch_index_new ();
    Watch good = watch ("o", "w", "ti=a"), bad = watch ("o", "w", "ti=(");
    cr_assert_eq (alert_watch_index_put (index, &good, &error), TT_OK);
    cr_assert_eq (alert_watch_index_put (index, &bad, &error), TT_INVALID_ARGUMENT);
    cr_assert_eq (alert_watch_index_size (index), 0);
    cr_assert_not (alert_watch_index_remove (index, "o", "w"));
    alert_watch_index_destroy (&index);
}

/* Enough watches for a crew to be woken. */
Test (watch_index, answers_alike_with_a_crew)
{
    enum { WATCHES = 60000 };
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    tt_crew *crew = tt_crew_new (3);
    alert_watch_index *alone = alert_watch_index_new ();
    alert_watch_index *together = alert_watch_index_new_with (crew);
    tt_document *document = tt_document_new (tt_schema_patent ());
    uint32_t seed = 5;
    size_t matched = 0;
    for (uint32_t i = 0; i < WATCHES; i++) {
        char owner[16], id[16], query[64];
        snprintf (owner, sizeof owner, "o%u", i % 700);
        snprintf (id, sizeof id, "w%u", i);
        snprintf (query, sizeof query, i % 2 ? "ti=word%u not ti=word%u" : "ti=\"word%u word%u\"", next_random (&seed) % 300,
                  next_random (&seed) % 300);
        Watch put = watch (owner, id, query);
        cr_assert_eq (alert_watch_index_put (alone, &put, NULL), TT_OK);
        cr_assert_eq (alert_watch_index_put (together, &put, NULL), TT_OK);
        if (i % 11 == 0) {
            cr_assert (alert_watch_index_remove (alone, owner, id));
            cr_assert (alert_watch_index_remove (together, owner, id));
        }
    }
    alert_watch_index_settle (together);
    for (int n = 0; n < 200; n++) {
        char title[400];
        size_t at = 0;
        const alert_watch_entry *const *a = NULL, *const *b = NULL;
        for (int i = 0; i < 20; i++)
            at += (size_t)snprintf (title + at, sizeof title - at, "word%u ", next_random (&seed) % 300);
        tt_document_reset (document);
        cr_assert_eq (tt_document_add (document, tt_schema_find (tt_schema_patent (), "ti", 2), tt_bytes_of_text (title)), 0);
        size_t count = alert_watch_index_match (alone, document, &a);
        cr_assert_eq (alert_watch_index_match (together, document, &b), count);
        for (size_t i = 0; i < count; i++)
            cr_assert (strcmp (a[i]->owner, b[i]->owner) == 0 && strcmp (a[i]->watch_id, b[i]->watch_id) == 0);
        matched += count;
    }
    cr_assert_gt (matched, 10000);
    cr_assert_eq (alert_watch_index_counts (together).queries, alert_watch_index_size (alone));
    cr_assert_eq (alert_watch_index_counts (together).documents, 200);
    tt_document_destroy (&document);
    alert_watch_index_destroy (&alone);
    alert_watch_index_destroy (&together);
    tt_crew_destroy (&crew);
}
