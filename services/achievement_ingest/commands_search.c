/* SearchAchievements: asked beside the commands (bus/service.h), so that no commit waits for it. */
#include "commands.h"

#define RETRY_AFTER_MS 500

void
ingest_search_achievements (tt_answer *answer, void *service)
{
    ingest_service *s = service;
    ingest_search_reply *reply;
    tt_error error = { 0 };
    tt_status status = ingest_search_answer (s->search, (const ingest_search_request *)answer->request, answer->deadline_unix_ms,
                                             answer->arena, &reply, &error);
    if (status == TT_OK) {
        tt_answer_reply (answer, &reply->base);
        return;
    }
    tt_answer_refuse (answer, status, "%s", error.message);
    answer->retry_after_ms = status == TT_UNAVAILABLE ? RETRY_AFTER_MS : 0;
}
