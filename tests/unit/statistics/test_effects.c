/* Events of the other services and what they change in the counts. */
#include <criterion/criterion.h>

#include "achievement.pb-c.h"
#include "effects.h"
#include "finance.pb-c.h"
#include "patent.pb-c.h"

typedef Techtransfer__Achievement__V1__Achievement achievement;
typedef Techtransfer__Finance__V1__Proposal proposal;

static tt_arena *arena;
static stats_effects got;
static tt_error error;

static void
setup (void)
{
    arena = tt_arena_new (0);
}

static void
teardown (void)
{
    tt_arena_destroy (&arena);
}

TestSuite (effects, .init = setup, .fini = teardown);

static tt_status
effects_of (const char *type, const ProtobufCMessage *body)
{
    uint8_t packed[2048];
    size_t size = protobuf_c_message_pack (body, packed);
    error = (tt_error){ 0 };
    return stats_effects_of (type, (tt_bytes){ packed, size }, arena, &got, &error);
}

static void
expect (size_t i, stats_count count, int64_t delta, const char *district, size_t specials)
{
    cr_assert_lt (i, got.count);
    cr_expect_eq (got.items[i].count, count, "effect %zu is %s", i, stats_count_kind_of (got.items[i].count)->name);
    cr_expect_eq (got.items[i].delta, delta);
    cr_expect_str_eq (got.items[i].district, district);
    cr_expect_eq (got.items[i].special_count, specials);
}

static achievement
an_achievement (uint32_t *specials, size_t count)
{
    achievement a = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    a.district = "yinzhou";
    a.specials = specials;
    a.n_specials = count;
    return a;
}

Test (effects, a_publication_counts_by_country_and_a_correction_not_at_all)
{
    Techtransfer__Patent__V1__DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    Techtransfer__Patent__V1__PatentDocument document = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
    Techtransfer__Patent__V1__PatentPublished event = TECHTRANSFER__PATENT__V1__PATENT_PUBLISHED__INIT;
    publication.country = "CN";
    document.publication = &publication;
    event.document = &document;
    cr_assert_eq (effects_of ("techtransfer.patent.v1.PatentPublished", &event.base), TT_OK);
    cr_assert_eq (got.count, 1);
    expect (0, STATS_PATENTS_PUBLISHED, 1, "", 0);
    cr_expect_str_eq (got.items[0].detail, "CN");
    event.correction = true;
    cr_assert_eq (effects_of ("techtransfer.patent.v1.PatentPublished", &event.base), TT_OK);
    cr_expect_eq (got.count, 0);
}

Test (effects, a_watch_is_a_member_that_comes_and_goes)
{
    Techtransfer__Patent__V1__Watch watch = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    Techtransfer__Patent__V1__WatchChanged event = TECHTRANSFER__PATENT__V1__WATCH_CHANGED__INIT;
    watch.owner = "ent-4";
    watch.watch_id = "magnets";
    event.watch = &watch;
    cr_assert_eq (effects_of ("techtransfer.patent.v1.WatchChanged", &event.base), TT_OK);
    expect (0, STATS_WATCHES_ACTIVE, 1, "", 0);
    cr_expect_str_eq (got.items[0].member, "ent-4/magnets");
    event.deleted = true;
    cr_assert_eq (effects_of ("techtransfer.patent.v1.WatchChanged", &event.base), TT_OK);
    expect (0, STATS_WATCHES_ACTIVE, -1, "", 0);
}

Test (effects, a_revised_achievement_moves)
{
    uint32_t before[] = { 1, 2 }, now[] = { 3, 3 };
    achievement a = an_achievement (now, 2);
    Techtransfer__Achievement__V1__AchievementRevised event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REVISED__INIT;
    event.achievement = &a;
    event.previous_district = "cixi";
    event.previous_specials = before;
    event.n_previous_specials = 2;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.AchievementRevised", &event.base), TT_OK);
    cr_assert_eq (got.count, 2);
    expect (0, STATS_ACHIEVEMENTS_REGISTERED, -1, "cixi", 2);
    expect (1, STATS_ACHIEVEMENTS_REGISTERED, 1, "yinzhou", 1); /* a special named twice is one special */
}

Test (effects, a_withdrawn_achievement_is_taken_back)
{
    uint32_t specials[] = { 7 };
    achievement a = an_achievement (specials, 1);
    Techtransfer__Achievement__V1__AchievementWithdrawn event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_WITHDRAWN__INIT;
    event.achievement = &a;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.AchievementWithdrawn", &event.base), TT_OK);
    expect (0, STATS_ACHIEVEMENTS_REGISTERED, -1, "yinzhou", 1);
}

