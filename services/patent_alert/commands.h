/* The commands of PatentAlert: decode, decide, commit. Handlers of store/txn.h; called in the responder's thread. */
#ifndef ALERT_COMMANDS_H
#define ALERT_COMMANDS_H

#include "patent.h"
#include "store/txn.h"
#include "wire/validate.h"

tt_handler alert_submit_patent; /* one item of SubmitPatents */
tt_handler alert_get_patent;
tt_handler alert_put_watch;
tt_handler alert_delete_watch;
tt_handler alert_list_watches;
tt_handler alert_list_alerts;
tt_handler alert_acknowledge;
tt_handler alert_map_patents;

/* Commits an alert that the matcher made (the request is an Alert with number 0): once for each alert id, with the next number of
 * the owner's inbox. An alert id that is known is left as it is. */
tt_handler alert_raise;

/* Refuses with all violations. */
void alert_refuse (tt_txn *txn, const tt_violations *violations);
/* A buffer's bytes in the transaction's arena, NUL-terminated (the NUL is not counted); frees the buffer. */
tt_bytes alert_keep (tt_txn *txn, tt_buffer *buffer);
/* limit as given: 0 is the default. Adds a violation if it is too high. */
bool alert_check_limit (uint32_t limit, tt_violations *violations);
/* "inbox." + owner in the transaction's arena. */
const char *alert_name_of (tt_txn *txn, const char *prefix, const char *owner);

#endif
