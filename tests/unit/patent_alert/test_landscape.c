/* Maps over a handful of documents whose counts were made by hand, and selections held against brute force. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "landscape.h"
#include "removal.h"

#define AXIS(name) TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_##name

typedef struct {
    const char *country, *number, *date, *filed, *title, *applicant, *ipc[3], *cpc[2];
} plain;

/* B counts once in H01M (IPC and CPC); the two ways to write Acme are one; E has nothing to be counted by. */
static const plain documents[] = {
    { "CN", "1", "2021-03-01", "2019-01-01", "石墨烯电池", "Acme, Inc.", { "H01M10/0525", "C01B32/182" }, { 0 } },
    { "CN", "2", "2022-03-01", "2020-01-01", "电池", "ACME CORP", { "H01M4/02" }, { "H01M 4/02", "Y02E60/10" } },
    { "US", "3", "2022-05-01", "2020-01-01", "drone battery", "清华大学", { "B64C39/02", "H01M10/00" }, { 0 } },
    { "US", "4", "2023-01-15", "", "drone", "Beta GmbH", { "B64C39/02" }, { "G05D1/10" } },
    { "JP", "5", "", "", "motor", "", { 0 }, { 0 } },
};
#define DOCUMENTS (sizeof documents / sizeof *documents)

typedef struct {
    PatentDocument document;
    DocumentReference publication, application;
    Techtransfer__Patent__V1__LocalizedText title, *titles[1];
    Techtransfer__Patent__V1__PatentParty party, *parties[1];
    char *ipc[3], *cpc[2], id[32];
} full;

static size_t
list (const char *const *from, size_t most, char **to)
{
    size_t n = 0;
    for (; n < most && from[n]; n++)
        to[n] = (char *)from[n];
    return n;
}

static void
fill (full *f, const plain *p)
{
    techtransfer__patent__v1__patent_document__init (&f->document);
    techtransfer__patent__v1__document_reference__init (&f->publication);
    techtransfer__patent__v1__localized_text__init (&f->title);
    techtransfer__patent__v1__patent_party__init (&f->party);
    f->publication.country = (char *)p->country;
    f->publication.number = (char *)p->number;
    f->publication.kind = (char *)"A";
    f->application = f->publication;
    f->publication.date = (char *)p->date;
    f->application.date = (char *)p->filed;
    f->title.text = (char *)p->title;
    f->titles[0] = &f->title;
    f->party.name = (char *)p->applicant;
    f->parties[0] = &f->party;
    f->document.publication = &f->publication;
    f->document.application = &f->application;
    f->document.titles = f->titles;
    f->document.n_titles = 1;
    f->document.applicants = f->parties;
    f->document.n_applicants = p->applicant[0] ? 1 : 0;
    f->document.ipc = f->ipc;
    f->document.n_ipc = list (p->ipc, 3, f->ipc);
    f->document.cpc = f->cpc;
    f->document.n_cpc = list (p->cpc, 2, f->cpc);
    snprintf (f->id, sizeof f->id, "%s.%s.A", p->country, p->number);
}

static alert_columns *columns;
static tt_arena *arena;

static void
set_up (void)
{
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    columns = alert_columns_new ();
    arena = tt_arena_new (0);
    for (size_t i = 0; i < DOCUMENTS; i++) {
        full f;
        fill (&f, &documents[i]);
        alert_columns_put (columns, (uint32_t)i % 2, f.id, &f.document, 19000);
    }
}

static void
tear_down (void)
{
    alert_columns_destroy (&columns);
    tt_arena_destroy (&arena);
}

TestSuite (landscape, .init = set_up, .fini = tear_down);

