/* Questions that are answered beside the commands: a bounded queue, a few threads that call tt_method.answer, and a queue of
 * replies that the responder's thread sends. Private to bus/.
 *
 * Requests belong to it from tt_aside_take to tt_aside_next. All functions but those of its own threads are for the responder's
 * thread. */
#ifndef TT_BUS_ASIDE_H
#define TT_BUS_ASIDE_H

#include "bus/request.h"
#include "bus/service.h"
#include "wire/validate.h"

typedef struct tt_aside tt_aside;

/* `threads`: 0 is one for each processor, at most 4. Starts none before the first question. Never NULL. */
tt_aside *tt_aside_new (unsigned threads, size_t queue_max, void *service);
/* Answers what it has taken first; replies that nobody fetched are dropped. */
void tt_aside_destroy (tt_aside **aside);

/* Takes a request whose header was checked. False: as many as there is room for wait already, or no thread can be started. */
bool tt_aside_take (tt_aside *aside, tt_request *request, const tt_method *method);
/* Readable while there may be replies. */
int tt_aside_fd (const tt_aside *aside);

typedef struct tt_aside_job {
    struct tt_aside_job *next;
    tt_request *request; /* owned */
    const tt_method *method;
    tt_arena *arena; /* owned */
    tt_error error;  /* where it was refused before it was asked */
    tt_violations violations;
    tt_answer answer;
} tt_aside_job;
/* The next reply, now the caller's; NULL if there is none. `wait`: until one comes, or nothing is under way. */
tt_aside_job *tt_aside_next (tt_aside *aside, bool wait);
void tt_aside_job_free (tt_aside_job *job);
size_t tt_aside_waiting (tt_aside *aside); /* questions that no thread has begun */

#endif
