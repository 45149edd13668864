/* PutDemand, DeleteDemand, ListDemands. All demands of an owner live in the owner's partition. */
#include <string.h>

#include "commands.h"
#include "expiry.h"
#include "fit.h"
#include "subject.h"
#include "validate.h"

#define DEMAND_TYPE (&techtransfer__achievement__v1__demand__descriptor)
#define STATE(name) TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__##name
#define WARNINGS_MOST 32
#define PAGE_DEFAULT 100
#define PAGE_MOST 1000

typedef Techtransfer__Achievement__V1__DemandChanged demand_changed;

/* Without what the daemon sets, for comparison. */
static tt_bytes
packed_content (tt_txn *txn, const ingest_demand *demand)
{
    ingest_demand bare = *demand;
    bare.created_unix_ms = bare.since_unix_ms = bare.expired_unix_ms = 0;
    bare.revision = 0;
    bare.state = STATE (OPEN);
    bare.answers = NULL;
    bare.n_answers = 0;
    size_t size = protobuf_c_message_get_packed_size (&bare.base);
    uint8_t *bytes = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    protobuf_c_message_pack (&bare.base, bytes);
    return (tt_bytes){ bytes, size };
}

static ingest_demand
normalised (const ingest_demand *in)
{
    ingest_demand d = *in;
    d.base.n_unknown_fields = 0;
    d.base.unknown_fields = NULL;
    if (d.kind == TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_KIND__DEMAND_KIND_UNSPECIFIED)
        d.kind = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_KIND__DEMAND;
    return d;
}

void
ingest_log_demand (tt_txn *txn, ingest_demand *demand, bool deleted)
{
    demand_changed change = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_CHANGED__INIT;
    change.demand = demand;
    change.deleted = deleted;
    tt_txn_log (txn, INGEST_LOG_DEMANDS, &change.base);
}

static void
tell_change (tt_txn *txn, ingest_demand *demand, bool deleted)
{
    demand_changed event = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_CHANGED__INIT;
    event.demand = demand;
    event.deleted = deleted;
    tt_txn_event (txn, ingest_topic (txn, "demand", demand->owner, NULL), demand->demand_id, &event.base);
    ingest_log_demand (txn, demand, deleted);
}

/* Lines to the array of a reply. */
static size_t
split_warnings (tt_txn *txn, tt_buffer *lines, char **out)
{
    size_t count = 0;
    char *text = tt_arena_strndup (tt_txn_arena (txn), tt_buffer_cstr (lines), lines->size), *rest = NULL;
    for (char *line = strtok_r (text, "\n", &rest); line && count < WARNINGS_MOST; line = strtok_r (NULL, "\n", &rest))
        out[count++] = line;
    return count;
}

static void
warn_of_empty_words (const ingest_demand *d, tt_buffer *warnings)
{
    if (d->query[0] != '\0')
        return;
    ingest_terms terms = { 0 };
    ingest_subject_wishes (d, &terms);
    if (terms.count == 0)
        tt_buffer_text (warnings, "text: no word of it says what is wanted, so nothing will be pushed; write a query\n");
    ingest_terms_free (&terms);
}

/* What the daemon keeps of a demand: answers go on counting; one that has expired stays so until it has a deadline that lies ahead. */
static void
carry_over (tt_txn *txn, const ingest_demand *stored, ingest_demand *now)
{
    static const ingest_demand fresh = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    const ingest_demand *before = stored ? stored : &fresh;
    now->answers = before->answers;
    now->n_answers = before->n_answers;
    now->expired_unix_ms = before->expired_unix_ms;
    bool past = ingest_demand_past (now, ingest_day_of (tt_txn_now (txn)));
    now->state = past ? before->state : STATE (OPEN);
}

static void
commit_demand (tt_txn *txn, const ingest_demand *in, const ingest_demand *stored, tt_bytes key, tt_buffer *warnings)
{
    ingest_demand d = normalised (in);
    bool same = stored && tt_bytes_equal (packed_content (txn, &d), packed_content (txn, stored));
    carry_over (txn, stored, &d);
    d.created_unix_ms = stored ? stored->created_unix_ms : tt_txn_now (txn);
    d.since_unix_ms = same ? stored->since_unix_ms : tt_txn_now (txn);
    d.revision = stored ? stored->revision + !same : 1;
    if (!same) {
        tt_txn_put_message (txn, INGEST_TABLE_DEMAND, key, &d.base);
        tt_txn_index_put (txn, ingest_demand_index_name (tt_txn_arena (txn), d.owner), key, 0);
        tell_change (txn, &d, false);
    }
    char *lines[WARNINGS_MOST];
    Techtransfer__Achievement__V1__PutDemandReply reply = TECHTRANSFER__ACHIEVEMENT__V1__PUT_DEMAND_REPLY__INIT;
    reply.demand = &d;
    reply.created = !stored;
    reply.warnings = lines;
    reply.n_warnings = split_warnings (txn, warnings, lines);
    tt_txn_reply (txn, &reply.base);
}

