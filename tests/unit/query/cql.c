/* The CQL parser: every operator and relation, positions in errors, printing, and the examples of real queries. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/document.h"
#include "query/tree.h"
#include "unit/query/same_tree.h"
#include "unit/query/vocabulary.h"

TestSuite (cql, .init = open_text);

static tt_status
parse (const char *text, tt_cql **cql, tt_error *error)
{
    return tt_cql_parse (tt_schema_patent (), text, strlen (text), cql, error);
}

/* Canonical text of a query, in static storage; the error's message if it is none. */
static const char *
canonical (const char *text)
{
    static char out[16384];
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    if (parse (text, &cql, &error) != TT_OK) {
        snprintf (out, sizeof out, "%s", error.message);
        return out;
    }
    tt_buffer buffer = { 0 };
    tt_cql_print (cql, &buffer);
    snprintf (out, sizeof out, "%s", tt_buffer_cstr (&buffer));
    tt_buffer_free (&buffer);
    tt_cql_free (&cql);
    return out;
}

Test (cql, prints_what_it_reads)
{
    static const char *const cases[][2] = {
        { "TI = graphene", "ti=graphene" },
        { "ti=a and pa=b", "ti=a and pa=b" },
        { "ti=a AND NOT pa=b", "ti=a not pa=b" },
        { "ti=a Or (pa=b not in=c)", "ti=a or (pa=b not in=c)" },
        { "((ti=a))", "ti=a" },
        { "(ti=a or ti=b) or ti=c", "ti=a or ti=b or ti=c" },
        { "ti=a and(ti=b)and(ti=c or ti=d)", "ti=a and ti=b and (ti=c or ti=d)" },
        { "ipc=h01f1/053", "ic=h01f1/053" },
        { "cl=H01F", "cl=H01F" },
        { "cl all \"G06T H04N\"", "cl all \"G06T H04N\"" },
        { "cl=steel", "cl=steel" },
        { "claims=H01F", "claims=H01F" },
        { "claims=steel", "claims=steel" },
        { "ti any a,b", "ti any a,b" },
        { "ti all \"a b\"", "ti all \"a b\"" },
        { "ti==\"a \\\"b\\\"\"", "ti==\"a \\\"b\\\"\"" },
        { "pd within \"2015 2017\"", "pd within \"2015 2017\"" },
        { "pd>=20150101", "pd>=20150101" },
        { "ic=/low H01F1/00", "ic=/low H01F1/00" },
        { "cpc=/high \"H01F 1/00\"", "cpc=/high \"H01F 1/00\"" },
        { "ti=a prox ti=b", "ti=a prox ti=b" },
        { "ti=a prox/distance<3/ordered=true ti=b", "ti=a prox/distance<3/ordered=true ti=b" },
        { "ab=a prox/unit=sentence ab=b", "ab=a prox/unit=sentence ab=b" },
        { "ti=a prox/distance = 2 ti=b", "ti=a prox/distance=2 ti=b" },
        { "ti=a PROX / Distance <= 2 / Unit = WORD /ORDERED= True ti=b", "ti=a prox/distance<3/ordered=true ti=b" },
        { "ti=a prox/ordered=false ti=b", "ti=a prox ti=b" },
        { "ic any /low H01F,G06T", "ic any /low H01F,G06T" },
        { "ic all/same \"H01F1/053 G06T\"", "ic all /same \"H01F1/053 G06T\"" },
        { "cl=\"H01F   1/053       20060101AFI20051110RMJP        \"",
          "cl=\"H01F   1/053       20060101AFI20051110RMJP        \"" },
        { "ti=a prox/distance<=10000 ti=b", "ti=a prox/distance<=10000 ti=b" },
        { "ti=a prox/distance<=9999 ti=b", "ti=a prox/distance<10000 ti=b" },
        { "ab=a prox/distance=1/unit=sentence ab=b", "ab=a prox/distance=1/unit=sentence ab=b" },
        { "cl=/low H01F", "cl=/low H01F" },
        { "\"a\"and\"b\"or(\"c\"not\"d\")", "\"a\" and \"b\" or (\"c\" not \"d\")" },
        { "ti=\"a\\b \\\\\\c \\\\\"", "ti=\"a\\b \\\\\\c \\\\\"" },
        { "bluetooth", "bluetooth" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq (canonical (cases[i][0]), cases[i][1], "%s -> %s, expected %s", cases[i][0], canonical (cases[i][0]),
                          cases[i][1]);
}

Test (cql, says_where_and_what)
{
    static const char *const cases[][2] = {
        { "", "at byte 0: expected a term, found the end" },
        { "   ", "at byte 3: expected a term, found the end" },
        { "ti=a and", "at byte 8: expected a term after \"and\", found the end" },
        { "ti=a or or ti=b", "at byte 8: expected a term after \"or\", found \"or\"" },
        { "not ti=a", "at byte 0: expected a term, found \"not\"" },
        { "ti=", "at byte 3: expected a term behind the relation, found the end" },
        { "ti=(a)", "at byte 3: expected a term behind the relation, found \"(\"" },
        { "=a", "at byte 0: expected a term, found \"=\"" },
        { "ti=a ti=b", "at byte 5: expected and, or, not, prox or the end, found \"ti\"" },
        { "(ti=a ti=b)", "at byte 6: expected and, or, not, prox or \")\", found \"ti\"" },
        { "(ti=a", "at byte 5: expected \")\" for the \"(\" at byte 0, found the end" },
        { "ti=a)", "at byte 4: expected and, or, not, prox or the end, found \")\"" },
        { "ti=\"a", "at byte 5: expected a closing quote for the one at byte 3, found the end" },
        { "nosuch=a", "at byte 0: expected the name of an index, found \"nosuch\"" },
        { "ti<a", "at byte 3: expected =, ==, any or all: ti is no date" },
        { "pd all \"2015\"", "at byte 7: expected =, <, >, <=, >=, any or within: pd is a date" },
        { "pd=20151301", "at byte 3: expected a date such as 2015, 201507, 20150731 or 2015-07-31" },
        { "pd within \"2017 2015\"", "at byte 10: expected two dates, the earlier one first" },
        { "pd within \"2017\"", "at byte 10: expected two dates, the earlier one first" },
        { "ic=steel", "at byte 3: expected a class symbol such as H01F or H01F1/053" },
        { "ti=/low a", "at byte 8: expected a term: /low, /high, /same are for classes, ti is none" },
        { "ic=/below H01F", "at byte 3: expected a term, or =/low, =/high or =/same, found \"/below\"" },
        { "ic=/low H01F1/053",
          "at byte 8: expected a main group (H01F1/00) or less: no scheme was given that has the subgroup H01F1/053 for /low" },
        { "pn=\"???\"", "at byte 3: expected a letter or digit first: pn takes no leading wildcard" },
        { "ti=\"---\"", "at byte 3: expected a term with letters or digits" },
        { "ti any \" , \"", "at byte 7: expected at least one word" },
        { "ti=ab*", "at byte 3: expected at least 3 characters beside *" },
        { "ti=*", "at byte 3: expected a term with letters or digits" },
        { "pa=*abc", "at byte 3: expected a letter or digit first: pa takes no leading wildcard" },
        { "ti=石*墨", "at byte 3: expected # or prox: * cannot stand between characters that are words of their own" },
        { "ti=a prox/distance<=0 ti=b", "at byte 9: expected a distance of at least 1 word" },
        { "ti=a prox/distance>3 ti=b", "at byte 18: expected =, < or <= behind distance, found \">\"" },
        { "ti=a prox/near ti=b", "at byte 10: expected distance, ordered or unit, found \"near\"" },
        { "ti=a prox/unit=line ti=b", "at byte 15: expected word, sentence or paragraph, found \"line\"" },
        { "ti=a prox/ordered ti=b", "at byte 18: expected =, found \"ti\"" },
        { "ti=a prox/ordered=yes ti=b", "at byte 18: expected true or false, found \"yes\"" },
        { "ti=a prox/ordered<true ti=b", "at byte 17: expected =, found \"<\"" },
        { "ti=a prox/distance<3/distance<4 ti=b",
          "at byte 21: expected each of distance, ordered and unit at most once, found \"distance\"" },
        { "ti=a prox/distance<3ti=b", "at byte 20: expected a space or / behind a modifier of prox, found \"ti\"" },
        { "ti=a prox ti=b prox ti=c", "at byte 15: expected and, or, not or the end, found \"prox\"" },
        { "(ti=a) prox ti=b", "at byte 7: expected and, or, not or the end, found \"prox\"" },
        { "((ti=a) prox ti=b)", "at byte 8: expected and, or, not or \")\", found \"prox\"" },
        { "pd within \"2015 2017x\"", "at byte 16: expected a date such as 2015, 201507, 20150731 or 2015-07-31" },
        { "ic any \"H01F steel\"", "at byte 13: expected a class symbol such as H01F or H01F1/053" },
        { "ti any \"a \\\"b\\\" ---\"", "at byte 16: expected a term with letters or digits" },
        { "ic all /low \"H01F G06T\"", "at byte 12: expected any, =/low or =/high: all takes neither" },
        { "pd=2015-02-30", "at byte 3: expected a date such as 2015, 201507, 20150731 or 2015-07-31" },
        { "ti=a prox ab=b", "at byte 10: expected the index of the other side of prox" },
        { "ti=a prox pd=2015", "at byte 10: expected a text term with = on both sides of prox" },
        { "ti any \"a b\" prox ti=c", "at byte 0: expected a text term with = on both sides of prox" },
        { "ti=a and (pa=b", "at byte 14: expected \")\" for the \"(\" at byte 9, found the end" },
        { "ti=\xff", "at byte 3: expected UTF-8 text" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq (canonical (cases[i][0]), cases[i][1], "%s -> %s, expected %s", cases[i][0], canonical (cases[i][0]),
                          cases[i][1]);
}

/* The examples of queries that people really wrote, by the number of their line in the sheet: how OPS reads those that are not
 * plain, and where those that OPS refuses go wrong. README.md argues the rest. */
static const struct {
    size_t line;
    const char *reads;
} examples[] = {
    { 2, "ti=bluetooth" },
    { 5, "pa=\"Apple Inc\"" },
    { 6, "ti=wireless and pa=ericsson or in=smith" },
    { 16, "bluetooth" },
    { 17, "at byte 0: expected a term, found the end" },
    { 18, "at byte 3: expected a term, found the end" },
    { 19, "at byte 0: expected the name of an index, found \"invalidfield\"" },
    { 20, "at byte 13: expected \")\" for the \"(\" at byte 0, found the end" },
    { 21, "at byte 12: expected and, or, not, prox or the end, found \")\"" },
    { 22, "at byte 14: expected \")\" for the \"(\" at byte 1, found the end" },
    { 27, "ti=bluetooth and pa=ericsson" },
    { 37, "ti=Respirator and ic=A61M1" },
    { 38, "ta all \"sift\" and cl all \"G06T\"" },
};

static const char *
wanted_of (size_t line)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (examples[i].line == line)
            return examples[i].reads;
    return NULL;
}

static void
judge (char *query, bool valid, size_t number)
{
    tt_cql *first = NULL;
    tt_cql *second = NULL;
    tt_error error = { 0 };
    bool taken = parse (query, &first, &error) == TT_OK;
    cr_expect (taken == valid, "%s: %s", query, taken ? "taken" : error.message);
    const char *reads = canonical (query);
    const char *wanted = wanted_of (number);
    cr_expect (wanted == NULL || strcmp (reads, wanted) == 0, "line %zu: %s", number, reads);
    if (taken) {
        cr_assert (parse (reads, &second, &error) == TT_OK, "%s: %s", reads, error.message);
        cr_expect (same_tree (first->root, second->root), "%s became %s", query, reads);
        cr_expect ((tt_cql_warning (first, 0) != NULL) == (number == 6), "line %zu: %s", number, query);
    }
    tt_cql_free (&first);
    tt_cql_free (&second);
}

/* The sheet of queries that people really wrote, with what an EPO parser says of each. */
Test (cql, judges_the_real_examples)
{
    char path[1024];
    char line[1024];
    const char *data = getenv ("TT_REAL_DATA");
    snprintf (path, sizeof path, "%s/patents/cql_query_examples.tsv", data ? data : TT_SOURCE_DIR "/../shared/data");
    FILE *file = fopen (path, "r");
    if (file == NULL)
        cr_skip_test ("skipped: no %s", path);
    size_t read = 0;
    for (size_t number = 1; fgets (line, sizeof line, file); number++) {
        char *tab = strchr (line, '\t');
        if (tab == NULL || number == 1)
            continue;
        *tab = '\0';
        judge (line, strncmp (tab + 1, "valid\t", 6) == 0, number);
        read++;
    }
    fclose (file);
    cr_expect (read == 38, "%zu examples", read);
}

/* Printing and reading again */

Test (cql, reads_what_it_prints)
{
    random_source random = { 99 };
    open_scheme ();
    for (int i = 0; i < 100000; i++) {
        tt_buffer text = { 0 };
        tt_buffer printed = { 0 };
        tt_cql *first = NULL;
        tt_cql *second = NULL;
        tt_error error = { 0 };
        random_query (&random, 3, &text);
        cr_assert (parse (tt_buffer_cstr (&text), &first, &error) == TT_OK, "%s: %s", tt_buffer_cstr (&text), error.message);
        tt_cql_print (first, &printed);
        cr_assert (parse (tt_buffer_cstr (&printed), &second, &error) == TT_OK, "%s: %s", tt_buffer_cstr (&printed),
                   error.message);
        cr_assert (same_tree (first->root, second->root), "%s became %s", tt_buffer_cstr (&text), tt_buffer_cstr (&printed));
        tt_cql_free (&first);
        tt_cql_free (&second);
        tt_buffer_free (&text);
        tt_buffer_free (&printed);
    }
}

/* Near the limit of length the spaces that nobody needs go, so that the text is still a query. */
Test (cql, prints_no_more_than_it_may_read)
{
    static const char *const parts[]
        = { "or(\"a b\"and\"c\")", "or(ti any\"a\"or ti=\"c\")", "or ti=\"a\\b\"",   "or ti=\"a\"prox ti=\"b\"",
            "or(a or b)",          "or ic any/low\"H01F\"",      "or(cl=H01F or b)", "or ic=/low\"H\"" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        tt_buffer text = { 0 };
        tt_buffer printed = { 0 };
        tt_cql *first = NULL;
        tt_cql *second = NULL;
        tt_error error = { 0 };
        for (int pad = 0; pad < 2; pad++) { /* with words so long that the query is as long as it may be */
            size_t clauses = pad ? 120 : 1;
            tt_buffer_clear (&text);
            tt_buffer_text (&text, "\"x\"");
            while (clauses-- > 0)
                tt_buffer_text (&text, parts[i]);
            tt_buffer_text (&text, "or ti=");
            while (pad && text.size < TT_CQL_MAX_BYTES)
                tt_buffer_text (&text, "y");
            tt_buffer_text (&text, pad ? "" : "y");
            tt_buffer_clear (&printed);
            cr_assert (parse (tt_buffer_cstr (&text), &first, &error) == TT_OK, "%s: %s", parts[i], error.message);
            tt_cql_print (first, &printed);
            cr_expect (printed.size <= TT_CQL_MAX_BYTES, "%s: %zu of %zu", parts[i], printed.size, text.size);
            cr_assert (parse (tt_buffer_cstr (&printed), &second, &error) == TT_OK, "%s", error.message);
            cr_expect (same_tree (first->root, second->root), "%s", parts[i]);
            tt_cql_free (&first);
            tt_cql_free (&second);
        }
        tt_buffer_free (&text);
        tt_buffer_free (&printed);
    }
}

Test (cql, warns_of_mixed_operators)
{
    static const struct {
        const char *text;
        const char *warning;
    } cases[] = { { "ti=a and ti=b or ti=c", "at byte 14: " },
                  { "ti=a or ti=b not ti=c", "at byte 13: " },
                  { "ti=a not ti=b and ti=c", "at byte 14: " },
                  { "ti=a and ti=b not ti=c and ti=d", "at byte 23: " },
                  { "ti=a not ti=b not ti=c", NULL },
                  { "ti=a and ti=b not ti=c", NULL },
                  { "(ti=a and ti=b) or ti=c", NULL },
                  { "ti=a or ti=b or ti=c", NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        cr_assert (parse (cases[i].text, &cql, &error) == TT_OK);
        const char *warning = tt_cql_warning (cql, 0);
        cr_expect ((warning == NULL) == (cases[i].warning == NULL), "%s", cases[i].text);
        if (warning && cases[i].warning)
            cr_expect (strncmp (warning, cases[i].warning, strlen (cases[i].warning)) == 0, "%s", warning);
        cr_expect (tt_cql_warning (cql, 1) == NULL);
        tt_cql_free (&cql);
    }
}

/* Limits: at the limit it is read, one past it is refused. */

static bool
repeated (const char *before, const char *part, size_t times, const char *behind)
{
    tt_buffer text = { 0 };
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    tt_buffer_text (&text, before);
    for (size_t i = 0; i < times; i++)
        tt_buffer_text (&text, part);
    tt_buffer_text (&text, behind);
    bool taken = parse (tt_buffer_cstr (&text), &cql, &error) == TT_OK;
    cr_expect (taken || strncmp (error.message, "at byte ", 8) == 0, "%s", error.message);
    tt_cql_free (&cql);
    tt_buffer_free (&text);
    return taken;
}

Test (cql, holds_its_limits)
{
    cr_expect (repeated ("ti=", "a", TT_CQL_MAX_BYTES - 3, ""));
    cr_expect (repeated ("ti=", "a", TT_CQL_MAX_BYTES - 2, "") == false);
    cr_expect (repeated ("ti=a", " or ti=b", TT_CQL_MAX_CLAUSES - 1, ""));
    cr_expect (repeated ("ti=a", " or ti=b", TT_CQL_MAX_CLAUSES, "") == false);
    cr_expect (repeated ("ti any \"", "a ", TT_CQL_MAX_CLAUSES, "\""));
    cr_expect (repeated ("ti any \"", "a ", TT_CQL_MAX_CLAUSES + 1, "\"") == false);
    cr_expect (repeated ("ti any \"", "abc* ", TT_CQL_MAX_WILD_WORDS, "\""));
    cr_expect (repeated ("ti any \"", "abc* ", TT_CQL_MAX_WILD_WORDS + 1, "\"") == false);
    cr_expect (repeated ("ti=\"", "a ", 512, "\""));
    cr_expect (repeated ("ti=\"", "a ", 513, "\"") == false);
    cr_expect (repeated ("ti=", "a", 199, "*"));
    cr_expect (repeated ("ti=", "a", 200, "*") == false);
}

Test (cql, holds_its_limit_of_nesting)
{
    for (size_t depth = TT_CQL_MAX_DEPTH - 1; depth <= TT_CQL_MAX_DEPTH + 1; depth++) {
        char text[2 * TT_CQL_MAX_DEPTH + 16] = "";
        memset (text, '(', depth);
        memcpy (text + depth, "ti=a", 4);
        memset (text + depth + 4, ')', depth);
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        cr_expect ((parse (text, &cql, &error) == TT_OK) == (depth <= TT_CQL_MAX_DEPTH), "%zu deep", depth);
        tt_cql_free (&cql);
    }
}

/* Bytes that mean something to the parser, in any order: it answers, and an error names a position inside. */
Test (cql, survives_any_text)
{
    static const char *const parts[]
        = { "ti",  "=",   "\"",     "(",    ")",    " and ", " not ", "prox", "/",  "distance", "<=", "3",    "*",    "?", "石",
            "any", "all", "within", "2015", "H01F", "\\",    ",",     " ",    "pd", "\xFF",     "#",  "/low", "CN1A", ">" };
    random_source random = { 5 };
    size_t taken = 0;
    for (int i = 0; i < 200000; i++) {
        char text[256] = "";
        for (uint32_t n = random_below (&random, 12); n > 0; n--)
            strcat (text, parts[random_below (&random, sizeof parts / sizeof parts[0])]);
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        unsigned long at = 0;
        if (parse (text, &cql, &error) == TT_OK) {
            taken++;
        } else {
            cr_assert (sscanf (error.message, "at byte %lu: expected", &at) == 1, "%s", error.message);
            cr_assert (at <= strlen (text), "%s: %s", text, error.message);
            cr_assert (cql == NULL);
        }
        tt_cql_free (&cql);
    }
    cr_expect (taken > 500, "%zu taken", taken);
}

/* Every index that the EPO names, from the catalogue, is understood; nothing else is but what is marked as an extension. */
Test (cql, knows_every_epo_index)
{
    static const char *const values[] = { "a", "2015", "H01F", "EP1000000" };
    const tt_schema *schema = tt_schema_patent ();
    char line[1024];
    bool listed[TT_SCHEMA_MAX_INDEXES] = { false };
    size_t names = 0;
    FILE *file = fopen (TT_SOURCE_DIR "/common/catalog/data/codelists.csv", "r");
    cr_assert (file);
    while (fgets (line, sizeof line, file)) {
        if (strncmp (line, "epo_cql_index,", 14) != 0)
            continue;
        size_t size = strcspn (line + 14, ",");
        int index = tt_schema_find (schema, line + 14, size);
        cr_assert (index >= 0, "%.*s", (int)size, line + 14);
        cr_expect (!schema->indexes[index].extension, "%.*s", (int)size, line + 14);
        listed[index] = true;
        names++;
        size_t taken = 0;
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            char query[64];
            snprintf (query, sizeof query, "%.*s=%s", (int)size, line + 14, values[i]);
            taken += strncmp (canonical (query), "at byte", 7) != 0;
        }
        cr_expect (taken > 0, "%.*s takes no value", (int)size, line + 14);
    }
    fclose (file);
    cr_expect (names == 32, "%zu names", names);
    for (size_t i = 0; i < schema->count; i++)
        cr_expect (listed[i] != schema->indexes[i].extension, "%s", schema->indexes[i].name);
}

Test (cql, infers_the_index_of_a_bare_term)
{
    static const char *const cases[][2] = {
        { "CN", "pn" },         { "2015", "pd" },       { "31/12/2015", "pd" },     { "H01F", "class" }, { "H01F1/053", "class" },
        { "EP1000000", "num" }, { "1000000", "num" },   { "smith", "ia" },          { "5g", "txt" },     { "石墨烯", "txt" },
        { "Müller", "ia" },     { "ＳＭＩＴＨ", "ia" }, { "\"thin film\"", "txt" }, { "graph*", "txt" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        cr_assert (parse (cases[i][0], &cql, &error) == TT_OK, "%s: %s", cases[i][0], error.message);
        cr_expect_str_eq (tt_schema_patent ()->indexes[cql->root->clause.index].name, cases[i][1], "%s", cases[i][0]);
        tt_cql_free (&cql);
    }
}

Test (cql, reads_the_schema_of_achievements)
{
    static const char *const queries[]
        = { "石墨烯", "ti=film and kw any \"a b\"", "di=haidian or sp=1", "st=pilot not pd<2020", "ow=大学 and pe=李" };
    const tt_schema *schema = tt_schema_achievement ();
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        cr_assert (tt_cql_parse (schema, queries[i], strlen (queries[i]), &cql, &error) == TT_OK, "%s: %s", queries[i],
                   error.message);
        tt_cql_free (&cql);
    }
    cr_expect_str_eq (schema->indexes[tt_schema_find (schema, "TXT", 3)].name, "txt");
    cr_expect (tt_schema_find (schema, "cpc", 3) == -1);
}

/* Stored indexes come first and are few enough for the programs' words. */
Test (cql, schemas_are_well_formed)
{
    const tt_schema *schemas[] = { tt_schema_patent (), tt_schema_achievement () };
    for (size_t s = 0; s < 2; s++) {
        bool others = false;
        cr_expect (schemas[s]->count <= TT_SCHEMA_MAX_INDEXES);
        for (size_t i = 0; i < schemas[s]->count; i++) {
            const tt_index *index = &schemas[s]->indexes[i];
            bool stored = index->kind < TT_INDEX_GROUP;
            cr_expect (!stored || (!others && i < TT_SCHEMA_MAX_STORED), "%s", index->name);
            cr_expect (index->kind != TT_INDEX_GROUP || index->members < UINT64_C (1) << TT_SCHEMA_MAX_STORED, "%s", index->name);
            cr_expect (tt_schema_find (schemas[s], index->name, strlen (index->name)) == (int)i, "%s", index->name);
            others |= !stored;
        }
    }
}
