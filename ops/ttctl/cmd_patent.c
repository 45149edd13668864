/* watch put, list and delete, alerts: standing queries over patents and what they brought. */
#include <patent.pb-c.h>

#include "ctl.h"

#define SERVICE "techtransfer.patent.v1.PatentAlert/"
#define MESSAGE(name) &techtransfer__patent__v1__##name##__descriptor

static const ctl_option put_options[] = {
    { "owner", "watch.owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", "watch.watch_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a-z 0-9 - _ ." },
    { "query", "watch.query", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "CQL" },
    { "label", "watch.label", CTL_TEXT, 0, "for a person" },
    { "severity", "watch.severity", CTL_ENUM, 0, "info, notice, warning, critical" },
    { "trigger", "watch.triggers", CTL_ENUM, CTL_REPEATED,
      "what makes it speak (publication): grant, lapse, expiry, transfer, licence, pledge, preservation, invalidation, restoration, opposition, "
      "litigation, citation, surge, due, overseas-family" },
    { "due-within", "watch.due_within_days", CTL_NUMBER, 0, "days ahead, for the trigger due (90)" },
    { "overseas", "watch.overseas", CTL_FLAG, 0, "only documents of authorities other than CN" },
    { "delivery", "watch.delivery=DELIVERY_", CTL_ENUM, 0, "at-once (as if not given), daily, weekly" },
    { "most-per-day", "watch.most_per_day", CTL_NUMBER, 0, "alerts a day above which it is told by the daily digest (the daemon's)" },
    { "backfill", "watch.backfill=BACKFILL_", CTL_ENUM, 0, "none (as if not given), since, all: of what was there before" },
    { "backfill-since", "watch.backfill_since", CTL_TEXT, 0, "date, with --backfill since" },
    { "expires", "watch.expires_unix_ms", CTL_TIME, 0, "when it ends" },
    { "mute-until", "watch.mute_until_unix_ms", CTL_TIME, 0, "until when its alerts go to the inbox untold" },
    { "paused", "watch.paused", CTL_FLAG, 0, "it sees nothing" },
    { 0 },
};
static const ctl_option delete_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", "watch_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the watch" },
    { 0 },
};
static const ctl_option list_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watches" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { "after", "after", CTL_TEXT, 0, "id after which the page begins" },
    { 0 },
};
static const ctl_option alerts_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose inbox" },
    { "from", "from_number", CTL_NUMBER, 0, "first inbox number wanted (1)" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { "open", "unacknowledged_only", CTL_FLAG, 0, "only those not acknowledged" },
    { 0 },
};
static const ctl_option ack_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose inbox" },
    { "number", "numbers", CTL_NUMBER, CTL_OPERAND | CTL_REQUIRED | CTL_REPEATED, "inbox number" },
    { 0 },
};
static const ctl_column watch_columns[] = {
    { "WATCH", "watchId", false, false },     { "SEVERITY", "severity", false, false }, { "LABEL", "label", false, false },
    { "REV", "revision", false, true },       { "TRIGGERS", "triggers", false, false }, { "DELIVERY", "delivery", false, false },
    { "PAUSED", "paused", false, false },     { "BRAKED", "braked", false, false },     { "QUERY", "query", false, false },
    { 0 },
};
static const ctl_column alert_columns[] = {
    { "NO", "number", false, true },
    { "SEVERITY", "severity", false, false },
    { "DOCUMENT", "documentId", false, false },
    { "TRIGGER", "trigger", false, false },
    { "DATE", "publicationDate", false, false },
    { "DUE", "dueDate", false, false },
    { "?SURGE OF", "surge.applicant", false, false },
    { "?CLASS", "surge.subclass", false, false },
    { "?FILED", "surge.count", false, true },
    { "?EXPECTED", "surge.expected", false, true },
    { "WATCHES", "matches.*.watchId", false, false },
    { "ACK", "acknowledged", false, false },
    { "VOID", "retracted", false, false },
    { "TITLE", "title", false, false },
    { 0 },
};

const ctl_command ctl_patent_commands[] = {
    { .name = "watch put",
      .summary = "Puts a standing query: new, or in place of the one with this id",
      .examples
      = "  ttctl watch put ent-4 graphene 'ti=石墨烯 and ic=C01B'\n"
        "  ttctl watch put ent-4 magnets 'ta=magnet and ta any \"sintered bonded\"' --severity warning --label 'magnets abroad'\n"
        "  ttctl watch put ent-4 ours 'own=core' --trigger lapse --trigger due --due-within 60 --trigger citation\n"
        "  ttctl watch put ent-4 market 'ic=H01M and ti=电池' --delivery weekly --backfill since --backfill-since 2024-01-01",
      .options = put_options,
      .run = ctl_call,
      .service = CTL_PATENT,
      .method = SERVICE "PutWatch",
      .request = MESSAGE (put_watch_request),
      .reply = MESSAGE (put_watch_reply) },
    { .name = "watch delete",
      .summary = "Takes a standing query out",
      .examples = "  ttctl watch delete ent-4 graphene",
      .options = delete_options,
      .run = ctl_call,
      .service = CTL_PATENT,
      .method = SERVICE "DeleteWatch",
      .request = MESSAGE (delete_watch_request),
      .reply = MESSAGE (delete_watch_reply) },
    { .name = "watch list",
      .summary = "Lists an owner's standing queries",
      .examples = "  ttctl watch list ent-4\n  ttctl watch list ent-4 --json | jq -r '.watches[].query'",
      .options = list_options,
      .run = ctl_call,
      .service = CTL_PATENT,
      .method = SERVICE "ListWatches",
      .request = MESSAGE (list_watches_request),
      .reply = MESSAGE (list_watches_reply),
      .rows = "watches",
      .columns = watch_columns },
    { .name = "alerts list",
      .summary = "Lists an owner's alerts, from an inbox number on",
      .examples = "  ttctl alerts list ent-4 --open\n  ttctl alerts list ent-4 --from 101 --limit 50 --json",
      .options = alerts_options,
      .run = ctl_call,
      .service = CTL_PATENT,
      .method = SERVICE "ListAlerts",
      .request = MESSAGE (list_alerts_request),
      .reply = MESSAGE (list_alerts_reply),
      .rows = "alerts",
      .columns = alert_columns },
    { .name = "alerts ack",
      .summary = "Acknowledges alerts by their inbox numbers",
      .examples = "  ttctl alerts ack ent-4 1 2 3",
      .options = ack_options,
      .run = ctl_call,
      .service = CTL_PATENT,
      .method = SERVICE "AcknowledgeAlerts",
      .request = MESSAGE (acknowledge_alerts_request),
      .reply = MESSAGE (acknowledge_alerts_reply) },
    { 0 },
};
