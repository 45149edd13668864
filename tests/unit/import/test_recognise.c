/* Which encoding JSON and tables are in that declare none; and that what a user names wins. */
#include <criterion/criterion.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <achievement.pb-c.h>

#include "import/import.h"
#include "import/recognise.h"

#define SIMPLE "source,source_id,title,owners\ncsl,1,氧化石墨烯薄膜的制备方法及其在电极材料中的应用,宁波材料研究所\n"
#define TRADITIONAL "source,source_id,title,owners\ncsl,1,氧化石墨烯薄膜的製備方法及其在電極材料中的應用,寧波材料研究所\n"

static void
encode (const char *text, const char *encoding, tt_buffer *out)
{
    iconv_t converter = iconv_open (encoding, "UTF-8");
    char *in = (char *)text, *to = (char *)tt_buffer_reserve (out, 2 * strlen (text));
    size_t left = strlen (text), room = 2 * left;
    cr_assert_neq (iconv (converter, &in, &left, &to, &room), (size_t)-1);
    out->size = (size_t)((uint8_t *)to - out->data);
    iconv_close (converter);
}

static const char *
recognised (const char *text, const char *encoding, size_t cut)
{
    tt_buffer bytes = { 0 };
    encode (text, encoding, &bytes);
    const char *name = tt_recognise ((tt_bytes){ bytes.data, bytes.size - cut });
    tt_buffer_free (&bytes);
    return name ? name : "";
}

Test (recognise, what_is_well_formed_and_common)
{
    for (size_t cut = 0; cut < 12; cut++) { /* also in the middle of a character */
        cr_expect_str_eq (recognised (SIMPLE, "GB18030", cut), "GB18030");
        cr_expect_str_eq (recognised (TRADITIONAL, "BIG5", cut), "BIG5");
        cr_expect_str_eq (recognised (SIMPLE, "UTF-8", cut), "");
    }
}

Test (recognise, what_is_neither)
{
    static const char *const texts[] = { "", "a,b\n1,2\n", "caf\xe9 na\xefve \xe0 la carte, se\xf1or, gar\xe7on", "\xff\xfe\xfd\xfc\xfb",
                                         SIMPLE "\xb0" SIMPLE };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_null (tt_recognise (tt_bytes_of_text (texts[i])), "text %zu", i);
}

static void
expect_title (const char *text, const char *written, const char *declared, const char *title)
{
    char path[] = "/tmp/tt-recognise-XXXXXX";
    tt_buffer bytes = { 0 };
    tt_error error = { 0 };
    tt_import *import = NULL;
    const tt_import_record *record = NULL;
    int file = mkstemp (path);
    encode (text, written, &bytes);
    cr_assert_eq (write (file, bytes.data, bytes.size), (ssize_t)bytes.size);
    close (file);
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS, .encoding = declared };
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_assert_not_null (record->message, "%s", record->reason);
    const char *got = ((const Techtransfer__Achievement__V1__Achievement *)record->message)->title;
    cr_expect (strcmp (got, title) == 0 || title[0] == '\0', "%s", got);
    cr_expect (title[0] || strstr (got, "石墨") == NULL, "what was declared did not win");
    tt_import_close (&import);
    tt_buffer_free (&bytes);
    unlink (path);
}

Test (recognise, tables_are_read_as_they_look)
{
    expect_title (SIMPLE, "GB18030", NULL, "氧化石墨烯薄膜的制备方法及其在电极材料中的应用");
    expect_title (TRADITIONAL, "BIG5", NULL, "氧化石墨烯薄膜的製備方法及其在電極材料中的應用");
    expect_title (SIMPLE, "UTF-8", NULL, "氧化石墨烯薄膜的制备方法及其在电极材料中的应用");
}

Test (recognise, what_is_declared_wins)
{
    expect_title (TRADITIONAL, "BIG5", "GB18030", "");
    expect_title (SIMPLE, "GB18030", "GBK", "氧化石墨烯薄膜的制备方法及其在电极材料中的应用");
}

static void
expect_refused (const char *text, size_t size, const char *reason)
{
    char path[] = "/tmp/tt-recognise-XXXXXX";
    tt_error error = { 0 };
    tt_import *import = NULL;
    const tt_import_record *record = NULL;
    int file = mkstemp (path);
    cr_assert_eq (write (file, text, size), (ssize_t)size);
    close (file);
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS, .encoding = "GB18030" };
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_assert_not_null (record);
    cr_expect_null (record->message);
    cr_expect_str_eq (record->reason ? record->reason : "", reason);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record && record->message, "the record behind it is read");
    tt_import_close (&import);
    unlink (path);
}

/* They were taken with U+FFFD in the place of what was lost, and nobody was told. */
Test (recognise, bytes_that_are_none_of_the_encoding_cost_their_record)
{
    static const char table[] = "source,source_id,title\ncsl,1,\xb2\xc4\xff\xc1\xcf\ncsl,2,\xb2\xc4\xc1\xcf\n";
    static const char lines[] = "{\"source\":\"csl\",\"title\":\"\xff\"}\n{\"source\":\"csl\",\"title\":\"\xb2\xc4\"}\n";
    expect_refused (table, sizeof table - 1, "column \"title\" holds bytes that are none of the file's encoding");
    expect_refused (lines, sizeof lines - 1, "byte 26 (as UTF-8) of the line is none of the file's encoding");
}
