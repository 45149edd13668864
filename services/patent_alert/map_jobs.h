/* Maps that are wanted, in work or ready, by the bytes of their requests. Bounded; guarded by a mutex of its own: any thread. */
#ifndef ALERT_MAP_JOBS_H
#define ALERT_MAP_JOBS_H

#include "landscape.h"

#define ALERT_MAP_JOBS_MAX 32
#define ALERT_MAP_READY_MS 10000 /* a ready map that nobody fetched is forgotten after this */
#define ALERT_MAP_WAITS_MS 60000 /* and a wanted one, that nobody asked for again, after this */

typedef struct alert_map_jobs alert_map_jobs;

alert_map_jobs *alert_map_jobs_new (void); /* never NULL */
void alert_map_jobs_destroy (alert_map_jobs **jobs);

/* What is known of the wanted map is appended to *reply; one that is new is put on the list. RESOURCE_EXHAUSTED: the list is full of maps that
 * others wait for. */
TT_MUST_USE tt_status alert_map_jobs_ask (alert_map_jobs *jobs, const MapRequest *request, int64_t now_ms, tt_buffer *reply, tt_error *error);

/* For the worker: the request that has waited longest for a turn, to be freed with free_unpacked; NULL: nothing to do. *ticket: of this turn. */
MapRequest *alert_map_jobs_next (alert_map_jobs *jobs, int64_t now_ms, uint64_t *ticket);
/* How far it is, or with complete that it is ready; nothing if nobody wants it any longer. */
void alert_map_jobs_tell (alert_map_jobs *jobs, uint64_t ticket, const MapReply *reply, int64_t now_ms);

#endif
