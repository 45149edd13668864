/* A technology contract against its rules, and what becomes of a registration, a correction or a cancellation of it. Pure decisions:
 * the stored contract in, the contract to store out.
 *
 *   none ── register ──► revision 1 ── correct ──► revision n + 1 ── cancel ──► cancelled (final)
 *
 * What was answered once is answered alike when it is sent again. Not for counts (services/statistics/effects.c). Values only; no
 * thread rule. */
#ifndef INGEST_CONTRACT_H
#define INGEST_CONTRACT_H

#include "catalog/catalog.h"
#include "types.h"
#include "wire/validate.h"

typedef Techtransfer__Achievement__V1__Contract ingest_contract;

/* Amounts are summed over districts and years in 2^53 fen: 900 contracts of this size fit. */
#define INGEST_CONTRACT_MOST_FEN INT64_C (10000000000000)

/* Adds what is wrong with a contract below the present prefix. All strings must be UTF-8 (tt_validate_utf8). */
void ingest_validate_contract (const ingest_contract *contract, const tt_catalog *catalog, tt_violations *v);
/* Likewise of a number alone; the field is "contract_number". */
bool ingest_validate_contract_number (const char *number, tt_violations *v);

/* A valid contract in the form in which it is stored: number normalised, achievement_ids set, nothing of what the daemon sets. Shallow; in
 * the arena. */
ingest_contract *ingest_contract_normalised (tt_arena *arena, const ingest_contract *in);
/* Both say the same, apart from what the daemon sets. */
bool ingest_same_contract (const ingest_contract *a, const ingest_contract *b);

typedef enum {
    INGEST_CONTRACT_WRITE,
    INGEST_CONTRACT_UNCHANGED, /* answered with what is stored */
    INGEST_CONTRACT_REFUSED
} ingest_contract_step;

typedef struct {
    ingest_contract_step step;
    tt_status code;     /* of a refusal */
    const char *reason; /* likewise; static storage */
} ingest_contract_verdict;

/* stored: NULL if there is none; in: normalised. */
ingest_contract_verdict ingest_judge_registration (const ingest_contract *stored, const ingest_contract *in);
ingest_contract_verdict ingest_judge_correction (const ingest_contract *stored, const ingest_contract *in, uint64_t revision);
ingest_contract_verdict ingest_judge_cancellation (const ingest_contract *stored, uint64_t revision); /* 0: whichever revision */

#endif
