#include "copies.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "identity.h"

/* "<source>/<source_id>"; free. */
static char *
key_of (const ingest_record *record)
{
    tt_buffer key = { 0 };
    tt_buffer_printf (&key, "%s/%s", record->source, record->source_id);
    tt_buffer_cstr (&key);
    return (char *)key.data;
}

static void
apply_record (ingest_copies *c, const ingest_record *record, bool counts)
{
    char *key = key_of (record);
    if (ingest_corpus_revision (c->corpus, key) > record->revision) {
        free (key); /* the tables were read after this was logged */
        return;
    }
    if (counts) {
        ingest_traits traits = ingest_traits_of (record);
        ingest_subject_terms (record, &c->terms);
        ingest_corpus_put (c->corpus, key, record->revision, &traits, &c->terms);
    } else {
        ingest_corpus_remove (c->corpus, key);
    }
    free (key);
}

/* Takes the demand. One that cannot be filed is left out and said: the rest must go on. */
static void
apply_demand (ingest_copies *c, ingest_demand *demand)
{
    tt_error error = { 0 };
    if (ingest_demand_index_put (c->demands, &demand, &error) != TT_OK)
        tt_log (TT_LOG_ERROR, "a stored demand cannot be matched", "reason", error.message, NULL);
}

static void
say_broken (const char *what)
{
    tt_log (TT_LOG_ERROR, "a stored message cannot be read and is left out", "what", what, NULL);
}

static bool
visit_record (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    ingest_row *row = techtransfer__achievement__v1__get_achievement_reply__unpack (NULL, value.size, value.data);
    if (!row || !row->achievement)
        say_broken ("achievement");
    else if (ingest_row_counts (row))
        apply_record (context, row->achievement, true);
    if (row)
        techtransfer__achievement__v1__get_achievement_reply__free_unpacked (row, NULL);
    return true;
}

static bool
visit_demand (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    ingest_demand *demand = techtransfer__achievement__v1__demand__unpack (NULL, value.size, value.data);
    if (demand)
        apply_demand (context, demand);
    else
        say_broken ("demand");
    return true;
}

static tt_status
apply_record_entry (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    ingest_copies *c = context;
    ingest_record *record = techtransfer__achievement__v1__achievement__unpack (NULL, entry->body.size, entry->body.data);
    if (!record) {
        say_broken ("achievement");
        return TT_OK;
    }
    apply_record (c, record, !record->withdrawn);
    techtransfer__achievement__v1__achievement__free_unpacked (record, NULL);
    return TT_OK;
}

static tt_status
apply_demand_entry (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    ingest_copies *c = context;
    Techtransfer__Achievement__V1__DemandChanged *change
        = techtransfer__achievement__v1__demand_changed__unpack (NULL, entry->body.size, entry->body.data);
    if (!change || !change->demand) {
        say_broken ("demand");
    } else if (change->deleted) {
        ingest_demand_index_remove (c->demands, change->demand->owner, change->demand->demand_id);
    } else {
        apply_demand (c, change->demand);
        change->demand = NULL;
    }
    if (change)
        techtransfer__achievement__v1__demand_changed__free_unpacked (change, NULL);
    return TT_OK;
}

static tt_status
follow_both (ingest_copies *c, tt_error *error)
{
    tt_status status = tt_reader_catch_up (c->demand_log, apply_demand_entry, c, error);
    return status == TT_OK ? tt_reader_catch_up (c->record_log, apply_record_entry, c, error) : status;
}

/* The ends of the logs first, then the tables: what changes meanwhile is in the logs behind these. */
static tt_status
load (ingest_copies *c, tt_store *store, tt_error *error)
{
    ingest_demand_index_destroy (&c->demands);
    ingest_corpus_destroy (&c->corpus);
    c->corpus = ingest_corpus_new ();
    c->demands = ingest_demand_index_new (c->corpus, &c->settings);
    tt_status status = tt_reader_start (c->record_log, error);
    if (status == TT_OK)
        status = tt_reader_start (c->demand_log, error);
    for (uint32_t p = 0; p < c->partitions && status == TT_OK; p++)
        status = tt_table_visit (store, p, INGEST_TABLE_RECORD, visit_record, c, error);
    for (uint32_t p = 0; p < c->partitions && status == TT_OK; p++)
        status = tt_table_visit (store, p, INGEST_TABLE_DEMAND, visit_demand, c, error);
    return status;
}

tt_status
ingest_copies_catch_up (ingest_copies *c, tt_store *store, tt_error *error)
{
    tt_status status = follow_both (c, error);
    if (status != TT_OUT_OF_RANGE && status != TT_DATA_LOSS)
        return status;
    tt_log (TT_LOG_WARNING, "copies are read anew", "reason", error->message, NULL);
    c->reloads++;
    status = load (c, store, error);
    return status == TT_OK ? follow_both (c, error) : status;
}

tt_status
ingest_copies_open (ingest_copies **out, tt_store *store, const ingest_settings *settings, tt_error *error)
{
    ingest_copies *c = tt_alloc_zero (1, sizeof *c);
    c->settings = *settings;
    c->partitions = tt_store_partitions (store);
    c->record_log = tt_reader_new (store, INGEST_LOG_RECORDS);
    c->demand_log = tt_reader_new (store, INGEST_LOG_DEMANDS);
    tt_status status = load (c, store, error);
    if (status == TT_OK)
        status = ingest_copies_catch_up (c, store, error);
    if (status != TT_OK)
        ingest_copies_close (&c);
    *out = c;
    return status;
}

void
ingest_copies_close (ingest_copies **copies)
{
    ingest_copies *c = *copies;
    if (!c)
        return;
    ingest_demand_index_destroy (&c->demands);
    ingest_corpus_destroy (&c->corpus);
    ingest_terms_free (&c->terms);
    tt_reader_destroy (&c->record_log);
    tt_reader_destroy (&c->demand_log);
    free (c);
    *copies = NULL;
}
