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

tt_handler alert_submit_legal; /* one item of SubmitLegalEvents */
tt_handler alert_withdraw_patent;
tt_handler alert_put_portfolio;
tt_handler alert_delete_portfolio;
tt_handler alert_list_portfolios;
tt_handler alert_get_backfill;

/* -- of the processor -- */

/* Commits an alert that the matcher made (the request is an alert_order): once for each alert id, with the next number of the owner's
 * inbox, told at once or put into a digest; counts it for the watches' brakes. An alert id that is known is left as it is: then there is
 * no reply. */
tt_handler alert_raise;

/* Tells of a digest that is due (the request is its key, a text): one AlertDigest of at most 1000 numbers. Replies with it; without a reply
 * there was nothing to tell any more. */
tt_handler alert_tell_digest;

/* Marks alerts of one owner as retracted and tells so; those that wait in a digest are taken out of it. Replies with the AlertRetracted, of
 * the numbers that had been told; no reply: all were retracted already. */
typedef struct {
    const char *owner;
    const char *cause;
    const char *reason;
    const uint64_t *numbers; /* ascending, at most ALERT_BATCH_MAX */
    size_t count;
} alert_retraction;
tt_handler alert_retract;

/* Refuses with all violations. */
void alert_refuse (tt_txn *txn, const tt_violations *violations);
/* Takes a stored document's row and its places in the indexes out; the transaction is at its family. */
void alert_forget_document (tt_txn *txn, const PatentDocument *document, tt_bytes id);
/* A buffer's bytes in the transaction's arena, NUL-terminated (the NUL is not counted); frees the buffer. */
tt_bytes alert_keep (tt_txn *txn, tt_buffer *buffer);
/* limit as given: 0 is the default. Adds a violation if it is too high. */
bool alert_check_limit (uint32_t limit, tt_violations *violations);
/* What names one thing of an owner is checked, refused if it is wrong, and the transaction goes to the owner's partition: true if so. */
bool alert_goes_to (tt_txn *txn, const char *owner, const char *field, const char *name);
/* A page of an owner's things, behind the one with this name ("": from the start), one more than `limit` if there are more; NULL: refused, or not
 * read yet. limit: checked, not 0. */
const tt_rows *alert_page_of (tt_txn *txn, const char *owner, const char *after, uint32_t limit, const char *index, const char *table);
/* Violations as texts[TT_VIOLATIONS_MAX] in the arena; how many. */
size_t alert_violation_texts (tt_txn *txn, const tt_violations *violations, char **texts);
/* "owner/name" in the transaction's arena. */
tt_bytes alert_key_of (tt_txn *txn, const char *owner, const char *name);
/* "inbox." + owner in the transaction's arena. */
const char *alert_name_of (tt_txn *txn, const char *prefix, const char *owner);

#endif
