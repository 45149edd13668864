#include "search_http.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/text.h"
#include "commands.h"
#include "search_page_css.h"
#include "search_page_html.h"
#include "search_page_js.h"
#include "wire/json.h"

#define TIME_MS 250
#define FACETS_MOST 8

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

static const char *
argument_of (const tt_http_request *request, const char *name)
{
    const char *value = tt_http_query (request, name);
    return value ? value : "";
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
    const char *sort = argument_of (request, "sort");
    int order = -1;
    out->query = (char *)argument_of (request, "q");
    out->cursor = (char *)argument_of (request, "cursor");
    out->count = tt_http_query (request, "count") != NULL;
    split_facets (out, argument_of (request, "facets"), arena);
    for (int i = 0; i < 4; i++)
        order = strcmp (orders[i], sort) == 0 ? i : order;
    if (order < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "sort: expected relevance, completion or registration");
    if (!read_number (argument_of (request, "limit"), 100, &out->limit))
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

static void
answer_search (void *argument, const tt_http_request *request, tt_http_response *response)
{
    ingest_service *service = argument;
    ingest_search_request in = TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_ACHIEVEMENTS_REQUEST__INIT;
    ingest_search_reply *reply = NULL;
    tt_error error = { 0 };
    tt_arena *arena = tt_arena_new (0);
    tt_status status = read_arguments (request, arena, &in, &error);
    if (status == TT_OK)
        status = ingest_search_answer (service->search, &in, tt_clock_unix_ms () + TIME_MS, arena, &reply, &error);
    if (status == TT_OK)
        status = tt_json_print (&reply->base, TT_JSON_DEFAULTS, &response->body, &error);
    if (status != TT_OK)
        write_error (response, status, &error);
    tt_arena_destroy (&arena);
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
