/* Pictures of maps: hostile names stay text, everything is there, the rest does not set the scale. */
#include <criterion/criterion.h>
#include <libxml/parser.h>
#include <string.h>

#include "map_svg.h"

static const char reply_text[]
    = "{\"complete\":true,\"documents\":\"20\",\"matched\":\"12\",\"rows\":["
      "{\"key\":\"h01m\",\"label\":\"<script>alert(1)</script>\",\"documents\":\"9\",\"keys\":\"1\",\"growth\":\"-12.5\"},"
      "{\"key\":\"石墨烯\",\"label\":\"石墨烯 & \\\"研究\\\"\\u0007\\uffff院\",\"documents\":\"3\",\"keys\":\"1\",\"growth\":\"4.0\"},"
      "{\"label\":\"others\",\"documents\":\"5000\",\"keys\":\"35\"}],"
      "\"columns\":[{\"key\":\"2019\",\"label\":\"2019\",\"documents\":\"4\"},{\"key\":\"2020\",\"label\":\"2020\",\"documents\":\"8\"}],"
      "\"cells\":[\"4\",\"5\",\"0\",\"3\",\"2500\",\"2500\"],"
      "\"applicants\":[{\"key\":\"a\",\"label\":\"A very long name of an applicant that does not fit in here\",\"documents\":\"7\"}]}";

static tt_buffer
draw (const char *text, bool bubbles)
{
    tt_buffer out = { 0 };
    json_error_t error;
    json_t *reply = json_loads (text, 0, &error);
    cr_assert_not_null (reply, "%s", error.text);
    ctl_map_svg (reply, &(ctl_map_picture){ "ti=\"<b>\" & pa=x", "class × year", bubbles }, &out);
    json_decref (reply);
    (void)tt_buffer_cstr (&out);
    return out;
}

static size_t
count (const tt_buffer *picture, const char *text)
{
    size_t n = 0;
    for (const char *at = (const char *)picture->data; (at = strstr (at, text)); at += strlen (text))
        n++;
    return n;
}

static void
expect_xml (const tt_buffer *picture)
{
    xmlDoc *document = xmlReadMemory ((const char *)picture->data, (int)picture->size, "map.svg", NULL, XML_PARSE_NONET);
    cr_expect_not_null (document, "the picture is no XML");
    xmlFreeDoc (document);
}

Test (map_svg, hostile_names_stay_text)
{
    tt_buffer picture = draw (reply_text, false);
    expect_xml (&picture);
    cr_expect_eq (count (&picture, "<script"), 0);
    cr_expect_eq (count (&picture, "&lt;script&gt;alert(1)"), 1);
    cr_expect_eq (count (&picture, "ti=&quot;&lt;b&gt;&quot; &amp; pa=x"), 1);
    cr_expect_eq (count (&picture, "石墨烯 &amp; &quot;研究&quot;"), 1);
    cr_expect_eq (count (&picture, "href"), 0);
    cr_expect_eq (count (&picture, "http"), 1, "the name space alone");
    tt_buffer_free (&picture);
}

Test (map_svg, every_count_is_shown_and_long_names_are_whole_in_the_tooltip)
{
    tt_buffer picture = draw (reply_text, false);
    cr_expect_eq (count (&picture, "class=\"n\""), 5, "a zero is left empty");
    cr_expect_eq (count (&picture, ">others (35)</text>"), 1);
    cr_expect_eq (count (&picture, "-12.5 %"), 1);
    cr_expect_eq (count (&picture, "+4.0 %"), 1);
    cr_expect_eq (count (&picture, "…<title>A very long name of an applicant that does not fit in here</title>"), 1);
    cr_expect_eq (count (&picture, "fill=\"rgb(8,64,129)\""), 3, "the highest named cell and the rest have the last shade");
    tt_buffer_free (&picture);
    picture = draw (reply_text, true);
    expect_xml (&picture);
    cr_expect_eq (count (&picture, "<circle"), 5);
    tt_buffer_free (&picture);
}

Test (map_svg, an_empty_map_and_a_broken_reply_are_pictures_too)
{
    static const char *const replies[] = { "{}", "{\"rows\":[{}],\"columns\":[{}],\"cells\":[]}", "{\"rows\":7,\"columns\":[3],\"cells\":\"x\",\"applicants\":[null]}" };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        tt_buffer picture = draw (replies[i], i == 1);
        expect_xml (&picture);
        tt_buffer_free (&picture);
    }
}
