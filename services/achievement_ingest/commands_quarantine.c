/* Invalid records of sources that keep them: into quarantine with the item, and ListQuarantine, MendQuarantined, ReleaseQuarantined,
 * DiscardQuarantined. Rows lie in the partition of their source. A classified record never comes here. */
#include <string.h>
#include <xxhash.h>

#include "commands.h"
#include "identity.h"
#include "validate.h"

#define ROW_TYPE (&techtransfer__achievement__v1__get_achievement_reply__descriptor)
#define SOURCE_TYPE (&techtransfer__achievement__v1__source__descriptor)
#define QUARANTINED_TYPE (&techtransfer__achievement__v1__quarantined_record__descriptor)
#define KEPT_BYTES ((size_t)256 << 10)
#define KEPT_ROWS 100000
#define PAGE_MOST 100
#define KEY_LENGTH 32

typedef Techtransfer__Achievement__V1__SubmitAchievementResult submit_result;

static tt_bytes
packed (tt_txn *txn, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *bytes = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    protobuf_c_message_pack (message, bytes);
    return (tt_bytes){ bytes, size };
}

static char *
key_of (tt_txn *txn, const ingest_record *record)
{
    tt_violations v = { 0 };
    ingest_validate_identity (record->source, record->source_id, &v);
    tt_bytes hashed = v.total == 0 ? ingest_pair_key (tt_txn_arena (txn), record->source, record->source_id)
                                   : packed (txn, &record->base);
    tt_violations_free (&v);
    XXH128_hash_t hash = XXH3_128bits (hashed.data, hashed.size);
    return tt_arena_printf (tt_txn_arena (txn), "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

static void
reply_quarantined (tt_txn *txn, const ingest_quarantined *row)
{
    submit_result result = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENT_RESULT__INIT;
    result.outcome = TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__QUARANTINED;
    result.violations = row->violations;
    result.n_violations = row->n_violations;
    result.quarantine_key = row->key;
    tt_txn_reply (txn, &result.base);
}

static void
reply_not_kept (tt_txn *txn, tt_status code, const char *violation)
{
    char *text = (char *)violation;
    submit_result result = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENT_RESULT__INIT;
    result.outcome = TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__REJECTED;
    result.code = (uint32_t)code;
    result.violations = &text;
    result.n_violations = 1;
    tt_txn_reply (txn, &result.base);
}

static void
commit_quarantined (tt_txn *txn, const ingest_quarantined *row, bool new)
{
    const char *source = row->achievement->source;
    tt_txn_put_message (txn, INGEST_TABLE_QUARANTINE, tt_bytes_of_text (row->key), &row->base);
    if (new) {
        tt_txn_index_put (txn, ingest_quarantine_index_name (tt_txn_arena (txn), source), tt_bytes_of_text (row->key), 0);
        tt_txn_add (txn, INGEST_TABLE_QUARANTINED, tt_bytes_of_text (source), 1, 0, KEPT_ROWS);
    }
    Techtransfer__Achievement__V1__AchievementQuarantined event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_QUARANTINED__INIT;
    event.source = row->achievement->source;
    event.key = row->key;
    event.violations = row->violations;
    event.n_violations = row->n_violations;
    tt_txn_event (txn, ingest_topic (txn, "quarantined", source, NULL), row->key, &event.base);
}

/* The row as it would be against what is there under its key. */
static void
decide_row (tt_txn *txn, ingest_quarantined *row, const ingest_quarantined *there)
{
    const ingest_record *in = row->achievement;
    tt_bytes source = tt_bytes_of_text (in->source);
    if (there && there->achievement && there->achievement->source_version > in->source_version) {
        reply_not_kept (txn, TT_FAILED_PRECONDITION, "source_version: a higher version of this record is in quarantine");
        return;
    }
    if (!there && tt_txn_bound_failed (txn, INGEST_TABLE_QUARANTINED, source)) {
        reply_not_kept (txn, TT_RESOURCE_EXHAUSTED, "source: as many records as may be are in quarantine");
        return;
    }
    bool same = there && there->achievement
                && tt_bytes_equal (packed (txn, &in->base), packed (txn, &there->achievement->base));
    if (!same)
        commit_quarantined (txn, row, !there);
    reply_quarantined (txn, row);
}

bool
ingest_quarantine_item (tt_txn *txn, const ingest_record *record, char **violations, size_t count)
{
    tt_violations v = { 0 };
    bool named = tt_check_identifier (&v, "source", record->source);
    tt_violations_free (&v);
    if (!named)
        return false;
    tt_bytes name = tt_bytes_of_text (record->source);
    tt_txn_at (txn, name);
    const tt_row *registered = tt_txn_get_at (txn, tt_bytes_of_text (INGEST_AT_SOURCES), INGEST_TABLE_SOURCE, name);
    const ingest_source *source = ingest_read_row (txn, registered, SOURCE_TYPE);
    if (!registered || tt_txn_refused (txn))
        return true;
    ingest_record kept = *record;
    kept.base.n_unknown_fields = 0;
    kept.base.unknown_fields = NULL;
    if (!source || source->mode != TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_MODE__QUARANTINE
        || protobuf_c_message_get_packed_size (&kept.base) > KEPT_BYTES)
        return false;
    ingest_quarantined row = TECHTRANSFER__ACHIEVEMENT__V1__QUARANTINED_RECORD__INIT;
    row.achievement = &kept;
    row.key = key_of (txn, &kept);
    row.violations = violations;
    row.n_violations = count;
    row.quarantined_unix_ms = tt_txn_now (txn);
    const tt_row *there = tt_txn_get (txn, INGEST_TABLE_QUARANTINE, tt_bytes_of_text (row.key));
    const ingest_quarantined *old = ingest_read_row (txn, there, QUARANTINED_TYPE);
    if (there && !tt_txn_refused (txn))
        decide_row (txn, &row, old && old->n_violations > 0 ? old : NULL);
    return true;
}

/* -- what the operator does -- */

static void
drop_row (tt_txn *txn, const char *source, tt_bytes key)
{
    tt_txn_delete (txn, INGEST_TABLE_QUARANTINE, key);
    tt_txn_index_remove (txn, ingest_quarantine_index_name (tt_txn_arena (txn), source), key);
    tt_txn_add (txn, INGEST_TABLE_QUARANTINED, tt_bytes_of_text (source), -1, 0, KEPT_ROWS);
}

/* A record that was taken out leaves its name, so that the same command again is answered as the first time. */
static void
leave_name (tt_txn *txn, const char *source, const char *key, const ingest_record *taken)
{
    ingest_record name = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    name.source = taken->source;
    name.source_id = taken->source_id;
    ingest_quarantined row = TECHTRANSFER__ACHIEVEMENT__V1__QUARANTINED_RECORD__INIT;
    row.achievement = &name;
    drop_row (txn, source, tt_bytes_of_text (key));
    tt_txn_put_message (txn, INGEST_TABLE_QUARANTINE, tt_bytes_of_text (key), &row.base);
}

static bool
is_name (const ingest_quarantined *row)
{
    return row->n_violations == 0; /* what is in quarantine has at least one */
}

static bool
refuse_place (tt_txn *txn, const char *source, const char *key)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "source", source);
    if (strlen (key) != KEY_LENGTH || strspn (key, "0123456789abcdef") != KEY_LENGTH)
        tt_violate (&v, "key", "expected %d hexadecimal digits", KEY_LENGTH);
    if (v.total > 0)
        tt_txn_at_partition (txn, 0);
    return ingest_refuse_invalid (txn, &v);
}

