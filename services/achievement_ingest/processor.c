/* Events of the service's own journal -> pairs of achievement and demand -> pushes. Replicas share the work; why no pair is
 * missed is shown in README.md. One thread. */
#include "processor.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "backfill.h"
#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "copies.h"
#include "expiry.h"
#include "inbox.h"
#include "push.h"
#include "wire/envelope.h"

#define BATCH 1024        /* entries of the journal at a time */
#define ORDERS_AT_ONCE 512 /* pushes in one batch of transactions: each waits for Redis three times */
#define EXPIRED_AT_ONCE 64
#define TICK_MS 1000
#define CLOCKS_MS 10000 /* that the clocks of two replicas may differ by */
#define FOUND_MOST 1000 /* room for the best of a demand; the setting's range ends there */

typedef struct {
    const ingest_service *service;
    ingest_copies *copies;
    tt_arena *arena; /* one call of work */
    tt_document *document;
    ingest_terms terms;
    ingest_order *orders;
    size_t order_count, order_capacity;
    ingest_backfill *backfill; /* of this call */
    int32_t today;
    const char *traceparent; /* of the event that is being evaluated, in the arena; NULL: none */
    int64_t happened_unix_ms; /* likewise its time */
} processor_state;

static void
close_processor (void **state)
{
    processor_state *s = *state;
    if (!s)
        return;
    ingest_copies_close (&s->copies);
    ingest_terms_free (&s->terms);
    tt_document_destroy (&s->document);
    tt_arena_destroy (&s->arena);
    free (s->orders);
    free (s);
    *state = NULL;
}

static tt_status
open_processor (tt_processor *processor, void *service, void **state, tt_error *error)
{
    processor_state *s = tt_alloc_zero (1, sizeof *s);
    s->service = service;
    s->arena = tt_arena_new (0);
    s->document = tt_document_new (tt_schema_achievement ());
    *state = s;
    tt_status status = ingest_copies_open (&s->copies, tt_processor_store (processor), &s->service->settings, error);
    if (status != TT_OK)
        close_processor (state);
    return status;
}

static ingest_order *
add_order (processor_state *s, const ingest_demand *demand)
{
    if (s->order_count == s->order_capacity) {
        s->order_capacity = s->order_capacity == 0 ? 64 : 2 * s->order_capacity;
        s->orders = tt_realloc (s->orders, s->order_capacity * sizeof *s->orders);
    }
    ingest_order *order = &s->orders[s->order_count++];
    *order = (ingest_order){ .owner = demand->owner,
                             .demand_id = demand->demand_id,
                             .demand_revision = demand->revision,
                             .demand_created_unix_ms = demand->created_unix_ms,
                             .traceparent = s->traceparent };
    return order;
}

/* The words of the hits, heaviest first. Borrowed from the standing demand, which outlives the call: the copies change only
 * between. */
static void
set_words (processor_state *s, ingest_order *order, const ingest_standing *standing, uint32_t hits)
{
    order->terms = tt_arena_alloc (s->arena, (standing->wanted_count + 1) * sizeof *order->terms);
    for (size_t i = 0; i < standing->wanted_count; i++)
        if (hits >> i & 1)
            order->terms[order->term_count++] = (char *)standing->words[i];
}

static void
set_query_words (processor_state *s, ingest_order *order, const ingest_record *record, const char *query)
{
    tt_cql *cql = NULL;
    tt_error ignored = { 0 };
    order->terms = tt_arena_alloc (s->arena, INGEST_PUSH_TERMS * sizeof *order->terms);
    if (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &ignored) == TT_OK)
        order->term_count = ingest_subject_words (record, s->document, cql, s->arena, order->terms, INGEST_PUSH_TERMS);
    tt_cql_free (&cql);
}

/* A demand that came, or became what it is, later than the event was evaluated by its own event against the achievements of that
 * time: the best of them. It must not get all others when the entries are worked on late, or again. */
static bool
is_younger (const ingest_demand *demand, int64_t happened_unix_ms)
{
    return happened_unix_ms > 0 && demand->since_unix_ms > happened_unix_ms + CLOCKS_MS;
}

/* A registered or revised achievement against all demands. One that has changed since is left to the event of that change. */
static void
evaluate_record (processor_state *s, const ingest_record *record)
{
    const char *key = (const char *)ingest_pair_key (s->arena, record->source, record->source_id).data;
    if (ingest_corpus_revision (s->copies->corpus, key) != record->revision)
        return;
    ingest_traits traits = ingest_traits_of (record);
    ingest_subject_document (record, s->document);
    ingest_subject_terms (record, &s->terms);
    const ingest_match *matches;
    size_t count = ingest_demand_index_match (s->copies->demands, &traits, &s->terms, s->document, s->today, &matches);
    for (size_t i = 0; i < count; i++) {
        const ingest_standing *standing = &matches[i].standing;
        if (is_younger (standing->demand, s->happened_unix_ms))
            continue;
        ingest_order *order = add_order (s, standing->demand);
        order->source = record->source;
        order->source_id = record->source_id;
        order->record_revision = record->revision;
        order->score = matches[i].score;
        order->by_query = standing->demand->query[0] != '\0';
        if (order->by_query)
            set_query_words (s, order, record, standing->demand->query);
        else
            set_words (s, order, standing, matches[i].hits);
    }
}

