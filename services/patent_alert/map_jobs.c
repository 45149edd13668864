#include "map_jobs.h"

#include <pthread.h>
#include <string.h>

typedef enum { FREE, WANTED, READY } job_state;

typedef struct {
    job_state state;
    tt_buffer request, reply; /* packed */
    uint64_t turn;            /* when it last had one, the lowest is next; no two have the same */
    int64_t asked_ms, ready_ms;
} job;

struct alert_map_jobs {
    pthread_mutex_t mutex;
    job jobs[ALERT_MAP_JOBS_MAX];
    uint64_t turns;
};

alert_map_jobs *
alert_map_jobs_new (void)
{
    alert_map_jobs *jobs = tt_alloc_zero (1, sizeof *jobs);
    pthread_mutex_init (&jobs->mutex, NULL);
    return jobs;
}

void
alert_map_jobs_destroy (alert_map_jobs **jobs)
{
    if (*jobs == NULL)
        return;
    for (size_t i = 0; i < ALERT_MAP_JOBS_MAX; i++) {
        tt_buffer_free (&(*jobs)->jobs[i].request);
        tt_buffer_free (&(*jobs)->jobs[i].reply);
    }
    pthread_mutex_destroy (&(*jobs)->mutex);
    free (*jobs);
    *jobs = NULL;
}

static void
pack (const ProtobufCMessage *message, tt_buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    protobuf_c_message_pack (message, tt_buffer_reserve (out, size));
    out->size += size;
}

static bool
forgotten (const job *j, int64_t now_ms)
{
    if (j->state == READY)
        return now_ms - j->ready_ms > ALERT_MAP_READY_MS;
    return now_ms - j->asked_ms > ALERT_MAP_WAITS_MS;
}

static job *
find (alert_map_jobs *jobs, const tt_buffer *request, int64_t now_ms)
{
    job *free_one = NULL;
    for (size_t i = 0; i < ALERT_MAP_JOBS_MAX; i++) {
        job *j = &jobs->jobs[i];
        if (j->state != FREE && forgotten (j, now_ms))
            j->state = FREE;
        if (j->state == FREE)
            free_one = free_one ? free_one : j;
        else if (tt_bytes_equal ((tt_bytes){ j->request.data, j->request.size }, (tt_bytes){ request->data, request->size }))
            return j;
    }
    if (free_one) {
        tt_buffer_clear (&free_one->request);
        tt_buffer_clear (&free_one->reply);
        tt_buffer_append (&free_one->request, request->data, request->size);
        free_one->state = WANTED;
        free_one->turn = ++jobs->turns;
    }
    return free_one;
}

tt_status
alert_map_jobs_ask (alert_map_jobs *jobs, const MapRequest *request, int64_t now_ms, tt_buffer *reply, tt_error *error)
{
    tt_buffer packed = { 0 };
    pack (&request->base, &packed);
    pthread_mutex_lock (&jobs->mutex);
    job *j = find (jobs, &packed, now_ms);
    if (j) {
        j->asked_ms = now_ms;
        tt_buffer_append (reply, j->reply.data, j->reply.size);
        if (j->state == READY)
            j->state = FREE; /* asked for again it is made again, with what was committed meanwhile */
    }
    pthread_mutex_unlock (&jobs->mutex);
    tt_buffer_free (&packed);
    if (j == NULL)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "%d maps are wanted at once already", ALERT_MAP_JOBS_MAX);
    return TT_OK;
}

MapRequest *
alert_map_jobs_next (alert_map_jobs *jobs, int64_t now_ms, uint64_t *ticket)
{
    job *next = NULL;
    pthread_mutex_lock (&jobs->mutex);
    for (size_t i = 0; i < ALERT_MAP_JOBS_MAX; i++) {
        job *j = &jobs->jobs[i];
        if (j->state == WANTED && forgotten (j, now_ms))
            j->state = FREE;
        if (j->state == WANTED && (next == NULL || j->turn < next->turn))
            next = j;
    }
    MapRequest *request = NULL;
    if (next) {
        next->turn = ++jobs->turns;
        *ticket = next->turn;
        request = techtransfer__patent__v1__map_patents_request__unpack (NULL, next->request.size, next->request.data);
    }
    pthread_mutex_unlock (&jobs->mutex);
    return request;
}

void
alert_map_jobs_tell (alert_map_jobs *jobs, uint64_t ticket, const MapReply *reply, int64_t now_ms)
{
    pthread_mutex_lock (&jobs->mutex);
    for (size_t i = 0; i < ALERT_MAP_JOBS_MAX; i++) {
        job *j = &jobs->jobs[i];
        if (j->state != WANTED || j->turn != ticket)
            continue;
        tt_buffer_clear (&j->reply);
        pack (&reply->base, &j->reply);
        j->state = reply->complete ? READY : WANTED;
        j->ready_ms = now_ms;
    }
    pthread_mutex_unlock (&jobs->mutex);
}
