/* bench_overload COMMANDS EVENTS REPLAY HTTP_PORT PID SECONDS SCENARIO [RATE]: what a subscriber that does not keep up costs the
 * daemon and another subscriber. SCENARIO: stopped (another process, SIGSTOP for SECONDS), slow (reads 10 events a second), many
 * (500 subscribers in this process).
 *
 * A load of RATE commands a second (5,000) runs all the time. The observed subscriber measures the time from send to event, each
 * command carrying its own. Prints, before, during and after: resident memory of the daemon at most, p50 and p99; then what the
 * daemon's metrics say. */
#include <czmq.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "bench/bus/measure.h"
#include "bus/client.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"

#define METHOD "techtransfer.v1.Probe/Put"
#define CALM_SECONDS 5
#define MANY 500
#define SAMPLES_MAX 2000000

static const char *commands, *events, *replay;
static int http_port, daemon_pid;
static double rate = 5000;
static const char *phase = "before";

static void
die (const char *what, const char *why)
{
    fprintf (stderr, "bench_overload: %s: %s\n", what, why);
    exit (1);
}

static tt_subscriber *
subscribe (void)
{
    tt_error error = { 0 };
    tt_subscriber *subscriber = NULL;
    tt_subscriber_options options = { .stream = "probe", .events = events, .replay = replay, .live_only = true };
    if (tt_subscriber_open (&subscriber, &options, &error) != TT_OK)
        die ("subscribe", error.message);
    tt_event event;
    while (!tt_subscriber_is_live (subscriber))
        (void)!tt_subscriber_next (subscriber, 20, &event, &error);
    return subscriber;
}

/* -- the load: commands at a steady rate, each carrying the time when it was due -- */

static atomic_bool ending;
static atomic_ulong sent, answered, refused;

static void
send_one (tt_client *client, double due)
{
    uint8_t payload[BENCH_PAYLOAD] = { 0 }, body[BENCH_PAYLOAD + 64];
    char key[32];
    tt_error error = { 0 };
    memcpy (payload, &due, sizeof due);
    snprintf (key, sizeof key, "key-%lu", atomic_fetch_add (&sent, 1) % 10007);
    Techtransfer__V1__ProbePutRequest request = TECHTRANSFER__V1__PROBE_PUT_REQUEST__INIT;
    request.key = key;
    request.payload = (ProtobufCBinaryData){ sizeof payload, payload };
    size_t size = techtransfer__v1__probe_put_request__pack (&request, body);
    if (tt_client_send (client, METHOD, (tt_bytes){ body, size }, NULL, &error) != TT_OK)
        die ("send", error.message);
}

static void *
drive (void *argument)
{
    tt_client *client = argument;
    tt_client_reply reply;
    for (double due = bench_seconds (); !atomic_load (&ending);) {
        for (; due <= bench_seconds (); due += 1 / rate)
            send_one (client, due);
        while (tt_client_receive (client, 1, &reply) == TT_OK) {
            atomic_fetch_add (&answered, 1);
            atomic_fetch_add (&refused, reply.result.code != TT_OK);
            if (due <= bench_seconds ())
                break;
        }
    }
    return NULL;
}

/* -- the observed subscriber -- */

static double *samples;
static size_t sample_count; /* under the lock, with samples */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tt_subscriber_counts observed_counts;

static void
take_sample (const tt_event *event)
{
    Techtransfer__V1__ProbeStored *stored = techtransfer__v1__probe_stored__unpack (NULL, event->body.size, event->body.data);
    double due;
    if (stored && stored->payload.len >= sizeof due) {
        memcpy (&due, stored->payload.data, sizeof due);
        pthread_mutex_lock (&lock);
        if (sample_count < SAMPLES_MAX)
            samples[sample_count++] = (bench_seconds () - due) * 1e6;
        pthread_mutex_unlock (&lock);
    }
    techtransfer__v1__probe_stored__free_unpacked (stored, NULL);
}

static void *
observe (void *argument)
{
    tt_subscriber *subscriber = argument;
    tt_event event;
    tt_error error = { 0 };
    while (!atomic_load (&ending))
        if (tt_subscriber_next (subscriber, 20, &event, &error) == TT_OK)
            take_sample (&event);
    observed_counts = tt_subscriber_count (subscriber);
    return NULL;
}

