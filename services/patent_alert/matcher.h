/* A document or legal event in, alerts out: one for each owner that has at least one matching watch, with the reason. Pure: whether an alert
 * was raised before is for the commit to say (raise.c). Owned by one thread. */
#ifndef ALERT_MATCHER_H
#define ALERT_MATCHER_H

#include "base/arena.h"
#include "view.h"
#include "watch_index.h"

/* A watch that asks for something only since later than this behind what happened does not get it. The two times come from the clocks
 * of two replicas, which may differ by so much. */
#define ALERT_CLOCKS_MS 10000
#define ALERT_TERMS_MAX 32 /* matched terms told for each watch */

/* What happened. Texts and messages are borrowed until the alerts are committed, except those of the document, which are copied. */
typedef struct {
    Trigger trigger;
    const PatentDocument *document; /* what the alert is about */
    int64_t happened_unix_ms;       /* keeps those out that began to ask later; 0: nobody */
    int64_t now_unix_ms;
    const char *distinction;        /* see alert_id; NULL: none */
    const LegalEvent *legal;
    const DocumentReference *cited;
    const Surge *surge;             /* then the family does not count: see alert_id */
    const char *const *holders;     /* "owner/name": only these owners are told; NULL: all */
    size_t holder_count;
    const char *due_date, *due_rule;
    int32_t due_in_days;            /* keeps those out that do not look so far ahead */
    bool backfilled;
    bool elsewhere;                 /* what matched is not the document itself: no terms are told */
} alert_occasion;

/* An alert with number and raised_unix_ms 0, and how each of its watches wants to be told. */
typedef struct {
    Alert *alert;
    alert_terms *terms; /* one for each of alert->matches */
} alert_order;

/* The alerts for what the view shows, of the entries that matched it and listen, in order of owner, made in the arena. crew: helps to explain many
 * matches; NULL: alone. *count of them. */
alert_order *alert_match (const alert_watch_entry *const *entries, size_t matched, const alert_view *view, const alert_occasion *occasion,
                          tt_crew *crew, tt_arena *arena, size_t *count);

#endif
