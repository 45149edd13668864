/* The reader of Prometheus's text format: what it takes, what it passes over, and that nothing a daemon sends does harm. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "prom.h"

static ctl_prom *
parse (const char *text)
{
    return ctl_prom_parse (tt_bytes_of_text (text));
}

/* The only sample of a line; NULL if it was passed over. Of the last call. */
static const ctl_prom_sample *
one (const char *text)
{
    static ctl_prom *page;
    ctl_prom_free (&page);
    page = parse (text);
    cr_assert_eq (ctl_prom_count (page) + ctl_prom_refused (page), 1, "%s", text);
    return ctl_prom_count (page) ? ctl_prom_at (page, 0) : NULL;
}

Test (prom, takes_what_the_format_allows)
{
    const ctl_prom_sample *s;
    cr_assert ((s = one ("metric_without_labels 12.47")) && strcmp (s->name, "metric_without_labels") == 0 && s->value == 12.47);
    cr_assert ((s = one ("  a:b_9\t{ x = \"1\" , y=\"2\", }  3e2 \t 1395066363000  \n")) && s->label_count == 2
               && s->value == 300);
    cr_assert_str_eq (ctl_prom_label_of (s, "y"), "2");
    cr_assert_null (ctl_prom_label_of (s, "z"));
    cr_assert ((s = one ("m{path=\"C:\\\\DIR\\\\F.TXT\",e=\"not \\\"found\\\"\\n钕\"} 1.458255915e9")));
    cr_assert_str_eq (ctl_prom_label_of (s, "path"), "C:\\DIR\\F.TXT");
    cr_assert_str_eq (ctl_prom_label_of (s, "e"), "not \"found\"\n钕");
    cr_assert ((s = one ("m +Inf -3982045")) && isinf (s->value));
    cr_assert ((s = one ("m{} NaN")) && isnan (s->value));
    cr_assert ((s = one ("m -0.5\r\n")) && s->value == -0.5);
}

