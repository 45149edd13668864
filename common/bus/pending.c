#include "bus/pending.h"

#include <string.h>

void
tt_pending_init (tt_pending_table *table)
{
    table->finished_tail = &table->finished;
}

static size_t
bucket_of (const uint8_t *id)
{
    uint64_t word; /* the half of a UUID that is random */
    memcpy (&word, id + 8, sizeof word);
    return (word * UINT64_C (0x9E3779B97F4A7C15)) >> 51; /* 13 bits: TT_PENDING_BUCKETS */
}

bool
tt_pending_has_room (const tt_pending_table *table)
{
    return table->under_way_count < TT_PENDING_MAX && table->under_way_bytes < TT_PENDING_BYTES;
}

void
tt_pending_insert (tt_pending_table *table, tt_pending *p)
{
    size_t b = bucket_of (p->id);
    p->chain = table->buckets[b];
    table->buckets[b] = p;
    p->slot = table->under_way_count;
    table->under_way[table->under_way_count++] = p;
    table->under_way_bytes += p->header.size + p->body.size;
}

tt_pending *
tt_pending_find (const tt_pending_table *table, tt_bytes id)
{
    if (id.size != TT_UUID_SIZE)
        return NULL;
    tt_pending *p = table->buckets[bucket_of (id.data)];
    while (p && memcmp (p->id, id.data, TT_UUID_SIZE) != 0)
        p = p->chain;
    return p;
}

static void
table_remove (tt_pending_table *table, tt_pending *p)
{
    tt_pending **link = &table->buckets[bucket_of (p->id)];
    while (*link != p)
        link = &(*link)->chain;
    *link = p->chain;
    table->under_way_bytes -= p->header.size + p->body.size;
    tt_pending *last = table->under_way[--table->under_way_count];
    table->under_way[p->slot] = last;
    last->slot = p->slot;
}

void
tt_pending_destroy (tt_pending **p)
{
    if (*p == NULL)
        return;
    if ((*p)->answered) {
        zmq_msg_close (&(*p)->reply_header);
        zmq_msg_close (&(*p)->reply_body);
    }
    tt_buffer_free (&(*p)->header);
    tt_buffer_free (&(*p)->body);
    free (*p);
    *p = NULL;
}

static size_t
reply_bytes (tt_pending *p)
{
    return p->answered ? zmq_msg_size (&p->reply_header) + zmq_msg_size (&p->reply_body) : 0;
}

void
tt_pending_finish (tt_pending_table *table, tt_pending *p)
{
    table_remove (table, p);
    tt_buffer_free (&p->header);
    tt_buffer_free (&p->body);
    p->next = NULL;
    *table->finished_tail = p;
    table->finished_tail = &p->next;
    table->finished_count++;
    table->finished_bytes += reply_bytes (p);
}

tt_pending *
tt_pending_take (tt_pending_table *table, tt_pending **link)
{
    tt_pending *p = *link;
    *link = p->next;
    if (table->finished_tail == &p->next)
        table->finished_tail = link;
    table->finished_count--;
    table->finished_bytes -= reply_bytes (p);
    return p;
}
