/* Lists, lexicon, index and cursor of the search, each against the plain way. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "search_builder.h"
#include "search_cursor.h"
#include "search_match.h"
#include "search_postings.h"
#include "search_world.h"

static void
open_texts (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

/* Lists */

static void
fill_list (generated_source *s, ingest_posting_list *list, uint16_t *lengths, uint32_t gap)
{
    uint32_t places[40];
    ingest_postings_clear (list);
    for (uint32_t record = generated_below (s, gap); record < INGEST_SEGMENT_MOST; record += 1 + generated_below (s, gap)) {
        ingest_posting p = { .record = record, .count = 1 + generated_below (s, generated_below (s, 30) ? 3 : 40) };
        for (uint32_t i = 0, place = 0; i < p.count; i++)
            places[i] = place += generated_below (s, 300) + (i > 0);
        p.heavy = generated_below (s, p.count + 1);
        lengths[record] = (uint16_t)(1 + generated_below (s, 500));
        ingest_postings_add (list, p, places);
    }
}

/* Every posting from a random jump on is what was written, and lies within the bound that was promised. */
static void
compare_list (generated_source *s, const ingest_posting_list *list, const uint16_t *lengths, ingest_cursor *c, tt_bytes bytes)
{
    const uint32_t *wanted_places = list->places;
    ingest_cursor_open (c, bytes);
    uint32_t next = 0;
    for (size_t i = 0; i < list->count; wanted_places += list->postings[i++].count) {
        const ingest_posting *p = &list->postings[i];
        if (p->record < next)
            continue;
        uint32_t from = i > 0 && list->postings[i - 1].record >= next ? list->postings[i - 1].record + 1 : next;
        uint32_t weight, ratio, count;
        cr_assert (ingest_cursor_bound (c, from, p->record, &weight, &ratio));
        cr_assert_leq (p->count + p->heavy, weight);
        cr_assert_geq (lengths[p->record] / (p->count + p->heavy), ratio);
        cr_assert (ingest_cursor_seek (c, from));
        cr_assert_eq (ingest_cursor_record (c), p->record);
        cr_assert_eq (ingest_cursor_weight (c), p->count + p->heavy);
        const uint32_t *places = ingest_cursor_places (c, &count);
        cr_assert_eq (count, p->count);
        cr_assert_arr_eq (places, wanted_places, count * sizeof *places);
        next = p->record + 1 + (generated_below (s, 4) ? 0 : generated_below (s, 3000));
    }
    cr_assert_not (ingest_cursor_seek (c, INGEST_SEGMENT_MOST));
    uint32_t weight, ratio;
    cr_assert_not (ingest_cursor_bound (c, 0, INGEST_SEGMENT_MOST, &weight, &ratio));
}

Test (search_parts, lists_are_read_as_they_were_written)
{
    static const uint32_t gaps[] = { 1, 2, 7, 300, 600, 60000 };
    static uint16_t lengths[INGEST_SEGMENT_MOST];
    static const uint8_t pad[INGEST_POSTINGS_PAD] = { 0 };
    generated_source s = { .state = 5 };
    ingest_posting_list list = { 0 };
    ingest_cursor cursor = { 0 };
    for (uint32_t round = 0; round < 60; round++) {
        tt_buffer out = { 0 };
        fill_list (&s, &list, lengths, gaps[round % 6]);
        ingest_postings_write (&list, lengths, &out);
        size_t size = out.size;
        tt_buffer_append (&out, pad, sizeof pad);
        compare_list (&s, &list, lengths, &cursor, (tt_bytes){ out.data, size });
        tt_buffer_free (&out);
    }
    ingest_cursor_free (&cursor);
    ingest_postings_free (&list);
}

/* Lexicon */

