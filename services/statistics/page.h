/* The page: files that are served as they are, and its data as JSON, made anew every second and handed out from memory.
 *
 * Files and data are made by one thread (stats_page_refresh), taken by the HTTP thread. No request reaches the store. Not for the
 * numbers themselves: those are what the methods GetIndicators and GetCounts answer. */
#ifndef STATS_PAGE_H
#define STATS_PAGE_H

#include "catalog/catalog.h"
#include "run/http.h"
#include "store/txn.h"

typedef struct stats_page stats_page;
struct stats_service;

/* Reads the files of the page. directory: "" = the installed one, else that of the source tree where it was built. chart: the
 * file that /chart.js gives out; if it is not there the page shows tables only, and the log says so. NOT_FOUND: a file of the
 * page is missing. */
TT_MUST_USE tt_status stats_page_open (stats_page **out, const tt_catalog *catalog, const char *directory, const char *chart,
                                       tt_error *error);
void stats_page_close (stats_page **page);

/* Asks the service's own methods and puts their answers in place. On failure the last ones stay. One thread. */
TT_MUST_USE tt_status stats_page_refresh (stats_page *page, struct stats_service *service, tt_batch *batch, int64_t now_unix_ms,
                                          tt_error *error);

/* For tt_daemon_spec; the argument of each is the service. */
extern const tt_http_route stats_routes[];
extern const size_t stats_route_count;

#endif
