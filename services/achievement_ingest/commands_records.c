/* SubmitAchievements, WithdrawAchievement, GetAchievement; ReleaseQuarantined and MendQuarantined take their record here too. What a record is and what becomes of it is decided in identity.c; here
 * it is read, committed and told. A record with a registration number goes to and fro: even steps write the claim in the
 * partition of the number, odd steps the record at home. */
#include <string.h>

#include "commands.h"
#include "identity.h"
#include "validate.h"

#define STEPS_MOST 16 /* a record that loses its claim again and again gives up with ABORTED */

typedef Techtransfer__Achievement__V1__SubmitAchievementResult submit_result;
#define RECORD_TYPE (&techtransfer__achievement__v1__achievement__descriptor)
#define ROW_TYPE (&techtransfer__achievement__v1__get_achievement_reply__descriptor)

/* What is known of a submission when it is decided. */
typedef struct {
    const ingest_service *service;
    ingest_record *in; /* normalised copy */
    tt_bytes key;
    const ingest_row *stored;
    const ingest_record *claim;
    const ingest_row *holder; /* row of another record that the claim names */
    ingest_claim_state state;
    bool single; /* a command of its own: refused as such, and called again when it is stored */
} submission;

static void
reply_refused (tt_txn *txn, tt_status code, const char *id, char **violations, size_t count)
{
    submit_result result = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENT_RESULT__INIT;
    result.outcome = TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__REJECTED;
    result.code = (uint32_t)code;
    if (id)
        result.achievement_id = (char *)id;
    result.violations = violations;
    result.n_violations = count;
    tt_txn_reply (txn, &result.base);
}

static void
refuse_submission (tt_txn *txn, const submission *s, tt_status code, const char *field, const char *reason)
{
    char *violation = tt_arena_printf (tt_txn_arena (txn), "%s: %s", field, reason);
    if (s->single)
        tt_txn_refuse (txn, code, "%s", violation);
    else
        reply_refused (txn, code, s->in->achievement_id, &violation, 1);
}

/* True if the item is refused for its form, or goes into quarantine. If it is classified its own key must not be used: the partition is
 * then any. */
static bool
refuse_invalid_item (tt_txn *txn, const ingest_record *in, const ingest_service *service)
{
    tt_violations v = { 0 };
    ingest_validate_record (in, service->catalog, &v);
    char *texts[TT_VIOLATIONS_MAX];
    for (size_t i = 0; i < v.count; i++) {
        tt_buffer text = { 0 };
        tt_violations_text (&v, i, &text);
        texts[i] = tt_arena_strndup (tt_txn_arena (txn), tt_buffer_cstr (&text), text.size);
        tt_buffer_free (&text);
    }
    bool refused = v.total > 0;
    if (refused && (ingest_classified (in) || !ingest_quarantine_item (txn, in, texts, v.count))) {
        tt_txn_at_partition (txn, 0);
        reply_refused (txn, TT_INVALID_ARGUMENT, NULL, texts, v.count);
    }
    tt_violations_free (&v);
    return refused;
}

static void
set_provenance (tt_txn *txn, ingest_record *record)
{
    static const Techtransfer__Achievement__V1__Provenance none = TECHTRANSFER__ACHIEVEMENT__V1__PROVENANCE__INIT;
    Techtransfer__Achievement__V1__Provenance *p = tt_arena_alloc (tt_txn_arena (txn), sizeof *p);
    *p = none;
    if (record->provenance) {
        p->datestamp = record->provenance->datestamp;
        p->importer = record->provenance->importer;
    }
    p->received_unix_ms = tt_txn_now (txn);
    record->provenance = p;
}

