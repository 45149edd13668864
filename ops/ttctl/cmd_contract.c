/* achievement contract: technology contracts as a registering office keeps them. */
#include <achievement.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define SERVICE "techtransfer.achievement.v1.AchievementIngest/"
#define MESSAGE(name) &techtransfer__achievement__v1__##name##__descriptor

/* "lab/17", or "a-0123456789abcdef". */
static json_t *
achievement_of (const char *text)
{
    const char *slash = strchr (text, '/');
    if (!slash)
        return json_pack ("{s:s}", "achievementId", text);
    return json_pack ("{s:o, s:s}", "source", json_stringn (text, (size_t)(slash - text)), "sourceId", slash + 1);
}

static int
run_put (const ctl_args *args)
{
    json_t *fields = ctl_request (args), *reply = NULL;
    if (!fields)
        return CTL_USAGE;
    json_t *achievements = json_array ();
    for (size_t i = 0; i < ctl_count (args, "achievement"); i++)
        json_array_append_new (achievements, achievement_of (ctl_value_at (args, "achievement", i)));
    json_object_set_new (json_object_get (fields, "contract"), "achievements", achievements);
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (json_object_get (reply, "contract"));
    if (code == CTL_OK && json_is_true (json_object_get (reply, "unchanged")))
        fprintf (stderr, "unchanged\n");
    json_decref (fields);
    json_decref (reply);
    return code;
}

/* A partition's pages one after the other, then the next partition. Takes *where and leaves there the next request, or NULL. */
static int
list_page (const ctl_args *args, json_t **where, json_t *all)
{
    json_t *reply = NULL;
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, *where, &reply);
    json_decref (*where);
    *where = NULL;
    if (code != CTL_OK)
        return code;
    json_t *contracts = json_object_get (reply, "contracts");
    if (contracts)
        json_array_extend (all, contracts);
    if (json_is_true (json_object_get (reply, "more"))) {
        json_t *after = json_object_get (reply, "nextAfter"), *partition = json_object_get (reply, "nextPartition");
        *where = json_pack ("{s:i, s:O, s:O}", "limit", 500, "partition", partition, "after", after ? after : json_null ());
    }
    json_decref (reply);
    return CTL_OK;
}

static int
run_list (const ctl_args *args)
{
    json_t *all = json_array (), *where = json_pack ("{s:i}", "limit", 500);
    int code = CTL_OK;
    while (where && code == CTL_OK)
        code = list_page (args, &where, all);
    if (code == CTL_OK && ctl_has (args, "json")) {
        json_t *shown = json_pack ("{s:O}", "contracts", all);
        ctl_print_json (shown);
        json_decref (shown);
    } else if (code == CTL_OK) {
        ctl_print_table (all, args->command->columns);
    }
    json_decref (all);
    return code;
}

#define CONTRACT_OPTIONS                                                                                                              \
    { "number", "contract.contract_number", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the registering office" },                       \
        { "title", "contract.title", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the contract" },                                        \
        { "type", "contract.type", CTL_ENUM, CTL_REQUIRED, "development, transfer, consulting, service or licence" },                  \
        { "buyer", "contract.buyer.name", CTL_TEXT, CTL_REQUIRED, "who acquires" },                                                    \
        { "buyer-district", "contract.buyer.district", CTL_TEXT, 0, "key of a district" },                                             \
        { "seller", "contract.seller.name", CTL_TEXT, CTL_REQUIRED, "who provides" },                                                  \
        { "seller-district", "contract.seller.district", CTL_TEXT, 0, "key of a district: there the contract counts" },                \
        { "amount", "contract.amount_fen", CTL_MONEY, CTL_REQUIRED, "of the whole contract, in yuan" },                                \
        { "technology-amount", "contract.technology_amount_fen", CTL_MONEY, 0, "what of it is for technology, in yuan (0)" },          \
        { "date", "contract.date", CTL_TEXT, CTL_REQUIRED, "ISO date on which it was recognised" },                                    \
        { "field", "contract.hightech_field", CTL_TEXT, 0, "high-tech field" },                                                        \
        { "achievement", NULL, CTL_TEXT, CTL_REPEATED, "SOURCE/ID or achievement id" }

static const ctl_option put_options[] = { CONTRACT_OPTIONS, { 0 } };
static const ctl_option correct_options[] = {
    CONTRACT_OPTIONS,
    { "revision", "revision", CTL_NUMBER, CTL_REQUIRED, "the one that is corrected" },
    { "reason", "reason", CTL_TEXT, 0, "why" },
    { 0 },
};
static const ctl_option cancel_options[] = {
    { "number", "contract_number", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the registering office" },
    { "revision", "revision", CTL_NUMBER, 0, "the one that was looked at (whichever)" },
    { "reason", "reason", CTL_TEXT, 0, "why" },
    { 0 },
};
static const ctl_option show_options[] = {
    { "number", "contract_number", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the registering office" },
    { 0 },
};
static const ctl_option list_options[] = { { 0 } };
static const ctl_column columns[] = {
    { "CONTRACT", "contractNumber", false, false },
    { "TYPE", "type", false, false },
    { "DATE", "date", false, false },
    { "AMOUNT", "amountFen", true, true },
    { "TECHNOLOGY", "technologyAmountFen", true, true },
    { "SELLER IN", "seller.district", false, false },
    { "TITLE", "title", false, false },
    { "CANCELLED", "cancelled", false, false },
    { 0 },
};

const ctl_command ctl_contract_commands[] = {
    { .name = "achievement contract put",
      .summary = "Registers a technology contract",
      .examples = "  ttctl achievement contract put 2018-330200-000123 '硅碳负极材料开发' --type development --buyer 'Ent 4' \\\n"
                  "    --seller 'Institute' --seller-district yinzhou --amount 1200000 --technology-amount 900000 --date 2018-03-05",
      .options = put_options,
      .run = run_put,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "RegisterContract",
      .request = MESSAGE (register_contract_request),
      .reply = MESSAGE (register_contract_reply) },
    { .name = "achievement contract correct",
      .summary = "Corrects a registered contract: the whole of it as it should be",
      .examples = "  ttctl achievement contract correct 2018-330200-000123 '硅碳负极材料开发' --revision 1 --type transfer --buyer 'Ent 4' \\\n"
                  "    --seller 'Institute' --seller-district yinzhou --amount 1200000 --date 2018-03-05 --reason 'wrong type'",
      .options = correct_options,
      .run = run_put,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "CorrectContract",
      .request = MESSAGE (correct_contract_request),
      .reply = MESSAGE (correct_contract_reply) },
    { .name = "achievement contract cancel",
      .summary = "Cancels a contract, for good: it counts no more",
      .examples = "  ttctl achievement contract cancel 2018-330200-000123 --reason 'never performed'",
      .options = cancel_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "CancelContract",
      .request = MESSAGE (cancel_contract_request),
      .reply = MESSAGE (cancel_contract_reply) },
    { .name = "achievement contract show",
      .summary = "Shows a contract",
      .examples = "  ttctl achievement contract show 2018-330200-000123",
      .options = show_options,
      .run = ctl_call,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "GetContract",
      .request = MESSAGE (get_contract_request),
      .reply = MESSAGE (get_contract_reply) },
    { .name = "achievement contract list",
      .summary = "Lists all contracts, cancelled ones too",
      .examples = "  ttctl achievement contract list",
      .options = list_options,
      .run = run_list,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "ListContracts",
      .request = MESSAGE (list_contracts_request),
      .reply = MESSAGE (list_contracts_reply),
      .columns = columns },
    { 0 },
};
