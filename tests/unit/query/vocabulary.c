#include "unit/query/vocabulary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "query/class_tree.h"

static const char *const words[]
    = { "graphene", "Graphite", "film",     "thin", "oxide", "steel", "石墨烯", "石墨", "氧化", "薄膜",
        "石",       "墨",       "ＦＩＬＭ", "a",    "b",     "c",     "薄",     "膜",   "的",   "graph-ene" };
static const char *const patterns[] = { "graph*", "gra##ene", "fil?", "film?", "t##n", "ste*l", "石#", "oxid#" };
static const char *const leading[] = { "*phene", "?ilm", "#film", "*墨烯", "石墨*", "*raph*", "#a", "?c" };
static const char *const classes[] = { "H01F",     "H01F1/053", "H01F1/00", "H01F1", "H01F 10/32", "H01F1/057",
                                       "H01F1/04", "H",         "H01",      "G06T",  "G06T7/00",   "H04W84/18" };
static const char *const class_patterns[] = { "H01F1/0*", "H01F1#", "G06T*" };
static const char *const low_classes[] = { "H01F", "H01F1/00", "H01F1", "H01", "G06T7/00" };
static const char *const deep_classes[] = { "H01F1/053", "H01F1/04", "H01F1/42", "H01F1/057", "H01F1/01" }; /* of the excerpt */
static bool scheme;
static const char *const numbers[]
    = { "CN111504366", "CN111504366A", "CN111504366B", "US2019123456", "CN", "US", "111504366", "EP1000000A1" };
static const char *const number_patterns[] = { "CN1115*", "CN11150436#", "EP1000000A?" };
static const char *const days[] = { "2015-01-01", "2015-07-31", "2016-02-29", "2017-12-31", "2018-06-15" };
static const char *const dates[] = { "2015", "201507", "20150731", "2016-02-29", "31/12/2017", "12/2017", "2018-06", "12.2017", "15.06.2018", "29/02/2016" };
static const char *const names[] = { "Graphene Co., Ltd.",
                                     "GRAPHENE GMBH & CO KG",
                                     "The Graphene Company",
                                     "石墨烯薄膜有限公司",
                                     "株式会社石墨",
                                     "Smith, John",
                                     "graphene",
                                     "Thin Film Inc [US]",
                                     "石墨烯薄膜",
                                     "薄膜集团股份有限公司",
                                     "Thin and Film S.p.A." };
static const char *const codes[] = { "CN", "us", "EP", "F-12", "石墨", "MM4A", "H10", "D10", "ent-4/magnets" };
static const char *const code_patterns[] = { "C#", "e?", "F-1*" };

#define PICK(random, list) (list)[random_below ((random), (uint32_t)(sizeof (list) / sizeof (list)[0]))]

