/* traceparent: what level 1 of W3C Trace Context takes and refuses, and what follows from a cause. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "wire/trace.h"

#define ID "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static bool
parses (const char *text, tt_trace *out)
{
    return tt_trace_parse (tt_bytes_of_text (text), out);
}

Test (trace, reads_and_writes_version_0)
{
    tt_trace trace;
    char text[TT_TRACE_TEXT_SIZE];
    cr_assert (parses ("00-" ID "-" PARENT "-01", &trace));
    cr_assert (trace.sampled && trace.trace_id[0] == 0x0a && trace.trace_id[15] == 0x9c && trace.parent_id[7] == 0x31);
    tt_trace_format (&trace, text);
    cr_assert_str_eq (text, "00-" ID "-" PARENT "-01");
}

Test (trace, passes_on_only_the_flag_that_it_knows)
{
    tt_trace trace;
    char text[TT_TRACE_TEXT_SIZE];
    cr_assert (parses ("00-" ID "-" PARENT "-fe", &trace) && !trace.sampled);
    tt_trace_format (&trace, text);
    cr_assert_str_eq (text + 53, "00");
    cr_assert (parses ("00-" ID "-" PARENT "-ff", &trace) && trace.sampled);
    tt_trace_format (&trace, text);
    cr_assert_str_eq (text + 53, "01");
}

Test (trace, later_versions_become_version_0)
{
    tt_trace trace;
    char text[TT_TRACE_TEXT_SIZE];
    static const char *const good[]
        = { "01-" ID "-" PARENT "-01", "cc-" ID "-" PARENT "-01-what-the-future-will-be-like", "fe-" ID "-" PARENT "-01-" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert (parses (good[i], &trace), "%s", good[i]);
        tt_trace_format (&trace, text);
        cr_assert_str_eq (text, "00-" ID "-" PARENT "-01");
    }
}

Test (trace, refuses_what_the_standard_refuses)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" ID "-" PARENT,
        "00-" ID "-" PARENT "-",
        "00-" ID "-" PARENT "-0",
        "00-" ID "-" PARENT "-0g",
        "00-" ID "-" PARENT "-01-",
        "00-" ID "-" PARENT "-01-more",
        "00-" ID "-" PARENT "-011",
        "01-" ID "-" PARENT "-01more",
        "ff-" ID "-" PARENT "-01",
        "0-" ID "-" PARENT "-001",
        "zz-" ID "-" PARENT "-01",
        " 00-" ID "-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
        "00-" ID "-B7AD6B7169203331-01",
        "00_" ID "_" PARENT "_01",
        "00-" PARENT "-" ID "-01",
        "00-0af7651916cd43dd8448eb211c80319-c" PARENT "-01",
    };
    tt_trace trace;
    memset (&trace, 7, sizeof trace);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect (!parses (bad[i], &trace), "%s", bad[i]);
    cr_assert_eq (trace.trace_id[3], 7, "untouched");
}

Test (trace, every_cut_and_every_wrong_byte_is_refused_or_another_trace)
{
    const char *good = "00-" ID "-" PARENT "-01";
    char text[TT_TRACE_TEXT_SIZE], back[TT_TRACE_TEXT_SIZE];
    tt_trace trace;
    for (size_t size = 0; size < strlen (good); size++)
        cr_assert (!tt_trace_parse ((tt_bytes){ (const uint8_t *)good, size }, &trace), "%zu", size);
    for (size_t at = 0; at < strlen (good); at++)
        for (int byte = 0; byte < 256; byte++) {
            memcpy (text, good, sizeof text);
            text[at] = (char)byte;
            if (!tt_trace_parse ((tt_bytes){ (const uint8_t *)text, sizeof text - 1 }, &trace))
                continue;
            tt_trace_format (&trace, back);
            cr_assert (at < 2 || at >= 53 || strcmp (back, text) == 0, "byte %d at %zu", byte, at);
        }
}

Test (trace, a_child_keeps_the_trace_and_has_its_own_id)
{
    tt_trace cause = tt_trace_begin (), other = tt_trace_begin ();
    cr_assert_neq (memcmp (cause.trace_id, other.trace_id, sizeof cause.trace_id), 0);
    cause.sampled = true;
    uint8_t seen[1000][8];
    for (int i = 0; i < 1000; i++) {
        tt_trace child = tt_trace_child (&cause);
        cr_assert_arr_eq (child.trace_id, cause.trace_id, sizeof cause.trace_id);
        cr_assert (child.sampled && memcmp (child.parent_id, cause.parent_id, sizeof cause.parent_id) != 0);
        memcpy (seen[i], child.parent_id, sizeof seen[i]);
        for (int k = 0; k < i; k++)
            cr_assert_neq (memcmp (seen[i], seen[k], sizeof seen[i]), 0);
    }
}
