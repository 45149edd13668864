#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"
#include "classes.h"
#include "identity.h"

static tt_arena *arena;

static void
open_all (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
    arena = tt_arena_new (0);
}

static void
close_all (void)
{
    tt_arena_destroy (&arena);
}

TestSuite (classes, .init = open_all, .fini = close_all);

static ingest_record
record_of (const char *title)
{
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.source = (char *)"lab";
    r.source_id = (char *)"1";
    r.title = (char *)title;
    return r;
}

static ingest_verdict
verdict_of (const char *scheme, char **code)
{
    ingest_verdict v = TECHTRANSFER__ACHIEVEMENT__V1__CLASS_VERDICT__INIT;
    v.scheme = (char *)scheme;
    v.codes = code;
    v.n_codes = code != NULL;
    return v;
}

static void
propose (ingest_record *r)
{
    tt_error error = { 0 };
    tt_lexicon *lexicon = NULL;
    tt_fields *fields = NULL;
    tt_catalog *catalog = NULL;
    tt_buffer path = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, NULL, &error), TT_OK, "%s", error.message);
    tt_buffer_printf (&path, "%s/lexicon.csv", tt_catalog_directory (catalog));
    cr_assert_eq (tt_lexicon_read (&lexicon, tt_buffer_cstr (&path), &error), TT_OK, "%s", error.message);
    for (size_t i = 0; i < tt_lexicon_codes (lexicon); i++) {
        tt_lexicon_code code = tt_lexicon_code_at (lexicon, i);
        cr_assert (ingest_class_known (catalog, code.scheme, code.code), "%s %s", code.scheme, code.code);
    }
    tt_buffer_clear (&path);
    tt_buffer_printf (&path, "%s/technology_fields.csv", tt_catalog_directory (catalog));
    cr_assert_eq (tt_fields_read (&fields, tt_buffer_cstr (&path), &error), TT_OK, "%s", error.message);
    tt_classifier *classifier = tt_classifier_new (&lexicon);
    const ingest_class_settings settings = { .threshold = 0.3, .most = 3 };
    ingest_classes_propose (classifier, fields, &settings, arena, r);
    for (size_t i = 0; i < r->n_proposed; i++) { /* they outlive the classifier here */
        ingest_proposal *p = r->proposed[i];
        p->code = tt_arena_strndup (arena, p->code, strlen (p->code));
        for (size_t k = 0; k < p->n_terms; k++)
            p->terms[k] = tt_arena_strndup (arena, p->terms[k], strlen (p->terms[k]));
    }
    tt_classifier_destroy (&classifier);
    tt_fields_destroy (&fields);
    tt_catalog_close (&catalog);
    tt_buffer_free (&path);
}

Test (classes, what_is_declared_is_not_proposed)
{
    ingest_record r = record_of ("石墨烯散热膜的中试");
    r.industry = (char *)"C";
    propose (&r);
    cr_assert_geq (r.n_proposed, 2);
    cr_assert_str_eq (r.proposed[0]->scheme, "special");
    cr_assert_str_eq (r.proposed[0]->code, "5");
    cr_assert_str_eq (r.proposed[0]->terms[0], "石墨烯");
    for (size_t i = 0; i < r.n_proposed; i++)
        cr_assert_str_neq (r.proposed[i]->scheme, "industry");
    cr_assert_eq (r.n_specials, 0, "a proposal is no code of the record");
}

Test (classes, technology_fields_are_those_of_the_ipc)
{
    ingest_record r = record_of ("x");
    char *ipc[] = { (char *)"H01F 1/053", (char *)"A61K 8/02", (char *)"A61K 31/00", (char *)"G01N 33/50", (char *)"B01D 53/14", (char *)"B01D 15/00", (char *)"?" };
    const uint32_t wanted[] = { 1, 11, 14, 16, 23, 24 };
    r.ipc = ipc;
    r.n_ipc = 7;
    propose (&r);
    cr_assert_eq (r.n_technology_fields, 6);
    cr_assert_arr_eq (r.technology_fields, wanted, sizeof wanted);
}

Test (classes, a_verdict_without_codes_confirms_the_best)
{
    ingest_record r = record_of ("石墨烯薄膜");
    propose (&r);
    ingest_verdict verdict = verdict_of ("special", NULL), nothing = verdict_of ("stage", NULL);
    ingest_class_decision *d = ingest_classes_decide (arena, &r, &verdict);
    cr_assert_not_null (d);
    cr_assert_not (d->corrected);
    cr_assert_eq (r.n_specials, 1);
    cr_assert_eq (r.specials[0], 5);
    for (size_t i = 0; i < r.n_proposed; i++)
        cr_assert_str_neq (r.proposed[i]->scheme, "special");
    cr_assert_null (ingest_classes_decide (arena, &r, &nothing));
    cr_assert_eq (r.n_decided, 1);
}

Test (classes, a_correction_holds_until_the_source_says_something_else)
{
    ingest_record r = record_of ("石墨烯薄膜");
    uint32_t five = 5, seven = 7;
    r.specials = &five;
    r.n_specials = 1;
    ingest_record declared = r;
    char *code[] = { (char *)"3" };
    ingest_verdict verdict = verdict_of ("special", code);
    cr_assert (ingest_classes_decide (arena, &r, &verdict)->corrected);
    cr_assert_eq (r.specials[0], 3);
    cr_assert (ingest_same_content (&r, &declared), "the source has said nothing new");
    ingest_record again = declared;
    ingest_classes_carry (arena, &r, &again);
    cr_assert_eq (again.specials[0], 3);
    cr_assert_eq (again.n_decided, 1);
    ingest_record other = declared;
    other.specials = &seven;
    cr_assert_not (ingest_same_content (&r, &other));
    ingest_classes_carry (arena, &r, &other);
    cr_assert_eq (other.specials[0], 7);
    cr_assert_eq (other.n_decided, 0);
}

Test (classes, none_fits_is_a_decision)
{
    ingest_record r = record_of ("石墨烯薄膜");
    propose (&r);
    ingest_verdict verdict = verdict_of ("special", NULL);
    verdict.none = true;
    ingest_class_decision *d = ingest_classes_decide (arena, &r, &verdict);
    cr_assert (d->corrected);
    cr_assert_eq (r.n_specials, 0);
    propose (&r);
    for (size_t i = 0; i < r.n_proposed; i++)
        cr_assert_str_neq (r.proposed[i]->scheme, "special", "what was decided is not proposed again");
}
