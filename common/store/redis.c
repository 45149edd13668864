#include "store/redis.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "store/metrics.h"

#define READ_SIZE 131072
#define KEPT_BUFFER_SIZE (4u << 20) /* of the reader, between replies */
#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 1000

void
tt_redis_init (tt_redis *redis, const tt_store_options *options, const char *endpoint)
{
    *redis = (tt_redis){
        .endpoints = tt_strdup (endpoint ? endpoint : options->endpoints),
        .sentinel = tt_strdup (endpoint || options->sentinel == NULL ? "" : options->sentinel),
        .any_role = endpoint != NULL,
        .username = tt_strdup (options->username ? options->username : ""),
        .password_file = tt_strdup (options->password_file ? options->password_file : ""),
        .timeout_ms = options->timeout_ms ? options->timeout_ms : 5000,
        .metrics = options->metrics,
    };
}

void
tt_redis_drop (tt_redis *redis)
{
    if (redis->context)
        redisFree (redis->context);
    redis->context = NULL;
}

tt_status
tt_redis_lost (tt_redis *redis, tt_error *error)
{
    const char *reason = redis->context ? redis->context->errstr : "";
    tt_status status
        = tt_fail (error, TT_UNAVAILABLE, "Redis at %s: %s", redis->endpoints, reason[0] ? reason : "connection lost");
    tt_redis_drop (redis);
    return status;
}

/* hiredis itself reads 16 KiB at a time, and a page of a journal has some MiB. */
int
tt_redis_read (tt_redis *redis, bool wait)
{
    char piece[READ_SIZE];
    redisContext *context = redis->context;
    ssize_t size;
    do
        size = recv (context->fd, piece, sizeof piece, wait ? 0 : MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0 && !wait && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (size > 0 && redisReaderFeed (context->reader, piece, (size_t)size) == REDIS_OK)
        return 1;
    snprintf (context->errstr, sizeof context->errstr, "%s", size == 0 ? "Server closed the connection" : strerror (errno));
    return -1;
}

bool
tt_redis_reply (tt_redis *redis, redisReply **reply)
{
    for (*reply = NULL;;) {
        if (redisGetReplyFromReader (redis->context, (void **)reply) != REDIS_OK)
            return false;
        if (*reply)
            return true;
        if (tt_redis_read (redis, true) < 0)
            return false;
    }
}

void
tt_redis_free (tt_redis *redis)
{
    tt_redis_drop (redis);
    free (redis->endpoints);
    free (redis->sentinel);
    free (redis->username);
    free (redis->password_file);
    *redis = (tt_redis){ 0 };
}

/* The n-th of the comma-separated endpoints, going round. */
static char *
endpoint_at (const char *list, size_t n)
{
    size_t count = 1;
    for (const char *p = list; *p; p++)
        count += *p == ',';
    for (n %= count; n > 0; n--)
        list = strchr (list, ',') + 1;
    list += strspn (list, " ");
    return tt_strndup (list, strcspn (list, ", "));
}

static redisContext *
dial (const char *endpoint, struct timeval timeout)
{
    if (strncmp (endpoint, "unix:", 5) == 0)
        return redisConnectUnixWithTimeout (endpoint + 5, timeout);
    if (strncmp (endpoint, "tcp://", 6) == 0)
        endpoint += 6;
    const char *colon = strrchr (endpoint, ':');
    char *host = tt_strndup (endpoint, colon ? (size_t)(colon - endpoint) : strlen (endpoint));
    redisContext *context = redisConnectWithTimeout (host, colon ? atoi (colon + 1) : 6379, timeout);
    free (host);
    return context;
}

static tt_status
read_password (const char *path, char *out, size_t size, tt_error *error)
{
    FILE *file = fopen (path, "re");
    if (file == NULL)
        return tt_fail (error, TT_FAILED_PRECONDITION, "password file %s: %m", path);
    bool ok = fgets (out, (int)size, file) != NULL;
    fclose (file);
    out[strcspn (out, "\r\n")] = '\0';
    return ok && out[0] ? TT_OK : tt_fail (error, TT_FAILED_PRECONDITION, "password file %s: first line is empty", path);
}

static tt_status
authenticate (tt_redis *redis, tt_error *error)
{
    if (redis->password_file[0] == '\0')
        return TT_OK;
    char password[512] = "";
    tt_status status = read_password (redis->password_file, password, sizeof password, error);
    if (status != TT_OK)
        return status;
    redisReply *reply = redis->username[0] ? redisCommand (redis->context, "AUTH %s %s", redis->username, password)
                                           : redisCommand (redis->context, "AUTH %s", password);
    explicit_bzero (password, sizeof password);
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        status
            = tt_fail (error, TT_UNAVAILABLE, "Redis refused to authenticate: %s", reply ? reply->str : redis->context->errstr);
    if (reply)
        freeReplyObject (reply);
    return status;
}

/* The value of a line "name:value" of INFO, or NULL. */
static const char *
info_value (const char *info, const char *name)
{
    size_t size = strlen (name);
    for (const char *line = info; line; line = strchr (line, '\n')) {
        line += *line == '\n';
        if (strncmp (line, name, size) == 0 && line[size] == ':')
            return line + size + 1;
    }
    return NULL;
}

static bool
value_is (const char *info, const char *name, const char *value)
{
    const char *found = info_value (info, name);
    size_t size = strlen (value);
    return found && strncmp (found, value, size) == 0 && (found[size] == '\r' || found[size] == '\n' || found[size] == '\0');
}

static tt_status
read_info (tt_redis *redis, const char *info, tt_error *error)
{
    const char *id = info_value (info, "run_id"), *version = info_value (info, "redis_version");
    if (version == NULL || id == NULL || strspn (id, "0123456789abcdef") != TT_RUN_ID_SIZE)
        return tt_fail (error, TT_FAILED_PRECONDITION, "what answers at %s is no Redis", redis->endpoints);
    if (value_is (info, "redis_mode", "sentinel"))
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s are Sentinels: set redis.sentinel to the name of their master",
                        redis->endpoints);
    if (atoi (version) < 7)
        return tt_fail (error, TT_FAILED_PRECONDITION, "redis.endpoints %s: Redis 7 or later is needed, this is %.*s",
                        redis->endpoints, (int)strcspn (version, "\r\n"), version);
    redis->cluster = value_is (info, "redis_mode", "cluster");
    if (!redis->cluster && !redis->any_role && !value_is (info, "role", "master"))
        return tt_fail (error, TT_UNAVAILABLE, "Redis at %s is a replica: waiting for the master", redis->endpoints);
    memcpy (redis->run_id, id, TT_RUN_ID_SIZE);
    redis->run_id[TT_RUN_ID_SIZE] = '\0';
    return TT_OK;
}

