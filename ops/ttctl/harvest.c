#include "harvest.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "import/oai.h"
#include "oai_http.h"
#include "progress.h"
#include "upload.h"

#define RESTARTS_MOST 3
#define BROKEN_MOST 3 /* attempts at an answer that is not well-formed: it may have been cut off */
#define EMPTY_MOST 16 /* pages without a record, one after the other */

typedef struct {
    const harvest_options *options;
    harvest_result *result;
    oai_state *state;
    oai_http *http;
    FILE *page_file;
    char *page_path;
    tt_oai_page page;
    char owner[256]; /* the repository's name */
    bool by_day;
    sigset_t signals;
    int signalled;
    uint64_t mark, mark_at, tokens; /* of the search for a circle of tokens (Brent) */
    unsigned empty;
    ctl_progress progress;
    tt_error *error;
} harvest;

int64_t
harvest_delay (uint32_t failures, int64_t asked_ms, uint64_t chance)
{
    int64_t delay = INT64_C (500) << (failures < 7 ? failures : 7);
    delay = delay > 60000 ? 60000 : delay;
    if (asked_ms >= 0)
        return asked_ms + (int64_t)(chance % 250);
    return delay - (int64_t)(chance % (uint64_t)(delay / 2 + 1));
}

/* Waits so long, less if a signal comes. */
static void
pause_ms (harvest *h, int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    if (sigtimedwait (&h->signals, NULL, &time) > 0)
        h->signalled++;
}

static bool
must_give_up (void *context)
{
    harvest *h = context;
    pause_ms (h, 0);
    return h->signalled > 1;
}

static tt_status
read_page (harvest *h)
{
    tt_source *source = NULL;
    tt_status status = tt_source_open (&source, h->page_path, h->error);
    if (status == TT_OK)
        status = tt_oai_page_read (source, &h->page, h->error);
    tt_source_close (&source);
    return status;
}

/* One attempt: *again, if another one may help. */
static tt_status
attempt (harvest *h, const char *words, uint32_t failures, int64_t *wait_ms, bool *again)
{
    h->result->requests++;
    tt_status status = oai_http_get (h->http, h->options->url, words, h->page_file, wait_ms, h->error);
    *again = status == TT_UNAVAILABLE && failures < h->options->retries;
    if (status == TT_OK) {
        status = read_page (h);
        *again = status == TT_INVALID_ARGUMENT && failures + 1 < BROKEN_MOST && failures < h->options->retries;
    }
    if (*wait_ms > (int64_t)h->options->longest_s * 1000) {
        *again = false;
        return tt_fail (h->error, TT_UNAVAILABLE, "the repository asks to come back in %lld seconds", (long long)(*wait_ms / 1000));
    }
    return status;
}

static tt_status
fetch (harvest *h, const char *words)
{
    tt_status status;
    bool again = true;
    int64_t wait_ms;
    uint64_t chance;
    for (uint32_t failures = 0;; failures++) {
        *h->error = (tt_error){ 0 };
        status = attempt (h, words, failures, &wait_ms, &again);
        if (status == TT_OK || !again)
            return status;
        tt_random_bytes (&chance, sizeof chance);
        int64_t delay = harvest_delay (failures, wait_ms, chance);
        fprintf (stderr, "%s: %s; again in %.1f s\n", h->options->url, h->error->message, (double)delay / 1000);
        pause_ms (h, delay);
        if (h->signalled)
            return tt_fail (h->error, TT_CANCELLED, "stopped");
    }
}

static tt_status
identify (harvest *h)
{
    tt_status status = fetch (h, "verb=Identify");
    const tt_oai_page *page = &h->page;
    if (status != TT_OK)
        return status;
    if (page->error_code[0])
        return tt_fail (h->error, TT_FAILED_PRECONDITION, "Identify: %s: %s", page->error_code, page->error_text);
    if (!page->identified || strcmp (page->protocol, "2.0") != 0)
        return tt_fail (h->error, TT_FAILED_PRECONDITION, "Identify: protocol version \"%s\", 2.0 is expected", page->protocol);
    h->by_day = strcmp (page->granularity, "YYYY-MM-DD") == 0;
    if (!h->by_day && strcmp (page->granularity, "YYYY-MM-DDThh:mm:ssZ") != 0)
        return tt_fail (h->error, TT_FAILED_PRECONDITION, "Identify: granularity \"%s\" is none of the protocol", page->granularity);
    snprintf (h->owner, sizeof h->owner, "%s", page->repository);
    if (strcmp (page->deleted, "persistent") != 0)
        fprintf (stderr, "%s: deletions are kept: %s; what is deleted there may stay here\n", h->options->url,
                 page->deleted[0] ? page->deleted : "not said");
    return TT_OK;
}

