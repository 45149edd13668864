/* A round of the search for filing surges, over the columns: pairs of an applicant and a subclass, the documents of a window against those of the
 * windows before it (patent/surge.h says by what test). A document counts once for a pair, on its day of publication. Pure; values only. */
#ifndef ALERT_SURGE_ROUND_H
#define ALERT_SURGE_ROUND_H

#include "columns.h"
#include "patent/surge.h"

#define ALERT_SURGE_DOCUMENTS 64 /* named as what a surge rests on */

typedef struct {
    int32_t window_days; /* at least 1 */
    uint32_t trailing;   /* windows before, 2 to TT_SURGE_WINDOWS_MAX */
    uint32_t least;      /* documents of a pair below which it is not found */
    double bound;        /* on false discoveries */
} alert_surge_rule;

typedef struct {
    tt_surge surge;
    const char *applicant, *label, *subclass; /* name as counted, as written; borrowed from the columns until the next put */
    uint32_t *places;                         /* of its documents of the window, newest first */
    size_t place_count;                       /* at most ALERT_SURGE_DOCUMENTS */
} alert_surge_find;

typedef struct {
    int32_t first_day, last_day; /* of the window, both in it */
    size_t pairs;
    double dispersion;
    alert_surge_find *finds; /* by p */
    size_t count;
    uint32_t *places; /* of all finds */
} alert_surge_round;

/* The newest day of publication that is not after `today`; ALERT_NO_DAY if there is none. */
int32_t alert_surge_last_day (const alert_columns *columns, int32_t today);

/* The round that ends with this day. Times without documents, in the window or before, say nothing: then nothing is found. */
void alert_surge_round_make (const alert_columns *columns, const alert_surge_rule *rule, int32_t last_day, alert_surge_round *out);
void alert_surge_round_free (alert_surge_round *round);

/* Two finds of one pair whose windows share a day are the same surge. Days; both ends are in the window. */
bool alert_surge_overlaps (int32_t first_a, int32_t last_a, int32_t first_b, int32_t last_b);

/* When a round is made. */
typedef struct {
    int64_t every_ms; /* from one to the next; 0: never */
    int64_t quiet_ms; /* while documents pour in the history is half loaded, and what is missing would look like a surge */
} alert_surge_pace;

typedef struct {
    int64_t now_ms;
    int64_t done_ms;    /* the last one; 0: there was none */
    int64_t loaded_ms;  /* since when the columns are there */
    int64_t changed_ms; /* the last document came */
} alert_surge_times;

/* It is time, and nothing has come for quiet_ms or it is overdue by another every_ms. */
bool alert_surge_due (const alert_surge_pace *pace, const alert_surge_times *times);

#endif