Test (effects, only_the_first_push_of_an_achievement_feeds_the_target)
{
    Techtransfer__Achievement__V1__AchievementPushed event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_PUSHED__INIT;
    event.district = "beilun";
    event.first_push_of_achievement = true;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.AchievementPushed", &event.base), TT_OK);
    cr_assert_eq (got.count, 2);
    expect (0, STATS_PUSHES_MADE, 1, "beilun", 0);
    expect (1, STATS_ACHIEVEMENTS_PUSHED, 1, "beilun", 0);
    event.first_push_of_achievement = false;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.AchievementPushed", &event.base), TT_OK);
    cr_expect_eq (got.count, 1);
}

typedef Techtransfer__Achievement__V1__Contract contract;

static contract
a_contract (Techtransfer__Achievement__V1__ContractParty *seller, int64_t amount, int64_t technology)
{
    contract c = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT__INIT;
    techtransfer__achievement__v1__contract_party__init (seller);
    seller->district = (char *)"yinzhou";
    c.seller = seller;
    c.type = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_TYPE__DEVELOPMENT;
    c.amount_fen = amount;
    c.technology_amount_fen = technology;
    return c;
}

Test (effects, a_contract_counts_with_its_amounts_by_type_where_the_seller_is)
{
    Techtransfer__Achievement__V1__ContractParty seller;
    contract c = a_contract (&seller, 1000, 600);
    Techtransfer__Achievement__V1__ContractRegistered event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_REGISTERED__INIT;
    event.contract = &c;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.ContractRegistered", &event.base), TT_OK);
    cr_assert_eq (got.count, 3);
    expect (0, STATS_CONTRACTS, 1, "yinzhou", 0);
    expect (1, STATS_CONTRACT_FEN, 1000, "yinzhou", 0);
    expect (2, STATS_CONTRACT_TECHNOLOGY_FEN, 600, "yinzhou", 0);
    cr_expect_str_eq (got.items[2].detail, "development");
    c.technology_amount_fen = 0;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.ContractRegistered", &event.base), TT_OK);
    cr_expect_eq (got.count, 2);
    c.technology_amount_fen = 1001;
    cr_expect_eq (effects_of ("techtransfer.achievement.v1.ContractRegistered", &event.base), TT_INVALID_ARGUMENT);
    cr_expect_eq (got.count, 0);
}

Test (effects, a_corrected_contract_moves_and_a_cancelled_one_is_taken_back)
{
    Techtransfer__Achievement__V1__ContractParty seller, other;
    contract before = a_contract (&seller, 1000, 600), now = a_contract (&other, 900, 500);
    other.district = "cixi";
    now.type = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_TYPE__LICENCE;
    Techtransfer__Achievement__V1__ContractCorrected corrected = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CORRECTED__INIT;
    corrected.contract = &now;
    corrected.previous = &before;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.ContractCorrected", &corrected.base), TT_OK);
    cr_assert_eq (got.count, 6);
    expect (0, STATS_CONTRACTS, -1, "yinzhou", 0);
    expect (2, STATS_CONTRACT_TECHNOLOGY_FEN, -600, "yinzhou", 0);
    cr_expect_str_eq (got.items[2].detail, "development");
    expect (3, STATS_CONTRACTS, 1, "cixi", 0);
    expect (4, STATS_CONTRACT_FEN, 900, "cixi", 0);
    cr_expect_str_eq (got.items[4].detail, "licence");
    Techtransfer__Achievement__V1__ContractCancelled cancelled = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CANCELLED__INIT;
    cancelled.contract = &now;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.ContractCancelled", &cancelled.base), TT_OK);
    cr_assert_eq (got.count, 3);
    expect (1, STATS_CONTRACT_FEN, -900, "cixi", 0);
}

Test (effects, an_expired_demand_is_gone_until_it_is_open_again)
{
    Techtransfer__Achievement__V1__Demand demand = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    demand.owner = "ent-4";
    demand.demand_id = "anode";
    Techtransfer__Achievement__V1__DemandExpired expired = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_EXPIRED__INIT;
    expired.demand = &demand;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.DemandExpired", &expired.base), TT_OK);
    expect (0, STATS_DEMANDS_OPEN, -1, "", 0);
    Techtransfer__Achievement__V1__DemandChanged changed = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_CHANGED__INIT;
    changed.demand = &demand;
    demand.state = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__EXPIRED;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.DemandChanged", &changed.base), TT_OK);
    expect (0, STATS_DEMANDS_OPEN, -1, "", 0);
    demand.state = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__OPEN;
    cr_assert_eq (effects_of ("techtransfer.achievement.v1.DemandChanged", &changed.base), TT_OK);
    expect (0, STATS_DEMANDS_OPEN, 1, "", 0);
}

