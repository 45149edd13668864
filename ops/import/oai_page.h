/* One answer of an OAI-PMH repository, read from end to end in bounded memory: is it well-formed and whole, and what does it say
 * around its records. The records themselves are import.h's. Nothing outside is reached; a DOCTYPE is refused, for the protocol has
 * none and entities only come with one. One thread at a time. */
#ifndef TT_IMPORT_OAI_PAGE_H
#define TT_IMPORT_OAI_PAGE_H

#include "import/source.h"

#define TT_OAI_TEXT 4096 /* bytes of a value around the records; a longer one is refused */

typedef struct {
    int64_t answered_ms;     /* responseDate */
    char error_code[64];     /* "badResumptionToken" ...; "" if the answer is none. Of several the first */
    char error_text[256];
    uint64_t records;        /* in ListRecords or GetRecord */
    char token[TT_OAI_TEXT]; /* resumptionToken; "" if the list ends here */
    uint64_t list_size;      /* completeListSize; 0 if not said */
    uint64_t cursor;         /* records before this page, if said */
    bool identified;         /* an Identify is in it, and then: */
    char repository[256];    /* repositoryName, cut */
    char protocol[16];
    char granularity[32];
    char deleted[16];        /* deletedRecord: no, transient, persistent */
} tt_oai_page;

/* Reads the source to its end. INVALID_ARGUMENT "line <n>: <reason>" for what is no well-formed answer of OAI-PMH, one that is cut
 * off included; errors of tt_source_read. */
TT_MUST_USE tt_status tt_oai_page_read (tt_source *source, tt_oai_page *page, tt_error *error);

#endif
