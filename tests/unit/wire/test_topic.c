#include <criterion/criterion.h>
#include <string.h>

#include "wire/topic.h"

#define VIEW(text) tt_bytes_of_text (text)

Test (topic, segments_are_joined_and_end_in_a_slash)
{
    tt_buffer out = { 0 };
    tt_topic_build (&out, "patent", "alert", "ent-4", "info", NULL);
    cr_expect_str_eq (tt_buffer_cstr (&out), "patent/alert/ent-4/info/");
    tt_buffer_free (&out);
}

Test (topic, an_empty_segment_is_none_and_others_are_escaped)
{
    tt_buffer out = { 0 };
    tt_topic_build (&out, "", "H01F 1/053", "100%", "硅", "A~b.C_d-", NULL);
    cr_expect_str_eq (tt_buffer_cstr (&out), "none/H01F%201%2F053/100%25/%E7%A1%85/A~b.C_d-/");
    cr_expect (tt_topic_valid ((tt_bytes){ out.data, out.size }));
    tt_buffer_free (&out);
}

Test (topic, every_byte_makes_a_valid_topic)
{
    tt_buffer out = { 0 };
    for (int c = 1; c < 256; c++) {
        char segment[2] = { (char) c, '\0' };
        tt_buffer_clear (&out);
        tt_topic_append (&out, segment);
        cr_expect (tt_topic_valid ((tt_bytes){ out.data, out.size }), "byte %d", c);
    }
    tt_buffer_free (&out);
}

Test (topic, what_is_no_topic)
{
    static const char *const wrong[] = { "", "/", "a", "a//", "/a/", "a/b", "a b/", "%4/", "%4g/", "%e7/", "%/", "a\xC3/", "a/%2" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not (tt_topic_valid (VIEW (wrong[i])), "%s", wrong[i]);
    char longest[TT_TOPIC_MAX + 1];
    memset (longest, 'a', sizeof longest);
    longest[TT_TOPIC_MAX - 1] = '/';
    cr_expect (tt_topic_valid ((tt_bytes){ (uint8_t *) longest, TT_TOPIC_MAX }));
    longest[TT_TOPIC_MAX - 1] = 'a';
    longest[TT_TOPIC_MAX] = '/';
    cr_expect_not (tt_topic_valid ((tt_bytes){ (uint8_t *) longest, TT_TOPIC_MAX + 1 }));
}

Test (topic, a_filter_takes_whole_segments_only)
{
    cr_expect (tt_filter_valid (VIEW ("")));
    cr_expect (tt_filter_valid (VIEW ("patent/")));
    cr_expect_not (tt_filter_valid (VIEW ("patent")));
    cr_expect (tt_topic_matches (VIEW (""), VIEW ("a/")));
    cr_expect (tt_topic_matches (VIEW ("patent/alert/ent-4/"), VIEW ("patent/alert/ent-4/info/")));
    cr_expect (tt_topic_matches (VIEW ("a/"), VIEW ("a/")));
    cr_expect_not (tt_topic_matches (VIEW ("patent/alert/ent-4/"), VIEW ("patent/alert/ent-42/info/")));
    cr_expect_not (tt_topic_matches (VIEW ("a/b/"), VIEW ("a/")));
}
