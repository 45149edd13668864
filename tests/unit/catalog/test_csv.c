/* The CSV reader: what RFC 4180 allows, what is refused and where, how reading goes on behind a bad record, and chunk borders. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "catalog/csv.h"

/* The records of `text` in one line: fields in <>, a record ends with ';', an error stands as !line:column:what!. */
static const char *
read_all (tt_csv *csv, tt_buffer *out)
{
    for (;;) {
        const tt_csv_row *row;
        tt_error error = { 0 };
        tt_status status = tt_csv_next (csv, &row, &error);
        if (status != TT_OK) {
            cr_assert_eq (status, error.code);
            cr_assert_null (row);
            tt_buffer_printf (out, "!%s!", error.message);
            if (status != TT_INVALID_ARGUMENT)
                return tt_buffer_cstr (out);
            continue;
        }
        if (row == NULL)
            return tt_buffer_cstr (out);
        for (size_t i = 0; i < row->count; i++) {
            cr_assert_eq (strlen (row->fields[i].text), row->fields[i].size);
            tt_buffer_printf (out, "<%s>", row->fields[i].text);
        }
        tt_buffer_text (out, ";");
    }
}

static void
expect (const char *text, const tt_csv_options *options, const char *wanted)
{
    tt_buffer out = { 0 };
    tt_csv *csv = tt_csv_new_bytes (tt_bytes_of_text (text), options);
    cr_expect_str_eq (read_all (csv, &out), wanted);
    tt_csv_close (&csv);
    cr_assert_null (csv);
    tt_buffer_free (&out);
}

Test (csv, records_and_line_ends)
{
    expect ("", NULL, "");
    expect ("a,b\n1,2\n", NULL, "<a><b>;<1><2>;");
    expect ("a,b\r\n1,2", NULL, "<a><b>;<1><2>;");
    expect ("a,b\n1,2\r", NULL, "<a><b>;<1><2>;");
    expect (",\n,,\n", NULL, "<><>;<><><>;");
    expect ("\n\r\n\na\n\n\nb\n\n", NULL, "<a>;<b>;");
    expect ("a,", NULL, "<a><>;");
}

Test (csv, quotes)
{
    expect ("\"a,b\",\"c\"\"d\"\n", NULL, "<a,b><c\"d>;");
    expect ("\"\"\n", NULL, "<>;");
    expect ("\"\",x\n", NULL, "<><x>;");
    expect ("\"one\ntwo\r\nthree\",2\nnext,3\n", NULL, "<one\ntwo\r\nthree><2>;<next><3>;");
    expect ("\"\"\"\"", NULL, "<\">;");
    expect ("名称,\"石墨烯,复合\"\n", NULL, "<名称><石墨烯,复合>;");
}

Test (csv, byte_order_mark_and_separator)
{
    expect ("\xEF\xBB\xBF"
            "a,b\n",
            NULL, "<a><b>;");
    expect ("\xEF\xBB\xBF\"a\",b\n", NULL, "<a><b>;");
    expect ("\xEF\xBB"
            "a\n",
            NULL,
            "<\xEF\xBB"
            "a>;");
    expect ("a;b,c\tx\n", &(tt_csv_options){ .separator = ';' }, "<a><b,c\tx>;");
    expect ("a\tb\n", &(tt_csv_options){ .separator = '\t' }, "<a><b>;");
}

Test (csv, errors_say_where_and_reading_goes_on)
{
    tt_csv_options named = { .name = "f" };
    expect ("a,b\nx,y\"z\nc,d\n", &named, "<a><b>;!f:2:4: a quote inside a field that is not quoted!<c><d>;");
    expect ("a\n\"b\"c,d\ne\n", &named, "<a>;!f:2:4: text behind the closing quote!<e>;");
    expect ("a\rb\nc\n", &named, "!f:1:2: a carriage return without a line feed!<c>;");
    expect ("甲乙,x\"\n", &named, "!f:1:5: a quote inside a field that is not quoted!");
    expect ("a,\"never\nclosed", &named, "!f:1:3: the quote is never closed!");
    expect ("ok\n\"q\n\nq\"x\nafter\n", &named, "<ok>;!f:4:3: text behind the closing quote!<after>;");
}

Test (csv, nul_bytes_are_refused)
{
    tt_buffer out = { 0 };
    tt_csv *csv = tt_csv_new_bytes ((tt_bytes){ (const uint8_t *)"a\0b\nc\n", 6 }, &(tt_csv_options){ .name = "f" });
    cr_expect_str_eq (read_all (csv, &out), "!f:1:2: a NUL byte!<c>;");
    tt_csv_close (&csv);
    tt_buffer_free (&out);
}

Test (csv, limits)
{
    tt_csv_options options = { .name = "f", .max_field = 3, .max_fields = 2 };
    expect ("abc,d\nabcd\n\"abcd\"\nx,y,z\nend\n", &options,
            "<abc><d>;!f:2:4: the field is longer than allowed!!f:3:5: the field is longer than allowed!"
            "!f:4:5: more fields than allowed!<end>;");
}