void
ingest_put_demand (tt_txn *txn, const void *request, void *service)
{
    const ingest_service *shared = service;
    const ingest_demand *in = ((const Techtransfer__Achievement__V1__PutDemandRequest *)request)->demand;
    tt_violations v = { 0 };
    tt_buffer warnings = { 0 };
    tt_txn_at (txn, tt_bytes_of_text (in ? in->owner : ""));
    size_t mark = tt_violations_enter (&v, "demand");
    if (in)
        ingest_validate_demand (in, shared->catalog, ingest_day_of (tt_txn_now (txn)), &v, &warnings);
    else
        tt_violate (&v, NULL, "required");
    tt_violations_leave (&v, mark);
    if (!ingest_refuse_invalid (txn, &v)) {
        tt_bytes key = ingest_pair_key (tt_txn_arena (txn), in->owner, in->demand_id);
        const tt_row *row = tt_txn_get (txn, INGEST_TABLE_DEMAND, key);
        const ingest_demand *stored = ingest_read_row (txn, row, DEMAND_TYPE);
        warn_of_empty_words (in, &warnings);
        if (row && !tt_txn_refused (txn))
            commit_demand (txn, in, stored, key, &warnings);
    }
    tt_buffer_free (&warnings);
}

void
ingest_delete_demand (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__DeleteDemandRequest *in = request;
    tt_txn_at (txn, tt_bytes_of_text (in->owner));
    tt_violations v = { 0 };
    tt_check_identifier (&v, "owner", in->owner);
    tt_check_identifier (&v, "demand_id", in->demand_id);
    if (ingest_refuse_invalid (txn, &v))
        return;
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), in->owner, in->demand_id);
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_DEMAND, key);
    if (!row)
        return;
    if (!row->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such demand");
        return;
    }
    ingest_demand gone = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    gone.owner = in->owner;
    gone.demand_id = in->demand_id;
    tt_txn_delete (txn, INGEST_TABLE_DEMAND, key);
    tt_txn_index_remove (txn, ingest_demand_index_name (tt_txn_arena (txn), in->owner), key);
    tell_change (txn, &gone, true);
    Techtransfer__Achievement__V1__DeleteDemandReply reply = TECHTRANSFER__ACHIEVEMENT__V1__DELETE_DEMAND_REPLY__INIT;
    tt_txn_reply (txn, &reply.base);
}

/* One row more than the page was read: it says whether there is a next page. */
static void
reply_page (tt_txn *txn, const tt_rows *rows, uint32_t limit)
{
    Techtransfer__Achievement__V1__ListDemandsReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_DEMANDS_REPLY__INIT;
    reply.demands = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.demands);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        ingest_demand *demand = ingest_read_row (txn, &rows->rows[i], DEMAND_TYPE);
        if (tt_txn_refused (txn))
            return;
        if (demand)
            reply.demands[reply.n_demands++] = demand;
    }
    if (rows->count > limit && reply.n_demands > 0)
        reply.next_after = reply.demands[reply.n_demands - 1]->demand_id;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_list_demands (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListDemandsRequest *in = request;
    tt_txn_at (txn, tt_bytes_of_text (in->owner));
    tt_violations v = { 0 };
    tt_check_identifier (&v, "owner", in->owner);
    tt_check_range (&v, "limit", in->limit, 0, PAGE_MOST);
    if (in->after[0] != '\0')
        tt_check_identifier (&v, "after", in->after);
    if (ingest_refuse_invalid (txn, &v))
        return;
    tt_arena *arena = tt_txn_arena (txn);
    uint32_t limit = in->limit == 0 ? PAGE_DEFAULT : in->limit;
    tt_bytes after = in->after[0] == '\0' ? TT_BYTES_NONE : ingest_pair_key (arena, in->owner, in->after);
    const tt_rows *rows = tt_txn_page (txn, ingest_demand_index_name (arena, in->owner), after, limit + 1, INGEST_TABLE_DEMAND);
    if (rows)
        reply_page (txn, rows, limit);
}
