/* Patent documents, watches and alerts as values: identity, form, revisions, topics. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "document.h"
#include "inbox.h"
#include "watch.h"

typedef struct {
    PatentDocument document;
    DocumentReference publication;
    Techtransfer__Patent__V1__LocalizedText title, *titles[1];
    char *ipc[2];
} sample;

static PatentDocument *
make (sample *s)
{
    techtransfer__patent__v1__patent_document__init (&s->document);
    techtransfer__patent__v1__document_reference__init (&s->publication);
    techtransfer__patent__v1__localized_text__init (&s->title);
    s->publication.country = (char *)"CN";
    s->publication.number = (char *)"111504366";
    s->publication.kind = (char *)"B";
    s->title.text = (char *)"计量方法";
    s->titles[0] = &s->title;
    s->ipc[0] = (char *)"?";
    s->ipc[1] = (char *)"H01F1/053";
    s->document.publication = &s->publication;
    s->document.titles = s->titles;
    s->document.n_titles = 1;
    s->document.ipc = s->ipc;
    s->document.n_ipc = 2;
    return &s->document;
}

static const char *
text_of (void (*append) (const PatentDocument *, tt_buffer *), const PatentDocument *document)
{
    static tt_buffer buffer;
    tt_buffer_clear (&buffer);
    append (document, &buffer);
    return tt_buffer_cstr (&buffer);
}

Test (document, has_identity_family_and_topic)
{
    sample s;
    PatentDocument *d = make (&s);
    cr_assert_str_eq (text_of (alert_document_id, d), "CN.111504366.B");
    cr_assert_str_eq (text_of (alert_document_family, d), "CN111504366");
    cr_assert_str_eq (text_of (alert_document_topic, d), "patent/published/CN/H01F/");
    d->n_ipc = 1;
    cr_assert_str_eq (text_of (alert_document_topic, d), "patent/published/CN/none/");
    d->family_id = (char *)"61234567";
    cr_assert_str_eq (text_of (alert_document_family, d), "61234567");
    s.publication.kind = (char *)"";
    cr_assert_str_eq (text_of (alert_document_id, d), "CN.111504366");
}

Test (document, family_is_found_from_the_id)
{
    tt_buffer family = { 0 };
    cr_assert (alert_document_family_of_id ("CN.111504366.B", "", &family));
    cr_assert_str_eq (tt_buffer_cstr (&family), "CN111504366");
    tt_buffer_clear (&family);
    cr_assert (alert_document_family_of_id ("US.7.B2", "9", &family));
    cr_assert_str_eq (tt_buffer_cstr (&family), "9");
    const char *const wrong[] = { "", ".", "CN", "CN.", "CN..B", "C.1.B", "CHN.1" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not (alert_document_family_of_id (wrong[i], "", &family), "%s", wrong[i]);
    tt_buffer_free (&family);
}

Test (document, violations_name_the_place)
{
    sample s;
    PatentDocument *d = make (&s);
    tt_violations v = { 0 };
    cr_assert (alert_document_check (d, &v));
    s.publication.country = (char *)"China";
    s.publication.number = (char *)"12-34";
    s.publication.kind = (char *)"toolong";
    s.publication.date = (char *)"2024-02-30";
    s.title.text = (char *)"";
    s.title.language = (char *)"CHI";
    d->source = (char *)"123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                        "1234567890123456789012345678901234567890";
    cr_assert_not (alert_document_check (d, &v));
    const char *const paths[] = { "publication.country",
                                  "publication.number",
                                  "publication.kind",
                                  "publication.date",
                                  "titles[0].language",
                                  "titles[0].text",
                                  "source" };
    cr_assert_eq (v.count, sizeof paths / sizeof *paths);
    for (size_t i = 0; i < v.count; i++)
        cr_assert_str_eq (v.items[i].path, paths[i]);
    tt_violations_clear (&v);
    d->publication = NULL;
    d->n_titles = 0;
    cr_assert_not (alert_document_check (d, &v));
    cr_assert_str_eq (v.items[0].path, "publication");
    cr_assert_str_eq (v.items[1].path, "titles");
    tt_violations_free (&v);
}

Test (document, marks_name_an_index_of_marks)
{
    sample s;
    char *marks[] = { (char *)"ai H01F1/053", (char *)"ti steel" };
    PatentDocument *d = make (&s);
    tt_violations v = { 0 };
    tt_buffer text = { 0 };
    d->marks = marks;
    d->n_marks = 1;
    cr_expect (alert_document_check (d, &v));
    d->n_marks = 2;
    cr_expect (!alert_document_check (d, &v));
    tt_violations_text (&v, 0, &text);
    cr_expect (strncmp (tt_buffer_cstr (&text), "marks[1]: expected", 18) == 0, "%s", tt_buffer_cstr (&text));
    tt_buffer_free (&text);
    tt_violations_free (&v);
}

Test (document, revisions)
{
    sample a, b;
    PatentDocument *stored = make (&a), *submitted = make (&b);
    cr_assert_eq (alert_document_compare (NULL, submitted), ALERT_DOCUMENT_NEW);
    submitted->revision = 7;
    submitted->source = (char *)"elsewhere";
    cr_assert_eq (alert_document_compare (stored, submitted), ALERT_DOCUMENT_UNCHANGED);
    b.title.text = (char *)"另一种";
    cr_assert_eq (alert_document_compare (stored, submitted), ALERT_DOCUMENT_REVISED);
    submitted->revision = 0;
    cr_assert_eq (alert_document_compare (stored, submitted), ALERT_DOCUMENT_CONFLICTING);
    stored->revision = 1;
    cr_assert_eq (alert_document_compare (stored, submitted), ALERT_DOCUMENT_OLDER);
}

Test (watch, form_defaults_and_sameness)
{
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    Watch w = TECHTRANSFER__PATENT__V1__WATCH__INIT, other;
    tt_violations v = { 0 };
    w.owner = (char *)"ent-1";
    w.watch_id = (char *)"UPPER";
    w.query = (char *)"ti=";
    w.severity = 9;
    cr_assert_not (alert_watch_check (&w, &v));
    cr_assert_eq (v.count, 3);
    cr_assert_str_eq (v.items[1].path, "query");
    cr_assert (strncmp (v.items[1].reason, "at byte ", 8) == 0);
    tt_violations_clear (&v);
    w.watch_id = (char *)"w";
    w.query = (char *)"ti=电池";
    w.severity = 0;
    cr_assert (alert_watch_check (&w, &v));
    Techtransfer__Patent__V1__Trigger only;
    alert_watch_defaults (&w, &only);
    cr_assert (w.severity == TECHTRANSFER__PATENT__V1__SEVERITY__INFO && w.n_triggers == 1);
    other = w;
    other.revision = 5;
    cr_assert (alert_watch_same (&w, &other));
    other.query = (char *)"ti=電池";
    cr_assert_not (alert_watch_same (&w, &other));
    tt_violations_free (&v);
}

Test (watch, warnings_for_mixed_operators_and_for_what_must_be_scanned)
{
    tt_buffer texts = { 0 };
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    cr_assert_eq (alert_watch_warnings ("ti=电池", &texts), 0);
    cr_assert_eq (alert_watch_warnings ("ti=a and ti=b or ti=c", &texts), 1);
    tt_buffer_clear (&texts);
    cr_assert_eq (alert_watch_warnings ("pd>2020", &texts), 1);
    cr_assert (strstr ((const char *)texts.data, "every document"));
    tt_buffer_free (&texts);
}

Test (inbox, ids_are_for_ever_and_severities_have_an_order)
{
    char a[ALERT_ID_SIZE], b[ALERT_ID_SIZE];
    alert_id ("ent-1", "61234567", TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION, "", a);
    cr_assert_str_eq (a, "b725be9f84a3aad37b779b39afc52d6d");
    alert_id ("ent-16", "1234567", TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION, "", b);
    cr_assert_str_neq (a, b);
    cr_assert_eq (alert_severity_max (0, 0), TECHTRANSFER__PATENT__V1__SEVERITY__INFO);
    cr_assert_eq (alert_severity_max (2, 4), TECHTRANSFER__PATENT__V1__SEVERITY__CRITICAL);
    tt_buffer topic = { 0 };
    alert_topic ("ent-4", TECHTRANSFER__PATENT__V1__SEVERITY__WARNING, &topic);
    cr_assert_str_eq (tt_buffer_cstr (&topic), "patent/alert/ent-4/warning/");
    tt_buffer_free (&topic);
    const uint8_t number[] = { 0, 0, 0, 0, 0, 0, 1, 2 };
    cr_assert_eq (alert_number_read ((tt_bytes){ number, 8 }), 258);
    cr_assert_eq (alert_number_read (TT_BYTES_NONE), 0);
}
