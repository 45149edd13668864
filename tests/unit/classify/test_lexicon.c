#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "classify/classifier.h"

#define HEAD "scheme,code,term,weight\n"

static tt_lexicon *
lexicon_of (const char *csv)
{
    tt_error error = { 0 };
    tt_lexicon *x = NULL;
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_lexicon_parse (&x, tt_bytes_of_text (csv), "test", &error), TT_OK, "%s", error.message);
    return x;
}

static size_t
hits_in (const tt_lexicon *x, const char *text)
{
    tt_lexicon_hit hits[16];
    return tt_lexicon_find (x, tt_bytes_of_text (text), 0, hits, 16);
}

Test (lexicon, terms_are_found_in_chinese_anywhere_and_in_latin_as_words)
{
    tt_lexicon *x = lexicon_of (HEAD "special,5,石墨烯,3\nspecial,2,magnet,1\nspecial,5,石墨,1\n");
    cr_assert_eq (hits_in (x, "氧化石墨烯膜"), 2);
    cr_assert_eq (hits_in (x, "a magnet here"), 1);
    cr_assert_eq (hits_in (x, "two magnets"), 1);
    cr_assert_eq (hits_in (x, "electromagnet magnetic"), 0);
    tt_lexicon_destroy (&x);
}

Test (lexicon, wrong_rows_are_refused_with_their_line)
{
    static const char *const wrong[] = { "scheme,code,term\n", HEAD "special,5,石墨,0\n", HEAD "special,5,石墨,11\n", HEAD "special,5,石墨,nan\n",
                                         HEAD "special,5,石墨,x\n", HEAD "special,,石墨,1\n", HEAD "special,5,,1\n",
                                         HEAD "special,5,石墨,1\nspecial,5,石墨,2\n", HEAD "special,5\n", HEAD "special,5,\xFF,1\n" };
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tt_lexicon *x = NULL;
        tt_error error = { 0 };
        cr_assert_eq (tt_lexicon_parse (&x, tt_bytes_of_text (wrong[i]), "test", &error), TT_INVALID_ARGUMENT, "%zu", i);
        cr_assert_null (x);
        cr_assert (strstr (error.message, "test:"), "%s", error.message);
    }
}

Test (lexicon, a_proposal_names_its_terms_and_knows_doubt)
{
    tt_lexicon *x = lexicon_of (HEAD "special,5,石墨烯,3\nspecial,2,磁,1\nstage,3,trl:9,2\nspecial,2,ipc:h01f,3\n");
    tt_classifier *c = tt_classifier_new (&x);
    tt_arena *arena = tt_arena_new (0);
    tt_class_proposal found[3];
    char symbol[] = "H01F 1/00", *ipc[] = { symbol };
    tt_classifier_read (c, &(tt_class_text){ .title = "石墨烯薄膜", .abstract = "具有磁性", .trl = 9 });
    size_t count = tt_classifier_propose (c, "special", 0, arena, found, 3);
    cr_assert_eq (count, 2);
    cr_assert_str_eq (found[0].code, "5");
    cr_assert_float_eq (found[0].score, 6.0 / (7 + 2), 1e-9);
    cr_assert_str_eq (found[0].terms[0], "石墨烯");
    cr_assert_str_eq (found[1].code, "2");
    cr_assert_eq (tt_classifier_propose (c, "special", 0.5, arena, found, 3), 1);
    cr_assert_eq (tt_classifier_propose (c, "stage", 0, arena, found, 3), 1);
    cr_assert_str_eq (found[0].terms[0], "trl:9");
    tt_classifier_read (c, &(tt_class_text){ .title = "?", .ipc = ipc, .ipc_count = 1 });
    cr_assert_eq (tt_classifier_propose (c, "special", 0, arena, found, 3), 1);
    cr_assert_str_eq (found[0].code, "2");
    tt_arena_destroy (&arena);
    tt_classifier_destroy (&c);
}

Test (fields, wrong_tables_are_refused_with_their_line)
{
    static const char *const rows[] = { "36,x,H01F", "0,x,H01F", "x,x,H01F", "1,x,H", "1,x,I01F", "1,x,H01f", "1,x,H01F H01F", "1,x" };
    const char *path = "fields_test.csv";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *file = fopen (path, "w");
        cr_assert_not_null (file);
        fprintf (file, "field,name_en,ipc\n%s\n", rows[i]);
        fclose (file);
        tt_fields *fields = NULL;
        tt_error error = { 0 };
        cr_assert_eq (tt_fields_read (&fields, path, &error), TT_INVALID_ARGUMENT, "%s", rows[i]);
        cr_assert_null (fields);
        cr_assert (strstr (error.message, "fields_test.csv:2:"), "%s", error.message);
    }
    remove (path);
}
