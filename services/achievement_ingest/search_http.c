#include "search_http.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/text.h"
#include "commands.h"
#include "search_page_css.h"
#include "search_page_html.h"
#include "search_page_js.h"
#include "wire/json.h"

#define THREADS 2
#define WAITING_MOST 32 /* searches that wait for one; more are refused at once */
#define FACETS_MOST 8

/* A search that was asked for. */
typedef struct job {
    struct job *next;
    tt_arena *arena; /* owned: holds the request */
    ingest_search_request request;
    tt_http_later *later;
} job;

struct ingest_search_web {
    ingest_search *search;
    pthread_t threads[THREADS];
    unsigned thread_count;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t asked;
    job *first, **end;
    size_t waiting;
    bool stop;
};

static unsigned
http_status (tt_status status)
{
    switch (status) {
    case TT_OK:
        return 200;
    case TT_INVALID_ARGUMENT:
        return 400;
    case TT_RESOURCE_EXHAUSTED:
        return 422;
    case TT_DEADLINE_EXCEEDED:
    case TT_UNAVAILABLE:
        return 503;
    default:
        return 500;
    }
}

/* In the arena: what a request lends is gone before it is answered. */
static char *
argument_of (const tt_http_request *request, const char *name, tt_arena *arena)
{
    const char *value = tt_http_query (request, name);
    return tt_arena_strndup (arena, value ? value : "", value ? strlen (value) : 0);
}

/* "a,b" to a list in the arena. */
static void
split_facets (ingest_search_request *out, const char *text, tt_arena *arena)
{
    out->facets = tt_arena_alloc (arena, (FACETS_MOST + 1) * sizeof *out->facets);
    while (*text && out->n_facets <= FACETS_MOST) { /* one more than there are is refused as a doublet */
        size_t n = strcspn (text, ",");
        out->facets[out->n_facets++] = tt_arena_strndup (arena, text, n);
        text += n + (text[n] == ',');
    }
}

static bool
read_number (const char *text, uint32_t most, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul (text, &end, 10);
    *out = n > most ? most + 1 : (uint32_t)n;
    return text[0] == '\0' || (*end == '\0' && text[0] >= '0' && text[0] <= '9');
}

static tt_status
read_arguments (const tt_http_request *request, tt_arena *arena, ingest_search_request *out, tt_error *error)
{
    static const char *const orders[] = { "", "relevance", "completion", "registration" };
    const char *sort = argument_of (request, "sort", arena);
    int order = -1;
    out->query = argument_of (request, "q", arena);
    out->cursor = argument_of (request, "cursor", arena);
    out->count = tt_http_query (request, "count") != NULL;
    split_facets (out, argument_of (request, "facets", arena), arena);
    for (int i = 0; i < 4; i++)
        order = strcmp (orders[i], sort) == 0 ? i : order;
    if (order < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "sort: expected relevance, completion or registration");
    if (!read_number (argument_of (request, "limit", arena), 100, &out->limit))
        return tt_fail (error, TT_INVALID_ARGUMENT, "limit: expected a number from 1 to 100");
    if (!tt_text_valid (tt_bytes_of_text (out->query), NULL))
        return tt_fail (error, TT_INVALID_ARGUMENT, "q: expected UTF-8");
    out->order = (Techtransfer__Achievement__V1__SearchOrder)order;
    return TT_OK;
}

static void
write_error (tt_http_response *response, tt_status status, const tt_error *error)
{
    json_t *json = json_pack ("{s:s, s:s}", "code", tt_status_name (status), "message", error->message);
    char *text = json ? json_dumps (json, JSON_COMPACT) : NULL;
    response->status = http_status (status);
    tt_buffer_clear (&response->body);
    tt_buffer_text (&response->body, text ? text : "{}");
    free (text);
    json_decref (json);
}

/* The threads */

static void
answer_job (ingest_search_web *web, job *one)
{
    tt_http_response response = tt_http_response_of (one->later);
    ingest_search_reply *reply = NULL;
    tt_error error = { 0 };
    tt_status status = ingest_search_answer (web->search, &one->request, 0, one->arena, &reply, &error);
    if (status == TT_OK)
        status = tt_json_print (&reply->base, TT_JSON_DEFAULTS, &response.body, &error);
    if (status != TT_OK)
        write_error (&response, status, &error);
    tt_http_finish (one->later, &response);
    tt_arena_destroy (&one->arena);
    free (one);
}

