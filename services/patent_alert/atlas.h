/* The replica's copy of what maps need of all stored documents, in a thread of its own: loaded from the tables, kept by the journal, asked by
 * the commands, which never wait for it. Sweeps out documents that are kept no longer, for it knows their dates. */
#ifndef ALERT_ATLAS_H
#define ALERT_ATLAS_H

#include "landscape.h"
#include "removal.h"
#include "service.h"
#include "surges.h"

typedef struct alert_atlas alert_atlas;

typedef struct {
    const tt_store_options *store; /* borrowed */
    alert_retention retention;
    alert_surges_options surges;
    const alert_service *service; /* for the counters; borrowed */
} alert_atlas_options;

/* Starts the thread. A store that is away is tried again and again. */
TT_MUST_USE tt_status alert_atlas_open (alert_atlas **out, const alert_atlas_options *options, tt_error *error);
/* Stops after the portion in hand. */
void alert_atlas_close (alert_atlas **atlas);

/* Never blocks for long, any thread. Appends a packed MapPatentsReply: the map, or how far it has come (complete is false): then the same
 * request is to be asked again. The request is taken as checked. RESOURCE_EXHAUSTED: too many maps are wanted at once. UNAVAILABLE: the store
 * cannot be reached. */
TT_MUST_USE tt_status alert_atlas_ask (alert_atlas *atlas, const MapRequest *request, int64_t now_unix_ms, tt_buffer *reply, tt_error *error);

#endif
