#include "run/memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define LOOK_MS 200
#define RELIEVE_US 1000000
#define CALM_US 2000000 /* below the bound for so long is enough: what the daemon keeps for good may lie close to it */

struct tt_memory {
    tt_memory_options options;
    tt_counter_set *counters;
    int statm;
    uint64_t page;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop; /* under the lock */
    /* the thread's own */
    tt_memory_state state;
    int64_t began_us;
    size_t cut;
};

enum { RESIDENT, MAX, EPISODES, OVER };
static const tt_metric_row rows[] = {
    { .name = "memory_resident_bytes", .help = "Memory of the daemon that is resident.", .kind = TT_METRIC_GAUGE },
    { .name = "memory_max_bytes", .help = "Its bound: memory.max.", .kind = TT_METRIC_GAUGE },
    { .name = "memory_episodes_total", .help = "Times that it rose over its bound.", .kind = TT_METRIC_COUNTER },
    { .name = "memory_over", .help = "1 while commands are refused for it.", .kind = TT_METRIC_GAUGE },
};

tt_memory_step
tt_memory_decide (tt_memory_state *state, uint64_t resident, uint64_t max, int64_t now_us)
{
    bool was_over = state->over, above = resident > max;
    if (above || !was_over || state->above_us == 0)
        state->above_us = now_us;
    bool calm = resident <= max - max / 10 || now_us - state->above_us >= CALM_US;
    state->over = above || (was_over && !calm);
    if (!state->over)
        return was_over ? TT_MEMORY_ENDS : TT_MEMORY_NOTHING;
    if (!above || (was_over && now_us - state->relieved_us < RELIEVE_US))
        return TT_MEMORY_NOTHING;
    state->relieved_us = now_us;
    return was_over ? TT_MEMORY_LASTS : TT_MEMORY_BEGINS;
}

/* "size resident shared ..." in pages; 0 if it cannot be read. */
static uint64_t
resident_bytes (const tt_memory *self)
{
    char text[128];
    uint64_t pages = 0;
    ssize_t size = pread (self->statm, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    return sscanf (text, "%*u %" SCNu64, &pages) == 1 ? pages * self->page : 0;
}

static void
relieve (tt_memory *self, uint64_t resident, bool begins)
{
    tt_buffer names = { 0 };
    char size[32], max[32];
    size_t cut = self->options.relieve (self->options.argument, &names);
    self->cut += cut;
    snprintf (size, sizeof size, "%" PRIu64, resident);
    snprintf (max, sizeof max, "%" PRIu64, self->options.max);
    if (begins)
        tt_log (TT_LOG_ERROR, "memory is over its bound", "resident", size, "memory.max", max, "effect",
                "commands are refused; the slowest peers are disconnected", "disconnected", tt_buffer_cstr (&names), NULL);
    else if (cut)
        tt_log (TT_LOG_DEBUG, "peers disconnected for memory", "resident", size, "peers", tt_buffer_cstr (&names), NULL);
    tt_buffer_free (&names);
    malloc_trim (0);
}

static void
end (tt_memory *self, uint64_t resident, int64_t now)
{
    char size[32], seconds[32], cut[32];
    snprintf (size, sizeof size, "%" PRIu64, resident);
    snprintf (seconds, sizeof seconds, "%.1f", (double)(now - self->began_us) / 1e6);
    snprintf (cut, sizeof cut, "%zu", self->cut);
    tt_log (TT_LOG_INFO, "memory is below its bound again", "resident", size, "seconds", seconds, "disconnected", cut, NULL);
    self->cut = 0;
}

static void
look (tt_memory *self)
{
    int64_t now = tt_clock_monotonic_us ();
    uint64_t resident = resident_bytes (self);
    tt_memory_step step = tt_memory_decide (&self->state, resident, self->options.max, now);
    atomic_store (self->options.over, self->state.over);
    tt_count_set (self->counters, RESIDENT, 0, (int64_t)resident);
    tt_count_set (self->counters, OVER, 0, self->state.over);
    if (step == TT_MEMORY_BEGINS) {
        self->began_us = now;
        tt_count (self->counters, EPISODES, 0);
    }
    if (step == TT_MEMORY_BEGINS || step == TT_MEMORY_LASTS)
        relieve (self, resident, step == TT_MEMORY_BEGINS);
    else if (step == TT_MEMORY_ENDS)
        end (self, resident, now);
}

/* True once it is to stop. */
static bool
wait_a_little (tt_memory *self)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock (&self->lock);
    while (!self->stop && pthread_cond_timedwait (&self->wake, &self->lock, &until) == 0)
        ;
    bool stop = self->stop;
    pthread_mutex_unlock (&self->lock);
    return stop;
}

static void *
run (void *argument)
{
    do
        look (argument);
    while (!wait_a_little (argument));
    return NULL;
}

tt_status
tt_memory_open (tt_memory **out, const tt_memory_options *options, tt_error *error)
{
    tt_memory *self = tt_alloc_zero (1, sizeof *self);
    self->options = *options;
    self->page = (uint64_t)sysconf (_SC_PAGESIZE);
    pthread_mutex_init (&self->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init (&monotonic);
    pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&self->wake, &monotonic);
    pthread_condattr_destroy (&monotonic);
    self->statm = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    *out = self;
    if (self->statm < 0 || resident_bytes (self) == 0) {
        tt_memory_close (out);
        return tt_fail (error, TT_UNAVAILABLE, "/proc/self/statm: cannot be read, so memory.max cannot be kept: %m");
    }
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    tt_count_set (self->counters, MAX, 0, (int64_t)options->max);
    self->started = pthread_create (&self->thread, NULL, run, self) == 0;
    if (self->started)
        return TT_OK;
    tt_memory_close (out);
    return tt_fail (error, TT_UNAVAILABLE, "cannot start a thread");
}

void
tt_memory_close (tt_memory **reference)
{
    tt_memory *self = *reference;
    if (self == NULL)
        return;
    pthread_mutex_lock (&self->lock);
    self->stop = true;
    pthread_cond_signal (&self->wake);
    pthread_mutex_unlock (&self->lock);
    if (self->started)
        pthread_join (self->thread, NULL);
    if (self->statm >= 0)
        close (self->statm);
    pthread_cond_destroy (&self->wake);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *reference = NULL;
}
