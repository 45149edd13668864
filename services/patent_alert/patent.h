/* Short names for the messages of patent.proto, and the tables of the service. Declarations only. */
#ifndef ALERT_PATENT_H
#define ALERT_PATENT_H

#include "base/buffer.h"
#include "patent.pb-c.h"

typedef Techtransfer__Patent__V1__PatentDocument PatentDocument;
typedef Techtransfer__Patent__V1__DocumentReference DocumentReference;
typedef Techtransfer__Patent__V1__Watch Watch;
typedef Techtransfer__Patent__V1__Alert Alert;
typedef Techtransfer__Patent__V1__WatchMatch WatchMatch;
typedef Techtransfer__Patent__V1__MatchedTerm MatchedTerm;

/* Tables, each in the partition of the entity: documents by family, everything else by owner. */
#define ALERT_TABLE_DOCUMENTS "documents"     /* document id -> PatentDocument, as archive.h keeps it */
#define ALERT_TABLE_WATCHES "watches"         /* owner/watch_id -> Watch */
#define ALERT_TABLE_ALERTS "alerts"           /* alert id -> inbox number, 8 bytes big-endian */
#define ALERT_TABLE_INBOX_HEADS "inbox-heads" /* owner -> highest inbox number, 8 bytes big-endian */
#define ALERT_TABLE_INBOX "inbox."            /* + owner: number -> Alert */
#define ALERT_INDEX_WATCHES "watches."        /* + owner: lexical, members are the keys of ALERT_TABLE_WATCHES */
#define ALERT_LOG_WATCHES "watches"           /* WatchChanged, for the index copies of the replicas */

#define ALERT_BATCH_MAX 512 /* items of a bulk command */
#define ALERT_PAGE_MAX 1000
#define ALERT_PAGE_DEFAULT 100

static inline tt_bytes
alert_text (const char *text)
{
    return tt_bytes_of_text (text);
}

#endif
