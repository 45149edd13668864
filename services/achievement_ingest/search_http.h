/* GET /search as JSON, and the page that asks it, on the daemon's HTTP port. Handlers run on the HTTP thread, one at a time: a search
 * there has a quarter of a second at most, so that health and metrics stay within reach. */
#ifndef INGEST_SEARCH_HTTP_H
#define INGEST_SEARCH_HTTP_H

#include "run/http.h"

#define INGEST_SEARCH_ROUTES 4
extern const tt_http_route ingest_search_routes[INGEST_SEARCH_ROUTES];

#endif