/* A shallow copy in the arena, in the form in which it is stored. */
static ingest_record *
normalised (tt_txn *txn, const ingest_record *in)
{
    tt_arena *arena = tt_txn_arena (txn);
    ingest_record *copy = tt_arena_alloc (arena, sizeof *copy);
    *copy = *in;
    copy->base.n_unknown_fields = 0;
    copy->base.unknown_fields = NULL;
    copy->registration_number = (char *)ingest_normal_number (arena, in->registration_number);
    char id[INGEST_ID_SIZE];
    ingest_achievement_id (in->source, in->source_id, id);
    copy->achievement_id = tt_arena_strndup (arena, id, strlen (id));
    copy->withdrawn = false;
    ingest_classes_clear (copy);
    set_provenance (txn, copy);
    return copy;
}

static tt_bytes
record_key (tt_txn *txn, const ingest_record *record)
{
    return ingest_pair_key (tt_txn_arena (txn), record->source, record->source_id);
}

/* Reads the rest of what a decision needs; false: not all there yet, or a row is broken. */
static bool
load (tt_txn *txn, submission *s, const tt_row *stored, const tt_row *claim)
{
    if (!stored || !claim)
        return false;
    s->stored = ingest_read_row (txn, stored, ROW_TYPE);
    s->claim = ingest_read_row (txn, claim, RECORD_TYPE);
    if (s->claim && strcmp (s->claim->achievement_id, s->in->achievement_id) != 0) {
        tt_bytes holder_key = record_key (txn, s->claim);
        const tt_row *holder = tt_txn_get_at (txn, holder_key, INGEST_TABLE_RECORD, holder_key);
        if (!holder)
            return false;
        s->holder = ingest_read_row (txn, holder, ROW_TYPE);
    }
    s->state = ingest_claim_judge (s->claim, s->holder, s->in);
    return !tt_txn_refused (txn);
}

/* Even steps: the claim, in the partition of the number. A submission that will be refused or changes nothing claims nothing. */
static void
claim_step (tt_txn *txn, submission *s)
{
    tt_bytes number = tt_bytes_of_text (s->in->registration_number);
    tt_txn_at (txn, number);
    const tt_row *claim = tt_txn_get (txn, INGEST_TABLE_NUMBER, number);
    const tt_row *stored = tt_txn_get_at (txn, s->key, INGEST_TABLE_RECORD, s->key);
    if (!load (txn, s, stored, claim))
        return;
    ingest_sight sight = ingest_sight_of (s->stored, s->in);
    bool idle = ingest_sight_refusal (sight) || (sight == INGEST_SAME && ingest_row_counts (s->stored));
    if (!idle && ingest_claim_needed (s->claim, s->state, s->stored)) {
        ingest_record mine = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
        mine.achievement_id = s->in->achievement_id;
        mine.source = s->in->source;
        mine.source_id = s->in->source_id;
        mine.registration_number = s->in->registration_number;
        mine.revision = (s->stored ? s->stored->achievement->revision : 0) + 1;
        tt_txn_put_message (txn, INGEST_TABLE_NUMBER, number, &mine.base);
    }
    tt_txn_then (txn);
}

static const char *
first_special (tt_txn *txn, const ingest_record *record)
{
    return record->n_specials == 0 ? "none" : tt_arena_printf (tt_txn_arena (txn), "%u", record->specials[0]);
}

void
ingest_tell (tt_txn *txn, const char *what, const ingest_record *record, const ProtobufCMessage *event)
{
    tt_txn_event (txn, ingest_topic (txn, what, record->district, first_special (txn, record)), record->achievement_id, event);
}

static void
tell_registered (tt_txn *txn, ingest_record *now)
{
    Techtransfer__Achievement__V1__AchievementRegistered event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REGISTERED__INIT;
    event.achievement = now;
    ingest_tell (txn, "registered", now, &event.base);
}

void
ingest_tell_revised (tt_txn *txn, ingest_record *now, const ingest_record *before)
{
    Techtransfer__Achievement__V1__AchievementRevised event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REVISED__INIT;
    event.achievement = now;
    event.previous_district = before->district;
    event.n_previous_specials = before->n_specials;
    event.previous_specials = before->specials;
    ingest_tell (txn, "revised", now, &event.base);
}

