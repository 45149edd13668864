/* Plan and progress of a round: written, read back, cut into slices, and hostile bytes refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "plan.h"

enum { ITEMS = 9 };

/* Applications of 1, 5, 1 and 2 items. */
static void
make_items (match_plan_item *items, finance_proposal *proposals)
{
    static char *const applications[ITEMS]
        = { (char *)"a", (char *)"b", (char *)"b", (char *)"b", (char *)"b", (char *)"b", (char *)"c", (char *)"d", (char *)"d" };
    static const int legs[ITEMS] = { 2, 1, 1, 1, 2, 2, 2, 1, 1 };
    for (size_t i = 0; i < ITEMS; i++) {
        techtransfer__finance__v1__proposal__init (&proposals[i]);
        proposals[i].application_id = applications[i];
        proposals[i].leg = (Techtransfer__Finance__V1__Leg)legs[i];
        proposals[i].amount_fen = (int64_t)i + 100;
        items[i] = (match_plan_item){ &proposals[i], i + 1, UINT64_MAX - i };
    }
}

Test (plan, slices_never_divide_an_application)
{
    match_plan_item items[ITEMS];
    finance_proposal proposals[ITEMS];
    static const size_t expected[][5] = { { 1, 5, 1, 2 }, { 1, 5, 3 }, { 6, 3 } };
    static const size_t most[] = { 1, 3, 6 };
    make_items (items, proposals);
    for (size_t c = 0; c < 3; c++) {
        size_t from = 0;
        for (size_t i = 0; from < ITEMS; i++) {
            cr_assert_eq (match_plan_slice (items, ITEMS, from, most[c]), expected[c][i], "most %zu, slice %zu", most[c], i);
            from += expected[c][i];
        }
        cr_assert_eq (from, ITEMS);
    }
}

Test (plan, reads_back_what_was_written)
{
    match_plan_item items[ITEMS], *back;
    finance_proposal proposals[ITEMS];
    size_t count;
    tt_buffer bytes = { 0 };
    tt_arena *arena = tt_arena_new (0);
    make_items (items, proposals);
    match_plan_encode (items, ITEMS, &bytes);
    cr_assert_eq (match_plan_decode ((tt_bytes){ bytes.data, bytes.size }, arena, &back, &count, NULL), TT_OK);
    cr_assert_eq (count, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        cr_assert_eq (back[i].application_revision, i + 1);
        cr_assert_eq (back[i].product_revision, UINT64_MAX - i);
        cr_assert_eq (back[i].proposal->amount_fen, (int64_t)i + 100);
        cr_assert_str_eq (back[i].proposal->application_id, proposals[i].application_id);
    }
    tt_arena_destroy (&arena);
    tt_buffer_free (&bytes);
}

Test (plan, truncated_or_changed_bytes_are_never_fatal)
{
    match_plan_item items[ITEMS], *back;
    finance_proposal proposals[ITEMS];
    size_t count, refused = 0;
    tt_buffer bytes = { 0 };
    tt_arena *arena = tt_arena_new (0);
    make_items (items, proposals);
    match_plan_encode (items, ITEMS, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *exact = tt_alloc (size); /* so that the sanitizer sees a read past the end */
        memcpy (exact, bytes.data, size);
        tt_error error = { 0 };
        refused += match_plan_decode ((tt_bytes){ exact, size }, arena, &back, &count, &error) == TT_DATA_LOSS;
        free (exact);
        bytes.data[size] ^= 0x55;
        if (match_plan_decode ((tt_bytes){ bytes.data, bytes.size }, arena, &back, &count, NULL) != TT_OK)
            refused++;
        bytes.data[size] ^= 0x55;
    }
    cr_assert_gt (refused, bytes.size / 2);
    tt_arena_destroy (&arena);
    tt_buffer_free (&bytes);
}

Test (plan, progress_reads_back)
{
    uint8_t fits[] = { MATCH_FITS, MATCH_NO_CAPACITY, MATCH_LEG_TOO_SMALL };
    match_progress p = { false, 4, 3, 2, 3, 2, 1, 1234567890123, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", fits }, back;
    tt_buffer bytes = { 0 };
    tt_arena *arena = tt_arena_new (0);
    match_progress_encode (&p, &bytes);
    cr_assert_eq (match_progress_decode ((tt_bytes){ bytes.data, bytes.size }, arena, &back, NULL), TT_OK);
    cr_assert (!back.done && back.rows == 4 && back.row == 3 && back.offset == 2 && back.total == 3 && back.taken == 2
               && back.made == 1);
    cr_assert_eq (back.deadline_unix_ms, 1234567890123);
    cr_assert_arr_eq (back.fits, fits, sizeof fits);
    cr_assert_str_eq (back.traceparent, p.traceparent);
    for (size_t size = 1; size < bytes.size; size++)
        cr_assert_eq (match_progress_decode ((tt_bytes){ bytes.data, size }, arena, &back, NULL), TT_DATA_LOSS, "%zu bytes",
                      size);
    tt_arena_destroy (&arena);
    tt_buffer_free (&bytes);
}

Test (plan, every_reason_has_its_text)
{
    for (int fit = MATCH_FITS; fit < MATCH_FIT_COUNT; fit++)
        cr_assert_eq (match_fit_text ((match_fit)fit)[0] == '\0', fit == MATCH_FITS);
}
