/* Sends the records of one file to a service: batches, several under way, settled in order, so that at any moment the ledger says
 * exactly which records are done. An upload that dies is resumed at the first batch that is not settled; what that batch had
 * reached the service is answered UNCHANGED or taken as the same record again. What a source has deleted is withdrawn in its
 * place among the records; what the service never had, or had withdrawn, is unchanged. One thread. */
#ifndef TTCTL_UPLOAD_H
#define TTCTL_UPLOAD_H

#include <stdio.h>

#include "bus/client.h"
#include "import/import.h"
#include "import/ledger.h"

typedef struct {
    tt_import *import;
    tt_ledger *ledger;
    tt_client *client; /* NULL: a dry run, nothing is sent */
    tt_import_kind kind;
    size_t batch; /* records in a command */
    FILE *print;  /* accepted records are written to it as they are converted, a line of proto3 JSON each; NULL: they are not */
    void (*progress) (void *context, const tt_ledger_counts *counts);
    void *context;
} tt_upload;

/* Until the end of the file. UNAVAILABLE or DEADLINE_EXCEEDED if the service cannot be reached, other statuses if it refuses the
 * command as such or the file cannot be read further; the ledger then says how far it came. */
TT_MUST_USE tt_status tt_upload_run (const tt_upload *upload, tt_error *error);

#endif
