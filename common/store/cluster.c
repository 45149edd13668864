#include "store/cluster.h"

#include <stdio.h>
#include <string.h>

uint32_t
tt_cluster_slot (tt_bytes tag)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < tag.size; i++) {
        crc ^= (uint16_t)(tag.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc % TT_CLUSTER_SLOTS;
}

/* "host:port" of one of the same host with another port, or of the host named. */
static bool
write_endpoint (char endpoint[TT_ENDPOINT_SIZE], const char *host, size_t host_size, const char *asked, long long port)
{
    if (host_size == 0 || (host_size == 1 && host[0] == '?')) {
        const char *colon = strrchr (asked, ':');
        host = asked;
        host_size = colon ? (size_t)(colon - asked) : strlen (asked);
    }
    int size = snprintf (endpoint, TT_ENDPOINT_SIZE, "%.*s:%lld",
                         (int)(host_size < TT_ENDPOINT_SIZE ? host_size : TT_ENDPOINT_SIZE), host, port);
    return port > 0 && port < 65536 && size > 0 && size < TT_ENDPOINT_SIZE;
}

/* [first, last, [host, port, ...], ...] */
static bool
covers (const redisReply *range, uint32_t slot)
{
    return range->type == REDIS_REPLY_ARRAY && range->elements >= 3 && range->element[0]->type == REDIS_REPLY_INTEGER
           && range->element[1]->type == REDIS_REPLY_INTEGER && range->element[2]->type == REDIS_REPLY_ARRAY
           && range->element[0]->integer <= slot && slot <= range->element[1]->integer;
}

bool
tt_cluster_master (const redisReply *slots, uint32_t slot, const char *asked, char endpoint[TT_ENDPOINT_SIZE])
{
    for (size_t i = 0; slots->type == REDIS_REPLY_ARRAY && i < slots->elements; i++) {
        if (!covers (slots->element[i], slot))
            continue;
        const redisReply *node = slots->element[i]->element[2];
        if (node->elements < 2 || node->element[1]->type != REDIS_REPLY_INTEGER)
            return false;
        const redisReply *host = node->element[0];
        bool named = host->type == REDIS_REPLY_STRING;
        return write_endpoint (endpoint, named ? host->str : "", named ? (size_t)host->len : 0, asked, node->element[1]->integer);
    }
    return false;
}

/* "MOVED 3999 127.0.0.1:6381" */
static bool
read_target (const char *text, const char *asked, char endpoint[TT_ENDPOINT_SIZE])
{
    const char *target = strchr (text, ' ');
    target = target ? strchr (target + 1, ' ') : NULL;
    const char *colon = target ? strrchr (target, ':') : NULL;
    return colon && write_endpoint (endpoint, target + 1, (size_t)(colon - target - 1), asked, atoll (colon + 1));
}

static bool
begins (const char *text, const char *with)
{
    return strncmp (text, with, strlen (with)) == 0;
}

tt_reply_kind
tt_reply_kind_of (const redisReply *reply, const char *asked, char endpoint[TT_ENDPOINT_SIZE])
{
    static const char *const later[] = { "TRYAGAIN", "CLUSTERDOWN", "LOADING",    "BUSY ", /* not BUSYGROUP */
                                         "MISCONF",  "OOM",         "NOREPLICAS", "NOPERM" };
    static const char *const drop[] = { "READONLY", "MASTERDOWN", "UNBLOCKED", "NOAUTH" };
    if (reply->type != REDIS_REPLY_ERROR)
        return TT_REPLY_FINAL;
    if (begins (reply->str, "MOVED "))
        return read_target (reply->str, asked, endpoint) ? TT_REPLY_MOVED : TT_REPLY_LATER;
    if (begins (reply->str, "ASK "))
        return read_target (reply->str, asked, endpoint) ? TT_REPLY_ASK : TT_REPLY_LATER;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (begins (reply->str, later[i]))
            return TT_REPLY_LATER;
    for (size_t i = 0; i < sizeof drop / sizeof *drop; i++)
        if (begins (reply->str, drop[i]))
            return TT_REPLY_DROP;
    return TT_REPLY_FINAL;
}