uint32_t
random_below (random_source *random, uint32_t n)
{
    uint64_t x = (random->state += UINT64_C (0x9E3779B97F4A7C15)); /* splitmix64 */
    x = (x ^ x >> 30) * UINT64_C (0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C (0x94D049BB133111EB);
    return (uint32_t)((x ^ x >> 31) % n);
}

/* The indexes of the schema by how they compare, whichever there are */

static int
pick_index (random_source *random, tt_index_kind compares, bool stored)
{
    const tt_schema *schema = tt_schema_patent ();
    for (;;) {
        int i = (int)random_below (random, (uint32_t)schema->count);
        uint64_t held = tt_schema_stored (schema, i);
        if (held != 0 && tt_schema_compares (schema, i) == compares && (!stored || held == UINT64_C (1) << i))
            return i;
    }
}

/* Its name, or now and then one of its aliases. */
static void
index_name (random_source *random, int index, tt_buffer *out)
{
    const tt_index *i = &tt_schema_patent ()->indexes[index];
    const char *name = i->aliases && random_below (random, 4) == 0 ? i->aliases : i->name;
    tt_buffer_append (out, name, strcspn (name, " "));
}

/* Queries */

static void
words_list (random_source *random, uint32_t most, const char *between, tt_buffer *out)
{
    uint32_t n = 1 + random_below (random, most);
    for (uint32_t i = 0; i < n; i++)
        tt_buffer_printf (out, "%s%s", i ? between : "",
                          random_below (random, 12) ? PICK (random, words) : PICK (random, patterns));
}

static void
text_term (random_source *random, bool may_lead, tt_buffer *out)
{
    uint32_t kind = random_below (random, 10);
    if (kind == 0 && may_lead) {
        tt_buffer_text (out, PICK (random, leading));
    } else if (kind < 3) {
        tt_buffer_text (out, "\"");
        words_list (random, 3, " ", out);
        tt_buffer_text (out, "\"");
    } else if (kind == 3) {
        tt_buffer_text (out, PICK (random, patterns));
    } else {
        tt_buffer_text (out, PICK (random, words));
    }
}

static void
text_clause (random_source *random, tt_buffer *out)
{
    int index = pick_index (random, TT_INDEX_TEXT, false);
    index_name (random, index, out);
    if (tt_schema_names (tt_schema_patent (), index) && random_below (random, 2)) {
        tt_buffer_printf (out, "%s\"%s\"", random_below (random, 3) ? "=" : "==", PICK (random, names));
        return;
    }
    uint32_t relation = random_below (random, 6);
    if (relation < 2) {
        tt_buffer_text (out, relation ? " any \"" : " all \"");
        words_list (random, 4, random_below (random, 2) ? " " : ",", out);
        tt_buffer_text (out, "\"");
        return;
    }
    tt_buffer_text (out, relation == 2 ? "==" : "=");
    text_term (random, tt_schema_patent ()->indexes[index].leading, out);
}

static void
class_clause (random_source *random, tt_buffer *out)
{
    uint32_t kind = random_below (random, 9);
    if (kind >= 2 && random_below (random, 5) == 0)
        tt_buffer_text (out, "cl");
    else
        index_name (random, pick_index (random, TT_INDEX_CLASS, false), out);
    if (kind == 0)
        tt_buffer_printf (out, "=%s", PICK (random, class_patterns));
    else if (kind < 3 && scheme && random_below (random, 2))
        tt_buffer_printf (out, random_below (random, 2) ? "=/%s %s" : " any /%s %s,H01F10", kind == 1 ? "low" : "high",
                          PICK (random, deep_classes));
    else if (kind == 1)
        tt_buffer_printf (out, "=/low %s", PICK (random, low_classes));
    else if (kind == 2)
        tt_buffer_printf (out, "=/high %s", PICK (random, low_classes));
    else if (kind == 3)
        tt_buffer_printf (out, "=/same \"%s\"", PICK (random, classes));
    else if (kind == 4)
        tt_buffer_printf (out, " any \"%s, %s\"", PICK (random, classes), PICK (random, classes));
    else if (kind == 5)
        tt_buffer_printf (out, "==\"%s\"", PICK (random, classes));
    else if (kind == 6)
        tt_buffer_printf (out, " any /low \"%s %s\"", PICK (random, low_classes), PICK (random, low_classes));
    else
        tt_buffer_printf (out, "=\"%s\"", PICK (random, classes));
}

static void
date_clause (random_source *random, tt_buffer *out)
{
    static const char *const relations[] = { "=", "<", ">", "<=", ">=", "==" };
    if (random_below (random, 5) == 0)
        tt_buffer_printf (out, "pd within \"%s 2018\"", PICK (random, dates) /* each begins before the end of 2018 */);
    else
        tt_buffer_printf (out, "pd%s%s", PICK (random, relations), PICK (random, dates));
}

static void
other_clause (random_source *random, tt_buffer *out)
{
    bool code = random_below (random, 3) == 0;
    bool pattern = random_below (random, 4) == 0;
    switch (random_below (random, 4)) {
    case 0:
        tt_buffer_text (out, random_below (random, 2) ? PICK (random, numbers) : PICK (random, dates));
        break;
    case 1:
        tt_buffer_text (out, PICK (random, words));
        break;
    default:
        index_name (random, pick_index (random, code ? TT_INDEX_CODE : TT_INDEX_NUMBER, false), out);
        tt_buffer_printf (out, "=%s",
                          code ? (pattern ? PICK (random, code_patterns) : PICK (random, codes))
                               : (pattern ? PICK (random, number_patterns) : PICK (random, numbers)));
    }
}

static void
prox_clause (random_source *random, tt_buffer *out)
{
    static const char *const units[] = { "", "/unit=word", "/unit=sentence", "/unit=paragraph" };
    static const char *const indexes[] = { "ti", "ab", "ta" };
    static const char *const signs[] = { "<=", "<", "=" };
    const char *name = PICK (random, indexes);
    tt_buffer_printf (out, "%s=", name);
    text_term (random, true, out);
    tt_buffer_text (out, " prox");
    if (random_below (random, 3))
        tt_buffer_printf (out, "/distance%s%u", PICK (random, signs), 2 + random_below (random, 4));
    tt_buffer_printf (out, "%s%s %s=", PICK (random, units), random_below (random, 3) ? "" : "/ordered=true",
                      random_below (random, 3) ? name : "ta");
    text_term (random, true, out);
}

static void
clause (random_source *random, tt_buffer *out)
{
    uint32_t kind = random_below (random, 20);
    if (kind < 11)
        text_clause (random, out);
    else if (kind < 14)
        class_clause (random, out);
    else if (kind < 15)
        date_clause (random, out);
    else if (kind < 17)
        other_clause (random, out);
    else
        prox_clause (random, out);
}

void
random_query (random_source *random, int depth, tt_buffer *out)
{
    static const char *const operators[] = { " and ", " or ", " not ", " AND NOT " };
    uint32_t parts = 1 + random_below (random, 3);
    for (uint32_t i = 0; i < parts; i++) {
        if (i)
            tt_buffer_text (out, operators[random_below (random, 16) < 12 ? random_below (random, 2) : random_below (random, 4)]);
        if (depth > 0 && random_below (random, 3) == 0) {
            tt_buffer_text (out, "(");
            random_query (random, depth - 1, out);
            tt_buffer_text (out, ")");
        } else {
            clause (random, out);
        }
    }
}

/* Documents */

static void
random_text (random_source *random, uint32_t most, tt_buffer *out)
{
    static const char *const gaps[] = { " ", " ", " ", "", "-", ". ", "。", "\n", ", " };
    uint32_t n = 1 + random_below (random, most);
    tt_buffer_clear (out);
    for (uint32_t i = 0; i < n; i++)
        tt_buffer_printf (out, "%s%s", i ? PICK (random, gaps) : "", PICK (random, words));
}

int
add_value (tt_document *document, const char *index, const char *value)
{
    return tt_document_add (document, tt_schema_find (tt_schema_patent (), index, strlen (index)), tt_bytes_of_text (value));
}

static void
add_texts (random_source *random, tt_document *document, const char *index, uint32_t values, uint32_t most)
{
    tt_buffer text = { 0 };
    for (uint32_t i = random_below (random, values + 1); i > 0; i--) {
        random_text (random, most, &text);
        add_value (document, index, tt_buffer_cstr (&text));
    }
    tt_buffer_free (&text);
}

static void
add_other (random_source *random, tt_document *document, tt_index_kind kind, const char *value)
{
    (void)tt_document_add (document, pick_index (random, kind, true), tt_bytes_of_text (value));
}

void
random_document (random_source *random, tt_document *document)
{
    tt_document_reset (document);
    add_texts (random, document, "ti", 2, 5);
    add_texts (random, document, "ab", 2, 14);
    add_texts (random, document, "cl", 2, 8);
    add_texts (random, document, "pa", 2, 3);
    add_texts (random, document, "in", 2, 3);
    for (uint32_t i = random_below (random, 5); i > 0; i--)
        add_other (random, document, TT_INDEX_CLASS, PICK (random, classes));
    for (uint32_t i = random_below (random, 3); i > 0; i--)
        add_value (document, "pd", PICK (random, days));
    for (uint32_t i = random_below (random, 5); i > 0; i--)
        add_other (random, document, TT_INDEX_NUMBER, PICK (random, numbers));
    for (uint32_t i = random_below (random, 3); i > 0; i--)
        add_other (random, document, TT_INDEX_CODE, PICK (random, codes));
    for (uint32_t i = random_below (random, 3); i > 0; i--)
        add_value (document, random_below (random, 3) ? "pa" : "in", PICK (random, names));
}

void
open_scheme (void)
{
    tt_error error = { 0 };
    scheme = tt_class_tree_read (TT_CLASS_IPC, TT_SOURCE_DIR "/tests/data/classes/excerpt.txt", &error) == TT_OK;
    if (!scheme) {
        fprintf (stderr, "%s\n", error.message);
        abort ();
    }
}

void
open_text (void)
{
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        abort ();
    }
}