static tt_status
read_bounds (harvest *h, char from[OAI_TIME_SIZE], char until[OAI_TIME_SIZE])
{
    const char *texts[] = { h->options->from, h->options->until };
    char *outs[] = { from, until };
    for (size_t i = 0; i < 2; i++) {
        outs[i][0] = '\0';
        if (texts[i] && !oai_state_bound (texts[i], h->by_day, i == 1, outs[i]))
            return tt_fail (h->error, TT_INVALID_ARGUMENT, "\"%.40s\" is no day and no time in UTC", texts[i]);
    }
    return TT_OK;
}

/* Goes on with the list under way, or begins one. */
static tt_status
choose_list (harvest *h)
{
    oai_state *s = h->state;
    char from[OAI_TIME_SIZE], until[OAI_TIME_SIZE];
    tt_status status = read_bounds (h, from, until);
    if (status != TT_OK)
        return status;
    if (s->in_list) {
        if ((h->options->from && strcmp (from, s->from) != 0) || (h->options->until && strcmp (until, s->until) != 0))
            return tt_fail (h->error, TT_FAILED_PRECONDITION,
                            "%s: a list from \"%s\" until \"%s\" is under way: finish it without --from and --until, or choose "
                            "another --state",
                            h->options->state, s->from, s->until);
        return TT_OK;
    }
    if (h->options->from == NULL)
        oai_state_next_from (s->done_ms, h->by_day, from);
    memcpy (s->from, from, sizeof s->from);
    memcpy (s->until, until, sizeof s->until);
    s->in_list = true;
    s->token[0] = '\0';
    s->answered_ms = 0;
    s->pages = s->kept = 0;
    s->counts = (tt_ledger_counts){ 0 };
    return TT_OK;
}

static void
list_words (const harvest *h, tt_buffer *words)
{
    const oai_state *s = h->state;
    tt_buffer_clear (words);
    tt_buffer_text (words, "verb=ListRecords");
    if (s->token[0]) {
        oai_http_word (h->http, "resumptionToken", s->token, words);
        return;
    }
    oai_http_word (h->http, "metadataPrefix", s->prefix, words);
    oai_http_word (h->http, "set", s->set, words);
    oai_http_word (h->http, "from", s->from, words);
    oai_http_word (h->http, "until", s->until, words);
}

static void
show (void *context, const tt_ledger_counts *counts)
{
    harvest *h = context;
    ctl_progress_show (&h->progress, counts->read, h->page.list_size, counts->read, counts->rejected);
}

static tt_status
submit (harvest *h, tt_ledger *ledger)
{
    tt_import *import = NULL;
    uint64_t before = tt_ledger_count (ledger)->read;
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS,
                                  .source = h->state->source,
                                  .owner = h->owner,
                                  .answered_ms = h->state->answered_ms };
    tt_status status = tt_import_open (&import, h->page_path, &options, h->error);
    if (status != TT_OK)
        return status;
    tt_upload upload = { .import = import,
                         .ledger = ledger,
                         .client = h->options->client,
                         .kind = TT_IMPORT_ACHIEVEMENTS,
                         .batch = h->options->batch,
                         .progress = show,
                         .context = h };
    status = tt_upload_run (&upload, h->error);
    tt_import_close (&import);
    uint64_t read = tt_ledger_count (ledger)->read - before;
    if (status == TT_OK && read != h->page.records)
        status = tt_fail (h->error, TT_DATA_LOSS, "page %llu holds %llu records, %llu could be told apart",
                          (unsigned long long)h->state->pages + 1, (unsigned long long)h->page.records, (unsigned long long)read);
    return status;
}

/* A token that comes again leads in a circle: one is kept, and replaced at each power of two (Brent). */
static bool
is_circle (harvest *h, const char *token)
{
    uint64_t hash = XXH3_64bits (token, strlen (token));
    if (h->tokens > 0 && hash == h->mark)
        return true;
    if (h->tokens++ == h->mark_at) {
        h->mark = hash;
        h->mark_at = h->mark_at ? 2 * h->mark_at : 1;
    }
    return false;
}

static tt_status
check_progress (harvest *h)
{
    const char *token = h->page.token;
    h->empty = h->page.records ? 0 : h->empty + 1;
    if (*token && (strcmp (token, h->state->token) == 0 || is_circle (h, token)))
        return tt_fail (h->error, TT_DATA_LOSS, "the resumption tokens go round in a circle: \"%.100s\" again", token);
    if (*token && h->empty >= EMPTY_MOST)
        return tt_fail (h->error, TT_DATA_LOSS, "%u pages without a record, and still a resumption token", h->empty);
    if (*token && h->state->pages >= h->options->pages)
        return tt_fail (h->error, TT_RESOURCE_EXHAUSTED, "more than %llu pages in one list", (unsigned long long)h->options->pages);
    return TT_OK;
}

static tt_status
save (harvest *h)
{
    return h->options->client ? oai_state_save (h->state, h->options->state, h->error) : TT_OK;
}

