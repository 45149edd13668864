#include "base/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define DEFAULT_MOST 4

struct tt_crew {
    pthread_t threads[TT_CREW_MAX];
    unsigned size; /* with the asking thread */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* a task is open, or stop */
    pthread_cond_t idle; /* nobody works on the task */
    uint64_t task;       /* counts them */
    bool open;           /* parts may be left */
    bool stop;
    unsigned working; /* threads on the task, without the asking one */
    void (*part) (void *, size_t);
    void *context;
    size_t parts;
    atomic_size_t next;
};

static void
work (tt_crew *crew)
{
    for (size_t i; (i = atomic_fetch_add (&crew->next, 1)) < crew->parts;)
        crew->part (crew->context, i);
}

/* One that wakes late finds the task closed and does nothing. */
static void *
serve (void *argument)
{
    tt_crew *crew = argument;
    uint64_t done = 0;
    pthread_mutex_lock (&crew->lock);
    while (!crew->stop) {
        if (!crew->open || crew->task == done) {
            pthread_cond_wait (&crew->wake, &crew->lock);
            continue;
        }
        done = crew->task;
        crew->working++;
        pthread_mutex_unlock (&crew->lock);
        work (crew);
        pthread_mutex_lock (&crew->lock);
        if (--crew->working == 0)
            pthread_cond_signal (&crew->idle);
    }
    pthread_mutex_unlock (&crew->lock);
    return NULL;
}

tt_crew *
tt_crew_new (unsigned size)
{
    tt_crew *crew = tt_alloc_zero (1, sizeof *crew);
    long processors = sysconf (_SC_NPROCESSORS_ONLN);
    if (size == 0)
        size = processors < 1 ? 1 : processors > DEFAULT_MOST ? DEFAULT_MOST : (unsigned)processors;
    size = size > TT_CREW_MAX ? TT_CREW_MAX : size;
    pthread_mutex_init (&crew->lock, NULL);
    pthread_cond_init (&crew->wake, NULL);
    pthread_cond_init (&crew->idle, NULL);
    for (crew->size = 1; crew->size < size; crew->size++)
        if (pthread_create (&crew->threads[crew->size - 1], NULL, serve, crew) != 0)
            break;
    return crew;
}

void
tt_crew_destroy (tt_crew **crew)
{
    tt_crew *c = *crew;
    if (c == NULL)
        return;
    pthread_mutex_lock (&c->lock);
    c->stop = true;
    pthread_cond_broadcast (&c->wake);
    pthread_mutex_unlock (&c->lock);
    for (unsigned i = 0; i + 1 < c->size; i++)
        pthread_join (c->threads[i], NULL);
    pthread_cond_destroy (&c->wake);
    pthread_cond_destroy (&c->idle);
    pthread_mutex_destroy (&c->lock);
    free (c);
    *crew = NULL;
}

unsigned
tt_crew_size (const tt_crew *crew)
{
    return crew->size;
}

void
tt_crew_run (tt_crew *crew, void (*part) (void *context, size_t i), void *context, size_t parts)
{
    pthread_mutex_lock (&crew->lock);
    crew->part = part;
    crew->context = context;
    crew->parts = parts;
    atomic_store (&crew->next, 0);
    crew->task++;
    crew->open = true;
    pthread_cond_broadcast (&crew->wake);
    pthread_mutex_unlock (&crew->lock);
    work (crew);
    pthread_mutex_lock (&crew->lock);
    crew->open = false;
    while (crew->working > 0)
        pthread_cond_wait (&crew->idle, &crew->lock);
    pthread_mutex_unlock (&crew->lock);
}