/* "H01M 3 | C01B 1 : 1 2 0" for comparing with what was counted by hand. */
static void
expect_map (const MapReply *map, const char *wanted)
{
    tt_buffer text = { 0 };
    for (size_t r = 0; r < map->n_rows; r++)
        tt_buffer_printf (&text, "%s=%llu ", map->rows[r]->key[0] ? map->rows[r]->key : map->rows[r]->label,
                          (unsigned long long)map->rows[r]->documents);
    tt_buffer_text (&text, "/ ");
    for (size_t c = 0; c < map->n_columns; c++)
        tt_buffer_printf (&text, "%s=%llu ", map->columns[c]->key[0] ? map->columns[c]->key : map->columns[c]->label,
                          (unsigned long long)map->columns[c]->documents);
    tt_buffer_text (&text, "/");
    for (size_t i = 0; i < map->n_cells; i++)
        tt_buffer_printf (&text, "%s%llu", map->n_columns && i % map->n_columns == 0 ? " " : ",", (unsigned long long)map->cells[i]);
    cr_expect_str_eq (tt_buffer_cstr (&text), wanted);
    tt_buffer_free (&text);
}

Test (landscape, classes_by_year)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    MapReply *map = alert_landscape (columns, NULL, &request, arena);
    expect_map (map, "H01M=3 B64C=2 C01B=1 G05D=1 Y02E=1 / 2021=1 2022=2 2023=1 / 1,2,0 0,1,1 1,0,0 0,0,1 0,1,0");
    cr_expect (map->complete && map->documents == 5 && map->matched == 5);
    cr_expect (map->without_row == 1 && map->without_column == 1);
    cr_expect_eq (map->last_year, 2022);
    cr_expect_str_eq (map->rows[0]->growth, "100.0");
    cr_expect_str_eq (map->rows[0]->compound_growth, "100.0");
    cr_expect_str_eq (map->rows[1]->growth, "");
    cr_expect_str_eq (map->rows[2]->growth, "-100.0");
    cr_assert_eq (map->n_applicants, 3);
    cr_expect_str_eq (map->applicants[0]->key, "acme");
    cr_expect_str_eq (map->applicants[0]->label, "Acme, Inc.");
    cr_expect_eq (map->applicants[0]->documents, 2);
}

Test (landscape, a_document_counts_once_in_the_rest)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    request.row_limit = 1;
    request.column_limit = 2;
    MapReply *map = alert_landscape (columns, NULL, &request, arena);
    expect_map (map, "H01M=3 others=4 / 2022=2 2023=1 earlier=1 / 2,0,1 2,1,1");
    cr_expect_eq (map->rows[1]->keys, 4);
    request.row_limit = 2;
    request.level = TECHTRANSFER__PATENT__V1__MAP_LEVEL__MAP_LEVEL_SECTION;
    request.scheme = TECHTRANSFER__PATENT__V1__MAP_SCHEME__MAP_SCHEME_CPC;
    request.columns = AXIS (COUNTRY);
    expect_map (alert_landscape (columns, NULL, &request, arena), "G=1 H=1 others=1 / CN=2 US=2 others=1 / 0,1,0 1,0,0 1,0,0");
}

Test (landscape, other_axes_and_levels)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    request.rows = AXIS (APPLICANT);
    request.columns = AXIS (FILING_YEAR);
    expect_map (alert_landscape (columns, NULL, &request, arena), "acme=2 beta=1 清华大学=1 / 2019=1 2020=2 / 1,1 0,0 0,1");
    request.rows = AXIS (CLASS);
    request.columns = AXIS (COUNTRY);
    request.level = TECHTRANSFER__PATENT__V1__MAP_LEVEL__MAP_LEVEL_MAIN_GROUP;
    request.scheme = TECHTRANSFER__PATENT__V1__MAP_SCHEME__MAP_SCHEME_IPC;
    expect_map (alert_landscape (columns, NULL, &request, arena),
                "B64C39=2 H01M10=2 C01B32=1 H01M4=1 / CN=2 US=2 JP=1 / 0,2,0 1,1,0 1,0,0 1,0,0");
}

Test (landscape, a_correction_moves_and_a_removal_takes_away)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    full f;
    plain moved = documents[0];
    moved.ipc[0] = "G01N33/00";
    moved.date = "2023-12-31";
    fill (&f, &moved);
    alert_columns_put (columns, 0, f.id, &f.document, 19001);
    cr_expect (alert_columns_remove (columns, 1, "US.4.A"));
    cr_expect (!alert_columns_remove (columns, 0, "US.4.A"));
    MapReply *map = alert_landscape (columns, NULL, &request, arena);
    expect_map (map, "H01M=2 B64C=1 C01B=1 G01N=1 Y02E=1 / 2022=2 2023=1 / 2,0 1,0 0,1 0,1 1,0");
    cr_expect_eq (map->documents, 4);
    cr_expect_eq (map->last_year, 2023, "the last day of the newest year has come");
}