/* The counts take back what they had: the district and specials of before. */
static void
tell_withdrawn (tt_txn *txn, const ingest_record *now, const ingest_record *before, const char *reason)
{
    ingest_record gone = *before;
    gone.revision = now->revision;
    gone.withdrawn = true;
    Techtransfer__Achievement__V1__AchievementWithdrawn event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_WITHDRAWN__INIT;
    event.achievement = &gone;
    event.reason = (char *)reason;
    ingest_tell (txn, "withdrawn", &gone, &event.base);
}

static void
tell_duplicate (tt_txn *txn, const submission *s)
{
    Techtransfer__Achievement__V1__AchievementDuplicate event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_DUPLICATE__INIT;
    event.source = s->in->source;
    event.source_id = s->in->source_id;
    event.registration_number = s->in->registration_number;
    event.achievement_id = s->claim->achievement_id;
    tt_txn_event (txn, ingest_topic (txn, "duplicate", s->in->source, NULL), s->in->achievement_id, &event.base);
}

void
ingest_log_record (tt_txn *txn, const ingest_record *record, bool counts)
{
    ingest_record logged = *record;
    logged.withdrawn = !counts;
    tt_txn_log (txn, INGEST_LOG_RECORDS, &logged.base);
}

static void
commit_record (tt_txn *txn, submission *s, const ingest_decision *d)
{
    const ingest_record *before = s->stored ? s->stored->achievement : NULL;
    s->in->revision = (before ? before->revision : 0) + 1;
    s->in->registered_unix_ms = before ? before->registered_unix_ms : tt_txn_now (txn);
    if (before)
        ingest_classes_carry (tt_txn_arena (txn), before, s->in);
    ingest_classes_propose (s->service->classifier, s->service->fields, &s->service->classes, tt_txn_arena (txn), s->in);
    ingest_row row = TECHTRANSFER__ACHIEVEMENT__V1__GET_ACHIEVEMENT_REPLY__INIT;
    row.achievement = s->in;
    if (d->duplicate)
        row.duplicate_of = s->claim->achievement_id;
    tt_txn_put_message (txn, INGEST_TABLE_RECORD, s->key, &row.base);
    if (d->telling == INGEST_TELL_REGISTERED)
        tell_registered (txn, s->in);
    else if (d->telling == INGEST_TELL_REVISED)
        ingest_tell_revised (txn, s->in, before);
    else if (d->telling == INGEST_TELL_WITHDRAWN)
        tell_withdrawn (txn, s->in, before, "the registration number is held by another record");
    if (d->duplicate)
        tell_duplicate (txn, s);
    if (d->telling != INGEST_TELL_NOTHING)
        ingest_log_record (txn, s->in, !d->duplicate);
}

static void
reply_decided (tt_txn *txn, const submission *s, const ingest_decision *d)
{
    submit_result result = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENT_RESULT__INIT;
    result.outcome = d->outcome;
    result.achievement_id = d->duplicate ? s->claim->achievement_id : s->in->achievement_id;
    result.rung = (char *)d->rung;
    tt_txn_reply (txn, &result.base);
}

/* Odd steps, and the only one of a record without number: the record at home. */
static void
home_step (tt_txn *txn, submission *s)
{
    static const tt_row nobody = { 0 };
    tt_bytes number = tt_bytes_of_text (s->in->registration_number);
    tt_txn_at (txn, s->key);
    const tt_row *stored = tt_txn_get (txn, INGEST_TABLE_RECORD, s->key);
    const tt_row *claim = number.size == 0 ? &nobody : tt_txn_get_at (txn, number, INGEST_TABLE_NUMBER, number);
    if (!load (txn, s, stored, claim))
        return;
    ingest_sight sight = ingest_sight_of (s->stored, s->in);
    const char *refusal = ingest_sight_refusal (sight);
    if (refusal) {
        refuse_submission (txn, s, TT_FAILED_PRECONDITION, "source_version", refusal);
        return;
    }
    ingest_decision d = ingest_decide (sight, s->stored, s->in, s->claim, s->state);
    if (d.again) {
        tt_txn_then (txn);
        return;
    }
    if (d.write)
        commit_record (txn, s, &d);
    if (s->single)
        tt_txn_then (txn);
    else
        reply_decided (txn, s, &d);
}