Test (search_parts, every_word_is_found_and_no_other)
{
    enum { WORDS = 3000 };
    static char words[WORDS][16];
    ingest_lexicon lexicon = { 0 };
    for (uint32_t i = 0; i < WORDS; i++) {
        snprintf (words[i], sizeof words[i], "w%05u%s", i * 2, i % 3 ? "" : "-long");
        tt_buffer_append (&lexicon.lists, &i, i % 4);
        ingest_lexicon_add (&lexicon, tt_bytes_of_text (words[i]));
    }
    ingest_lexicon_finish (&lexicon);
    for (uint32_t i = 0; i < WORDS; i++) {
        char other[16];
        tt_bytes list = ingest_lexicon_find (&lexicon, tt_bytes_of_text (words[i]));
        cr_assert_eq (list.size, i % 4);
        cr_assert (list.size == 0 || memcmp (list.data, &i, list.size) == 0);
        snprintf (other, sizeof other, "w%05u%s", i * 2 + (i % 2), i % 3 ? "-long" : "");
        cr_assert_eq (ingest_lexicon_find (&lexicon, tt_bytes_of_text (other)).data, NULL, "%s", other);
    }
    ingest_lexicon_walk walk = { 0 };
    for (uint32_t i = 0; i < WORDS; i += 97) {
        ingest_lexicon_walk_begin (&walk, &lexicon, (tt_bytes){ (const uint8_t *)words[i], 6 });
        for (uint32_t k = i; k < WORDS && k < i + 40; k++) {
            cr_assert (ingest_lexicon_walk_next (&walk));
            cr_assert_str_eq (tt_buffer_cstr (&walk.word), words[k]);
            cr_assert_eq (walk.list.size, k % 4);
        }
    }
    ingest_lexicon_walk_begin (&walk, &lexicon, tt_bytes_of_text ("x"));
    cr_assert_not (ingest_lexicon_walk_next (&walk));
    ingest_lexicon_walk_end (&walk);
    ingest_lexicon_free (&lexicon);
}

/* Index */

static uint64_t
total_of (ingest_run *run, const ingest_snapshot *snapshot, const char *query, unsigned facets,
          const ingest_search_result **result)
{
    ingest_search_wish wish
        = { .limit = 3, .count_all = true, .facets = facets, .limits = { .expansion_words = 1000, .expansion_places = 1000000 } };
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error), TT_OK, "%s", error.message);
    cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, result, &error), TT_OK, "%s", error.message);
    tt_cql_free (&cql);
    return (*result)->total;
}

Test (search_parts, a_snapshot_stays_as_it_was, .init = open_texts)
{
    search_world world;
    ingest_run *run = ingest_run_new ();
    const ingest_search_result *result;
    search_world_open (&world, 300);
    ingest_snapshot *before = ingest_index_take (world.index);
    for (size_t n = 0; n < 300; n++) {
        search_world_put (&world, n, n % 2 ? 0 : 2);
        if (n % 7 == 0)
            ingest_index_publish (world.index);
    }
    ingest_index_publish (world.index);
    ingest_snapshot *after = ingest_index_take (world.index);
    cr_assert_eq (total_of (run, before, "so any \"kjcg-zj nb-market univ-tto district-list\"", 0, &result), 300);
    cr_assert_eq (total_of (run, after, "so any \"kjcg-zj nb-market univ-tto district-list\"", 0, &result), 150);
    cr_assert_eq (before->records, 300);
    cr_assert_eq (after->records, 150);
    ingest_index_figures f = ingest_index_measure (world.index);
    cr_assert_eq (f.records, 150);
    cr_assert_gt (f.merges, 0);
    cr_assert_lt (f.segments, 20);
    ingest_snapshot_leave (&before);
    ingest_snapshot_leave (&after);
    ingest_run_destroy (&run);
    search_world_close (&world);
}

static uint64_t
counted (const ingest_search_result *result, int facet, const char *value)
{
    for (size_t i = 0; i < result->facets.lists[facet].count; i++)
        if (strcmp (result->facets.lists[facet].items[i].value, value) == 0)
            return result->facets.lists[facet].items[i].count;
    return 0;
}