/* Which process answers, and in which role. */
static tt_status
identify (tt_redis *redis, tt_error *error)
{
    redisReply *reply = redisCommand (redis->context, "INFO");
    tt_status status = TT_OK;
    if (reply == NULL)
        status = tt_fail (error, TT_UNAVAILABLE, "Redis: %s", redis->context->errstr);
    else if (reply->type == REDIS_REPLY_ERROR)
        status = tt_redis_error_status (reply, error);
    else
        status = read_info (redis, reply->type == REDIS_REPLY_STRING ? reply->str : "", error);
    if (reply)
        freeReplyObject (reply);
    uint8_t id[TT_UUID_SIZE];
    tt_uuid7_make (id);
    tt_uuid_format (id, redis->connection);
    return status;
}

/* The endpoint of the master that the Sentinel at `endpoint` names; owned, NULL with the reason if it cannot say. */
static char *
ask_sentinel (tt_redis *redis, const char *endpoint, struct timeval timeout, tt_error *error)
{
    char *master = NULL;
    redisContext *context = dial (endpoint, timeout);
    redisReply *reply = NULL;
    if (context && !context->err) {
        redisSetTimeout (context, timeout);
        reply = redisCommand (context, "SENTINEL get-master-addr-by-name %s", redis->sentinel);
    }
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        tt_buffer text = { 0 };
        tt_buffer_printf (&text, "%s:%s", reply->element[0]->str, reply->element[1]->str);
        master = tt_strdup (tt_buffer_cstr (&text));
        tt_buffer_free (&text);
    } else {
        tt_fail (error, TT_UNAVAILABLE, "Sentinel at %s: %s", endpoint,
                 reply && reply->type == REDIS_REPLY_ERROR ? reply->str
                 : reply                                   ? "knows no master of this name"
                 : context                                 ? context->errstr
                                                           : "out of memory");
    }
    if (reply)
        freeReplyObject (reply);
    if (context)
        redisFree (context);
    return master;
}