Test (effects, a_proposal_told_to_two_parties_counts_once)
{
    proposal p = TECHTRANSFER__FINANCE__V1__PROPOSAL__INIT;
    Techtransfer__Finance__V1__ProposalMade event = TECHTRANSFER__FINANCE__V1__PROPOSAL_MADE__INIT;
    p.applicant = "ent-1";
    p.provider_id = "bank-1";
    p.district = "haishu";
    event.proposal = &p;
    event.party = "ent-1";
    cr_assert_eq (effects_of ("techtransfer.finance.v1.ProposalMade", &event.base), TT_OK);
    expect (0, STATS_PROPOSALS_MADE, 1, "haishu", 0);
    event.party = "bank-1";
    cr_assert_eq (effects_of ("techtransfer.finance.v1.ProposalMade", &event.base), TT_OK);
    cr_expect_eq (got.count, 0);
}

Test (effects, confirmed_capital_counts_in_fen_by_leg)
{
    uint32_t specials[] = { 2, 10 };
    proposal p = TECHTRANSFER__FINANCE__V1__PROPOSAL__INIT;
    Techtransfer__Finance__V1__ProposalConfirmed event = TECHTRANSFER__FINANCE__V1__PROPOSAL_CONFIRMED__INIT;
    p.leg = TECHTRANSFER__FINANCE__V1__LEG__LOAN;
    p.amount_fen = INT64_C (123456789012);
    p.district = "nhtz";
    p.specials = specials;
    p.n_specials = 2;
    event.proposal = &p;
    cr_assert_eq (effects_of ("techtransfer.finance.v1.ProposalConfirmed", &event.base), TT_OK);
    expect (0, STATS_CAPITAL_CONFIRMED_FEN, INT64_C (123456789012), "nhtz", 2);
    cr_expect_str_eq (got.items[0].detail, "loan");
    p.leg = 9;
    cr_expect_eq (effects_of ("techtransfer.finance.v1.ProposalConfirmed", &event.base), TT_INVALID_ARGUMENT);
    cr_expect_eq (got.count, 0);
}

Test (effects, an_application_counts_when_new)
{
    Techtransfer__Finance__V1__Application application = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__ApplicationSubmitted event = TECHTRANSFER__FINANCE__V1__APPLICATION_SUBMITTED__INIT;
    application.district = "daxie";
    event.application = &application;
    cr_assert_eq (effects_of ("techtransfer.finance.v1.ApplicationSubmitted", &event.base), TT_OK);
    expect (0, STATS_APPLICATIONS_SUBMITTED, 1, "daxie", 0);
    event.revised = true;
    cr_assert_eq (effects_of ("techtransfer.finance.v1.ApplicationSubmitted", &event.base), TT_OK);
    cr_expect_eq (got.count, 0);
}

Test (effects, what_is_not_known_or_not_readable_says_so)
{
    tt_bytes garbage = { (const uint8_t *)"\x0a\xff\xff\xff\xff", 5 };
    cr_expect_eq (stats_effects_of ("techtransfer.patent.v1.Nothing", garbage, arena, &got, &error), TT_UNIMPLEMENTED);
    cr_expect_eq (stats_effects_of ("techtransfer.patent.v1.PatentPublished", garbage, arena, &got, &error), TT_INVALID_ARGUMENT);
    cr_expect_eq (stats_effects_of ("techtransfer.achievement.v1.AchievementRegistered", TT_BYTES_NONE, arena, &got, &error),
                  TT_INVALID_ARGUMENT);
    cr_expect_eq (stats_effects_of ("techtransfer.finance.v1.ProviderChanged", garbage, arena, &got, &error), TT_OK);
    /* What is repaid or lost stays counted as confirmed. */
    cr_expect_eq (stats_effects_of ("techtransfer.finance.v1.LoanRepaid", garbage, arena, &got, &error), TT_OK);
    cr_expect_eq (stats_effects_of ("techtransfer.finance.v1.LoanDefaulted", garbage, arena, &got, &error), TT_OK);
    cr_expect_eq (got.count, 0);
}

Test (effects, keys_that_would_break_out_of_a_row_key_are_refused)
{
    Techtransfer__Achievement__V1__Demand demand = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    Techtransfer__Achievement__V1__DemandChanged event = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_CHANGED__INIT;
    demand.owner = "a/b";
    demand.demand_id = "1";
    event.demand = &demand;
    cr_expect_eq (effects_of ("techtransfer.achievement.v1.DemandChanged", &event.base), TT_INVALID_ARGUMENT);
    demand.owner = "ab";
    demand.district = "x/../y";
    cr_expect_eq (effects_of ("techtransfer.achievement.v1.DemandChanged", &event.base), TT_INVALID_ARGUMENT);
    uint32_t specials[] = { 100 };
    achievement a = an_achievement (specials, 1);
    Techtransfer__Achievement__V1__AchievementRegistered registered = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REGISTERED__INIT;
    registered.achievement = &a;
    cr_expect_eq (effects_of ("techtransfer.achievement.v1.AchievementRegistered", &registered.base), TT_INVALID_ARGUMENT);
}