/* The row, of this source; NULL if it is not read yet or the command is refused. The transaction need not be located. */
static const ingest_quarantined *
find_row (tt_txn *txn, const char *source, const char *key)
{
    const tt_row *row = tt_txn_get_at (txn, tt_bytes_of_text (source), INGEST_TABLE_QUARANTINE, tt_bytes_of_text (key));
    const ingest_quarantined *found = ingest_read_row (txn, row, QUARANTINED_TYPE);
    if (row && !tt_txn_refused (txn) && (!found || !found->achievement || strcmp (found->achievement->source, source) != 0)) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such record in quarantine");
        return NULL;
    }
    return found;
}

/* In the last step, with the record stored. False: not read yet. */
static bool
settle (tt_txn *txn, const char *source, const char *key, const ingest_record *taken)
{
    tt_txn_at (txn, tt_bytes_of_text (source));
    if (!tt_txn_get (txn, INGEST_TABLE_QUARANTINE, tt_bytes_of_text (key)))
        return false;
    leave_name (txn, source, key, taken);
    return true;
}

/* The command came before, or another one took the record out: the record as it is stored, if it is what is asked for. */
static bool
taken_before (tt_txn *txn, const ingest_quarantined *name, const ingest_record *instead, const ingest_row **stored)
{
    tt_bytes home = ingest_pair_key (tt_txn_arena (txn), name->achievement->source, name->achievement->source_id);
    const tt_row *row = tt_txn_get_at (txn, home, INGEST_TABLE_RECORD, home);
    *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || tt_txn_refused (txn))
        return false;
    if (*stored && (!instead || ingest_is_stored (txn, instead, *stored)))
        return true;
    tt_txn_refuse (txn, TT_NOT_FOUND, "the record is not in quarantine any more");
    return false;
}

/* True once the record is stored and its row dropped; *stored is the record's row then. */
static bool
take_out (tt_txn *txn, const char *source, const char *key, const ingest_record *instead, const ingest_service *service,
          const ingest_row **stored)
{
    tt_txn_at (txn, tt_bytes_of_text (source));
    const ingest_quarantined *row = find_row (txn, source, key);
    if (!row)
        return false;
    if (is_name (row))
        return taken_before (txn, row, instead, stored);
    const ingest_record *record = instead ? instead : row->achievement;
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "achievement");
    ingest_validate_record (record, service->catalog, &v);
    if (!ingest_classified (record) && strcmp (record->source, source) != 0)
        tt_violate (&v, "source", "not that of the record in quarantine");
    tt_violations_leave (&v, mark);
    if (ingest_refuse_invalid (txn, &v))
        return false;
    *stored = ingest_take_single (txn, record, service);
    return *stored && settle (txn, source, key, (*stored)->achievement);
}

