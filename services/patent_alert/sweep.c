#include "sweep.h"

#include <string.h>

#include "base/clock.h"

#define SWEEP_PLACES 50000 /* looked at in one round of the thread */
#define SWEEP_EVERY_MS 60000
#define DAY_MS 86400000

typedef struct {
    alert_removal removal;
    tt_txn *txn;
} removing;

/* The due ones of a stretch of places, in one commit, at most ALERT_REMOVAL_MAX of each partition: others wait for the next pass. */
static tt_status
sweep_stretch (alert_sweep *s, const alert_columns *columns, size_t end, int64_t now_ms, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (s->store);
    const alert_retention *rule = &s->rule;
    int32_t today = (int32_t)(now_ms / DAY_MS);
    removing *list = tt_arena_zero (s->arena, partitions * sizeof *list);
    alert_place place;
    bool full = false;
    for (; s->place < end && !full; s->place++) {
        if (!alert_columns_at (columns, s->place, &place)
            || !alert_removal_due (rule, place.published_day, place.arrived_day, today))
            continue;
        alert_removal *removal = &list[place.partition].removal;
        removal->ids[removal->count++] = tt_arena_strndup (s->arena, place.id, strlen (place.id));
        full = removal->count == ALERT_REMOVAL_MAX;
    }
    bool any = false;
    tt_batch_begin (s->batch, now_ms);
    for (uint32_t p = 0; p < partitions; p++) {
        alert_removal *removal = &list[p].removal;
        removal->partition = p;
        removal->rule = *rule;
        removal->today = today;
        any |= removal->count > 0;
        if (removal->count > 0)
            list[p].txn = tt_batch_add (s->batch, &(tt_txn_spec){ .handle = alert_remove_documents, .service = removal });
    }
    tt_status status = any ? tt_batch_run (s->batch, error) : TT_OK;
    for (uint32_t p = 0; p < partitions && status == TT_OK; p++)
        if (list[p].txn && tt_txn_outcome (list[p].txn).status == TT_OK)
            alert_count (s->service, ALERT_COUNT_REMOVED, 0, (int64_t)list[p].removal.removed);
    tt_arena_reset (s->arena);
    return status;
}

tt_status
alert_sweep_step (alert_sweep *s, const alert_columns *columns, bool *more, tt_error *error)
{
    int64_t now_ms = tt_clock_unix_ms ();
    *more = false;
    if (s->rule.keep_days == 0
        || (s->place == 0 && s->swept_ms > 0 && now_ms - s->swept_ms < SWEEP_EVERY_MS && now_ms >= s->swept_ms))
        return TT_OK;
    size_t places = alert_columns_places (columns), end = s->place + SWEEP_PLACES;
    tt_status status = sweep_stretch (s, columns, end < places ? end : places, now_ms, error);
    *more = status == TT_OK && s->place < places;
    if (!*more) {
        s->place = 0;
        s->swept_ms = now_ms;
    }
    return status;
}
