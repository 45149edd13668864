/* A subscriber, the publishers that it may be connected to, and what is expected of it next; time passes in steps. One for each
 * test. */
#ifndef TT_TESTS_SUBSCRIBER_BENCH_H
#define TT_TESTS_SUBSCRIBER_BENCH_H

#include "bus/subscriber.h"
#include "unit/bus/fake_stream.h"

typedef struct {
    fake_stream *fakes[2];
    int count;
    bool beating;
    int64_t beat_us;
    tt_subscriber *subscriber;
    uint64_t next[FAKE_PARTITIONS]; /* expected */
    tt_error error;
} bench;

extern fake_stream first, second;

void step (bench *b);
/* The next thing that is not "nothing came", within patience. */
tt_status next (bench *b, tt_event *event);
void expect (bench *b, int count);
void expect_nothing (bench *b, int beats);
void become_live (bench *b);
bench open_bench (int fakes, tt_subscriber_options *options);
void close_bench (bench *b);
void append (fake_stream *fake, uint32_t partition, int count);

#endif
