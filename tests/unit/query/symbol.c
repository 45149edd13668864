/* Class symbols in the forms that offices write, what they say beside the symbol, and the tree of subgroups. */
#include "query/symbol.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "query/class_tree.h"
#include "query/tree.h"
#include "unit/query/vocabulary.h"

#define EXCERPT TT_SOURCE_DIR "/tests/data/classes/excerpt.txt"

TestSuite (symbol, .init = open_text);

static const char *
read_symbol (const char *text)
{
    static tt_symbol symbol;
    return tt_symbol_parse (tt_bytes_of_text (text), &symbol) ? symbol.text : "";
}

Test (symbol, forms)
{
    static const char *const cases[][2] = {
        { "H01F1/053", "H01F1/053" },
        { "h01f 1/053", "H01F1/053" },
        { "H01F 1/053 (2006.01)", "H01F1/053" },
        { "H01F0001053000", "H01F1/053" },
        { "H01F0001000000", "H01F1/00" },
        { "A61K   9/16        20060101A I20051008RMEP        ", "A61K9/16" },
        { "A61K   9/16        20060101A I20051008RMEP", "A61K9/16" },
        { "A61K 9/16 20060101ALI20030127BMRU", "A61K9/16" },
        { "G06Q  30/0633      20130101 FI20240326BHUS", "G06Q30/0633" },
        { "G06Q  30/0633      20130101", "G06Q30/0633" },
        { "B64C2201/123", "B64C2201/123" },
        { "H01F", "H01F" },
        { "H", "H" },
        { "", "" },
        { "H01F1/", "" },
        { "H01F1/0530001", "" },
        { "I01F", "" },
        { "A61K   9/16        20060101XYZ20051008RMEP        ", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq (read_symbol (cases[i][0]), cases[i][1], "%s -> %s", cases[i][0], read_symbol (cases[i][0]));
}

Test (symbol, roles)
{
    static const struct {
        const char *text;
        bool cpc;
        const char *role;
    } cases[] = { { "A61K   9/16        20060101AFI20051008RMEP        ", false, "ai" },
                  { "A61K   9/16        20060101ALN20051008RMEP        ", false, "an" },
                  { "A61K   9/16        20060101CLI20051008RMEP        ", false, "ci" },
                  { "A61K   9/16        20060101C N20051008RMEP        ", false, "cn" },
                  { "A61K   9/16        20060101S I20051008RMEP        ", false, "" },
                  { "A61K   9/16        20060101", false, "" },
                  { "G06Q  30/0633      20130101 FI20240326BHUS", true, "cpci" },
                  { "G06Q  30/0633      20130101 LA20240326BHUS", true, "cpca" },
                  { "G06Q30/0633", true, "" },
                  { "", true, "" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *role = tt_symbol_role (tt_bytes_of_text (cases[i].text), cases[i].cpc);
        cr_expect_str_eq (role ? role : "", cases[i].role, "%s", cases[i].text);
    }
}

/* The tree */

static void
note (void *context, const tt_symbol *symbol)
{
    tt_buffer_printf (context, "%s ", symbol->text);
}

static const char *
visited (const char *text, bool low)
{
    static tt_buffer out;
    tt_symbol symbol;
    tt_buffer_clear (&out);
    cr_assert (tt_symbol_parse (tt_bytes_of_text (text), &symbol));
    if (!tt_class_tree_visit (TT_CLASS_IPC, &symbol, low, note, &out))
        return "not known";
    return tt_buffer_cstr (&out);
}

static void
read_excerpt (void)
{
    tt_error error = { 0 };
    cr_assert (tt_class_tree_read (TT_CLASS_IPC, EXCERPT, &error) == TT_OK, "%s", error.message);
}

Test (symbol, tree_of_subgroups)
{
    cr_expect_str_eq (visited ("H01F1/053", true), "not known");
    read_excerpt ();
    cr_expect_str_eq (visited ("H01F1/053", true), "H01F1/055 H01F1/057 ");
    cr_expect_str_eq (visited ("H01F1/053", false), "H01F1/047 H01F1/04 H01F1/032 H01F1/03 H01F1/01 H01F1 ");
    cr_expect_str_eq (visited ("H01F1/42", false), "H01F1/01 H01F1 ");
    cr_expect_str_eq (visited ("H01F1/057", true), "");
    cr_expect_str_eq (visited ("C01B32/182", true), "C01B32/184 C01B32/198 ");
    cr_expect_str_eq (visited ("H01F1/99", true), "not known");
}

static bool
matches (const char *query, const char *symbol)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    tt_document *d = tt_document_new (tt_schema_patent ());
    cr_assert (add_value (d, "ic", symbol) == 0);
    cr_assert (tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, &error) == TT_OK, "%s: %s", query, error.message);
    bool met = tt_cql_matches (cql, d);
    tt_cql_free (&cql);
    tt_document_destroy (&d);
    return met;
}

Test (symbol, low_and_high_of_a_subgroup)
{
    read_excerpt ();
    cr_expect (matches ("ic=/low H01F1/053", "H01F1/053"));
    cr_expect (matches ("ic=/low H01F1/053", "H01F1/057"));
    cr_expect (!matches ("ic=/low H01F1/053", "H01F1/047"));
    cr_expect (!matches ("ic=/low H01F1/04", "H01F1/0535"), "a symbol that only begins alike is not below");
    cr_expect (matches ("ic=/high H01F1/053", "H01F1/04"));
    cr_expect (matches ("ic=/high H01F1/053", "H01F1/00"));
    cr_expect (matches ("ic=/high H01F1/053", "H01F1"));
    cr_expect (matches ("ic=/high H01F1/053", "H01F"));
    cr_expect (matches ("ic=/high H01F1/053", "H01F   1/04        20060101AFI20051008RMEP        "));
    cr_expect (!matches ("ic=/high H01F1/053", "H01F1/06"));
    cr_expect (!matches ("ic=/high H01F1/053", "H01F1/057"));
    cr_expect (matches ("ic any /low \"H01F1/053 C01B32/182\"", "C01B32/198"));
    cr_expect (matches ("class=/low H01F1/053", "H01F1/055"));
}

Test (symbol, a_scheme_that_cannot_be_read_changes_nothing)
{
    static const char *const bad[][2] = { { "H01F1/00\t0\nsteel\t1\n", ":2: expected a class symbol, found \"steel\"" },
                                          { "H01F1/02\n", ":1: expected a tab and the number of dots" },
                                          { "H01F1/02\t0\n", ":1: expected a tab and the number of dots" },
                                          { "H01F1/02\t1x\n", ":1: expected a tab and the number of dots" },
                                          { "H01F1/02\t99\n", ":1: expected a tab and the number of dots" },
                                          { "H01F1/02\t1\nH01F1/02\t1\n", "expected each symbol once, found H01F1/02 twice" },
                                          { "# nothing\n\nH01F\n", "expected subgroups, found none" } };
    read_excerpt ();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[] = "/tmp/tt-scheme-XXXXXX";
        tt_error error = { 0 };
        int file = mkstemp (path);
        cr_assert (write (file, bad[i][0], strlen (bad[i][0])) > 0);
        close (file);
        cr_expect (tt_class_tree_read (TT_CLASS_IPC, path, &error) == TT_INVALID_ARGUMENT);
        cr_expect (strstr (error.message, bad[i][1]) != NULL, "%s", error.message);
        unlink (path);
    }
    tt_error error = { 0 };
    cr_expect (tt_class_tree_read (TT_CLASS_IPC, "/nowhere/scheme", &error) == TT_NOT_FOUND);
    cr_expect_str_eq (visited ("H01F1/055", false), "H01F1/053 H01F1/047 H01F1/04 H01F1/032 H01F1/03 H01F1/01 H01F1 ");
}

/* One more subdivision than a query may stand for is refused with the place. */
Test (symbol, limit_of_subdivisions)
{
    for (int count = TT_CQL_MAX_SUBGROUPS; count <= TT_CQL_MAX_SUBGROUPS + 1; count++) {
        char path[] = "/tmp/tt-scheme-XXXXXX";
        tt_error error = { 0 };
        tt_cql *cql = NULL;
        FILE *file = fdopen (mkstemp (path), "w");
        fprintf (file, "H01F1/00\t0\nH01F1/01\t1\n");
        for (int i = 0; i < count; i++)
            fprintf (file, "H01F1/%d\t2\n", 10000 + i);
        fclose (file);
        cr_assert (tt_class_tree_read (TT_CLASS_IPC, path, &error) == TT_OK, "%s", error.message);
        unlink (path);
        bool taken = tt_cql_parse (tt_schema_patent (), "ic=/low H01F1/01", 16, &cql, &error) == TT_OK;
        cr_expect (taken == (count <= TT_CQL_MAX_SUBGROUPS), "%d: %s", count, error.message);
        if (!taken)
            cr_expect_str_eq (error.message, "at byte 8: expected a class with at most 2000 subdivisions");
        tt_cql_free (&cql);
    }
}