/* Twice as long after each failure, with jitter so that the threads of many daemons do not come back in step. */
static void
back_off (tt_redis *redis)
{
    uint32_t next = redis->backoff_ms ? redis->backoff_ms * 2 : BACKOFF_MIN_MS;
    redis->backoff_ms = next < BACKOFF_MAX_MS ? next : BACKOFF_MAX_MS;
    uint8_t random;
    tt_random_bytes (&random, sizeof random);
    redis->next_try_us = tt_clock_monotonic_us () + redis->backoff_ms * (500 + random * 2);
}

/* Connecting may take a part of the time limit only: another endpoint wants its turn within it. */
static struct timeval
part_of (uint32_t timeout_ms, uint32_t parts)
{
    uint32_t ms = timeout_ms / parts > 50 ? timeout_ms / parts : 50;
    return (struct timeval){ ms / 1000, (ms % 1000) * 1000 };
}

static tt_status
open_connection (tt_redis *redis, tt_error *error)
{
    char *endpoint = endpoint_at (redis->endpoints, redis->endpoint);
    tt_status status = TT_OK;
    if (redis->sentinel[0]) {
        char *master = ask_sentinel (redis, endpoint, part_of (redis->timeout_ms, 4), error);
        free (endpoint);
        endpoint = master;
        if (master == NULL)
            return TT_UNAVAILABLE;
    }
    redis->context = dial (endpoint, part_of (redis->timeout_ms, 4));
    if (redis->context == NULL || redis->context->err)
        status = tt_fail (error, TT_UNAVAILABLE, "Redis at %s: %s", endpoint,
                          redis->context ? redis->context->errstr : "out of memory");
    free (endpoint);
    if (status != TT_OK)
        return status;
    redis->context->reader->maxbuf = KEPT_BUFFER_SIZE;
    redisSetTimeout (redis->context,
                     part_of (redis->timeout_ms, 2)); /* so that a server that hangs leaves time to find another */
    status = authenticate (redis, error);
    return status == TT_OK ? identify (redis, error) : status;
}

tt_status
tt_redis_connect (tt_redis *redis, tt_error *error)
{
    if (redis->context)
        return TT_OK;
    if (tt_clock_monotonic_us () < redis->next_try_us)
        return tt_fail (error, TT_UNAVAILABLE, "Redis at %s cannot be reached; next try soon", redis->endpoints);
    tt_status status = open_connection (redis, error);
    if (status == TT_OK) {
        tt_store_count (redis->metrics, TT_STORE_CONNECTIONS);
        redis->backoff_ms = 0;
        return TT_OK;
    }
    redis->endpoint++;
    tt_redis_drop (redis);
    back_off (redis);
    return status;
}

tt_status
tt_redis_error_status (const redisReply *reply, tt_error *error)
{
    static const char *const passing[]
        = { "LOADING",     "READONLY", "MASTERDOWN", "MISCONF", "OOM",   "BUSY ", /* not BUSYGROUP */
            "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "NOAUTH",  "NOPERM",
            "MOVED ",      "ASK ",     "UNBLOCKED",  "NOGROUP" };
    tt_status code = TT_INTERNAL;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp (reply->str, passing[i], strlen (passing[i])) == 0)
            code = TT_UNAVAILABLE;
    return tt_fail (error, code, "Redis: %.300s", reply->str);
}

/* "<mark><number>\r\n" without snprintf: it runs for every argument of every command. */
static void
head_line (tt_buffer *out, char mark, size_t number)
{
    char text[24];
    char *p = text + sizeof text;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + number % 10);
    while (number /= 10);
    *--p = mark;
    tt_buffer_append (out, p, (size_t)(text + sizeof text - p));
}

void
tt_resp_begin (tt_buffer *out, size_t argc)
{
    head_line (out, '*', argc);
}

void
tt_resp_open (tt_buffer *out, size_t size)
{
    head_line (out, '$', size);
}

void
tt_resp_close (tt_buffer *out)
{
    tt_buffer_append (out, "\r\n", 2);
}

void
tt_resp_argument (tt_buffer *out, const void *data, size_t size)
{
    tt_resp_open (out, size);
    tt_buffer_append (out, data, size);
    tt_resp_close (out);
}

void
tt_resp_text (tt_buffer *out, const char *text)
{
    tt_resp_argument (out, text, strlen (text));
}

void
tt_resp_number (tt_buffer *out, int64_t number)
{
    char text[24];
    tt_resp_argument (out, text, (size_t)snprintf (text, sizeof text, "%lld", (long long)number));
}
