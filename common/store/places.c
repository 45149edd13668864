#include "store/places.h"

#include <stdio.h>
#include <string.h>

#include "store/journal_inner.h"
#include "store/keys.h"

void
tt_places_init (tt_places *places, const char *service, const char *name, uint32_t partitions)
{
    *places = (tt_places){ .service = tt_strdup (service), .name = tt_strdup (name), .count = partitions };
    places->next = tt_alloc (partitions * sizeof *places->next);
    places->lineage = tt_alloc_zero (partitions, sizeof *places->lineage);
    places->losses = tt_alloc_zero (partitions, sizeof *places->losses);
    places->server = tt_alloc_zero (partitions, sizeof *places->server);
    for (uint32_t p = 0; p < partitions; p++)
        places->next[p] = 1;
}

void
tt_places_free (tt_places *places)
{
    for (uint32_t p = 0; p < places->count; p++)
        tt_lineage_free (&places->lineage[p]);
    free (places->next);
    free (places->lineage);
    free (places->losses);
    free (places->server);
    free (places->service);
    free (places->name);
    *places = (tt_places){ 0 };
}

void
tt_places_set (tt_places *places, uint32_t partition, const tt_position *position)
{
    places->next[partition] = position->sequence + 1;
    tt_lineage_clear (&places->lineage[partition]);
    tt_lineage_begin (&places->lineage[partition], 1, tt_bytes_of_text (position->epoch));
}

void
tt_places_take (tt_places *places, const tt_entry *entry)
{
    tt_lineage *lineage = &places->lineage[entry->partition];
    if (entry->sequence < places->next[entry->partition])
        return;
    if (lineage->count == 0)
        tt_lineage_begin (lineage, 1, entry->epoch);
    else if (!tt_lineage_agrees (lineage, entry->sequence, entry->epoch))
        tt_lineage_begin (lineage, entry->sequence, entry->epoch);
    places->next[entry->partition] = entry->sequence + 1;
}

bool
tt_places_know (const tt_places *places, const tt_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!tt_lineage_agrees (&places->lineage[entries[i].partition], entries[i].sequence, entries[i].epoch))
            return false;
    return true;
}

tt_status
tt_places_lose (tt_places *places, tt_loss loss, const char *how, tt_error *error)
{
    if (places->loss_count < places->count)
        places->losses[places->loss_count++] = loss;
    return tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u: sequences %llu to %llu were %s", places->name,
                    loss.partition, (unsigned long long)loss.first, (unsigned long long)loss.last, how);
}

static void
build_questions (const tt_places *places, uint32_t first, uint32_t count, tt_buffer *out)
{
    tt_buffer key = { 0 };
    for (uint32_t p = first; p < first + count; p++) {
        tt_key (&key, places->service, p, 'm', "");
        tt_resp_begin (out, 4);
        tt_resp_text (out, "HMGET");
        tt_resp_buffer (out, &key);
        tt_resp_text (out, places->name);
        tt_resp_text (out, "epochs");
    }
    tt_buffer_free (&key);
}

/* Another server may answer for the partition from now on. */
static void
see_server (tt_places *places, uint32_t partition, const char *server)
{
    if (places->server[partition][0] && strcmp (places->server[partition], server) != 0)
        places->moves++;
    snprintf (places->server[partition], TT_SERVER_SIZE, "%s", server);
}

/* Holds what was seen against what there is. */
static tt_status
judge (tt_places *places, uint32_t partition, const char *server, const redisReply *reply, tt_error *error)
{
    tt_lineage journal = { 0 };
    uint64_t head, seen = places->next[partition] - 1;
    tt_status status = tt_history_take (reply, places->name, &head, &journal, error);
    if (status == TT_OK) {
        uint64_t common = tt_lineage_common (&places->lineage[partition], seen, journal.list, journal.count, head);
        places->next[partition] = common + 1;
        tt_lineage_copy (&places->lineage[partition], journal.list, journal.count);
        see_server (places, partition, server);
        if (common < seen)
            status = tt_places_lose (places, (tt_loss){ partition, common + 1, seen }, "seen and are lost", error);
    }
    tt_lineage_free (&journal);
    return status;
}

tt_status
tt_places_check (tt_places *places, tt_listen *listen, size_t ear, tt_error *error)
{
    uint32_t first, count;
    tt_buffer questions = { 0 };
    tt_error later = { 0 };
    tt_listen_span (listen, ear, &first, &count);
    redisReply **replies = tt_alloc (count * sizeof *replies);
    build_questions (places, first, count, &questions);
    tt_status status = tt_listen_call (listen, ear, &questions, count, replies, error);
    bool answered = status == TT_OK;
    for (uint32_t i = 0; answered && i < count; i++) {
        tt_status judged
            = judge (places, first + i, tt_listen_server (listen, ear), replies[i], status == TT_OK ? error : &later);
        status = status == TT_OK ? judged : status;
        freeReplyObject (replies[i]);
    }
    free (replies);
    tt_buffer_free (&questions);
    return status;
}

tt_status
tt_places_connect (tt_places *places, tt_listen *listen, size_t ear, tt_error *error)
{
    bool fresh;
    tt_status status = tt_listen_connect (listen, ear, &fresh, error);
    return status == TT_OK && fresh ? tt_places_check (places, listen, ear, error) : status;
}