Test (prom, passes_over_what_is_malformed)
{
    static const char *const bad[] = {
        "m",
        "m ",
        "m 1 2 3",
        "m x",
        "m 1x",
        "m 0x",
        "9m 1",
        "{a=\"b\"} 1",
        "m{ 1",
        "m{a} 1",
        "m{a=} 1",
        "m{a=b} 1",
        "m{a=\"b} 1",
        "m{a=\"b\" c=\"d\"} 1",
        "m{a=\"\\x\"} 1",
        "m{a=\"b\"",
        "m{a=\"b\\",
        "m{a=\"b\\\"} 1",
        "m{,} 1",
        "m{a:b=\"c\"} 1",
        "m-n 1",
        "m{a=\"b\"}",
        "m 1 x",
        "\xff 1",
        "m =",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_null (one (bad[i]), "%s", bad[i]);
}

Test (prom, skips_comments_and_keeps_good_lines_beside_bad_ones)
{
    ctl_prom *page = parse ("# HELP a b\n# TYPE a counter\n\n   \na 1\nbroken{\na{x=\"y\"} 2\n#\nb 3");
    double sum;
    cr_assert_eq (ctl_prom_count (page), 3);
    cr_assert_eq (ctl_prom_refused (page), 1);
    cr_assert (ctl_prom_sum (page, "a", NULL, NULL, &sum) && sum == 3);
    cr_assert (ctl_prom_sum (page, "a", "x", "y", &sum) && sum == 2);
    cr_assert (!ctl_prom_sum (page, "a", "x", "z", &sum) && !ctl_prom_sum (page, "c", NULL, NULL, &sum));
    ctl_prom_free (&page);
    cr_assert_null (page);
    page = ctl_prom_parse (TT_BYTES_NONE);
    cr_assert_eq (ctl_prom_count (page), 0);
    ctl_prom_free (&page);
}

Test (prom, is_bounded)
{
    tt_buffer text = { 0 };
    char *fat = tt_alloc_zero (CTL_PROM_VALUE_MAX + 2, 1);
    for (int i = 0; i < CTL_PROM_SAMPLES_MAX + 100; i++)
        tt_buffer_printf (&text, "m{n=\"%d\"} 1\n", i);
    ctl_prom *page = parse (tt_buffer_cstr (&text));
    cr_assert_eq (ctl_prom_count (page), CTL_PROM_SAMPLES_MAX);
    cr_assert_eq (ctl_prom_refused (page), 100);
    ctl_prom_free (&page);
    tt_buffer_clear (&text);
    memset (fat, 'a', CTL_PROM_VALUE_MAX);
    tt_buffer_printf (&text, "m{a=\"%s\"} 1", fat);
    cr_assert_not_null (one (tt_buffer_cstr (&text)));
    tt_buffer_clear (&text);
    fat[CTL_PROM_VALUE_MAX] = 'a';
    tt_buffer_printf (&text, "m{a=\"%s\"} 1", fat);
    cr_assert_null (one (tt_buffer_cstr (&text)));
    fat[CTL_PROM_NAME_MAX + 1] = '\0';
    tt_buffer_clear (&text);
    tt_buffer_printf (&text, "%s 1", fat);
    cr_assert_null (one (tt_buffer_cstr (&text)));
    tt_buffer_clear (&text);
    tt_buffer_text (&text, "m{");
    for (int i = 0; i < CTL_PROM_LABELS_MAX + 1; i++)
        tt_buffer_printf (&text, "l%d=\"\",", i);
    tt_buffer_text (&text, "} 1");
    cr_assert_null (one (tt_buffer_cstr (&text)));
    tt_buffer_free (&text);
    free (fat);
}

Test (prom, growth_survives_a_restart)
{
    ctl_prom *before = parse ("a_total{c=\"x\"} 10\na_total{c=\"y\"} 5\n"),
             *after = parse ("a_total{c=\"x\"} 12\na_total{c=\"y\"} 2\n");
    double growth;
    cr_assert (ctl_prom_growth (before, after, "a_total", "c", "x", &growth) && growth == 2);
    cr_assert (ctl_prom_growth (before, after, "a_total", "c", "y", &growth) && growth == 2, "it fell: counted from 0");
    cr_assert (!ctl_prom_growth (before, after, "b_total", NULL, NULL, &growth));
    cr_assert (ctl_prom_growth (NULL, after, "a_total", "c", "x", &growth) && growth == 12);
    ctl_prom_free (&before);
    ctl_prom_free (&after);
}

#define HISTOGRAM(a, b, c, d)                                                                                                    \
    "h_bucket{le=\"0.001\"} " #a "\nh_bucket{le=\"0.01\"} " #b "\nh_bucket{le=\"0.1\"} " #c "\nh_bucket{le=\"+Inf\"} " #d "\n"

Test (prom, quantiles_are_of_the_interval)
{
    ctl_prom *before = parse (HISTOGRAM (1000, 1000, 1000, 1000)), *after = parse (HISTOGRAM (1000, 1050, 1100, 1100));
    double q;
    cr_assert (ctl_prom_quantile (before, after, "h", 0.25, &q));
    cr_expect_float_eq (q, 0.0055, 1e-9, "%g: half way through 1 to 10 ms", q);
    cr_assert (ctl_prom_quantile (before, after, "h", 0.99, &q) && q > 0.098 && q < 0.1);
    cr_assert (!ctl_prom_quantile (after, after, "h", 0.5, &q), "nothing came");
    cr_assert (!ctl_prom_quantile (before, after, "i", 0.5, &q));
    cr_assert (ctl_prom_quantile (after, before, "h", 0.5, &q) && q <= 0.001, "begun anew");
    ctl_prom_free (&after);
    after = parse (HISTOGRAM (1000, 1000, 1000, 1001));
    cr_assert (ctl_prom_quantile (before, after, "h", 0.5, &q));
    cr_expect_float_eq (q, 0.1, 1e-9, "past the last bound it is that bound");
    ctl_prom_free (&before);
    ctl_prom_free (&after);
}

/* xorshift64: the same bytes in every run. */
static uint64_t
next_number (uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

Test (prom, random_changes_do_no_harm, .timeout = 120)
{
    static const char good[]
        = "# HELP a_total A thing.\n# TYPE a_total counter\na_total{code=\"OK\",x=\"\\\"\\\\\\n\"} 12 1395066363000\n" HISTOGRAM (
            1, 2, 3, 4) "consumer_lag{stream=\"patent\"} 1e3\nm NaN\nm -Inf\n";
    static const char alphabet[] = "{}\"\\,=# \n\t\r01e+-.Na_:\xe9\x92\x95\xff\0";
    uint64_t state = 0x9e3779b97f4a7c15;
    ctl_prom *original = parse (good);
    for (int round = 0; round < 20000; round++) {
        char text[sizeof good];
        size_t size = sizeof good - 1 - (round % 3 == 0 ? next_number (&state) % sizeof good % 200 : 0);
        memcpy (text, good, sizeof good);
        for (uint64_t changes = next_number (&state) % 8; changes > 0; changes--)
            text[next_number (&state) % size] = alphabet[next_number (&state) % (sizeof alphabet - 1)];
        uint8_t *exact = tt_alloc (size); /* so that a sanitizer sees a read behind it */
        memcpy (exact, text, size);
        ctl_prom *page = ctl_prom_parse ((tt_bytes){ exact, size });
        free (exact);
        double result;
        size_t lines = 1;
        for (size_t i = 0; i < size; i++)
            lines += text[i] == '\n';
        cr_assert_leq (ctl_prom_count (page) + ctl_prom_refused (page), lines);
        for (size_t i = 0; i < ctl_prom_count (page); i++)
            cr_assert (strlen (ctl_prom_at (page, i)->name) > 0 && ctl_prom_at (page, i)->label_count <= CTL_PROM_LABELS_MAX);
        if (ctl_prom_quantile (original, page, "h", 0.99, &result))
            cr_assert (!isnan (result));
        if (ctl_prom_sum (page, "m", NULL, NULL, &result))
            cr_assert (isfinite (result));
        ctl_prom_free (&page);
    }
    ctl_prom_free (&original);
}
