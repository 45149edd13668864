/* The CQL parser: every operator and relation, positions in errors, printing, and the examples of real queries. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "query/cql.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        abort ();
    }
}

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
        { "cl=H01F", "class=H01F" },
        { "cl all \"G06T H04N\"", "class all \"G06T H04N\"" },
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
        { "ti=a prox ti=b", "ti=a prox/distance<=1 ti=b" },
        { "ti=a prox/distance<3/ordered=true ti=b", "ti=a prox/distance<=2/ordered=true ti=b" },
        { "ab=a prox/unit=sentence ab=b", "ab=a prox/distance<=0/unit=sentence ab=b" },
        { "ti=a prox/distance = 2 ti=b", "ti=a prox/distance=2 ti=b" },
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
        { "ti=a and cpci=H01F", "at byte 9: expected another index: cpci (CPC invention symbol) is not supported yet" },
        { "ti<a", "at byte 3: expected =, ==, any or all: ti is no date" },
        { "pd all \"2015\"", "at byte 7: expected =, <, >, <=, >=, any or within: pd is a date" },
        { "pd=20151301", "at byte 3: expected a date such as 2015, 201507, 20150731 or 2015-07-31" },
        { "pd within \"2017 2015\"", "at byte 10: expected two dates, the earlier one first" },
        { "pd within \"2017\"", "at byte 10: expected two dates, the earlier one first" },
        { "ic=steel", "at byte 3: expected a class symbol such as H01F or H01F1/053" },
        { "ti=/low a", "at byte 8: expected a term: /low, /high, /same are for classes, ti is none" },
        { "ic=/below H01F", "at byte 3: expected a term, or =/low, =/high or =/same, found \"/below\"" },
        { "ic=/low H01F1/053",
          "at byte 8: expected a main group (H01F1/00) or less: the tree of subgroups for /low is not held yet" },
        { "pn=\"???\"", "at byte 3: expected a letter or digit first: pn takes no leading wildcard" },
        { "ti=\"---\"", "at byte 3: expected a term with letters or digits" },
        { "ti any \" , \"", "at byte 7: expected at least one word" },
        { "ti=ab*", "at byte 3: expected at least 3 characters beside *" },
        { "ti=*", "at byte 3: expected a term with letters or digits" },
        { "pa=*abc", "at byte 3: expected a letter or digit first: pa takes no leading wildcard" },
        { "ti=石*墨", "at byte 3: expected # or prox: * cannot stand between characters that are words of their own" },
        { "ti=a prox/distance<=0 ti=b", "at byte 9: expected a distance of at least 1 word" },
        { "ti=a prox/distance>3 ti=b", "at byte 18: expected =, < or <= behind distance, found \">\"" },
        { "ti=a prox/near ti=b", "at byte 10: expected distance, ordered=true, ordered=false, unit=word, unit=sentence or "
                                 "unit=paragraph, found \"near\"" },
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
    while (fgets (line, sizeof line, file)) {
        char *tab = strchr (line, '\t');
        if (tab == NULL || strncmp (line, "query\t", 6) == 0)
            continue;
        *tab = '\0';
        bool valid = strncmp (tab + 1, "valid\t", 6) == 0;
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        bool taken = parse (line, &cql, &error) == TT_OK;
        cr_expect (taken == valid, "%s: %s", line, taken ? "taken" : error.message);
        tt_cql_free (&cql);
        read++;
    }
    fclose (file);
    cr_expect (read == 38, "%zu examples", read);
}
