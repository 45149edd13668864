/* What a harvest decides: how long it waits, where the next list begins, what is done; and its state file. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harvest.h"

Test (harvest, delays)
{
    cr_expect_eq (harvest_delay (0, -1, 0), 500);
    cr_expect_eq (harvest_delay (3, -1, 0), 4000);
    cr_expect_eq (harvest_delay (1000, -1, 0), 60000);
    cr_expect_eq (harvest_delay (2, 7000, 0), 7000);
    for (uint64_t chance = 0; chance < 100000; chance += 77) {
        int64_t delay = harvest_delay (5, -1, chance * UINT64_C (0x9e3779b97f4a7c15));
        cr_assert (delay >= 8000 && delay <= 16000);
        delay = harvest_delay (5, 3000, chance);
        cr_assert (delay >= 3000 && delay < 3250);
    }
}

Test (harvest, bounds)
{
    char out[OAI_TIME_SIZE];
    cr_expect (oai_state_bound ("2026-01-02", true, false, out));
    cr_expect_str_eq (out, "2026-01-02");
    cr_expect (oai_state_bound ("2026-01-02", false, false, out));
    cr_expect_str_eq (out, "2026-01-02T00:00:00Z");
    cr_expect (oai_state_bound ("2026-01-02", false, true, out));
    cr_expect_str_eq (out, "2026-01-02T23:59:59Z");
    cr_expect (oai_state_bound ("2026-01-02T03:04:05Z", true, true, out));
    cr_expect_str_eq (out, "2026-01-02");
    cr_expect (!oai_state_bound ("2026", false, false, out) && !oai_state_bound ("2026-13-01", false, false, out));
    oai_state_next_from (1767323045000, false, out);
    cr_expect_str_eq (out, "2026-01-02T03:04:04Z");
    oai_state_next_from (1767323045000, true, out);
    cr_expect_str_eq (out, "2026-01-01");
    oai_state_next_from (0, true, out);
    cr_expect_str_eq (out, "");
}

/* 1767312000000 is 2026-01-02. */
Test (harvest, what_is_done)
{
    static const struct {
        const char *from, *until;
        int64_t answered_ms, before, done;
    } cases[] = {
        { "", "", 1767323045000, 0, 1767323045000 },
        { "", "2026-01-02", 1767323045000, 0, 1767312000000 },
        { "", "2026-01-03", 1767323045000, 0, 1767323045000 },           /* until lies ahead */
        { "2026-01-02", "", 1767323045000, 1767225600000, 1767225600000 }, /* a gap before from */
        { "2026-01-01", "", 1767323045000, 1767225600000, 1767323045000 },
        { "2020-01-01", "2020-02-01", 1767323045000, 1767225600000, 1767225600000 }, /* never back */
        { "2020-01-01", "", 1767323045000, 0, 1767323045000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static oai_state state;
        state = (oai_state){ .answered_ms = cases[i].answered_ms, .done_ms = cases[i].before };
        snprintf (state.from, sizeof state.from, "%s", cases[i].from);
        snprintf (state.until, sizeof state.until, "%s", cases[i].until);
        cr_expect_eq (oai_state_done (&state), cases[i].done, "case %zu", i);
    }
}

Test (harvest, state_file)
{
    static oai_state written = { "http://a/oai", "s", "oai_dc", "src", .in_list = true, .from = "2026-01-01", .token = "t\"&\\ \xe5\xa2\xa8", .pages = 3,
                                 .answered_ms = 5, .done_ms = 4, .kept = 9, .counts = { 10, 7, 1, 2, 1, 2, 3 } };
    static oai_state read, other;
    char path[] = "/tmp/tt-harvest-XXXXXX";
    tt_error error = { 0 };
    FILE *page = NULL, *second = NULL;
    close (mkstemp (path));
    unlink (path);
    read = (oai_state){ .url = "http://a/oai", .set = "s", .prefix = "oai_dc", .source = "src" };
    cr_assert_eq (oai_state_load (&read, path, &error), TT_OK);
    cr_expect (!read.in_list);
    cr_assert_eq (oai_state_lock (path, &page, &error), TT_OK);
    cr_expect_eq (oai_state_lock (path, &second, &error), TT_ABORTED);
    cr_assert_eq (oai_state_save (&written, path, &error), TT_OK, "%s", error.message);
    cr_assert_eq (oai_state_load (&read, path, &error), TT_OK, "%s", error.message);
    cr_expect (read.in_list && read.pages == 3 && read.answered_ms == 5 && read.done_ms == 4 && read.kept == 9);
    cr_expect_str_eq (read.token, written.token);
    cr_expect_str_eq (read.from, written.from);
    cr_expect_arr_eq (&read.counts, &written.counts, sizeof read.counts);
    other = (oai_state){ .url = "http://b/oai", .set = "s", .prefix = "oai_dc", .source = "src" };
    cr_expect_eq (oai_state_load (&other, path, &error), TT_FAILED_PRECONDITION);
    cr_expect_not_null (strstr (error.message, "with url \"http://a/oai\""));
    oai_state_unlock (path, &page);
    FILE *file = fopen (path, "w");
    fputs ("{}", file);
    fclose (file);
    cr_expect_eq (oai_state_load (&read, path, &error), TT_FAILED_PRECONDITION);
    unlink (path);
}
