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
typedef Techtransfer__Patent__V1__LegalEvent LegalEvent;
typedef Techtransfer__Patent__V1__LegalEventRecorded LegalRecord;
typedef Techtransfer__Patent__V1__Portfolio Portfolio;
typedef Techtransfer__Patent__V1__AlertDigest AlertDigest;
typedef Techtransfer__Patent__V1__BackfillRow BackfillRow;
typedef Techtransfer__Patent__V1__SweepRow SweepRow;
typedef Techtransfer__Patent__V1__PlaceRow PlaceRow;
typedef Techtransfer__Patent__V1__RateRow RateRow;
typedef Techtransfer__Patent__V1__Surge Surge;
typedef Techtransfer__Patent__V1__SurgeFound SurgeFound;
typedef Techtransfer__Patent__V1__SurgeDocument SurgeDocument;
typedef Techtransfer__Patent__V1__SurgeRoundRow SurgeRoundRow;
typedef Techtransfer__Patent__V1__Trigger Trigger;
typedef Techtransfer__Patent__V1__PatentWithdrawn PatentWithdrawn;
#define TRIGGER(name) TECHTRANSFER__PATENT__V1__TRIGGER__##name
#define DELIVERY(name) TECHTRANSFER__PATENT__V1__DELIVERY__DELIVERY_##name
#define ALERT_TRIGGERS 17 /* one more than the highest */

/* Tables, each in the partition of the entity: documents by family, legal events and places by the right's number (legal.h), surges by
 * their key, everything else by owner. */
#define ALERT_TABLE_DOCUMENTS "documents"     /* document id -> PatentDocument, as archive.h keeps it */
#define ALERT_TABLE_WITHDRAWN "withdrawn"     /* document id -> PatentWithdrawn */
#define ALERT_TABLE_REMOVED "removed"         /* document id -> revision of what was kept long enough, 8 bytes big-endian */
#define ALERT_TABLE_PLACES "places"           /* number key -> PlaceRow */
#define ALERT_TABLE_LEGAL "legal"             /* event id -> LegalEventRecorded */
#define ALERT_TABLE_CORRECTED "corrected"     /* event id -> id of the event that takes it back */
#define ALERT_TABLE_ORPHANS "orphans"         /* "all" -> number of orphans of the partition */
#define ALERT_TABLE_SWEEP "sweep"             /* "due" -> SweepRow */
#define ALERT_TABLE_SURGES "surges"           /* applicant, tab, subclass -> the last SurgeFound; in partition 0 "round" -> SurgeRoundRow */
#define ALERT_TABLE_WATCHES "watches"         /* owner/watch_id -> Watch */
#define ALERT_TABLE_RATES "rates"             /* owner/watch_id -> RateRow */
#define ALERT_TABLE_BACKFILLS "backfills"     /* owner/watch_id -> BackfillRow */
#define ALERT_TABLE_PORTFOLIOS "portfolios"   /* owner/name -> Portfolio */
#define ALERT_TABLE_ALERTS "alerts"           /* alert id -> inbox number, 8 bytes big-endian */
#define ALERT_TABLE_INBOX_HEADS "inbox-heads" /* owner -> highest inbox number, 8 bytes big-endian */
#define ALERT_TABLE_INBOX "inbox."            /* + owner: number -> Alert */
#define ALERT_TABLE_DIGESTS "digests"         /* owner/<due ms> -> AlertDigest as it stands; first_number: not told below it */
/* Sorted indexes. */
#define ALERT_INDEX_DOCUMENTS "documents"     /* lexical: document ids */
#define ALERT_INDEX_FAMILY "family."          /* + family id: document ids */
#define ALERT_INDEX_ORPHANS "orphans"         /* lexical: ids of the legal events without a document */
#define ALERT_INDEX_LEGAL "legal"             /* lexical: event ids, which begin with the number key */
#define ALERT_INDEX_WATCHES "watches."        /* + owner: lexical, members are the keys of ALERT_TABLE_WATCHES */
#define ALERT_INDEX_PORTFOLIOS "portfolios."  /* + owner: likewise */
#define ALERT_INDEX_CAUSES "causes"           /* lexical: cause, tab, owner, tab, inbox number of 20 digits */
#define ALERT_INDEX_DIGESTS "digests"         /* keys of ALERT_TABLE_DIGESTS by due time */
#define ALERT_INDEX_DIGEST "digest."          /* + key of the digest: inbox numbers, as keys */
#define ALERT_INDEX_BACKFILLS "backfills"     /* keys of those that run, by start */
#define ALERT_LOG_WATCHES "watches"           /* WatchChanged, for the index copies of the replicas */
#define ALERT_LOG_PORTFOLIOS "portfolios"     /* PortfolioChanged, likewise */

#define ALERT_BATCH_MAX 512 /* items of a bulk command */
#define ALERT_PAGE_MAX 1000
#define ALERT_PAGE_DEFAULT 100

static inline tt_bytes
alert_text (const char *text)
{
    return tt_bytes_of_text (text);
}

#endif