static void
order_nearest (processor_state *s, const ingest_standing *standing)
{
    ingest_found found[FOUND_MOST];
    size_t count = ingest_corpus_best (s->copies->corpus, standing->wanted, standing->wanted_count, &standing->limits,
                                       &s->service->settings, found, s->service->settings.best_of_demand);
    for (size_t i = 0; i < count; i++) {
        ingest_order *order = add_order (s, standing->demand);
        const char *slash = strchr (found[i].key, '/'); /* a source has none */
        order->source = tt_arena_strndup (s->arena, found[i].key, (size_t)(slash - found[i].key));
        order->source_id = slash + 1;
        order->record_revision = found[i].revision;
        order->score = found[i].score;
        set_words (s, order, standing, found[i].hits);
    }
}

/* A new or changed demand against all achievements; likewise only if it is still as it was. */
static tt_status
evaluate_demand (processor_state *s, const ingest_demand *demand, tt_error *error)
{
    ingest_standing standing;
    if (!ingest_demand_index_find (s->copies->demands, demand->owner, demand->demand_id, &standing)
        || standing.demand->revision != demand->revision || standing.demand->created_unix_ms != demand->created_unix_ms
        || standing.limits.deadline < s->today)
        return TT_OK;
    if (demand->query[0] == '\0') {
        order_nearest (s, &standing);
        return TT_OK;
    }
    return ingest_backfill_add (s->backfill, &standing, s->traceparent, error);
}

static void
order_backfilled (processor_state *s)
{
    const ingest_backfilled *found;
    size_t count;
    for (size_t i = 0; (found = ingest_backfill_found (s->backfill, i, &count)) != NULL; i++)
        for (size_t k = 0; k < count; k++) {
            ingest_order *order = add_order (s, found[k].demand);
            order->source = found[k].source;
            order->source_id = found[k].source_id;
            order->record_revision = found[k].revision;
            order->score = 1.0;
            order->traceparent = found[k].traceparent;
            order->by_query = true;
            order->terms = found[k].words;
            order->term_count = found[k].word_count;
        }
}

static bool
topic_is (const tt_entry *entry, const char *prefix)
{
    size_t size = strlen (prefix);
    return entry->topic.size >= size && memcmp (entry->topic.data, prefix, size) == 0;
}

/* What caused it, and when it happened: NULL and 0 if that cannot be read. */
static void
note_header (processor_state *s, const tt_entry *entry)
{
    tt_event_header header;
    char time[TT_TIME_TEXT_SIZE];
    s->traceparent = NULL;
    s->happened_unix_ms = 0;
    if (tt_event_header_decode (entry->header, &header, NULL) != TT_OK)
        return;
    if (header.traceparent.size)
        s->traceparent = tt_arena_strndup (s->arena, (const char *)header.traceparent.data, header.traceparent.size);
    snprintf (time, sizeof time, "%.*s", (int)header.time.size, (const char *)header.time.data);
    if (tt_time_parse (time, &s->happened_unix_ms) != TT_OK)
        s->happened_unix_ms = 0;
}

static tt_status
evaluate_entry (processor_state *s, const tt_entry *entry, tt_error *error)
{
    note_header (s, entry);
    if (topic_is (entry, "achievement/registered/") || topic_is (entry, "achievement/revised/")) {
        /* Both events carry the achievement in field 1. */
        const Techtransfer__Achievement__V1__AchievementRegistered *event
            = ingest_unpack (s->arena, &techtransfer__achievement__v1__achievement_registered__descriptor, entry->body);
        if (event && event->achievement)
            evaluate_record (s, event->achievement);
        else
            tt_log (TT_LOG_ERROR, "an event cannot be read and is passed over", "what", "achievement", NULL);
    } else if (topic_is (entry, "achievement/demand/")) {
        const Techtransfer__Achievement__V1__DemandChanged *event
            = ingest_unpack (s->arena, &techtransfer__achievement__v1__demand_changed__descriptor, entry->body);
        if (!event || !event->demand)
            tt_log (TT_LOG_ERROR, "an event cannot be read and is passed over", "what", "demand", NULL);
        else if (!event->deleted)
            return evaluate_demand (s, event->demand, error);
    }
    return TT_OK;
}

static tt_status
deliver_some (tt_batch *batch, ingest_order *const *orders, size_t count, tt_error *error)
{
    tt_txn *txns[ORDERS_AT_ONCE];
    tt_batch_begin (batch, tt_clock_unix_ms ());
    for (size_t i = 0; i < count; i++)
        txns[i] = tt_batch_add (batch, &(tt_txn_spec){ .handle = ingest_deliver, .request = orders[i], .traceparent = orders[i]->traceparent });
    tt_status status = tt_batch_run (batch, error);
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        tt_outcome outcome = tt_txn_outcome (txns[i]);
        if (outcome.status == TT_DATA_LOSS)
            tt_log (TT_LOG_ERROR, "a push cannot be made", "reason", outcome.message, NULL);
        else if (outcome.status != TT_OK)
            status = tt_fail (error, outcome.status, "%s", outcome.message);
    }
    return status;
}