/* -- figures -- */

static double
resident_mib (void)
{
    char path[64];
    unsigned long pages = 0;
    snprintf (path, sizeof path, "/proc/%d/statm", daemon_pid);
    FILE *file = fopen (path, "re");
    if (file == NULL || fscanf (file, "%*u %lu", &pages) != 1)
        die ("the daemon is gone", "");
    fclose (file);
    return (double)pages * (double)sysconf (_SC_PAGESIZE) / (1 << 20);
}

/* Watches for so long; prints the phase's figures. */
static void
watch (const char *prefix, double seconds)
{
    double until = bench_seconds () + seconds, most = 0;
    char name[64];
    pthread_mutex_lock (&lock);
    sample_count = 0;
    pthread_mutex_unlock (&lock);
    while (bench_seconds () < until) {
        double now = resident_mib ();
        most = now > most ? now : most;
        zclock_sleep (100);
    }
    pthread_mutex_lock (&lock);
    snprintf (name, sizeof name, "%s.resident_max", phase);
    bench_figure (prefix, name, most, "MiB");
    snprintf (name, sizeof name, "%s.events", phase);
    bench_figure (prefix, name, (double)sample_count, "events");
    if (sample_count) {
        snprintf (name, sizeof name, "%s.latency_p50", phase);
        bench_figure (prefix, name, bench_quantile (samples, sample_count, 0.5), "us");
        snprintf (name, sizeof name, "%s.latency_p99", phase);
        bench_figure (prefix, name, bench_quantile (samples, sample_count, 0.99), "us");
    }
    pthread_mutex_unlock (&lock);
}

/* The sum of what begins with `name` in the daemon's metrics. */
static double
metric (const char *text, const char *name)
{
    double sum = 0;
    for (const char *line = text; line; line = strchr (line, '\n'), line += line != NULL)
        if (strncmp (line, name, strlen (name)) == 0 && (line[strlen (name)] == ' ' || line[strlen (name)] == '{'))
            sum += strtod (strchr (line, ' '), NULL);
    return sum;
}

static void
print_metrics (const char *prefix)
{
    static const char *const names[]
        = { "subscriber_slow_episodes_total", "subscriber_queue_full_total", "subscribers_cut_total",
            "publisher_waits_total",          "memory_episodes_total",       "events_replayed_total" };
    char command[128];
    static char text[1 << 18];
    snprintf (command, sizeof command, "curl -sf http://127.0.0.1:%d/metrics", http_port);
    FILE *pipe = popen (command, "re");
    size_t size = pipe ? fread (text, 1, sizeof text - 1, pipe) : 0;
    if (pipe == NULL || pclose (pipe) != 0 || size == 0)
        die ("metrics", "curl failed");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        bench_figure (prefix, names[i], metric (text, names[i]), "");
}

/* -- the scenarios -- */

/* A subscriber in a process of its own, forked before there is any thread: reads everything, or ten a second once it gets
 * SIGUSR1. */
static volatile sig_atomic_t reads_slowly;

static void
become_slow (int number)
{
    (void)number;
    reads_slowly = 1;
}

static pid_t
fork_subscriber (void)
{
    int ready[2];
    char byte;
    if (pipe (ready) != 0)
        die ("pipe", strerror (errno));
    pid_t child = fork ();
    if (child == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        signal (SIGUSR1, become_slow);
        tt_subscriber *subscriber = subscribe ();
        (void)!write (ready[1], "r", 1);
        tt_event event;
        tt_error error = { 0 };
        for (;;) {
            (void)!tt_subscriber_next (subscriber, 100, &event, &error);
            if (reads_slowly)
                zclock_sleep (100);
        }
    }
    (void)!read (ready[0], &byte, 1);
    close (ready[0]);
    close (ready[1]);
    return child;
}

static atomic_bool leaving;

static void *
read_many (void *argument)
{
    void **sockets = argument;
    zmq_pollitem_t items[MANY];
    for (int i = 0; i < MANY; i++)
        items[i] = (zmq_pollitem_t){ sockets[i], 0, ZMQ_POLLIN, 0 };
    while (!atomic_load (&leaving) && zmq_poll (items, MANY, 50) >= 0)
        for (int i = 0; i < MANY; i++)
            for (int n = 0; (items[i].revents & ZMQ_POLLIN) && n < 1000 && zmq_recv (sockets[i], NULL, 0, ZMQ_DONTWAIT) >= 0; n++)
                ;
    return NULL;
}

