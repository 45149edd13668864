/* Rows of documents: what is put in comes out, old rows too, and broken ones are refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "archive.h"

typedef struct {
    PatentDocument document;
    DocumentReference publication;
    Techtransfer__Patent__V1__LocalizedText title, *titles[1];
} sample;

static void
fill (sample *s, const char *title)
{
    techtransfer__patent__v1__patent_document__init (&s->document);
    techtransfer__patent__v1__document_reference__init (&s->publication);
    techtransfer__patent__v1__localized_text__init (&s->title);
    s->publication.country = (char *)"CN";
    s->publication.number = (char *)"111504366";
    s->publication.kind = (char *)"B";
    s->publication.date = (char *)"2024-05-17";
    s->title.text = (char *)title;
    s->titles[0] = &s->title;
    s->document.publication = &s->publication;
    s->document.titles = s->titles;
    s->document.n_titles = 1;
    s->document.revision = 7;
}

static tt_buffer
bare_of (const PatentDocument *document)
{
    tt_buffer bare = { 0 };
    size_t size = techtransfer__patent__v1__patent_document__get_packed_size (document);
    techtransfer__patent__v1__patent_document__pack (document, tt_buffer_reserve (&bare, size));
    bare.size = size;
    return bare;
}

static void
assert_reads_as (const tt_buffer *row, const PatentDocument *document, int32_t arrived_day)
{
    int32_t day = 0;
    PatentDocument *read = alert_archive_unpack ((tt_bytes){ row->data, row->size }, &day);
    cr_assert_not_null (read);
    cr_expect_eq (day, arrived_day, "day %d", day);
    tt_buffer a = bare_of (document), b = bare_of (read);
    cr_expect (a.size == b.size && memcmp (a.data, b.data, a.size) == 0);
    tt_buffer_free (&a);
    tt_buffer_free (&b);
    techtransfer__patent__v1__patent_document__free_unpacked (read, NULL);
}

static const char text[] = "The present invention relates to a method and an apparatus for a battery, wherein the controller is configured to "
                           "receive data. 本发明公开了一种电池材料的制备方法,其特征在于包括以下步骤。The method and the apparatus.";

Test (archive, what_is_put_in_comes_out_smaller)
{
    sample s;
    tt_buffer row = { 0 };
    fill (&s, text);
    alert_archive_pack (&s.document, 20000, &row);
    assert_reads_as (&row, &s.document, 20000);
    cr_expect_lt (row.size, techtransfer__patent__v1__patent_document__get_packed_size (&s.document) / 2, "%zu", row.size);
    tt_buffer_clear (&row);
    alert_archive_pack (&s.document, ALERT_NO_DAY, &row);
    assert_reads_as (&row, &s.document, ALERT_NO_DAY);
    tt_buffer_free (&row);
}

Test (archive, a_row_as_they_were_before_is_read)
{
    sample s;
    fill (&s, text);
    tt_buffer bare = bare_of (&s.document);
    assert_reads_as (&bare, &s.document, ALERT_NO_DAY);
    tt_buffer_free (&bare);
}

Test (archive, what_cannot_be_compressed_is_kept_as_it_is)
{
    sample s;
    tt_buffer row = { 0 };
    char noise[200];
    uint32_t state = 1;
    for (size_t i = 0; i + 1 < sizeof noise; i++) {
        state = state * 1664525u + 1013904223u;
        noise[i] = (char)(33 + (state >> 16) % 90);
    }
    noise[sizeof noise - 1] = '\0';
    fill (&s, noise);
    s.publication.country = (char *)"";
    s.publication.kind = s.publication.date = (char *)"";
    s.publication.number = noise + 100;
    alert_archive_pack (&s.document, 1, &row);
    assert_reads_as (&row, &s.document, 1);
    cr_expect_leq (row.size, techtransfer__patent__v1__patent_document__get_packed_size (&s.document) + 5);
    tt_buffer_free (&row);
}

Test (archive, a_broken_row_is_refused_whatever_breaks)
{
    sample s;
    tt_buffer row = { 0 };
    fill (&s, text);
    alert_archive_pack (&s.document, 20000, &row);
    uint8_t *copy = tt_alloc (row.size);
    for (size_t size = 0; size < row.size; size++) {
        memcpy (copy, row.data, row.size);
        PatentDocument *read = alert_archive_unpack ((tt_bytes){ copy, size }, NULL);
        cr_expect (read == NULL || size == 0, "%zu bytes of %zu", size, row.size); /* no bytes are a document without fields */
        if (read)
            techtransfer__patent__v1__patent_document__free_unpacked (read, NULL);
    }
    for (size_t at = 0; at < row.size * 8; at++) { /* whatever comes of it, it ends */
        memcpy (copy, row.data, row.size);
        copy[at / 8] ^= (uint8_t)(1U << at % 8);
        PatentDocument *read = alert_archive_unpack ((tt_bytes){ copy, row.size }, NULL);
        if (read)
            techtransfer__patent__v1__patent_document__free_unpacked (read, NULL);
    }
    const uint8_t huge[] = { 0xFE, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1 }, other[] = { 0xFE, 9, 0, 1, 1 };
    cr_expect_null (alert_archive_unpack ((tt_bytes){ huge, sizeof huge }, NULL));
    cr_expect_null (alert_archive_unpack ((tt_bytes){ other, sizeof other }, NULL));
    free (copy);
    tt_buffer_free (&row);
}
