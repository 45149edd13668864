/* A publisher and replay server that a test drives by hand, step by step in its own thread: nothing happens between steps. */
#ifndef TT_TESTS_FAKE_STREAM_H
#define TT_TESTS_FAKE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PARTITIONS 2
#define FAKE_MAX_EVENTS 2048
#define FAKE_MAX_FILTERS 8
#define FAKE_MAX_EPOCHS 8

typedef struct {
    char topic[64];
    char id[64];
    char epoch[16]; /* of the journal when it was written */
} fake_event;

typedef struct {
    fake_event events[FAKE_MAX_EVENTS + 1]; /* [1] is sequence 1 */
    uint64_t head;
    uint64_t earliest; /* 1 unless trimmed */
    char epoch[16];    /* that is written in */
    struct {
        char epoch[16];
        uint64_t first;
    } epochs[FAKE_MAX_EPOCHS]; /* the history, oldest first */
    size_t epoch_count;
} fake_journal;

typedef struct {
    char text[64];
    uint64_t last[FAKE_PARTITIONS];
    uint64_t count[FAKE_PARTITIONS];
} fake_filter;

typedef struct {
    void *context, *xpub, *router;
    char events_at[128], replay_at[128];
    fake_journal journals[FAKE_PARTITIONS];
    fake_filter filters[FAKE_MAX_FILTERS];
    int filter_count;
    uint64_t beats;
    int requests;  /* answered */
    uint32_t page; /* most events in a reply, 0 = 500 */
    bool mute;     /* takes requests but answers none, and sends nothing */
} fake_stream;

void fake_open (fake_stream *fake);
void fake_close (fake_stream *fake);
/* Into the journal only. */
void fake_append (fake_stream *fake, uint32_t partition, const char *topic);
/* Sends event `sequence` to subscribers, as the publisher's tail would; counted for heartbeats. lost: counted as sent, but
 * dropped. */
void fake_send (fake_stream *fake, uint32_t partition, uint64_t sequence, bool lost);
/* Both. */
void fake_publish (fake_stream *fake, uint32_t partition, const char *topic);
/* General heartbeat, and one for each subscribed filter. */
void fake_beat (fake_stream *fake);
/* Subscriptions and requests that have come. */
void fake_step (fake_stream *fake);
/* A new server writes from `first` on under another epoch, up to `head` (first - 1: nothing yet). What was there is lost, with the epochs that
 * began there. */
void fake_rewrite (fake_stream *fake, uint32_t partition, uint64_t first, uint64_t head, const char *epoch);
/* The journal's list of epochs does not begin before its n-th line any more. */
void fake_forget_epochs (fake_stream *fake, uint32_t partition, size_t n);

#endif
