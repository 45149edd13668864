/* Watches: standing queries of an owner. Form, defaults, topics, what is said of a change. Pure. */
#ifndef ALERT_WATCH_H
#define ALERT_WATCH_H

#include "patent.h"
#include "store/txn.h"
#include "wire/validate.h"

/* Adds what is wrong, for the query with the byte position; true if nothing is. Paths are below the present prefix. */
bool alert_watch_check (const Watch *watch, tt_violations *violations);
/* Owner and watch id as ListWatches and the like take them. */
bool alert_owner_check (const char *owner, tt_violations *violations);

/* The query with each portfolio that `own` names in full ("<owner>/<name>"), which is how documents hold it; in *room if it is not the
 * watch's own text. NUL-terminated. */
const char *alert_watch_owned (const Watch *watch, tt_buffer *room);

/* Fills in what is taken when nothing is given: severity INFO, trigger PUBLICATION. `only` becomes watch->triggers if it had
 * none. */
void alert_watch_defaults (Watch *watch, Techtransfer__Patent__V1__Trigger *only);
/* True if both are the same: revision and times do not count. */
bool alert_watch_same (const Watch *a, const Watch *b);
/* True if both are about the same documents: nor do label and severity count. */
bool alert_watch_asks_same (const Watch *a, const Watch *b);

/* Does the put begin a back-fill? stored: NULL if it is new. */
bool alert_watch_fills_back (const Watch *stored, const Watch *watch);

/* Is no part of the query required, so that every document is evaluated in full? */
bool alert_watch_scanned (const char *query);
/* Appends what its owner should know about a query that was accepted, one text after the other, each NUL-terminated; returns how
 * many. */
size_t alert_watch_warnings (const char *query, tt_buffer *out);

/* "ent-4/w-1". Neither part can contain "/". */
void alert_watch_key (const char *owner, const char *watch_id, tt_buffer *out);
/* The change in the log, for the replicas' indexes, and as an event, for everybody else. deleted: owner and watch_id count. */
void alert_watch_announce (tt_txn *txn, const Watch *watch, bool deleted);
/* "patent/watch/ent-4/" */
void alert_watch_topic (const char *owner, tt_buffer *out);

#endif
