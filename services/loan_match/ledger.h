/* The rows, numbers and indexes of a market in the store, and what every change of a proposal does to them. The tables are listed
 * in README.md. A market is one partition; its name is part of each table's name, because a partition holds many markets.
 *
 * All functions work inside a transaction (store/txn.h) and follow its rule: what is not read yet says so, and the handler
 * returns. Not for decisions. */
#ifndef LOAN_MATCH_LEDGER_H
#define LOAN_MATCH_LEDGER_H

#include "plan.h"
#include "store/txn.h"

#define MATCH_MONEY_MAX INT64_C (9007199254740991) /* 2^53 - 1 fen */

/* Indexes of a partition over all of its markets; members are "market/id", scores are times (ms). */
#define MATCH_DEADLINES "deadline" /* of held proposals */
#define MATCH_VALIDITY "validity"  /* end of the validity of applications */
#define MATCH_RUNNING "running"    /* rounds that ought to be finished by now */

/* "<kind>:<market>" and "<a>/<b>", in the transaction's arena. */
const char *match_table (tt_txn *txn, const char *kind, const char *market);
tt_bytes match_key (tt_txn *txn, const char *a, const char *b);

typedef enum {
    MATCH_PENDING, /* return at once: not read yet, or refused because the row cannot be read */
    MATCH_ABSENT,
    MATCH_FOUND
} match_found;
/* A row as a message in the transaction's arena; NULL unless MATCH_FOUND. The row guards the commit. */
void *match_read (tt_txn *txn, const char *kind, const char *market, tt_bytes key, const ProtobufCMessageDescriptor *type,
                  match_found *found);
/* A row of a read of several as a message; NULL and the transaction refused if it cannot be read. */
void *match_row (tt_txn *txn, const tt_row *row, const ProtobufCMessageDescriptor *type);
void match_put (tt_txn *txn, const char *kind, const char *market, tt_bytes key, const tt_buffer *value);

/* What is held and confirmed of a capacity. key: "provider" or "provider/product". False: not read yet. */
bool match_taken (tt_txn *txn, const char *market, tt_bytes key, int64_t *held, int64_t *confirmed);
/* The same into a message's held_fen and confirmed_fen. */
bool match_fill_provider (tt_txn *txn, finance_provider *provider);
bool match_fill_product (tt_txn *txn, finance_product *product);
bool match_fill_cap (tt_txn *txn, finance_cap *cap); /* used_fen */

/* The key of a cap's numbers: "cap:<id>" in "used", "cap:<id>/<applicant>" in "exposure" and "financed". No identifier holds a colon. */
#define MATCH_CAP_PREFIX "cap:"
tt_bytes match_cap_key (tt_txn *txn, const char *cap_id, const char *applicant);

/* The cap that a pool is (its balance times its leverage fits into 63 bits); borrows the pool's lists. */
finance_cap match_cap_of_pool (const finance_pool *pool);

/* Confirmed lead equity of an applicant. False: not read yet. */
bool match_confirmed_lead (tt_txn *txn, const char *market, const char *applicant, int64_t *confirmed);

/* How many proposals of an application are held and confirmed. A guarded row. */
typedef struct {
    uint32_t held;
    uint32_t confirmed;
} match_tally;
bool match_tally_read (tt_txn *txn, const char *market, const char *application_id, match_tally *tally);
/* Puts the tally, and the state that follows from it: held ones -> IN_PROPOSAL, else confirmed ones -> FUNDED, else validity over
 * -> CLOSED, else OPEN. Keeps the application's row and its place among the open ones. Both rows have been read by this
 * transaction. */
void match_settle (tt_txn *txn, finance_application *application, match_tally tally);
/* Writes a new or revised application that is OPEN, with its places in the indexes. */
void match_put_open (tt_txn *txn, finance_application *application);

/* When the validity ends: 24:00 of the day in UTC+8 (ms); INT64_MAX without one. valid_until: "" or a date. */
int64_t match_validity_end (const char *valid_until);
int64_t match_day_start (const char *date); /* 0:00 of it in UTC+8; INT64_MAX if it is no date */

/* A new proposal: its row, deadline and places in the lists, and the events for both parties. The capacity is the caller's. */
void match_put_proposal (tt_txn *txn, finance_proposal *proposal);
/* Its capacity is confirmed (it stays taken), or so much of it given back. follows: it follows lead equity, so it is none itself. */
void match_confirm_capacity (tt_txn *txn, const finance_proposal *proposal, bool follows);
void match_release_capacity (tt_txn *txn, const finance_proposal *proposal, int64_t amount);

/* The key of a sum by district or special: "<kind>:<id>". */
tt_bytes match_account_key (tt_txn *txn, const char *kind, const char *id);
/* Adds to all sums of a table ("used", "confirmed", "disbursed", "repaid", "lost") that the proposal counts under: provider, product, caps, district,
 * specials. count_part: to the last two only. */
void match_count (tt_txn *txn, const char *table, const finance_proposal *proposal, int64_t delta);
void match_count_part (tt_txn *txn, const char *table, const finance_proposal *proposal, int64_t delta);

/* An event under the topic "finance/<kind>/<segment>/", with a second segment unless NULL. */
void match_event (tt_txn *txn, const char *kind, const char *segment, const char *second, const char *subject,
                  const ProtobufCMessage *body);

#endif