Test (search_parts, facets_count_what_matches, .init = open_texts)
{
    static const struct {
        int facet;
        const char *value, *query;
    } cases[] = { { INGEST_INDUSTRY, "C39", "ind=C39" },        { INGEST_SPECIAL, "7", "sp=7" },
                  { INGEST_DISTRICT, "yinzhou", "di=yinzhou" }, { INGEST_STAGE, "pilot", "st=pilot" },
                  { INGEST_FORM, "software", "fo=software" },   { INGEST_SOURCE, "univ-tto", "so=univ-tto" },
                  { INGEST_FACET_YEAR, "2011", "pd=2011" },     { INGEST_CATEGORY, "basic", "ca=basic" } };
    search_world world;
    ingest_run *run = ingest_run_new ();
    const ingest_search_result *result;
    search_world_open (&world, 2000);
    generated_source s = { .state = 9 };
    for (int i = 0; i < 500; i++) {
        search_world_put (&world, generated_below (&s, 2000), 2 + (uint64_t)i);
        if (i % 50 == 0)
            ingest_index_publish (world.index);
    }
    ingest_index_publish (world.index);
    ingest_snapshot *snapshot = ingest_index_take (world.index);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t wanted = total_of (run, snapshot, cases[i].query, 0, &result);
        cr_assert_gt (wanted, 20);
        total_of (run, snapshot, "so any \"kjcg-zj nb-market univ-tto district-list\"", 1U << cases[i].facet, &result);
        cr_assert_eq (counted (result, cases[i].facet, cases[i].value), wanted, "%s", cases[i].query);
        for (size_t k = 1; k < result->facets.lists[cases[i].facet].count; k++)
            cr_assert_geq (result->facets.lists[cases[i].facet].items[k - 1].count,
                           result->facets.lists[cases[i].facet].items[k].count);
    }
    ingest_snapshot_leave (&snapshot);
    ingest_run_destroy (&run);
    search_world_close (&world);
}

/* Pages */

Test (search_parts, pages_stay_right_while_records_come_and_go, .init = open_texts)
{
    enum { RECORDS = 1500 };
    static unsigned seen[RECORDS];
    static bool touched[RECORDS];
    const char *query = "lalaser or \"la\" or pd>=2001 or ser";
    for (int order = 0; order < INGEST_ORDERS; order++) {
        search_world world;
        ingest_run *run = ingest_run_new ();
        tt_arena *arena = tt_arena_new (0);
        generated_source s = { .state = 77 };
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        char *cursor = NULL;
        search_world_open (&world, RECORDS);
        memset (seen, 0, sizeof seen);
        memset (touched, 0, sizeof touched);
        cr_assert_eq (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error), TT_OK);
        search_brute brute = search_brute_of (&world);
        static bool matched[RECORDS];
        for (size_t n = 0; n < RECORDS; n++)
            matched[n] = search_brute_score (&brute, cql, n, NULL);
        for (bool more = true; more;) {
            ingest_search_statistics frozen;
            ingest_search_position after;
            ingest_search_wish wish = { .order = (ingest_order_kind)order, .limit = 11, .limits = { .expansion_words = 1 } };
            const ingest_search_result *result;
            if (cursor) {
                cr_assert (ingest_cursor_read (arena, cursor, query, wish.order, &frozen, &after));
                wish.frozen = &frozen;
                wish.after = &after;
            }
            ingest_snapshot *snapshot = ingest_index_take (world.index);
            cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, &result, &error), TT_OK, "%s", error.message);
            for (size_t i = 0; i < result->count; i++)
                seen[search_world_number (&result->found[i])]++;
            more = result->more;
            ingest_search_position last = ingest_search_position_of (&result->found[result->count - 1]);
            cursor = ingest_cursor_write (arena, query, wish.order, &result->statistics, &last);
            ingest_snapshot_leave (&snapshot);
            for (int i = 0; i < 6; i++) {
                uint32_t n = generated_below (&s, RECORDS);
                search_world_put (&world, n, generated_below (&s, 3) && world.documents[n] ? 0 : 2 + generated_below (&s, 50));
                touched[n] = true;
            }
            ingest_index_publish (world.index);
        }
        size_t steady = 0;
        for (size_t n = 0; n < RECORDS; n++) {
            cr_assert (touched[n] || seen[n] == matched[n], "order %d: record %zu stood on %u pages", order, n, seen[n]);
            steady += !touched[n] && matched[n];
        }
        cr_assert_gt (steady, 300);
        tt_cql_free (&cql);
        tt_arena_destroy (&arena);
        ingest_run_destroy (&run);
        search_world_close (&world);
    }
}

