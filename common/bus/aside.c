#include "bus/aside.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/command.h"

#define THREADS_MAX 16
#define THREADS_DEFAULT_MOST 4

typedef struct {
    tt_aside_job *first, **end;
    size_t count;
} job_list;

struct tt_aside {
    pthread_t threads[THREADS_MAX];
    unsigned thread_count, threads_wanted;
    size_t queue_max;
    void *service;
    int fd;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t asked, answered;
    job_list questions, replies;
    size_t working;
    bool stop;
};

/* What answerers call */

void
tt_answer_reply (tt_answer *answer, const ProtobufCMessage *reply)
{
    size_t size = protobuf_c_message_get_packed_size (reply);
    uint8_t *bytes = tt_arena_alloc (answer->arena, size + 1);
    answer->reply = (tt_bytes){ bytes, protobuf_c_message_pack (reply, bytes) };
    answer->status = TT_OK;
}

void
tt_answer_refuse (tt_answer *answer, tt_status status, const char *format, ...)
{
    va_list args;
    char text[sizeof ((tt_error *)NULL)->message];
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    answer->status = status;
    answer->message = tt_arena_printf (answer->arena, "%s", text);
    answer->reply = TT_BYTES_NONE;
}

/* Lists */

static void
push (job_list *list, tt_aside_job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
    list->count++;
}

static tt_aside_job *
pop (job_list *list)
{
    tt_aside_job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->end = &list->first;
    list->count--;
    return job;
}

/* The threads */

static void
answer_job (tt_aside *self, tt_aside_job *job)
{
    tt_answer *answer = &job->answer;
    answer->arena = job->arena = tt_arena_new (0);
    answer->deadline_unix_ms = job->request->header.deadline_unix_ms;
    answer->status = tt_command_decode (job->method, tt_request_body (job->request), job->arena, &answer->request,
                                        &job->violations, &job->error);
    if (answer->status == TT_OK && answer->deadline_unix_ms && answer->deadline_unix_ms < tt_clock_unix_ms ())
        answer->status = tt_fail (&job->error, TT_DEADLINE_EXCEEDED, "the deadline passed while it waited");
    if (answer->status == TT_OK)
        job->method->answer (answer, self->service);
    else
        answer->message = job->error.message;
}

static void *
serve (void *argument)
{
    tt_aside *self = argument;
    pthread_mutex_lock (&self->lock);
    for (;;) {
        tt_aside_job *job = pop (&self->questions);
        if (job == NULL && self->stop)
            break;
        if (job == NULL) {
            pthread_cond_wait (&self->asked, &self->lock);
            continue;
        }
        self->working++;
        pthread_mutex_unlock (&self->lock);
        answer_job (self, job);
        pthread_mutex_lock (&self->lock);
        self->working--;
        push (&self->replies, job);
        pthread_cond_signal (&self->answered);
        eventfd_write (self->fd, 1);
    }
    pthread_mutex_unlock (&self->lock);
    return NULL;
}

tt_aside *
tt_aside_new (unsigned threads, size_t queue_max, void *service)
{
    tt_aside *self = tt_alloc_zero (1, sizeof *self);
    long processors = sysconf (_SC_NPROCESSORS_ONLN);
    if (threads == 0)
        threads = processors < 1 ? 1 : processors > THREADS_DEFAULT_MOST ? THREADS_DEFAULT_MOST : (unsigned)processors;
    self->threads_wanted = threads > THREADS_MAX ? THREADS_MAX : threads;
    self->queue_max = queue_max;
    self->service = service;
    self->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->questions.end = &self->questions.first;
    self->replies.end = &self->replies.first;
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->asked, NULL);
    pthread_cond_init (&self->answered, NULL);
    return self;
}

void
tt_aside_destroy (tt_aside **reference)
{
    tt_aside *self = *reference;
    if (self == NULL)
        return;
    pthread_mutex_lock (&self->lock);
    self->stop = true;
    pthread_cond_broadcast (&self->asked);
    pthread_mutex_unlock (&self->lock);
    for (unsigned i = 0; i < self->thread_count; i++)
        pthread_join (self->threads[i], NULL);
    for (tt_aside_job *job; (job = pop (&self->replies)) != NULL;)
        tt_aside_job_free (job);
    if (self->fd >= 0)
        close (self->fd);
    pthread_cond_destroy (&self->asked);
    pthread_cond_destroy (&self->answered);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *reference = NULL;
}

/* The responder's thread */

static bool
has_threads (tt_aside *self)
{
    while (self->thread_count < self->threads_wanted && self->fd >= 0) {
        if (pthread_create (&self->threads[self->thread_count], NULL, serve, self) != 0)
            break;
        self->thread_count++;
    }
    return self->thread_count > 0;
}

bool
tt_aside_take (tt_aside *self, tt_request *request, const tt_method *method)
{
    if (!has_threads (self))
        return false;
    pthread_mutex_lock (&self->lock);
    bool room = self->questions.count < self->queue_max;
    if (room) {
        tt_aside_job *job = tt_alloc_zero (1, sizeof *job);
        job->request = request;
        job->method = method;
        push (&self->questions, job);
        pthread_cond_signal (&self->asked);
    }
    pthread_mutex_unlock (&self->lock);
    return room;
}

int
tt_aside_fd (const tt_aside *self)
{
    return self->fd;
}

tt_aside_job *
tt_aside_next (tt_aside *self, bool wait)
{
    eventfd_t ignored;
    pthread_mutex_lock (&self->lock);
    while (wait && self->replies.first == NULL && (self->questions.first || self->working))
        pthread_cond_wait (&self->answered, &self->lock);
    tt_aside_job *job = pop (&self->replies);
    if (job == NULL && self->fd >= 0)
        eventfd_read (self->fd, &ignored); /* under the lock: a reply that comes now is told of anew */
    pthread_mutex_unlock (&self->lock);
    return job;
}

void
tt_aside_job_free (tt_aside_job *job)
{
    tt_request_free (job->request);
    tt_arena_destroy (&job->arena);
    tt_violations_free (&job->violations);
    free (job);
}

size_t
tt_aside_waiting (tt_aside *self)
{
    pthread_mutex_lock (&self->lock);
    size_t count = self->questions.count;
    pthread_mutex_unlock (&self->lock);
    return count;
}
