/* Filing surges in the store: when a round is due, by which replica, and each of its finds as a row with its event. Owned by the thread of the
 * atlas. What a round finds: surge_round.h; who is told: surge_alerts.c. */
#ifndef ALERT_SURGES_H
#define ALERT_SURGES_H

#include "service.h"
#include "surge_round.h"

typedef struct {
    alert_surge_rule rule;
    alert_surge_pace pace;
} alert_surges_options;

typedef struct alert_surges alert_surges;

/* The rest is borrowed; the batch is free between two calls. Never NULL. */
alert_surges *alert_surges_new (const alert_surges_options *options, const alert_service *service, tt_store *store, tt_batch *batch);
void alert_surges_destroy (alert_surges **surges);

/* The columns are others; documents came or went. */
void alert_surges_loaded (alert_surges *surges, int64_t now_unix_ms);
void alert_surges_changed (alert_surges *surges, int64_t now_unix_ms);

/* A round, if one is due and no other replica is at it: blocks while it is counted and its finds are committed. What fails is logged and tried
 * again; finds that are there by then are left alone. */
void alert_surges_tick (alert_surges *surges, const alert_columns *columns, int64_t now_unix_ms);

/* Appends the key of a surge's row. */
void alert_surge_key (const char *applicant, const char *subclass, tt_buffer *out);
/* 32 hexadecimal digits and NUL: the same for the same applicant, subclass and last date, for ever. */
#define ALERT_SURGE_ID_SIZE 33
void alert_surge_id (const char *applicant, const char *subclass, const char *last_date, char out[ALERT_SURGE_ID_SIZE]);

#endif
