/* ConfirmClasses, ListLabels. A label lies in the partition of its record, so that decision, counts and label are one commit. */
#include <string.h>

#include "commands.h"
#include "identity.h"
#include "validate.h"

#define ROW_TYPE (&techtransfer__achievement__v1__get_achievement_reply__descriptor)
#define LABEL_TYPE (&techtransfer__achievement__v1__class_label__descriptor)

typedef Techtransfer__Achievement__V1__ConfirmClassesRequest confirm_request;
typedef Techtransfer__Achievement__V1__ClassLabel class_label;

static void
check_verdict (tt_violations *v, const tt_catalog *catalog, const confirm_request *in, size_t at)
{
    const ingest_verdict *verdict = in->verdicts[at];
    if (!ingest_scheme_known (verdict->scheme)) {
        tt_violate (v, "scheme", "expected special, industry, stage or form");
        return;
    }
    for (size_t i = 0; i < at; i++)
        if (strcmp (in->verdicts[i]->scheme, verdict->scheme) == 0)
            tt_violate (v, "scheme", "stands twice");
    if (verdict->none && verdict->n_codes > 0)
        tt_violate (v, "none", "with codes");
    if (!tt_check_count (v, "codes", verdict->n_codes, 0, strcmp (verdict->scheme, "special") == 0 ? 64 : 1))
        return;
    for (size_t i = 0; i < verdict->n_codes; i++)
        if (!ingest_class_known (catalog, verdict->scheme, verdict->codes[i]))
            tt_violate (v, "codes", "no such code of this scheme");
}

static bool
refuse_wrong (tt_txn *txn, const confirm_request *in, const tt_catalog *catalog)
{
    tt_violations v = { 0 };
    if (tt_validate_utf8 (&in->base, &v)) {
        ingest_validate_identity (in->source, in->source_id, &v);
        tt_check_text (&v, "decided_by", in->decided_by, 1, 128);
        tt_check_text (&v, "note", in->note, 0, 512);
        size_t count = tt_check_count (&v, "verdicts", in->n_verdicts, 1, INGEST_SCHEMES) ? in->n_verdicts : 0;
        for (size_t i = 0; i < count; i++) {
            size_t mark = tt_violations_enter (&v, "verdicts[%zu]", i);
            check_verdict (&v, catalog, in, i);
            tt_violations_leave (&v, mark);
        }
    }
    return ingest_refuse_invalid (txn, &v);
}

static void
put_label (tt_txn *txn, const ingest_record *record, tt_bytes key)
{
    class_label label = TECHTRANSFER__ACHIEVEMENT__V1__CLASS_LABEL__INIT;
    label.source = record->source;
    label.source_id = record->source_id;
    label.title = record->title;
    label.title_en = record->title_en;
    label.abstract = record->abstract;
    label.keywords = record->keywords;
    label.n_keywords = record->n_keywords;
    label.ipc = record->ipc;
    label.n_ipc = record->n_ipc;
    label.trl = record->trl;
    label.decided = record->decided;
    label.n_decided = record->n_decided;
    size_t size = protobuf_c_message_get_packed_size (&label.base);
    uint8_t *bytes = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    protobuf_c_message_pack (&label.base, bytes);
    tt_txn_put_blind (txn, INGEST_TABLE_LABEL, key, (tt_bytes){ bytes, size }); /* the record's row guards it */
    tt_txn_index_put (txn, INGEST_INDEX_LABELS, key, 0);
}

static void
tell_classified (tt_txn *txn, const ingest_record *now, ingest_class_decision **decisions, size_t count)
{
    Techtransfer__Achievement__V1__AchievementClassified event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_CLASSIFIED__INIT;
    event.achievement_id = now->achievement_id;
    event.source = now->source;
    event.source_id = now->source_id;
    event.decisions = decisions;
    event.n_decisions = count;
    ingest_tell (txn, "classified", now, &event.base);
}

static void
commit_decisions (tt_txn *txn, const ingest_row *stored, ingest_record *now, tt_bytes key, ingest_class_decision **decisions, size_t count)
{
    now->revision++;
    ingest_row row = *stored;
    row.achievement = now;
    tt_txn_put_message (txn, INGEST_TABLE_RECORD, key, &row.base);
    put_label (txn, now, key);
    tell_classified (txn, now, decisions, count);
    if (ingest_row_counts (stored)) {
        ingest_tell_revised (txn, now, stored->achievement);
        ingest_log_record (txn, now, true);
    }
    Techtransfer__Achievement__V1__ConfirmClassesReply reply = TECHTRANSFER__ACHIEVEMENT__V1__CONFIRM_CLASSES_REPLY__INIT;
    reply.achievement = now;
    tt_txn_reply (txn, &reply.base);
}

static void
decide (tt_txn *txn, const confirm_request *in, const ingest_row *stored, tt_bytes key)
{
    tt_arena *arena = tt_txn_arena (txn);
    ingest_record now = *stored->achievement;
    ingest_class_decision *decisions[INGEST_SCHEMES];
    for (size_t i = 0; i < in->n_verdicts; i++) {
        ingest_class_decision *d = decisions[i] = ingest_classes_decide (arena, &now, in->verdicts[i]);
        if (!d) {
            tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "no class of the scheme %s is declared or proposed: name one", in->verdicts[i]->scheme);
            return;
        }
        d->decided_by = in->decided_by;
        d->note = in->note;
        d->decided_unix_ms = tt_txn_now (txn);
    }
    commit_decisions (txn, stored, &now, key, decisions, in->n_verdicts);
}

void
ingest_confirm_classes (tt_txn *txn, const void *request, void *service)
{
    const ingest_service *shared = service;
    const confirm_request *in = request;
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), in->source, in->source_id);
    tt_txn_at (txn, key);
    if (refuse_wrong (txn, in, shared->catalog))
        return;
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_RECORD, key);
    const ingest_row *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || tt_txn_refused (txn))
        return;
    if (!stored || !stored->achievement)
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such achievement");
    else if (stored->achievement->withdrawn)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "the achievement is withdrawn");
    else if (in->revision > 0 && in->revision != stored->achievement->revision)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "the achievement is at another revision by now");
    else
        decide (txn, in, stored, key);
}

static void
reply_labels (tt_txn *txn, const tt_rows *rows, uint32_t partition, uint32_t limit)
{
    Techtransfer__Achievement__V1__ListLabelsReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_LABELS_REPLY__INIT;
    tt_arena *arena = tt_txn_arena (txn);
    reply.labels = tt_arena_alloc (arena, (rows->count + 1) * sizeof *reply.labels);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        class_label *label = ingest_read_row (txn, &rows->rows[i], LABEL_TYPE);
        if (tt_txn_refused (txn))
            return;
        if (label)
            reply.labels[reply.n_labels++] = label;
    }
    ingest_next next = ingest_next_page (txn, rows, partition, limit);
    reply.more = next.more;
    reply.next_partition = next.partition;
    reply.next_after = next.after;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_list_labels (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListLabelsRequest *in = request;
    uint32_t limit = in->limit;
    const tt_rows *rows = ingest_page_of (txn, in->partition, &limit, in->after, 256, INGEST_INDEX_LABELS, INGEST_TABLE_LABEL);
    if (rows)
        reply_labels (txn, rows, in->partition, limit);
}
