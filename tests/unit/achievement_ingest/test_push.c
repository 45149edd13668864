#include <criterion/criterion.h>

#include <string.h>

#include "push.h"

Test (push, id_is_stable_and_separates_its_parts)
{
    char a[INGEST_PUSH_ID_SIZE], b[INGEST_PUSH_ID_SIZE];
    ingest_push_id ("ent-1", "d", "a-1", a);
    ingest_push_id ("ent-1", "d", "a-1", b);
    cr_assert_str_eq (a, b);
    ingest_push_id ("ent", "-1d", "a-1", b);
    cr_assert_str_neq (a, b);
    cr_assert_eq (strlen (a), 34);
}

Test (push, reason_names_the_words)
{
    char *words[] = { (char *)"fuel", (char *)"cell" };
    tt_arena *arena = tt_arena_new (0);
    cr_assert_str_eq (ingest_push_reason (arena, false, words, 2), "words in common: fuel, cell");
    cr_assert_str_eq (ingest_push_reason (arena, true, words, 1), "query matched: fuel");
    cr_assert_str_eq (ingest_push_reason (arena, true, NULL, 0), "query matched");
    tt_arena_destroy (&arena);
}

Test (push, a_contract_is_final)
{
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++) {
            bool expected = from == to || (to != 0 && from != 3);
            cr_assert_eq (ingest_answer_allowed ((ingest_answer)from, (ingest_answer)to), expected, "%d to %d", from, to);
        }
    cr_assert_not (ingest_answer_allowed ((ingest_answer)0, (ingest_answer)7));
}