static void
take_step (tt_txn *txn, submission *s)
{
    if (tt_txn_step (txn) >= STEPS_MOST) {
        tt_txn_at (txn, s->key);
        refuse_submission (txn, s, TT_ABORTED, "registration_number", "claimed by others at the same time, try again");
    } else if (s->in->registration_number[0] != '\0' && tt_txn_step (txn) % 2 == 0) {
        claim_step (txn, s);
    } else {
        home_step (txn, s);
    }
}

void
ingest_submit (tt_txn *txn, const void *request, void *service)
{
    const ingest_record *in = request;
    if (tt_txn_step (txn) == 0 && refuse_invalid_item (txn, in, service))
        return;
    submission s = { .service = service, .in = normalised (txn, in) };
    s.key = record_key (txn, s.in);
    take_step (txn, &s);
}

bool
ingest_is_stored (tt_txn *txn, const ingest_record *record, const ingest_row *row)
{
    return ingest_sight_of (row, normalised (txn, record)) == INGEST_SAME;
}

const ingest_row *
ingest_take_single (tt_txn *txn, const ingest_record *record, const ingest_service *service)
{
    submission s = { .service = service, .in = normalised (txn, record), .single = true };
    s.key = record_key (txn, s.in);
    const tt_row *row = tt_txn_get_at (txn, s.key, INGEST_TABLE_RECORD, s.key);
    const ingest_row *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || tt_txn_refused (txn))
        return NULL;
    if (stored && ingest_sight_of (stored, s.in) == INGEST_SAME)
        return stored;
    take_step (txn, &s);
    return NULL;
}

static void
commit_tombstone (tt_txn *txn, tt_bytes key, const ingest_row *stored, const char *reason)
{
    ingest_record gone = *stored->achievement;
    gone.revision++;
    gone.withdrawn = true;
    ingest_row row = *stored;
    row.achievement = &gone;
    tt_txn_put_message (txn, INGEST_TABLE_RECORD, key, &row.base);
    if (!ingest_row_counts (stored))
        return;
    tell_withdrawn (txn, &gone, stored->achievement, reason);
    ingest_log_record (txn, &gone, false);
}

void
ingest_withdraw (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__WithdrawAchievementRequest *in = request;
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), in->source, in->source_id);
    tt_txn_at (txn, key);
    tt_violations v = { 0 };
    if (tt_validate_utf8 (&in->base, &v)) {
        ingest_validate_identity (in->source, in->source_id, &v);
        tt_check_text (&v, "reason", in->reason, 0, 512);
    }
    if (ingest_refuse_invalid (txn, &v))
        return;
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_RECORD, key);
    const ingest_row *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || tt_txn_refused (txn))
        return;
    if (!stored) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such achievement");
        return;
    }
    Techtransfer__Achievement__V1__WithdrawAchievementReply reply
        = TECHTRANSFER__ACHIEVEMENT__V1__WITHDRAW_ACHIEVEMENT_REPLY__INIT;
    reply.achievement_id = stored->achievement->achievement_id;
    reply.already = stored->achievement->withdrawn;
    if (!reply.already)
        commit_tombstone (txn, key, stored, in->reason);
    tt_txn_reply (txn, &reply.base);
}

void
ingest_get (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__GetAchievementRequest *in = request;
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), in->source, in->source_id);
    tt_txn_at (txn, key);
    tt_violations v = { 0 };
    if (tt_validate_utf8 (&in->base, &v))
        ingest_validate_identity (in->source, in->source_id, &v);
    if (ingest_refuse_invalid (txn, &v))
        return;
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_RECORD, key);
    const ingest_row *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || tt_txn_refused (txn))
        return;
    if (stored)
        tt_txn_reply (txn, &stored->base);
    else
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such achievement");
}