void
ingest_mend_quarantined (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Achievement__V1__MendQuarantinedRequest *in = request;
    const ingest_row *stored;
    if (refuse_place (txn, in->source, in->key))
        return;
    if (!in->achievement) {
        tt_txn_at_partition (txn, 0);
        tt_txn_violation (txn, "achievement", "required");
        return;
    }
    if (!take_out (txn, in->source, in->key, in->achievement, service, &stored))
        return;
    Techtransfer__Achievement__V1__MendQuarantinedReply reply = TECHTRANSFER__ACHIEVEMENT__V1__MEND_QUARANTINED_REPLY__INIT;
    reply.achievement = stored->achievement;
    reply.duplicate_of = stored->duplicate_of;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_release_quarantined (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Achievement__V1__ReleaseQuarantinedRequest *in = request;
    const ingest_row *stored;
    if (refuse_place (txn, in->source, in->key) || !take_out (txn, in->source, in->key, NULL, service, &stored))
        return;
    Techtransfer__Achievement__V1__ReleaseQuarantinedReply reply
        = TECHTRANSFER__ACHIEVEMENT__V1__RELEASE_QUARANTINED_REPLY__INIT;
    reply.achievement = stored->achievement;
    reply.duplicate_of = stored->duplicate_of;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_discard_quarantined (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__DiscardQuarantinedRequest *in = request;
    if (refuse_place (txn, in->source, in->key))
        return;
    tt_txn_at (txn, tt_bytes_of_text (in->source));
    const ingest_quarantined *row = find_row (txn, in->source, in->key);
    if (!tt_txn_get (txn, INGEST_TABLE_QUARANTINE, tt_bytes_of_text (in->key)) || !row)
        return;
    if (is_name (row)) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "the record is not in quarantine any more");
        return;
    }
    drop_row (txn, in->source, tt_bytes_of_text (in->key));
    Techtransfer__Achievement__V1__DiscardQuarantinedReply reply
        = TECHTRANSFER__ACHIEVEMENT__V1__DISCARD_QUARANTINED_REPLY__INIT;
    tt_txn_reply (txn, &reply.base);
}

/* The same record was taken after this one came. */
static bool
overtaken (const ingest_quarantined *row, const ingest_row *stored)
{
    const ingest_record *now = stored ? stored->achievement : NULL;
    if (!now || now->source_version != row->achievement->source_version)
        return now && now->source_version > row->achievement->source_version;
    return now->provenance && now->provenance->received_unix_ms > row->quarantined_unix_ms;
}

/* One row of a page: to the reply, or dropped. Reads even where an earlier row waits, so that all are read together. */
static void
take_row (tt_txn *txn, const char *source, tt_bytes key, Techtransfer__Achievement__V1__ListQuarantineReply *reply)
{
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_QUARANTINE, key);
    ingest_quarantined *found = ingest_read_row (txn, row, QUARANTINED_TYPE);
    if (!found || !found->achievement || is_name (found))
        return;
    tt_bytes home = ingest_pair_key (tt_txn_arena (txn), source, found->achievement->source_id);
    const tt_row *record = tt_txn_get_at (txn, home, INGEST_TABLE_RECORD, home);
    const ingest_row *stored = ingest_read_row (txn, record, ROW_TYPE);
    if (tt_txn_pending (txn) || tt_txn_refused (txn))
        return;
    if (overtaken (found, stored)) {
        drop_row (txn, source, key);
        reply->dropped++;
    } else {
        reply->records[reply->n_records++] = found;
    }
}

void
ingest_list_quarantine (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListQuarantineRequest *in = request;
    tt_txn_at (txn, tt_bytes_of_text (in->source));
    tt_violations v = { 0 };
    tt_check_identifier (&v, "source", in->source);
    tt_check_range (&v, "limit", in->limit, 0, PAGE_MOST);
    tt_check_text (&v, "after", in->after, 0, KEY_LENGTH);
    if (ingest_refuse_invalid (txn, &v))
        return;
    uint32_t limit = in->limit == 0 ? PAGE_MOST : in->limit;
    tt_arena *arena = tt_txn_arena (txn);
    const tt_rows *rows
        = tt_txn_page (txn, ingest_quarantine_index_name (arena, in->source), tt_bytes_of_text (in->after), limit + 1, NULL);
    if (!rows)
        return;
    Techtransfer__Achievement__V1__ListQuarantineReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_QUARANTINE_REPLY__INIT;
    reply.records = tt_arena_alloc (arena, (rows->count + 1) * sizeof *reply.records);
    for (size_t i = 0; i < rows->count && i < limit; i++)
        take_row (txn, in->source, rows->keys[i], &reply);
    if (rows->count > limit)
        reply.next_after = tt_arena_strndup (arena, (const char *)rows->keys[limit - 1].data, rows->keys[limit - 1].size);
    tt_txn_reply (txn, &reply.base);
}
