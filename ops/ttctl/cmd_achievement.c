/* demand, pushes: what enterprises look for, and the achievements brought to them. */
#include <achievement.pb-c.h>

#include "ctl.h"

#define SERVICE "techtransfer.achievement.v1.AchievementIngest/"
#define MESSAGE(name) &techtransfer__achievement__v1__##name##__descriptor

static const ctl_option put_options[] = {
    { "owner", "demand.owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the enterprise" },
    { "id", "demand.demand_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a-z 0-9 - _ ." },
    { "title", "demand.title", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the demand" },
    { "text", "demand.text", CTL_TEXT, 0, "what is wanted, in words" },
    { "query", "demand.query", CTL_TEXT, 0, "CQL over achievements; without it the words decide" },
    { "kind", "demand.kind", CTL_ENUM, 0, "demand or challenge" },
    { "industry", "demand.industry", CTL_TEXT, 0, "GB/T 4754: C or C39" },
    { "district", "demand.district", CTL_TEXT, 0, "key of a district" },
    { "stage", "demand.stages", CTL_TEXT, CTL_REPEATED, "achievement stage" },
    { "form", "demand.forms", CTL_TEXT, CTL_REPEATED, "achievement form" },
    { "budget", "demand.budget_fen", CTL_MONEY, 0, "in yuan" },
    { "deadline", "demand.deadline", CTL_TEXT, 0, "ISO date; after it the demand is expired; required of a challenge" },
    { "award", "demand.award_fen", CTL_MONEY, 0, "of a challenge, required there; in yuan" },
    { 0 },
};
static const ctl_option delete_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the enterprise" },
    { "id", "demand_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the demand" },
    { 0 },
};
static const ctl_option list_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the enterprise" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { "after", "after", CTL_TEXT, 0, "id after which the page begins" },
    { 0 },
};
static const ctl_option pushes_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose inbox" },
    { "from", "from_number", CTL_NUMBER, 0, "first inbox number wanted (1)" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { 0 },
};
static const ctl_option answer_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose inbox" },
    { "number", "number", CTL_NUMBER, CTL_OPERAND | CTL_REQUIRED, "inbox number" },
    { "answer", "answer", CTL_ENUM, CTL_OPERAND | CTL_REQUIRED, "interested, not-relevant, contracted" },
    { 0 },
};
static const ctl_column demand_columns[] = {
    { "DEMAND", "demandId", false, false },
    { "KIND", "kind", false, false },
    { "BUDGET", "budgetFen", true, true },
    { "AWARD", "awardFen", true, true },
    { "DEADLINE", "deadline", false, false },
    { "STATE", "state", false, false },
    { "TITLE", "title", false, false },
    { "QUERY", "query", false, false },
    { 0 },
};
static const ctl_column push_columns[] = {
    { "NO", "number", false, true },
    { "DEMAND", "demandId", false, false },
    { "SCORE", "score", false, true },
    { "SOURCE", "source", false, false },
    { "TITLE", "achievementTitle", false, false },
    { "REASON", "reason", false, false },
    { "ANSWER", "answer", false, false },
    { 0 },
};

const ctl_command ctl_achievement_commands[] = {
    { .name = "demand put",
      .summary = "Puts a technology demand: new, or in place of the one with this id",
      .examples = "  ttctl demand put ent-4 anode '高容量硅碳负极材料' --text '首次库伦效率 90 % 以上' --budget 500000\n"
                  "  ttctl demand put ent-4 laser 'Compact laser' --query 'ti=laser and ab=fiber'",
      .options = put_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "PutDemand",
      .request = MESSAGE (put_demand_request),
      .reply = MESSAGE (put_demand_reply) },
    { .name = "demand delete",
      .summary = "Takes a demand out",
      .examples = "  ttctl demand delete ent-4 anode",
      .options = delete_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "DeleteDemand",
      .request = MESSAGE (delete_demand_request),
      .reply = MESSAGE (delete_demand_reply) },
    { .name = "demand list",
      .summary = "Lists an enterprise's demands",
      .examples = "  ttctl demand list ent-4",
      .options = list_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "ListDemands",
      .request = MESSAGE (list_demands_request),
      .reply = MESSAGE (list_demands_reply),
      .rows = "demands",
      .columns = demand_columns },
    { .name = "pushes list",
      .summary = "Lists the achievements brought to an enterprise, from an inbox number on",
      .examples = "  ttctl pushes list ent-4 --from 11",
      .options = pushes_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "ListPushes",
      .request = MESSAGE (list_pushes_request),
      .reply = MESSAGE (list_pushes_reply),
      .rows = "pushes",
      .columns = push_columns },
    { .name = "pushes answer",
      .summary = "Answers a push: interested, not-relevant, contracted",
      .examples = "  ttctl pushes answer ent-4 3 interested",
      .options = answer_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "AnswerPush",
      .request = MESSAGE (answer_push_request),
      .reply = MESSAGE (answer_push_reply) },
    { 0 },
};