Test (landscape, nothing_stored)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    alert_columns *none = alert_columns_new ();
    MapReply *map = alert_landscape (none, NULL, &request, arena);
    expect_map (map, "/ /");
    cr_expect (map->complete && map->last_year == 0 && map->n_applicants == 0);
    alert_columns_destroy (&none);
}

Test (landscape, growth_by_hand)
{
    char text[ALERT_GROWTH_SIZE];
    const uint64_t steady[ALERT_GROWTH_YEARS] = { 10, 20, 40, 80, 160, 320 }, late[ALERT_GROWTH_YEARS] = { 0, 0, 0, 100, 0, 121 },
                   gone[ALERT_GROWTH_YEARS] = { 5, 5, 5, 5, 4, 0 }, none[ALERT_GROWTH_YEARS] = { 0 };
    alert_growth_last (steady, text);
    cr_expect_str_eq (text, "100.0");
    alert_growth_compound (steady, text);
    cr_expect_str_eq (text, "100.0");
    alert_growth_last (late, text);
    cr_expect_str_eq (text, "");
    alert_growth_compound (late, text); /* 1.21 in two years */
    cr_expect_str_eq (text, "10.0");
    alert_growth_last (gone, text);
    cr_expect_str_eq (text, "-100.0");
    alert_growth_compound (none, text);
    cr_expect_str_eq (text, "");
}

/* -- selections -- */

/* Which documents, as "1 2 4", and how many had to be asked. */
static size_t
run_selection (const char *query, tt_buffer *found)
{
    alert_selection *s = NULL;
    tt_error error = { 0 };
    alert_view *view = alert_view_new ();
    size_t asked[2], count;
    cr_assert_eq (alert_selection_open (&s, query, &error), TT_OK, "%s: %s", query, error.message);
    while (!alert_selection_done (s, columns)) {
        count = alert_selection_step (s, columns, 2, asked, 2);
        for (size_t i = 0; i < count; i++) {
            full f;
            fill (&f, &documents[asked[i]]);
            alert_selection_answer (s, asked[i], &f.document, view);
        }
    }
    for (size_t p = 0; p < DOCUMENTS; p++)
        if (alert_selection_has (s, p))
            tt_buffer_printf (found, "%zu ", p + 1);
    count = alert_selection_asked (s);
    alert_selection_close (&s);
    alert_view_destroy (&view);
    return count;
}

static void
brute_force (const char *query, tt_buffer *found)
{
    tt_cql *cql = NULL;
    alert_view *view = alert_view_new ();
    cr_assert_eq (tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, NULL), TT_OK);
    for (size_t p = 0; p < DOCUMENTS; p++) {
        full f;
        fill (&f, &documents[p]);
        (void)alert_view_fill (view, &f.document);
        if (tt_cql_matches (cql, alert_view_document (view)))
            tt_buffer_printf (found, "%zu ", p + 1);
    }
    tt_cql_free (&cql);
    alert_view_destroy (&view);
}

