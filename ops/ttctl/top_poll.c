#include "top_poll.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define OTHERS_MAX 4

typedef struct {
    CURL *easy;
    size_t limit;
    bool too_large;
    char *url;
    char reason[CURL_ERROR_SIZE];
    ctl_answer answer;
} request;

struct ctl_poll {
    CURLM *multi;
    request *requests; /* CTL_ASKS for each daemon */
    size_t count;
};

bool
ctl_poll_address_valid (const char *address)
{
    const char *colon = strrchr (address, ':');
    size_t size = strlen (address);
    if (colon == NULL || colon == address || size > 255)
        return false;
    if (strspn (address, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") != size)
        return false;
    if (memchr (address, ':', (size_t)(colon - address)) && (address[0] != '[' || colon[-1] != ']'))
        return false;
    size_t digits = strspn (colon + 1, "0123456789");
    long port = strtol (colon + 1, NULL, 10);
    return digits >= 1 && digits <= 5 && colon[1 + digits] == '\0' && port >= 1 && port <= 65535;
}

static size_t
take (char *data, size_t size, size_t count, void *argument)
{
    request *r = argument;
    size *= count;
    r->too_large = r->answer.body.size + size > r->limit;
    if (r->too_large)
        return 0; /* ends the transfer */
    tt_buffer_append (&r->answer.body, data, size);
    return size;
}

/* Nothing but plain HTTP to just this address: no proxy of the environment, no redirection elsewhere. */
static void
prepare (request *r, const char *address, const char *path, size_t limit, int limit_ms)
{
    tt_buffer url = { 0 };
    tt_buffer_printf (&url, "http://%s%s", address, path);
    r->url = tt_strdup (tt_buffer_cstr (&url));
    tt_buffer_free (&url);
    r->limit = limit;
    r->easy = curl_easy_init ();
    curl_easy_setopt (r->easy, CURLOPT_URL, r->url);
    curl_easy_setopt (r->easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt (r->easy, CURLOPT_PROXY, "");
    curl_easy_setopt (r->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt (r->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (r->easy, CURLOPT_TIMEOUT_MS, (long)limit_ms);
    curl_easy_setopt (r->easy, CURLOPT_USERAGENT, "ttctl/" TT_VERSION);
    curl_easy_setopt (r->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt (r->easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt (r->easy, CURLOPT_ERRORBUFFER, r->reason);
    curl_easy_setopt (r->easy, CURLOPT_PRIVATE, r);
}

ctl_poll *
ctl_poll_new (const char *const *addresses, size_t count, int limit_ms)
{
    static const char *const paths[CTL_ASKS] = { [CTL_ASK_METRICS] = "/metrics", [CTL_ASK_READY] = "/readyz" };
    static const size_t limits[CTL_ASKS] = { [CTL_ASK_METRICS] = CTL_METRICS_BYTES_MAX, [CTL_ASK_READY] = CTL_READY_BYTES_MAX };
    ctl_poll *poll = tt_alloc_zero (1, sizeof *poll);
    curl_global_init (CURL_GLOBAL_DEFAULT);
    poll->multi = curl_multi_init ();
    poll->count = count * CTL_ASKS;
    poll->requests = tt_alloc_zero (poll->count, sizeof *poll->requests);
    for (size_t i = 0; i < poll->count; i++)
        prepare (&poll->requests[i], addresses[i / CTL_ASKS], paths[i % CTL_ASKS], limits[i % CTL_ASKS], limit_ms);
    return poll;
}

void
ctl_poll_free (ctl_poll **reference)
{
    ctl_poll *poll = *reference;
    if (poll == NULL)
        return;
    for (size_t i = 0; i < poll->count; i++) {
        curl_multi_remove_handle (poll->multi, poll->requests[i].easy); /* of one that is not in it: no effect */
        curl_easy_cleanup (poll->requests[i].easy);
        tt_buffer_free (&poll->requests[i].answer.body);
        free (poll->requests[i].url);
    }
    curl_multi_cleanup (poll->multi);
    curl_global_cleanup ();
    free (poll->requests);
    free (poll);
    *reference = NULL;
}

void
ctl_poll_start (ctl_poll *poll)
{
    for (size_t i = 0; i < poll->count; i++) {
        request *r = &poll->requests[i];
        r->answer.code = 0;
        r->answer.error[0] = r->reason[0] = '\0';
        r->too_large = false;
        tt_buffer_clear (&r->answer.body);
        curl_multi_remove_handle (poll->multi, r->easy);
        curl_multi_add_handle (poll->multi, r->easy);
    }
}

static void
finish (request *r, CURLcode result)
{
    ctl_answer *answer = &r->answer;
    answer->at_us = tt_clock_monotonic_us ();
    if (result == CURLE_OK)
        curl_easy_getinfo (r->easy, CURLINFO_RESPONSE_CODE, &answer->code);
    else if (r->too_large)
        snprintf (answer->error, sizeof answer->error, "the answer is too large");
    else
        snprintf (answer->error, sizeof answer->error, "%s", r->reason[0] ? r->reason : curl_easy_strerror (result));
}

bool
ctl_poll_step (ctl_poll *poll, struct pollfd *others, size_t other_count, int wait_ms)
{
    struct curl_waitfd waits[OTHERS_MAX];
    int running = 0, left;
    for (size_t i = 0; i < other_count && i < OTHERS_MAX; i++)
        waits[i] = (struct curl_waitfd){ .fd = others[i].fd, .events = CURL_WAIT_POLLIN };
    curl_multi_perform (poll->multi, &running);
    if (running > 0) {
        curl_multi_poll (poll->multi, waits, (unsigned)other_count, wait_ms, NULL);
        for (size_t i = 0; i < other_count && i < OTHERS_MAX; i++)
            others[i].revents = waits[i].revents ? POLLIN : 0;
        curl_multi_perform (poll->multi, &running);
    }
    for (CURLMsg *message; (message = curl_multi_info_read (poll->multi, &left));) {
        request *r = NULL;
        if (message->msg == CURLMSG_DONE && curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **)&r) == CURLE_OK)
            finish (r, message->data.result);
    }
    return running == 0;
}

const ctl_answer *
ctl_poll_answer (const ctl_poll *poll, size_t daemon, ctl_ask ask)
{
    return &poll->requests[daemon * CTL_ASKS + ask].answer;
}