Test (search_parts, a_cursor_that_was_changed_is_refused)
{
    tt_arena *arena = tt_arena_new (0);
    uint32_t having[] = { 3, 70000 };
    ingest_search_statistics s = { .records = 99, .length = 12345, .having = having, .count = 2 }, read;
    ingest_search_position p = { .score = 1.25, .registered = -5, .day = INGEST_NO_DAY, .key = tt_bytes_of_text ("lab/x-1") }, at;
    char *text = ingest_cursor_write (arena, "a or b", INGEST_BY_DATE, &s, &p);
    cr_assert (ingest_cursor_read (arena, text, "a or b", INGEST_BY_DATE, &read, &at));
    cr_assert_eq (read.records, 99);
    cr_assert_eq (read.length, 12345);
    cr_assert_eq (read.count, 2);
    cr_assert_arr_eq (read.having, having, sizeof having);
    cr_assert_eq (at.score, 1.25);
    cr_assert_eq (at.registered, -5);
    cr_assert_eq (at.day, INGEST_NO_DAY);
    cr_assert (tt_bytes_equal (at.key, p.key));
    cr_assert_not (ingest_cursor_read (arena, text, "a or c", INGEST_BY_DATE, &read, &at));
    cr_assert_not (ingest_cursor_read (arena, text, "a or b", INGEST_BY_RELEVANCE, &read, &at));
    cr_assert_not (ingest_cursor_read (arena, "", "a or b", INGEST_BY_DATE, &read, &at));
    cr_assert_not (ingest_cursor_read (arena, "%%%", "a or b", INGEST_BY_DATE, &read, &at));
    for (size_t i = 0; text[i]; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        /* the last character has bits that no byte uses */
        cr_assert (!ingest_cursor_read (arena, text, "a or b", INGEST_BY_DATE, &read, &at) || text[i + 1] == '\0',
                   "character %zu", i);
        text[i] = kept;
    }
    tt_arena_destroy (&arena);
}

/* Limits */

Test (search_parts, a_pattern_for_too_much_is_refused_with_its_place, .init = open_texts)
{
    search_world world;
    ingest_run *run = ingest_run_new ();
    const char *query = "graphene or ti=con*";
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    const ingest_search_result *result;
    search_world_open (&world, 500);
    ingest_snapshot *snapshot = ingest_index_take (world.index);
    cr_assert_eq (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error), TT_OK, "%s", error.message);
    ingest_search_wish wish = { .limit = 3, .limits = { .expansion_words = 1, .expansion_places = 1000000 } };
    cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, &result, &error), TT_RESOURCE_EXHAUSTED);
    cr_assert (strstr (error.message, "at byte 15: the pattern \"con*\""), "%s", error.message);
    wish.limits = (ingest_search_limits){ .expansion_words = 1000, .expansion_places = 2 };
    cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, &result, &error), TT_RESOURCE_EXHAUSTED);
    wish.limits = (ingest_search_limits){ .expansion_words = 1000, .expansion_places = 1000000, .deadline_us = 1 };
    cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, &result, &error), TT_DEADLINE_EXCEEDED);
    tt_cql_free (&cql);
    ingest_snapshot_leave (&snapshot);
    ingest_run_destroy (&run);
    search_world_close (&world);
}