static void
be_many (const char *prefix, double seconds)
{
    static void *sockets[MANY];
    void *context = zmq_ctx_new ();
    zmq_ctx_set (context, ZMQ_MAX_SOCKETS, MANY + 10);
    pthread_t thread;
    for (int i = 0; i < MANY; i++) {
        sockets[i] = zmq_socket (context, ZMQ_SUB);
        zmq_setsockopt (sockets[i], ZMQ_LINGER, &(int){ 0 }, sizeof (int));
        zmq_setsockopt (sockets[i], ZMQ_SUBSCRIBE, "", 0);
        if (zmq_connect (sockets[i], events) != 0)
            die ("connect", strerror (errno));
    }
    pthread_create (&thread, NULL, read_many, sockets);
    phase = "during";
    watch (prefix, seconds);
    atomic_store (&leaving, true);
    pthread_join (thread, NULL);
    for (int i = 0; i < MANY; i++)
        zmq_close (sockets[i]);
    zmq_ctx_term (context);
    phase = "after";
    watch (prefix, CALM_SECONDS);
    atomic_store (&ending, true);
}

static void
be_one (const char *prefix, pid_t child, bool stopped, double seconds)
{
    kill (child, stopped ? SIGSTOP : SIGUSR1);
    phase = "during";
    watch (prefix, seconds);
    kill (child, stopped ? SIGCONT : SIGKILL);
    phase = "after";
    watch (prefix, CALM_SECONDS);
    atomic_store (&ending, true);
}

int
main (int argc, char **argv)
{
    if (argc != 8 && argc != 9) {
        fprintf (stderr, "usage: bench_overload COMMANDS EVENTS REPLAY HTTP_PORT PID SECONDS stopped|slow|many [RATE]\n");
        return 2;
    }
    commands = argv[1], events = argv[2], replay = argv[3], http_port = atoi (argv[4]), daemon_pid = atoi (argv[5]);
    double seconds = strtod (argv[6], NULL);
    const char *scenario = argv[7];
    bool many = strcmp (scenario, "many") == 0;
    rate = argc == 9 ? strtod (argv[8], NULL) : rate;
    tt_log_configure ("bench_overload", TT_LOG_WARNING, TT_LOG_AUTO);
    char prefix[64];
    snprintf (prefix, sizeof prefix, "overload.%s.", scenario);
    pid_t child = many ? 0 : fork_subscriber ();
    samples = calloc (SAMPLES_MAX, sizeof *samples);
    tt_error error = { 0 };
    tt_client *client = NULL;
    tt_client_options options = { .endpoints = commands, .timeout_ms = 60000, .try_ms = 20000 };
    if (tt_client_open (&client, &options, &error) != TT_OK)
        die ("client", error.message);
    tt_subscriber *subscriber = subscribe ();
    pthread_t driving, observing;
    pthread_create (&observing, NULL, observe, subscriber);
    pthread_create (&driving, NULL, drive, client);
    zclock_sleep (1000);
    watch (prefix, CALM_SECONDS);
    if (many)
        be_many (prefix, seconds);
    else
        be_one (prefix, child, strcmp (scenario, "stopped") == 0, seconds);
    pthread_join (driving, NULL);
    pthread_join (observing, NULL);
    bench_figure (prefix, "commands_sent", (double)atomic_load (&sent), "commands");
    bench_figure (prefix, "commands_answered", (double)atomic_load (&answered), "commands");
    bench_figure (prefix, "commands_refused", (double)atomic_load (&refused), "commands");
    bench_figure (prefix, "observed_gaps", (double)observed_counts.gaps, "");
    bench_figure (prefix, "observed_replayed", (double)observed_counts.replayed, "events");
    print_metrics (prefix);
    tt_subscriber_close (&subscriber);
    tt_client_close (&client);
    if (child > 0) {
        kill (child, SIGKILL);
        waitpid (child, NULL, 0);
    }
    free (samples);
    return 0;
}
