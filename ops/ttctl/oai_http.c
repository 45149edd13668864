#include "oai_http.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#define REDIRECTIONS 5L
#define CONNECT_S 30L
#define WHOLE_FACTOR 60L

struct oai_http {
    CURL *easy;
    oai_http_options options;
    FILE *file;
    uint64_t size;
    bool too_large, not_xml, unwritten;
    char first; /* byte that is no white space and no byte order mark; 0: none yet */
    char reason[CURL_ERROR_SIZE];
};

/* An answer is XML from its first byte on: what is compressed a second time, HTML aside, is refused before it fills the disk. */
static bool
looks_wrong (oai_http *http, const char *data, size_t size)
{
    for (size_t i = 0; i < size && http->first == 0; i++)
        if (strchr (" \t\r\n\xef\xbb\xbf", data[i]) == NULL || data[i] == '\0')
            http->first = data[i] ? data[i] : '?';
    return http->first != 0 && http->first != '<';
}

static size_t
take (char *data, size_t one, size_t count, void *context)
{
    oai_http *http = context;
    size_t size = one * count;
    long code = 0;
    curl_easy_getinfo (http->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200)
        return size; /* the body of a refusal says nothing that is used */
    http->size += size;
    http->too_large = http->size > http->options.most;
    http->not_xml = looks_wrong (http, data, size);
    if (http->too_large || http->not_xml)
        return 0;
    http->unwritten = fwrite (data, 1, size, http->file) != size;
    return http->unwritten ? 0 : size;
}

static int
ask_stop (void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    oai_http *http = context;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return http->options.stopped && http->options.stopped (http->options.context);
}

tt_status
oai_http_open (oai_http **out, const oai_http_options *options, tt_error *error)
{
    oai_http *http = tt_alloc_zero (1, sizeof *http);
    http->options = *options;
    *out = http;
    if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK || (http->easy = curl_easy_init ()) == NULL) {
        oai_http_close (out);
        return tt_fail (error, TT_INTERNAL, "libcurl cannot be started");
    }
    CURL *easy = http->easy;
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt (easy, CURLOPT_MAXREDIRS, REDIRECTIONS);
    curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, (long)options->silent_s);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT, (long)options->silent_s * WHOLE_FACTOR);
    curl_easy_setopt (easy, CURLOPT_USERAGENT, "ttctl/" TT_VERSION " (OAI-PMH harvester)");
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, http);
    curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, http->reason);
    curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, ask_stop);
    curl_easy_setopt (easy, CURLOPT_XFERINFODATA, http);
    return TT_OK;
}

void
oai_http_close (oai_http **out)
{
    oai_http *http = *out;
    if (http == NULL)
        return;
    curl_easy_cleanup (http->easy);
    free (http);
    *out = NULL;
}

void
oai_http_word (oai_http *http, const char *name, const char *value, tt_buffer *words)
{
    char *encoded = *value ? curl_easy_escape (http->easy, value, 0) : NULL;
    if (encoded)
        tt_buffer_printf (words, "&%s=%s", name, encoded);
    curl_free (encoded);
}

static tt_status
judge_code (oai_http *http, tt_error *error)
{
    long code = 0;
    curl_easy_getinfo (http->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code == 200)
        return TT_OK;
    tt_status status = code == 429 || code == 408 || code >= 500 ? TT_UNAVAILABLE
                       : code == 404 || code == 410              ? TT_NOT_FOUND
                       : code == 401 || code == 403              ? TT_PERMISSION_DENIED
                                                                 : TT_FAILED_PRECONDITION;
    return tt_fail (error, status, "the repository answers with HTTP status %ld", code);
}

static tt_status
judge_failure (const oai_http *http, CURLcode result, tt_error *error)
{
    const char *reason = http->reason[0] ? http->reason : curl_easy_strerror (result);
    if (http->too_large)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "the answer is larger than %llu bytes", (unsigned long long)http->options.most);
    if (http->not_xml)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the answer is no XML");
    if (http->unwritten)
        return tt_fail (error, TT_INTERNAL, "the answer could not be written to the disk");
    switch (result) {
    case CURLE_ABORTED_BY_CALLBACK:
        return tt_fail (error, TT_CANCELLED, "stopped");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s", reason);
    case CURLE_PEER_FAILED_VERIFICATION:
        return tt_fail (error, TT_PERMISSION_DENIED, "%s", reason);
    default:
        return tt_fail (error, TT_UNAVAILABLE, "%s", reason);
    }
}

static bool
start_file (oai_http *http, FILE *file)
{
    http->file = file;
    http->size = 0;
    http->first = 0;
    http->too_large = http->not_xml = http->unwritten = false;
    http->reason[0] = '\0';
    rewind (file);
    return ftruncate (fileno (file), 0) == 0;
}

tt_status
oai_http_get (oai_http *http, const char *url, const char *words, FILE *file, int64_t *wait_ms, tt_error *error)
{
    tt_buffer whole = { 0 };
    curl_off_t asked = 0;
    *wait_ms = -1;
    if (!start_file (http, file))
        return tt_fail (error, TT_INTERNAL, "the file for the answer cannot be emptied");
    tt_buffer_printf (&whole, "%s%c%s", url, strchr (url, '?') ? '&' : '?', words);
    curl_easy_setopt (http->easy, CURLOPT_URL, tt_buffer_cstr (&whole));
    CURLcode result = curl_easy_perform (http->easy);
    tt_buffer_free (&whole);
    if (result == CURLE_OK && curl_easy_getinfo (http->easy, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
        *wait_ms = asked > INT32_MAX ? (int64_t)INT32_MAX * 1000 : (int64_t)asked * 1000;
    if (result == CURLE_OK && fflush (file) != 0)
        return tt_fail (error, TT_INTERNAL, "the answer could not be written to the disk");
    return result == CURLE_OK ? judge_code (http, error) : judge_failure (http, result, error);
}