static tt_status
finish_list (harvest *h)
{
    oai_state *s = h->state;
    s->done_ms = oai_state_done (s);
    s->in_list = false;
    s->token[0] = '\0';
    return save (h);
}

/* A page whose records are all acknowledged: only now the state moves. */
static tt_status
finish_page (harvest *h, tt_ledger *ledger)
{
    oai_state *s = h->state;
    tt_status status = tt_ledger_kept (ledger, &s->kept, h->error);
    s->counts = *tt_ledger_count (ledger);
    s->pages++;
    h->result->pages++;
    if (status == TT_OK)
        status = check_progress (h);
    if (status != TT_OK)
        return status;
    if (h->page.token[0] == '\0')
        return finish_list (h);
    memcpy (s->token, h->page.token, sizeof s->token);
    return save (h);
}

/* The repository no longer knows the token. The protocol promises no order within a list, so the last datestamp that is certainly
 * done is the one before the list: it begins again, and what the service has is unchanged. */
static tt_status
begin_again (harvest *h)
{
    if (++h->result->restarts > RESTARTS_MOST)
        return tt_fail (h->error, TT_UNAVAILABLE, "resumption tokens expired %d times before the list was done", RESTARTS_MOST + 1);
    fprintf (stderr, "%s: the resumption token has expired, the list begins again\n", h->options->url);
    h->state->token[0] = '\0';
    h->tokens = h->mark_at = 0;
    return TT_OK;
}

static tt_status
take_error (harvest *h)
{
    const tt_oai_page *page = &h->page;
    if (strcmp (page->error_code, "noRecordsMatch") == 0 && h->state->token[0] == '\0')
        return finish_list (h);
    if (strcmp (page->error_code, "badResumptionToken") == 0 && h->state->token[0])
        return begin_again (h);
    return tt_fail (h->error, TT_FAILED_PRECONDITION, "%s: %s", page->error_code, page->error_text);
}

static tt_status
one_page (harvest *h, tt_ledger *ledger, tt_buffer *words)
{
    list_words (h, words);
    tt_status status = fetch (h, tt_buffer_cstr (words));
    if (status != TT_OK)
        return status;
    if (h->state->answered_ms == 0)
        h->state->answered_ms = h->page.answered_ms;
    if (h->page.error_code[0])
        return take_error (h);
    if (h->page.records > 0)
        status = submit (h, ledger);
    return status == TT_OK ? finish_page (h, ledger) : status;
}

static tt_status
all_pages (harvest *h, tt_ledger *ledger)
{
    tt_buffer words = { 0 };
    tt_status status = TT_OK;
    while (status == TT_OK && h->state->in_list) {
        pause_ms (h, 0);
        status = h->signalled ? tt_fail (h->error, TT_CANCELLED, "stopped") : one_page (h, ledger, &words);
    }
    tt_buffer_free (&words);
    return status;
}

static tt_status
run_locked (harvest *h)
{
    tt_ledger *ledger = NULL;
    oai_http_options options = { h->options->page_bytes, h->options->silent_s, must_give_up, h };
    tt_status status = oai_state_load (h->state, h->options->state, h->error);
    if (status == TT_OK)
        status = oai_http_open (&h->http, &options, h->error);
    if (status == TT_OK)
        status = identify (h);
    if (status == TT_OK)
        status = choose_list (h);
    if (status == TT_OK)
        status = tt_ledger_continue (&ledger, h->options->url, h->options->rejects, h->options->client ? h->state->kept : 0,
                                     h->state->counts, h->error);
    ctl_progress_start (&h->progress, h->options->source);
    if (status == TT_OK)
        status = all_pages (h, ledger);
    ctl_progress_end (&h->progress);
    tt_ledger_close (&ledger);
    oai_http_close (&h->http);
    return status;
}

tt_status
harvest_run (const harvest_options *options, harvest_result *result, tt_error *error)
{
    tt_buffer path = { 0 };
    sigset_t before;
    harvest h = { .options = options, .result = result, .state = &result->state, .error = error };
    *result = (harvest_result){ .state = { .url = options->url, .set = options->set, .prefix = options->prefix, .source = options->source } };
    tt_buffer_printf (&path, "%s.page", options->state);
    h.page_path = (char *)(uintptr_t)tt_buffer_cstr (&path);
    sigemptyset (&h.signals);
    sigaddset (&h.signals, SIGINT);
    sigaddset (&h.signals, SIGTERM);
    sigprocmask (SIG_BLOCK, &h.signals, &before);
    tt_status status = oai_state_lock (options->state, &h.page_file, error);
    if (status == TT_OK)
        status = run_locked (&h);
    oai_state_unlock (options->state, &h.page_file);
    sigprocmask (SIG_SETMASK, &before, NULL);
    tt_buffer_free (&path);
    return status;
}
