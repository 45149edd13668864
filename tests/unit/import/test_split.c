/* Lines and XML documents out of a stream: the same whatever the size of the pieces, and nothing lost behind what is broken or
 * too large. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "import/lines.h"
#include "import/split.h"

/* The chunks of a text: kind, line and text, one after the other. */
static void
split_all (const char *text, size_t limit, tt_buffer *out)
{
    tt_source *source = tt_source_new_bytes (tt_bytes_of_text (text));
    tt_split *split = tt_split_new (source, limit);
    for (;;) {
        tt_chunk chunk;
        bool more;
        tt_error error = { 0 };
        cr_assert_eq (tt_split_next (split, &chunk, &more, &error), TT_OK);
        if (!more)
            break;
        tt_buffer_printf (out, "[%c%d %.*s]", "DEBO"[chunk.kind], (int)chunk.line, (int)chunk.text.size,
                          (const char *)chunk.text.data);
        cr_expect_leq (chunk.end, strlen (text));
    }
    tt_split_close (&split);
    tt_source_close (&source);
}

static void
expect_split (const char *text, size_t limit, const char *expected)
{
    tt_buffer out = { 0 };
    split_all (text, limit, &out);
    cr_expect_str_eq (tt_buffer_cstr (&out), expected);
    tt_buffer_free (&out);
}

Test (split, documents_one_after_the_other)
{
    expect_split ("", 0, "");
    expect_split (" \n\n", 0, "");
    expect_split ("<a/>", 0, "[D1 <a/>]");
    expect_split ("\xef\xbb\xbf<?xml version=\"1.0\"?><a/>\n<?xml version=\"1.0\"?>\n<b/>", 0,
                  "[D1 <?xml version=\"1.0\"?><a/>\n][D2 <?xml version=\"1.0\"?>\n<b/>]");
    expect_split ("<?xml v?><?xml-stylesheet x?><a>say <?xml v?></a>", 0,
                  "[D1 <?xml v?><?xml-stylesheet x?><a>say <?xml v?></a>]");
    expect_split ("<?xml v?>\n<a><broken\n<?xml v?>\n<b/>", 0, "[D1 <?xml v?>\n<a><broken\n][D3 <?xml v?>\n<b/>]");
}

#define DOC(tag) "<" tag " country=\"EP\">" tag "</" tag ">"

Test (split, containers)
{
    expect_split ("<?xml v?>\n<e:exchange-documents xmlns:e=\"x\">\n" DOC ("e:exchange-document") "\n" DOC (
                      "e:exchange-document") "\n</e:exchange-documents>\n<?xml v?>\n<a/>",
                  0, "[E3 " DOC ("e:exchange-document") "][E4 " DOC ("e:exchange-document") "][D6 <?xml v?>\n<a/>]");
    expect_split (
        "<ops:world-patent-data xmlns:ops=\"http://ops.epo.org\"><ops:biblio-search total-result-count=\"0\"></ops:biblio-search>"
        "</ops:world-patent-data>",
        0,
        "[B1 <ops:world-patent-data xmlns:ops=\"http://ops.epo.org\"><ops:biblio-search total-result-count=\"0\">"
        "</ops:biblio-search></ops:world-patent-data>]");
    expect_split (DOC ("exchange-document"), 0, "[D1 " DOC ("exchange-document") "]");
}

Test (split, an_element_without_its_end_is_handed_out_and_the_next_document_found)
{
    expect_split ("<exchange-documents "
                  "a=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">"
                  "<exchange-document>x\n<?xml v?>\n<b/>",
                  0, "[E1 <exchange-document>x\n][D2 <?xml v?>\n<b/>]");
}

Test (split, what_is_too_large_costs_only_itself)
{
    char text[4096] = "<?xml v?><a>";
    memset (text + strlen (text), 'x', 3000);
    strcat (text, "</a>\n<?xml v?>\n<b/>");
    tt_buffer out = { 0 };
    split_all (text, 1000, &out);
    cr_expect (strstr (tt_buffer_cstr (&out), "[O1 <?xml v?><a>xxx") == tt_buffer_cstr (&out));
    cr_expect_str_eq (strrchr ((char *)out.data, '['), "[D2 <?xml v?>\n<b/>]");
    tt_buffer_free (&out);
}

Test (split, more_than_one_piece)
{
    tt_buffer text = { 0 }, out = { 0 };
    for (int i = 0; i < 40000; i++)
        tt_buffer_printf (&text, "<?xml version=\"1.0\"?>\n<doc n=\"%d\"><p>%*s</p></doc>\n", i, i % 97, "x");
    tt_source *source = tt_source_new_bytes ((tt_bytes){ text.data, text.size });
    tt_split *split = tt_split_new (source, 0);
    tt_chunk chunk;
    bool more;
    int n = 0;
    for (; tt_split_next (split, &chunk, &more, NULL) == TT_OK && more; n++) {
        char expected[64];
        snprintf (expected, sizeof expected, "<doc n=\"%d\">", n);
        cr_assert_not_null (memmem (chunk.text.data, chunk.text.size, expected, strlen (expected)));
        cr_assert_eq (chunk.line, (uint64_t)n * 2 + 1);
    }
    cr_expect_eq (n, 40000);
    cr_expect_eq (chunk.end, text.size);
    tt_split_close (&split);
    tt_source_close (&source);
    tt_buffer_free (&text);
    tt_buffer_free (&out);
}

Test (lines, breaks_ends_and_limits)
{
    static const char text[] = "\xef\xbb\xbf"
                               "one\r\n\nthree\nfar too long a line\nlast";
    tt_source *source = tt_source_new_bytes (tt_bytes_of_text (text));
    tt_lines *lines = tt_lines_new (source, 10);
    tt_buffer out = { 0 };
    tt_line line;
    bool more;
    while (tt_lines_next (lines, &line, &more, NULL) == TT_OK && more)
        tt_buffer_printf (&out, "[%d%s %.*s]", (int)line.number, line.too_long ? "!" : "", (int)line.text.size,
                          (const char *)line.text.data);
    cr_expect_str_eq (tt_buffer_cstr (&out), "[1 one][2 ][3 three][4! far too long a line][5 last]");
    cr_expect_eq (line.number, 6, "the number after the end");
    tt_buffer_free (&out);
    tt_lines_close (&lines);
    tt_source_close (&source);
}

Test (lines, a_line_longer_than_the_buffer)
{
    size_t size = 3 << 20;
    char *text = tt_alloc (size + 8);
    memset (text, 'a', size);
    strcpy (text + size, "\nnext\n");
    tt_source *source = tt_source_new_bytes ((tt_bytes){ (uint8_t *)text, size + 6 });
    tt_lines *lines = tt_lines_new (source, 1000);
    tt_line line;
    bool more;
    cr_assert_eq (tt_lines_next (lines, &line, &more, NULL), TT_OK);
    cr_expect (more && line.too_long && line.text.size == 1000 && line.end == size + 1);
    cr_assert_eq (tt_lines_next (lines, &line, &more, NULL), TT_OK);
    cr_expect (more && !line.too_long && line.text.size == 4 && line.end == size + 6 && line.number == 2);
    cr_assert_eq (tt_lines_next (lines, &line, &more, NULL), TT_OK);
    cr_expect_not (more);
    tt_lines_close (&lines);
    tt_source_close (&source);
    free (text);
}
