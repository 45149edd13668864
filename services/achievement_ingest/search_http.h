/* GET /search as JSON, and the page that asks it, on the daemon's HTTP port. Searches run on two threads of their own, so that
 * health and metrics answer meanwhile. */
#ifndef INGEST_SEARCH_HTTP_H
#define INGEST_SEARCH_HTTP_H

#include "run/http.h"
#include "search.h"

/* The threads. Opened before the server and closed after it; borrows the search. Never NULL. */
typedef struct ingest_search_web ingest_search_web;
ingest_search_web *ingest_search_web_open (ingest_search *search);
void ingest_search_web_close (ingest_search_web **web);

/* Their argument is the ingest_service. */
#define INGEST_SEARCH_ROUTES 4
extern const tt_http_route ingest_search_routes[INGEST_SEARCH_ROUTES];

#endif
