/* Stored documents page by page, in the order of their ids in a partition: for what goes through all of them. Reads only; owned by the
 * processor's thread. */
#ifndef ALERT_PAGES_H
#define ALERT_PAGES_H

#include "worker.h"

#define ALERT_PAGE_DOCUMENTS 256

typedef struct {
    uint32_t partition;
    const char *after; /* document id, or "" */
    uint32_t limit;    /* at most ALERT_PAGE_DOCUMENTS */
    const tt_rows *rows; /* PatentDocument by id; fewer than the limit: the end. Valid until w->reads begins anew */
} alert_page;
TT_MUST_USE tt_status alert_page_read (alert_worker *w, alert_page *page, tt_error *error);

/* A document of a page; NULL: it was withdrawn meanwhile, or cannot be read, which is counted. The caller's to free. */
PatentDocument *alert_page_document (alert_worker *w, const alert_page *page, size_t i);

/* The legal events of a document that stand, by its publication's and its application's number. */
typedef struct {
    const PatentDocument *document;
    LegalRecord **records; /* of the caller, by alert_legal_list_free */
    size_t count;
} alert_legal_list;
TT_MUST_USE tt_status alert_legal_list_read (alert_worker *w, tt_batch *batch, alert_legal_list *list, tt_error *error);
void alert_legal_list_free (alert_legal_list *list);

/* At the end of a page, when all is committed: takes back what it raised of documents that are withdrawn by now. The page's rows are invalid
 * afterwards. */
TT_MUST_USE tt_status alert_page_check (alert_worker *w, const alert_page *page, tt_error *error);

#endif
