/* The methods of AchievementIngest: decode -> decide -> commit, one handler for each. tt_handler functions, called from the
 * responder's thread; service is an ingest_service, which they only read. */
#ifndef INGEST_COMMANDS_H
#define INGEST_COMMANDS_H

#include "base/counters.h"
#include "catalog/catalog.h"
#include "bus/service.h"
#include "classes.h"
#include "search.h"
#include "similarity.h"
#include "store/txn.h"
#include "wire/validate.h"

/* What handlers and processor share. Immutable while the daemon runs, but for the classifier, which is the responder's thread's. */
typedef struct {
    tt_catalog *catalog;
    ingest_settings settings;
    ingest_search *search;
    struct ingest_search_web *search_web;
    tt_classifier *classifier;
    tt_fields *fields;
    ingest_class_settings classes;
    tt_counter_set *counters; /* by the enum below; thread-safe */
} ingest_service;

enum { INGEST_DEMANDS_EXPIRED }; /* the rows of service.c */

tt_handler ingest_submit; /* commands_records.c; one item */
tt_handler ingest_withdraw;
tt_handler ingest_get;
tt_handler ingest_put_demand; /* commands_demands.c */
tt_handler ingest_delete_demand;
tt_handler ingest_list_demands;
tt_handler ingest_list_pushes; /* commands_pushes.c */
tt_handler ingest_answer_push;
tt_answerer ingest_search_achievements; /* commands_search.c; on threads of its own */
tt_handler ingest_confirm_classes; /* commands_classes.c */
tt_handler ingest_list_labels;
tt_handler ingest_register_contract; /* commands_contracts.c */
tt_handler ingest_correct_contract;
tt_handler ingest_cancel_contract;
tt_handler ingest_get_contract;
tt_handler ingest_list_contracts;
tt_handler ingest_put_source; /* commands_sources.c */
tt_handler ingest_list_sources;
tt_handler ingest_get_source;
tt_handler ingest_close_submission; /* commands_progress.c; behind the items */
bool ingest_submission_closes (const ProtobufCMessage *request);
tt_handler ingest_list_quarantine; /* commands_quarantine.c */
tt_handler ingest_mend_quarantined;
tt_handler ingest_release_quarantined;
tt_handler ingest_discard_quarantined;

/* Shared by the handlers (commands.c). */

/* Refuses with all violations and frees them; true if there were any. */
bool ingest_refuse_invalid (tt_txn *txn, tt_violations *v);
/* A page of a list that goes partition by partition, by key: one row more than *limit if the partition has more. NULL: refused, or not read yet.
 * *limit: as requested, 0 to 500; 0 becomes 100. `after`: the key behind which the page begins, at most after_most characters. */
const tt_rows *ingest_page_of (tt_txn *txn, uint32_t partition, uint32_t *limit, const char *after, size_t after_most, const char *index,
                               const char *table);
/* Where such a list goes on behind a page. */
typedef struct {
    bool more; /* false: the end */
    uint32_t partition;
    char *after; /* in the arena, or "" */
} ingest_next;
ingest_next ingest_next_page (tt_txn *txn, const tt_rows *rows, uint32_t partition, uint32_t limit);
/* The message in a row, in the transaction's arena; NULL if the row is absent. A row that cannot be read refuses with DATA_LOSS
 * and returns NULL: ask tt_txn_refused. */
void *ingest_read_row (tt_txn *txn, const tt_row *row, const ProtobufCMessageDescriptor *type);
/* Events about a record (commands_records.c): the topic is "achievement/<what>/<district>/<first special>/". */
void ingest_tell (tt_txn *txn, const char *what, const ingest_record *record, const ProtobufCMessage *event);
void ingest_tell_revised (tt_txn *txn, ingest_record *now, const ingest_record *before);
/* The replicas' copies hold only what counts: what no longer does is logged as withdrawn. */
void ingest_log_record (tt_txn *txn, const ingest_record *record, bool counts);
/* The replicas' copies of the demands; the event of a change is another matter (commands_demands.c). deleted: owner and demand_id suffice. */
void ingest_log_demand (tt_txn *txn, ingest_demand *demand, bool deleted);
/* Takes a valid record in a command of its own, over as many steps as it needs (commands_records.c); refuses the command where an
 * item would be rejected. The row once it is stored, NULL before: then return. Goes before tt_txn_at. */
const ingest_row *ingest_take_single (tt_txn *txn, const ingest_record *record, const ingest_service *service);
/* True if the row holds this valid record with this version. */
bool ingest_is_stored (tt_txn *txn, const ingest_record *record, const ingest_row *row);
/* An invalid record that is not classified (commands_quarantine.c): true if it goes into quarantine, or that cannot be said before
 * more is read; false if its source keeps none, or not this one. Locates the transaction. */
bool ingest_quarantine_item (tt_txn *txn, const ingest_record *record, char **violations, size_t count);
/* "achievement/<what>/<second>/<third>/" in the transaction's arena; third may be NULL. */
const char *ingest_topic (tt_txn *txn, const char *what, const char *second, const char *third);

#endif