/* Sorts the orders into one for each achievement, then the rest; returns how many the former are. */
static size_t
one_of_each (processor_state *s, ingest_order **sorted)
{
    ingest_hash_map seen = { 0 };
    size_t firsts = 0, rest = s->order_count;
    for (size_t i = 0; i < s->order_count; i++) {
        tt_bytes key = ingest_pair_key (s->arena, s->orders[i].source, s->orders[i].source_id);
        uint64_t hash = XXH3_64bits (key.data, key.size);
        bool again = ingest_hash_find (&seen, hash) != NULL;
        ingest_hash_set (&seen, hash, 0);
        sorted[again ? --rest : firsts++] = &s->orders[i];
    }
    ingest_hash_free (&seen);
    return firsts;
}

/* A transaction sees what earlier ones of its batch are about to write, also in other partitions, where nothing guards it against
 * their failure. The claim of an achievement's first push must not be seen so: batches of one push for each achievement come
 * first, and when they are through every claim is committed. */
static tt_status
deliver_all (processor_state *s, tt_batch *batch, tt_error *error)
{
    ingest_order **sorted = tt_arena_alloc (s->arena, (s->order_count + 1) * sizeof *sorted);
    size_t firsts = one_of_each (s, sorted), begin = 0;
    tt_status status = TT_OK;
    while (begin < s->order_count && status == TT_OK) {
        size_t left = (begin < firsts ? firsts : s->order_count) - begin;
        size_t count = left < ORDERS_AT_ONCE ? left : ORDERS_AT_ONCE;
        status = deliver_some (batch, sorted + begin, count, error);
        begin += count;
    }
    return status;
}

static tt_status
work (tt_processor *processor, void *state, const tt_entry *entries, size_t count, tt_error *error)
{
    processor_state *s = state;
    tt_store *store = tt_processor_store (processor);
    tt_arena_reset (s->arena);
    s->order_count = 0;
    s->today = ingest_day_of (tt_clock_unix_ms ());
    tt_status status = ingest_copies_catch_up (s->copies, store, error);
    s->backfill = ingest_backfill_new (s->arena, s->service->settings.backfill);
    for (size_t i = 0; i < count && status == TT_OK; i++)
        status = evaluate_entry (s, &entries[i], error);
    if (status == TT_OK)
        status = ingest_backfill_run (s->backfill, store, error);
    if (status == TT_OK)
        order_backfilled (s);
    if (status == TT_OK)
        status = deliver_all (s, tt_processor_batch (processor), error);
    ingest_backfill_destroy (&s->backfill);
    return status;
}

static tt_status
expire_some (tt_batch *batch, ingest_demand *demands, size_t count, tt_counter_set *counters, tt_error *error)
{
    tt_txn *txns[EXPIRED_AT_ONCE];
    tt_batch_begin (batch, tt_clock_unix_ms ());
    for (size_t i = 0; i < count; i++)
        txns[i] = tt_batch_add (batch, &(tt_txn_spec){ .handle = ingest_expire, .request = &demands[i] });
    tt_status status = tt_batch_run (batch, error);
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        tt_outcome outcome = tt_txn_outcome (txns[i]);
        if (outcome.status == TT_DATA_LOSS)
            tt_log (TT_LOG_ERROR, "a demand cannot be expired", "reason", outcome.message, NULL);
        else if (outcome.status != TT_OK)
            status = tt_fail (error, outcome.status, "%s", outcome.message);
        else if (outcome.reply.size > 0)
            tt_count (counters, INGEST_DEMANDS_EXPIRED, 0);
    }
    return status;
}

/* A batch at a tick: after it the copies are read, so that the next tick does not find the same. */
static tt_status
sweep (tt_processor *processor, processor_state *s, int64_t now_unix_ms, tt_error *error)
{
    const ingest_demand *overdue[EXPIRED_AT_ONCE];
    ingest_demand demands[EXPIRED_AT_ONCE];
    size_t count = ingest_demand_index_overdue (s->copies->demands, ingest_day_of (now_unix_ms), overdue, EXPIRED_AT_ONCE);
    for (size_t i = 0; i < count; i++)
        demands[i] = *overdue[i];
    return count == 0 ? TT_OK : expire_some (tt_processor_batch (processor), demands, count, s->service->counters, error);
}

/* Keeps the copies near the heads when there is nothing to work on, so that a burst does not begin with a long reading. */
static tt_status
tick (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    processor_state *s = state;
    tt_status status = ingest_copies_catch_up (s->copies, tt_processor_store (processor), error);
    return status == TT_OK ? sweep (processor, s, now_unix_ms, error) : status;
}

const tt_processor_ops ingest_processor = { .group = "matcher",
                                            .batch = BATCH,
                                            .open = open_processor,
                                            .close = close_processor,
                                            .work = work,
                                            .tick = tick,
                                            .tick_ms = TICK_MS };
