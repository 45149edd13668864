/* Takes back what a cause has raised, in whatever owner's inbox. */
#include <string.h>

#include "base/clock.h"
#include "commands.h"
#include "inbox.h"
#include "places.h"
#include "worker.h"

/* Owner and number of a member "cause\towner\tnumber"; false: it is another cause's. */
static bool
read_member (alert_worker *w, tt_bytes member, const char *cause, char **owner, uint64_t *number)
{
    size_t size = strlen (cause);
    char *text = tt_arena_strndup (w->arena, (const char *)member.data, member.size);
    if (member.size < size + 2 || memcmp (text, cause, size) != 0 || text[size] != '\t')
        return false;
    char *tab = strchr (text + size + 1, '\t');
    if (tab == NULL)
        return false;
    *tab = '\0';
    *owner = text + size + 1;
    *number = strtoull (tab + 1, NULL, 10);
    return true;
}

/* The members of one page: of one owner they stand side by side, ascending. Adds a transaction for each owner; false: the cause's end. */
static bool
add_retractions (alert_worker *w, const alert_caused *page, const alert_retraction *like, const char *traceparent, size_t *count)
{
    _Static_assert (ALERT_CAUSED_PAGE <= ALERT_COMMIT_MAX, "w->waiting has room for a page");
    size_t members = page->rows ? page->rows->count : 0;
    uint64_t *numbers = tt_arena_alloc (w->arena, (members + 1) * sizeof *numbers);
    alert_retraction *open = NULL;
    char *owner = NULL;
    *count = 0;
    for (size_t i = 0; i < members; i++) {
        if (!read_member (w, page->rows->keys[i], like->cause, &owner, &numbers[i]))
            return false;
        if (open == NULL || strcmp (open->owner, owner) != 0) {
            open = tt_arena_alloc (w->arena, sizeof *open);
            *open = *like;
            open->owner = owner;
            open->numbers = &numbers[i];
            tt_txn_spec spec = { .handle = alert_retract, .request = open, .service = (void *)w->service, .traceparent = traceparent };
            w->waiting[(*count)++] = tt_batch_add (w->batch, &spec);
        }
        open->count++;
    }
    return members == ALERT_CAUSED_PAGE;
}

static tt_status
take_back_in (alert_worker *w, uint32_t partition, const alert_retraction *like, const char *traceparent, tt_error *error)
{
    tt_status status = TT_OK;
    alert_caused page = { .partition = partition, .after = alert_text (tt_arena_printf (w->arena, "%s\t", like->cause)) };
    for (bool more = true; more && status == TT_OK;) {
        size_t count = 0;
        tt_batch_begin (w->reads, tt_clock_unix_ms ());
        tt_txn *read = tt_batch_add (w->reads, &(tt_txn_spec){ .handle = alert_find_caused, .request = &page, .read_only = true });
        status = alert_worker_run (w->reads, &read, 1, error);
        if (status != TT_OK)
            break;
        tt_batch_begin (w->batch, tt_clock_unix_ms ());
        more = add_retractions (w, &page, like, traceparent, &count);
        status = alert_worker_run (w->batch, w->waiting, count, error);
        if (more)
            page.after = tt_arena_copy (w->arena, page.rows->keys[page.rows->count - 1]);
    }
    return status;
}

tt_status
alert_take_back (alert_worker *w, const char *cause, const char *reason, const char *traceparent, tt_error *error)
{
    tt_status status = alert_worker_commit (w, error);
    alert_retraction like = { .cause = cause, .reason = reason };
    for (uint32_t p = 0; p < tt_store_partitions (w->store) && status == TT_OK; p++)
        status = take_back_in (w, p, &like, traceparent, error);
    tt_batch_begin (w->batch, tt_clock_unix_ms ());
    w->waiting_count = 0;
    return status;
}
