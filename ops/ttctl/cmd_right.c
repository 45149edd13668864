/* patent legal, withdraw, portfolio, backfill: what happens to rights, and whose they are. */
#include <patent.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define SERVICE "techtransfer.patent.v1.PatentAlert/"
#define MESSAGE(name) &techtransfer__patent__v1__##name##__descriptor

static const ctl_option legal_options[] = {
    { "office", "office", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "who says so, WIPO ST.3: CN" },
    { "code", "code", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the office's code: CF01" },
    { "publication", NULL, CTL_TEXT, CTL_OPERAND, "number of the right: CN.111504366.B, or CN.111504366" },
    { "application", NULL, CTL_TEXT, 0, "or of its application: CN.202010123456" },
    { "date", "effective_date", CTL_TEXT, 0, "when it takes effect" },
    { "announced", "announced_date", CTL_TEXT, 0, "of the gazette" },
    { "category", "category", CTL_TEXT, 0, "ST.27 letter, where the daemon's catalogue does not know the code" },
    { "text", "text", CTL_TEXT, 0, "as published" },
    { "party", NULL, CTL_TEXT, CTL_REPEATED, "new owner, licensee, pledgee ..." },
    { "corrects", "corrects", CTL_TEXT, 0, "event id that it takes back or corrects" },
    { "family", "family_id", CTL_TEXT, 0, "if known" },
    { "revision", "revision", CTL_NUMBER, 0, "higher than that of the record that it replaces (0)" },
    { "source", "source", CTL_TEXT, 0, "where it is from" },
    { 0 },
};
static const ctl_option withdraw_options[] = {
    { "document", "document_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "CN.111504366.B" },
    { "reason", "reason", CTL_TEXT, 0, "goes into the retracted alerts" },
    { "family", "family_id", CTL_TEXT, 0, "the family that it was submitted with" },
    { 0 },
};
static const ctl_option portfolio_put_options[] = {
    { "owner", "portfolio.owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose it is" },
    { "name", "portfolio.name", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a-z 0-9 - _ ." },
    { "publication", "portfolio.publications", CTL_TEXT, CTL_OPERAND | CTL_REPEATED, "CN111504366B or CN.111504366.B; kinds do not count" },
    { "query", "portfolio.query", CTL_TEXT, 0, "CQL: every document that matches belongs to it" },
    { 0 },
};
static const ctl_option portfolio_delete_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose it is" },
    { "name", "name", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the portfolio" },
    { 0 },
};
static const ctl_option portfolio_list_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 100 (100)" },
    { "after", "after", CTL_TEXT, 0, "name after which the page begins" },
    { 0 },
};
static const ctl_option backfill_options[] = {
    { "owner", "owner", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", "watch_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the watch" },
    { 0 },
};
static const ctl_column portfolio_columns[] = {
    { "NAME", "name", false, false },
    { "REV", "revision", false, true },
    { "QUERY", "query", false, false },
    { "PUBLICATIONS", "publications", false, false },
    { 0 },
};

/* "CN.111504366.B" or "CN.111504366"; NULL if it is neither. */
static json_t *
reference (const char *text)
{
    char country[3] = "", number[33] = "", kind[5] = "", behind = 0;
    int parts = sscanf (text, "%2[A-Z].%32[A-Z0-9].%4[A-Z0-9]%c", country, number, kind, &behind);
    if (parts < 2 || parts > 3 || strlen (country) != 2 || (parts == 2 && text[3 + strlen (number)]))
        return NULL;
    return json_pack ("{s:s, s:s, s:s}", "country", country, "number", number, "kind", kind);
}

/* False after a message. */
static bool
set_reference (const ctl_args *args, const char *option, json_t *event)
{
    const char *text = ctl_get (args, option);
    json_t *value = text ? reference (text) : NULL;
    if (value)
        json_object_set_new (event, option, value);
    else if (text)
        fprintf (stderr, "ttctl: --%s: \"%s\": expected country, number and perhaps kind, as in CN.111504366.B\n", option, text);
    return value || text == NULL;
}

static int
submit_legal (const ctl_args *args)
{
    json_t *event = ctl_request (args), *reply = NULL, *parties = json_array ();
    bool good = event && set_reference (args, "publication", event) && set_reference (args, "application", event);
    if (!good) {
        json_decref (event);
        json_decref (parties);
        return CTL_USAGE;
    }
    for (size_t i = 0; i < ctl_count (args, "party"); i++)
        json_array_append_new (parties, json_pack ("{s:s}", "name", ctl_value_at (args, "party", i)));
    json_object_set_new (event, "parties", parties);
    json_t *fields = json_pack ("{s:[o]}", "events", event);
    int code = ctl_exchange (args, CTL_PATENT, fields, &reply);
    json_decref (fields);
    if (code != CTL_OK)
        return code;
    const json_t *result = ctl_at (reply, "results.0");
    const char *outcome = json_string_value (json_object_get (result, "outcome"));
    if (ctl_has (args, "json"))
        ctl_print_json (result);
    else
        ctl_print_record (result);
    code = outcome && strcmp (outcome, "REJECTED") == 0 ? CTL_REFUSED : CTL_OK;
    json_decref (reply);
    return code;
}

#define CALL(name_, request_, reply_)                                                                                               \
    .run = ctl_call, .service = CTL_PATENT, .method = SERVICE name_, .request = MESSAGE (request_), .reply = MESSAGE (reply_)

const ctl_command ctl_right_commands[] = {
    { .name = "patent legal submit",
      .summary = "Submits a legal event of a right",
      .examples = "  ttctl patent legal submit CN CF01 CN.111504366.B --date 2026-11-01\n"
                  "  ttctl patent legal submit CN TR01 CN.111504366 --party 某某公司 --announced 2026-11-20\n"
                  "  ttctl patent legal submit CN CF01 CN.111504366 --category Y --corrects p.CN111504366-8f0c2a51d9e3b746",
      .options = legal_options,
      .run = submit_legal,
      .service = CTL_PATENT,
      .method = SERVICE "SubmitLegalEvents",
      .request = MESSAGE (submit_legal_events_request),
      .reply = MESSAGE (submit_legal_events_reply) },
    { .name = "patent withdraw",
      .summary = "Takes a document back: alerts that it brought are retracted",
      .examples = "  ttctl patent withdraw CN.111504366.B --reason 'published in error'",
      .options = withdraw_options,
      CALL ("WithdrawPatent", withdraw_patent_request, withdraw_patent_reply) },
    { .name = "patent portfolio put",
      .summary = "Names a set of an owner's publications, for own=<name> in its watches",
      .examples = "  ttctl patent portfolio put ent-4 core CN111504366B US11222333B2\n"
                  "  ttctl patent portfolio put ent-4 batteries --query 'pa=\"某某公司\" and ic=H01M'",
      .options = portfolio_put_options,
      CALL ("PutPortfolio", put_portfolio_request, put_portfolio_reply) },
    { .name = "patent portfolio delete",
      .summary = "Takes a portfolio out",
      .examples = "  ttctl patent portfolio delete ent-4 core",
      .options = portfolio_delete_options,
      CALL ("DeletePortfolio", delete_portfolio_request, delete_portfolio_reply) },
    { .name = "patent portfolio list",
      .summary = "Lists an owner's portfolios",
      .examples = "  ttctl patent portfolio list ent-4",
      .options = portfolio_list_options,
      CALL ("ListPortfolios", list_portfolios_request, list_portfolios_reply),
      .rows = "portfolios",
      .columns = portfolio_columns },
    { .name = "patent backfill",
      .summary = "Shows how far the back-fill of a watch has come",
      .examples = "  ttctl patent backfill ent-4 graphene",
      .options = backfill_options,
      CALL ("GetBackfill", get_backfill_request, get_backfill_reply) },
    { 0 },
};