static void *
serve (void *argument)
{
    ingest_search_web *web = argument;
    pthread_mutex_lock (&web->lock);
    while (!web->stop || web->first) {
        job *one = web->first;
        if (one == NULL) {
            pthread_cond_wait (&web->asked, &web->lock);
            continue;
        }
        web->first = one->next;
        web->end = web->first ? web->end : &web->first;
        web->waiting--;
        pthread_mutex_unlock (&web->lock);
        answer_job (web, one);
        pthread_mutex_lock (&web->lock);
    }
    pthread_mutex_unlock (&web->lock);
    return NULL;
}

ingest_search_web *
ingest_search_web_open (ingest_search *search)
{
    ingest_search_web *web = tt_alloc_zero (1, sizeof *web);
    web->search = search;
    web->end = &web->first;
    pthread_mutex_init (&web->lock, NULL);
    pthread_cond_init (&web->asked, NULL);
    while (web->thread_count < THREADS && pthread_create (&web->threads[web->thread_count], NULL, serve, web) == 0)
        web->thread_count++;
    return web;
}

void
ingest_search_web_close (ingest_search_web **web)
{
    ingest_search_web *w = *web;
    if (w == NULL)
        return;
    pthread_mutex_lock (&w->lock);
    w->stop = true;
    pthread_cond_broadcast (&w->asked);
    pthread_mutex_unlock (&w->lock);
    for (unsigned i = 0; i < w->thread_count; i++)
        pthread_join (w->threads[i], NULL);
    pthread_cond_destroy (&w->asked);
    pthread_mutex_destroy (&w->lock);
    free (w);
    *web = NULL;
}

/* The HTTP thread */

static tt_status
hand_over (ingest_search_web *web, job *one, const tt_http_request *request, tt_error *error)
{
    pthread_mutex_lock (&web->lock);
    bool room = web->thread_count > 0 && web->waiting < WAITING_MOST;
    if (room) {
        one->later = tt_http_postpone (request);
        *web->end = one;
        web->end = &one->next;
        web->waiting++;
        pthread_cond_signal (&web->asked);
    }
    pthread_mutex_unlock (&web->lock);
    return room ? TT_OK : tt_fail (error, TT_UNAVAILABLE, "too many searches wait already");
}

static void
answer_search (void *argument, const tt_http_request *request, tt_http_response *response)
{
    ingest_service *service = argument;
    tt_error error = { 0 };
    job *one = tt_alloc_zero (1, sizeof *one);
    one->arena = tt_arena_new (0);
    one->request = (ingest_search_request)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_ACHIEVEMENTS_REQUEST__INIT;
    tt_status status = read_arguments (request, one->arena, &one->request, &error);
    if (status == TT_OK)
        status = hand_over (service->search_web, one, request, &error);
    if (status == TT_OK)
        return;
    write_error (response, status, &error);
    tt_arena_destroy (&one->arena);
    free (one);
}

/* The files of the page are part of the program. */
typedef struct {
    const unsigned char *data;
    size_t size;
} page_file;
static const page_file html = { search_page_html, sizeof search_page_html };
static const page_file css = { search_page_css, sizeof search_page_css };
static const page_file js = { search_page_js, sizeof search_page_js };

static void
answer_file (void *argument, const tt_http_request *request, tt_http_response *response)
{
    const page_file *file = argument;
    (void)request;
    tt_buffer_append (&response->body, file->data, file->size);
    snprintf (response->etag, sizeof response->etag, "%016llx", (unsigned long long)XXH3_64bits (file->data, file->size));
}

const tt_http_route ingest_search_routes[INGEST_SEARCH_ROUTES] = {
    { "GET", "/search", answer_search, NULL, "application/json; charset=utf-8" },
    { "GET", "/", answer_file, (void *)&html, "text/html; charset=utf-8" },
    { "GET", "/search.css", answer_file, (void *)&css, "text/css; charset=utf-8" },
    { "GET", "/search.js", answer_file, (void *)&js, "text/javascript; charset=utf-8" },
};