Test (csv, rows_know_their_place)
{
    const char *text = "\xEF\xBB\xBFh,i\n\n\"a\nb\",c\r\nlast,1";
    const uint64_t lines[] = { 1, 3, 5 }, ends[] = { 7, 17, 23 };
    tt_csv *csv = tt_csv_new_bytes (tt_bytes_of_text (text), NULL);
    const tt_csv_row *row;
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq (tt_csv_next (csv, &row, NULL), TT_OK);
        cr_assert_not_null (row);
        cr_expect_eq (row->line, lines[i]);
        cr_expect_eq (row->record, i + 1);
        cr_expect_eq (row->end, ends[i], "record %zu ends at %llu", i, (unsigned long long)row->end);
        if (i == 0) {
            cr_expect_eq (tt_csv_find (row, "i"), 1);
            cr_expect_eq (tt_csv_find (row, "j"), -1);
        }
    }
    cr_assert_eq (tt_csv_next (csv, &row, NULL), TT_OK);
    cr_expect_null (row);
    tt_csv_close (&csv);
}

/* Gives `step` bytes at a time, then fails if told to. */
typedef struct {
    tt_bytes rest;
    size_t step;
    bool fail_at_end;
} dribble;

static tt_status
read_dribble (void *context, uint8_t *data, size_t size, size_t *got, tt_error *error)
{
    dribble *d = context;
    if (d->rest.size == 0 && d->fail_at_end)
        return tt_fail (error, TT_UNAVAILABLE, "cut off");
    size_t n = d->step < d->rest.size ? d->step : d->rest.size;
    *got = n < size ? n : size;
    memcpy (data, d->rest.data, *got);
    d->rest.data += *got;
    d->rest.size -= *got;
    return TT_OK;
}

Test (csv, any_chunking_reads_the_same)
{
    const char *text = "\xEF\xBB\xBF名,\"b\"\"c\"\r\n\r\n\"x\r\ny\",\"\"\nq\"q,1\nend,2\r\n";
    for (size_t step = 1; step < strlen (text); step++) {
        dribble d = { tt_bytes_of_text (text), step, false };
        tt_buffer out = { 0 };
        tt_csv *csv = tt_csv_new (read_dribble, &d, &(tt_csv_options){ .name = "f" });
        cr_expect_str_eq (read_all (csv, &out),
                          "<名><b\"c>;<x\r\ny><>;!f:5:2: a quote inside a field that is not quoted!<end><2>;");
        tt_csv_close (&csv);
        tt_buffer_free (&out);
    }
}

Test (csv, a_failing_source_fails_every_call)
{
    dribble d = { tt_bytes_of_text ("a,b\n1,"), 3, true };
    tt_csv *csv = tt_csv_new (read_dribble, &d, NULL);
    const tt_csv_row *row;
    tt_error error = { 0 };
    cr_assert_eq (tt_csv_next (csv, &row, &error), TT_OK);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq (tt_csv_next (csv, &row, &error), TT_UNAVAILABLE);
        cr_expect_str_eq (error.message, "cut off");
    }
    tt_csv_close (&csv);
}

Test (csv, long_input_over_many_chunks)
{
    tt_buffer text = { 0 };
    for (int i = 0; i < 20000; i++)
        tt_buffer_printf (&text, "%d,\"石墨烯 \"\"%d\"\"\",%0*d\n", i, i, i % 50 + 1, i);
    tt_csv *csv = tt_csv_new_bytes ((tt_bytes){ text.data, text.size }, NULL);
    const tt_csv_row *row;
    for (int i = 0; i < 20000; i++) {
        char wanted[64];
        cr_assert_eq (tt_csv_next (csv, &row, NULL), TT_OK);
        cr_assert_eq (row->count, 3);
        snprintf (wanted, sizeof wanted, "石墨烯 \"%d\"", i);
        cr_assert_str_eq (row->fields[1].text, wanted);
        cr_assert_eq (atoi (row->fields[2].text), i);
    }
    cr_expect_eq (row->end, text.size);
    tt_csv_close (&csv);
    tt_buffer_free (&text);
}

Test (csv, files)
{
    char path[] = "/tmp/tt-csv-XXXXXX";
    int fd = mkstemp (path);
    cr_assert_geq (fd, 0);
    cr_assert_eq (write (fd, "a,b\nc\"\n", 7), 7);
    close (fd);
    tt_csv *csv = NULL;
    const tt_csv_row *row;
    tt_error error = { 0 };
    cr_assert_eq (tt_csv_open (&csv, path, NULL, &error), TT_OK);
    cr_assert_eq (tt_csv_next (csv, &row, &error), TT_OK);
    cr_assert_eq (tt_csv_next (csv, &row, &error), TT_INVALID_ARGUMENT);
    cr_expect (strncmp (error.message, path, strlen (path)) == 0);
    tt_csv_close (&csv);
    unlink (path);
    cr_expect_eq (tt_csv_open (&csv, path, NULL, &error), TT_NOT_FOUND);
    cr_expect_null (csv);
    cr_assert_eq (tt_csv_open (&csv, "/tmp", NULL, &error), TT_OK);
    cr_expect_eq (tt_csv_next (csv, &row, &error), TT_INTERNAL);
    tt_csv_close (&csv);
}
