#include "store/redis.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "store/metrics.h"

#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 1000

void
tt_redis_init (tt_redis *redis, const tt_store_options *options)
{
    *redis = (tt_redis){
        .endpoints = tt_strdup (options->endpoints),
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

void
tt_redis_free (tt_redis *redis)
{
    tt_redis_drop (redis);
    free (redis->endpoints);
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
    char *host = tt_strndup (endpoint, colon ? (size_t) (colon - endpoint) : strlen (endpoint));
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
    bool ok = fgets (out, (int) size, file) != NULL;
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
        status = tt_fail (error, TT_UNAVAILABLE, "Redis refused to authenticate: %s", reply ? reply->str : redis->context->errstr);
    if (reply)
        freeReplyObject (reply);
    return status;
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

tt_status
tt_redis_connect (tt_redis *redis, tt_error *error)
{
    if (redis->context)
        return TT_OK;
    if (tt_clock_monotonic_us () < redis->next_try_us)
        return tt_fail (error, TT_UNAVAILABLE, "Redis at %s cannot be reached; next try soon", redis->endpoints);
    struct timeval timeout = { redis->timeout_ms / 1000, (redis->timeout_ms % 1000) * 1000 };
    char *endpoint = endpoint_at (redis->endpoints, redis->endpoint);
    redis->context = dial (endpoint, timeout);
    tt_status status = TT_OK;
    if (redis->context == NULL || redis->context->err)
        status = tt_fail (error, TT_UNAVAILABLE, "Redis at %s: %s", endpoint,
                          redis->context ? redis->context->errstr : "out of memory");
    free (endpoint);
    if (status == TT_OK) {
        redisSetTimeout (redis->context, timeout);
        status = authenticate (redis, error);
    }
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
    static const char *const passing[] = { "LOADING", "READONLY", "MASTERDOWN", "MISCONF", "OOM", "BUSY ", /* not BUSYGROUP */
                                           "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "NOAUTH", "NOPERM" };
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
        *--p = (char) ('0' + number % 10);
    while (number /= 10);
    *--p = mark;
    tt_buffer_append (out, p, (size_t) (text + sizeof text - p));
}

void
tt_resp_begin (tt_buffer *out, size_t argc)
{
    head_line (out, '*', argc);
}

void
tt_resp_argument (tt_buffer *out, const void *data, size_t size)
{
    head_line (out, '$', size);
    tt_buffer_append (out, data, size);
    tt_buffer_append (out, "\r\n", 2);
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
    tt_resp_argument (out, text, (size_t) snprintf (text, sizeof text, "%lld", (long long) number));
}
