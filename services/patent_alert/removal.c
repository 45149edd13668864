#include "removal.h"

#include "columns.h"
#include "commands.h"

bool
alert_removal_due (const alert_retention *rule, int32_t published_day, int32_t arrived_day, int32_t today)
{
    int32_t from = rule->by_arrival && arrived_day != ALERT_NO_DAY ? arrived_day : published_day;
    return rule->keep_days > 0 && from != ALERT_NO_DAY && (int64_t)from + rule->keep_days < today;
}

/* The document if it is due, to be freed. NULL also where it is gone, or cannot be read, which is nothing to remove in silence. */
static PatentDocument *
due_document (const alert_removal *removal, const tt_row *row)
{
    int32_t arrived = ALERT_NO_DAY;
    PatentDocument *document = row->present ? alert_archive_unpack (row->value, &arrived) : NULL;
    if (document == NULL)
        return NULL;
    int32_t published = document->publication ? alert_day_of (document->publication->date) : ALERT_NO_DAY;
    if (alert_removal_due (&removal->rule, published, arrived, removal->today))
        return document;
    techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    return NULL;
}

void
alert_remove_documents (tt_txn *txn, const void *request, void *context)
{
    (void)request;
    alert_removal *removal = context;
    Techtransfer__Patent__V1__PatentsRemoved event = TECHTRANSFER__PATENT__V1__PATENTS_REMOVED__INIT;
    char *ids[ALERT_REMOVAL_MAX];
    removal->removed = 0;
    tt_txn_at_partition (txn, removal->partition);
    for (size_t i = 0; i < removal->count; i++)
        (void)tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, alert_text (removal->ids[i]));
    if (tt_txn_pending (txn))
        return;
    for (size_t i = 0; i < removal->count; i++) {
        tt_bytes key = alert_text (removal->ids[i]);
        PatentDocument *document = due_document (removal, tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, key));
        if (document == NULL)
            continue;
        alert_forget_document (txn, document, key);
        tt_txn_put_blind (txn, ALERT_TABLE_REMOVED, key, tt_number_key (txn, document->revision));
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
        ids[event.n_document_ids++] = removal->ids[i];
    }
    event.document_ids = ids;
    removal->removed = event.n_document_ids;
    if (removal->removed > 0)
        tt_txn_event (txn, "patent/removed/", ids[0], &event.base);
}