Test (landscape, selections_are_those_of_brute_force_and_ask_only_what_they_must)
{
    static const struct {
        const char *query;
        size_t asked;
    } cases[] = {
        { "ic=H01M", 0 },
        { "ic=H01M not pa=acme", 0 },
        { "cc=CN or pd>=2023", 0 },
        { "pn=US", 0 },
        { "pn=CN2A or cpc=G05D", 0 },
        { "class=H01M and pd within \"2022 2022\"", 0 },
        { "ic all \"B64C H01M\"", 0 },
        { "pa=\"清华\"", 0 },
        { "ti=drone", 5 },
        { "ti=drone and cc=US", 2 },
        { "ti=drone or cc=US", 3 },
        { "cc=US not ti=battery", 2 },
        { "pn=US3 and ab=x", 1 },
        { "ti=电池 prox/distance<3 ti=石墨烯", 5 },
        { "txt=acme", 3 },
        { "ti=nothing and ic=A01B", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tt_buffer found = { 0 }, wanted = { 0 };
        size_t asked = run_selection (cases[i].query, &found);
        brute_force (cases[i].query, &wanted);
        cr_expect_str_eq (tt_buffer_cstr (&found), tt_buffer_cstr (&wanted), "%s", cases[i].query);
        cr_expect_eq (asked, cases[i].asked, "%s: asked %zu", cases[i].query, asked);
        tt_buffer_free (&found);
        tt_buffer_free (&wanted);
    }
}

Test (landscape, a_selection_goes_on_with_what_comes_later)
{
    alert_selection *s = NULL;
    size_t asked[8];
    full f;
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    cr_assert_eq (alert_selection_open (&s, "ic=H01M", NULL), TT_OK);
    cr_expect_eq (alert_selection_step (s, columns, 100, asked, 8), 0);
    cr_expect_eq (alert_landscape (columns, s, &request, arena)->matched, 3);
    plain later = documents[3];
    later.ipc[0] = "H01M50/10";
    fill (&f, &later);
    alert_columns_put (columns, 1, f.id, &f.document, 19000);
    (void)alert_columns_remove (columns, 0, "CN.1.A");
    cr_expect (!alert_selection_done (s, columns));
    cr_expect_eq (alert_selection_step (s, columns, 100, asked, 8), 0);
    cr_expect_eq (alert_landscape (columns, s, &request, arena)->matched, 3);
    alert_selection_close (&s);
}

Test (landscape, what_a_map_cannot_be_asked)
{
    alert_selection *s = NULL;
    tt_error error = { 0 };
    tt_buffer query = { 0 };
    cr_expect_eq (alert_selection_open (&s, "ti=", &error), TT_INVALID_ARGUMENT);
    cr_expect (strncmp (error.message, "at byte", 7) == 0, "%s", error.message);
    for (int i = 0; i < TT_LEAVES_MAX + 1; i++)
        tt_buffer_printf (&query, "%sti=w%d", i ? " or " : "", i);
    cr_expect_eq (alert_selection_open (&s, tt_buffer_cstr (&query), &error), TT_INVALID_ARGUMENT);
    cr_expect_null (s);
    tt_buffer_free (&query);
}

/* -- many -- */

Test (landscape, ten_thousand_documents_put_twice_and_half_of_them_removed)
{
    alert_columns *many = alert_columns_new ();
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 10000; i++) {
            full f;
            plain p = documents[i % 4];
            fill (&f, &p);
            snprintf (f.id, sizeof f.id, "CN.%d.A", i);
            alert_columns_put (many, (uint32_t)i % 8, f.id, &f.document, 19000);
        }
    cr_expect_eq (alert_columns_size (many), 10000);
    cr_expect_eq (alert_columns_places (many), 20000);
    cr_expect (!alert_columns_wasteful (many));
    cr_expect_eq (alert_landscape (many, NULL, &request, arena)->rows[0]->documents, 7500);
    for (int i = 0; i < 10000; i += 2) {
        char id[32];
        snprintf (id, sizeof id, "CN.%d.A", i);
        cr_assert (alert_columns_remove (many, (uint32_t)i % 8, id));
    }
    cr_expect_eq (alert_columns_size (many), 5000);
    cr_expect (alert_columns_wasteful (many));
    cr_expect_eq (alert_landscape (many, NULL, &request, arena)->matched, 5000);
    alert_columns_destroy (&many);
}

/* -- retention -- */

Test (landscape, when_a_document_is_due)
{
    const alert_retention none = { 0 }, published = { 30, false }, arrived = { 30, true };
    cr_expect (!alert_removal_due (&none, 0, 0, 100000));
    cr_expect (!alert_removal_due (&published, 1000, 0, 1030));
    cr_expect (alert_removal_due (&published, 1000, 1029, 1031));
    cr_expect (!alert_removal_due (&arrived, 1000, 1001, 1031));
    cr_expect (alert_removal_due (&arrived, ALERT_NO_DAY, 1000, 1031));
    cr_expect (alert_removal_due (&arrived, 1000, ALERT_NO_DAY, 1031), "where the arrival is not known, the publication counts");
    cr_expect (!alert_removal_due (&published, ALERT_NO_DAY, 1, 100000), "without a date it is kept");
}
