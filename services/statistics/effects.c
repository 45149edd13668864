#include "effects.h"

#include <string.h>

#include "achievement.pb-c.h"
#include "finance.pb-c.h"
#include "patent.pb-c.h"

#define FEN_MOST INT64_C (9007199254740991) /* 2^53 - 1 */

typedef struct {
    tt_arena *arena;
    stats_effects *out;
    tt_error *error;
} effect_writer;

typedef tt_status effect_reader (effect_writer *writer, const ProtobufCMessage *body);

static const stats_count_kind kinds[STATS_COUNT_NAMES] = {
    [STATS_PATENTS_PUBLISHED] = { "patents_published", "patent", false },
    [STATS_ALERTS_RAISED] = { "alerts_raised", "patent", false },
    [STATS_ALERTS_RETRACTED] = { "alerts_retracted", "patent", false },
    [STATS_WATCHES_ACTIVE] = { "watches_active", "patent", true },
    [STATS_ACHIEVEMENTS_REGISTERED] = { "achievements_registered", "achievement", false },
    [STATS_DUPLICATES] = { "duplicates", "achievement", false },
    [STATS_DEMANDS_OPEN] = { "demands_open", "achievement", true },
    [STATS_PUSHES_MADE] = { "pushes_made", "achievement", false },
    [STATS_ACHIEVEMENTS_PUSHED] = { "achievements_pushed", "achievement", false },
    [STATS_APPLICATIONS_SUBMITTED] = { "applications_submitted", "finance", false },
    [STATS_ROUNDS_COMPLETED] = { "rounds_completed", "finance", false },
    [STATS_PROPOSALS_MADE] = { "proposals_made", "finance", false },
    [STATS_PROPOSALS_RELEASED] = { "proposals_released", "finance", false },
    [STATS_CAPITAL_CONFIRMED_FEN] = { "capital_confirmed_fen", "finance", false },
    [STATS_CONTRACTS] = { "contracts", "achievement", false },
    [STATS_CONTRACT_FEN] = { "contract_fen", "achievement", false },
    [STATS_CONTRACT_TECHNOLOGY_FEN] = { "contract_technology_fen", "achievement", false },
};

const stats_count_kind *
stats_count_kind_of (stats_count count)
{
    return &kinds[count];
}

/* -- messages in an arena
 */

static void *
allocate_in_arena (void *arena, size_t size)
{
    return tt_arena_alloc (arena, size);
}

static void
leave_to_arena (void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

ProtobufCMessage *
stats_unpack (const ProtobufCMessageDescriptor *type, tt_bytes bytes, tt_arena *arena)
{
    ProtobufCAllocator allocator = { allocate_in_arena, leave_to_arena, arena };
    return protobuf_c_message_unpack (type, &allocator, bytes.size, bytes.data);
}

/* -- parts of bodies
 * ----------------------------------------------------------------------------------------------------------------- */

/* Keys of entities become parts of row keys and of what is shown: nothing but the form that the services promise. */
static bool
is_key (const char *text)
{
    size_t size = strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
    return size <= 64 && text[size] == '\0';
}

static stats_effect *
write_effect (effect_writer *writer, stats_count count, int64_t delta)
{
    stats_effect *effect = &writer->out->items[writer->out->count++];
    *effect = (stats_effect){ .count = count, .detail = "", .district = "", .delta = delta };
    return effect;
}

static tt_status
set_place (effect_writer *writer, stats_effect *effect, const char *district, const uint32_t *specials, size_t count)
{
    if (!is_key (district))
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "the district is no key");
    uint32_t *distinct = tt_arena_alloc (writer->arena, (count + 1) * sizeof *distinct);
    bool seen[STATS_SPECIAL_MAX + 1] = { false };
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (specials[i] < 1 || specials[i] > STATS_SPECIAL_MAX)
            return tt_fail (writer->error, TT_INVALID_ARGUMENT, "specials[%zu] is %u", i, specials[i]);
        if (!seen[specials[i]])
            distinct[kept++] = specials[i];
        seen[specials[i]] = true;
    }
    effect->district = district;
    effect->specials = distinct;
    effect->special_count = kept;
    return TT_OK;
}

static tt_status
set_member (effect_writer *writer, stats_effect *effect, const char *owner, const char *id)
{
    if (!owner[0] || !id[0] || !is_key (owner) || !is_key (id))
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "owner or id is no key");
    effect->member = tt_arena_printf (writer->arena, "%s/%s", owner, id);
    return TT_OK;
}

static tt_status
missing (effect_writer *writer, const char *field)
{
    return tt_fail (writer->error, TT_INVALID_ARGUMENT, "%s is missing", field);
}

/* -- patent
 * -------------------------------------------------------------------------------------------------------------------------- */

static tt_status
read_published (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Patent__V1__PatentPublished *event = (const void *)body;
    if (event->correction)
        return TT_OK;
    if (!event->document || !event->document->publication)
        return missing (writer, "document.publication");
    const char *country = event->document->publication->country;
    if (strlen (country) != 2 || strspn (country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "the country is not two capital letters");
    write_effect (writer, STATS_PATENTS_PUBLISHED, 1)->detail = country;
    return TT_OK;
}

static tt_status
read_alert (effect_writer *writer, const ProtobufCMessage *body)
{
    (void)body;
    write_effect (writer, STATS_ALERTS_RAISED, 1);
    return TT_OK;
}

static tt_status
read_digest (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Patent__V1__AlertDigest *event = (const void *)body;
    write_effect (writer, STATS_ALERTS_RAISED, (int64_t)(event->n_numbers + event->n_left_out));
    return TT_OK;
}

static tt_status
read_retracted (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Patent__V1__AlertRetracted *event = (const void *)body;
    write_effect (writer, STATS_ALERTS_RETRACTED, (int64_t)event->n_numbers);
    return TT_OK;
}

static tt_status
read_watch (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Patent__V1__WatchChanged *event = (const void *)body;
    if (!event->watch)
        return missing (writer, "watch");
    stats_effect *effect = write_effect (writer, STATS_WATCHES_ACTIVE, event->deleted ? -1 : 1);
    return set_member (writer, effect, event->watch->owner, event->watch->watch_id);
}

/* -- achievement
 * --------------------------------------------------------------------------------------------------------------------- */

static tt_status
count_achievement (effect_writer *writer, const Techtransfer__Achievement__V1__Achievement *a, int64_t delta)
{
    if (!a)
        return missing (writer, "achievement");
    stats_effect *effect = write_effect (writer, STATS_ACHIEVEMENTS_REGISTERED, delta);
    return set_place (writer, effect, a->district, a->specials, a->n_specials);
}

static tt_status
read_registered (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__AchievementRegistered *event = (const void *)body;
    return count_achievement (writer, event->achievement, 1);
}

static tt_status
read_revised (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__AchievementRevised *event = (const void *)body;
    stats_effect *old = write_effect (writer, STATS_ACHIEVEMENTS_REGISTERED, -1);
    tt_status status = set_place (writer, old, event->previous_district, event->previous_specials, event->n_previous_specials);
    return status == TT_OK ? count_achievement (writer, event->achievement, 1) : status;
}

static tt_status
read_withdrawn (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__AchievementWithdrawn *event = (const void *)body;
    return count_achievement (writer, event->achievement, -1);
}

static tt_status
read_duplicate (effect_writer *writer, const ProtobufCMessage *body)
{
    (void)body;
    write_effect (writer, STATS_DUPLICATES, 1);
    return TT_OK;
}

static tt_status
count_demand (effect_writer *writer, const Techtransfer__Achievement__V1__Demand *demand, bool open)
{
    stats_effect *effect = write_effect (writer, STATS_DEMANDS_OPEN, open ? 1 : -1);
    tt_status status = set_place (writer, effect, demand->district, NULL, 0);
    return status == TT_OK ? set_member (writer, effect, demand->owner, demand->demand_id) : status;
}

static tt_status
read_demand (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__DemandChanged *event = (const void *)body;
    if (!event->demand)
        return missing (writer, "demand");
    bool open = !event->deleted && event->demand->state == TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__OPEN;
    return count_demand (writer, event->demand, open);
}

static tt_status
read_demand_expired (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__DemandExpired *event = (const void *)body;
    return event->demand ? count_demand (writer, event->demand, false) : missing (writer, "demand");
}

static tt_status
read_push (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__AchievementPushed *event = (const void *)body;
    stats_effect *effect = write_effect (writer, STATS_PUSHES_MADE, 1);
    tt_status status = set_place (writer, effect, event->district, event->specials, event->n_specials);
    if (status == TT_OK && event->first_push_of_achievement) {
        stats_effect *first = write_effect (writer, STATS_ACHIEVEMENTS_PUSHED, 1);
        status = set_place (writer, first, event->district, event->specials, event->n_specials);
    }
    return status;
}

static const char *
contract_type_name (Techtransfer__Achievement__V1__ContractType type)
{
    static const char *const names[] = { NULL, "development", "transfer", "consulting", "service", "licence" };
    return (unsigned)type < sizeof names / sizeof *names ? names[type] : NULL;
}

static tt_status
count_contract (effect_writer *writer, const Techtransfer__Achievement__V1__Contract *c, int64_t sign)
{
    if (!c || !c->seller)
        return missing (writer, "contract.seller");
    const char *type = contract_type_name (c->type);
    if (!type)
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "contract type %d is not known", (int)c->type);
    if (c->technology_amount_fen < 0 || c->amount_fen < c->technology_amount_fen || c->amount_fen > FEN_MOST)
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "an amount of %lld fen, of it %lld", (long long)c->amount_fen,
                        (long long)c->technology_amount_fen);
    const struct {
        stats_count count;
        int64_t amount;
    } parts[] = { { STATS_CONTRACTS, 1 }, { STATS_CONTRACT_FEN, c->amount_fen }, { STATS_CONTRACT_TECHNOLOGY_FEN, c->technology_amount_fen } };
    tt_status status = TT_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == TT_OK; i++) {
        if (parts[i].amount == 0)
            continue;
        stats_effect *effect = write_effect (writer, parts[i].count, sign * parts[i].amount);
        effect->detail = type;
        status = set_place (writer, effect, c->seller->district, NULL, 0);
    }
    return status;
}

static tt_status
read_contract_registered (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__ContractRegistered *event = (const void *)body;
    return count_contract (writer, event->contract, 1);
}

static tt_status
read_contract_corrected (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__ContractCorrected *event = (const void *)body;
    tt_status status = count_contract (writer, event->previous, -1);
    return status == TT_OK ? count_contract (writer, event->contract, 1) : status;
}

static tt_status
read_contract_cancelled (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Achievement__V1__ContractCancelled *event = (const void *)body;
    return count_contract (writer, event->contract, -1);
}

/* -- finance
 * ------------------------------------------------------------------------------------------------------------------------- */

static tt_status
read_application (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Finance__V1__ApplicationSubmitted *event = (const void *)body;
    if (event->revised)
        return TT_OK;
    const Techtransfer__Finance__V1__Application *a = event->application;
    if (!a)
        return missing (writer, "application");
    return set_place (writer, write_effect (writer, STATS_APPLICATIONS_SUBMITTED, 1), a->district, a->specials, a->n_specials);
}

static tt_status
read_round (effect_writer *writer, const ProtobufCMessage *body)
{
    (void)body;
    write_effect (writer, STATS_ROUNDS_COMPLETED, 1);
    return TT_OK;
}

static tt_status
count_proposal (effect_writer *writer, stats_count count, const Techtransfer__Finance__V1__Proposal *p, int64_t delta)
{
    if (!p)
        return missing (writer, "proposal");
    return set_place (writer, write_effect (writer, count, delta), p->district, p->specials, p->n_specials);
}

/* Each proposal is told to both parties; the applicant's copy counts. */
static tt_status
read_proposed (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Finance__V1__ProposalMade *event = (const void *)body;
    if (event->proposal && strcmp (event->party, event->proposal->applicant) != 0)
        return TT_OK;
    return count_proposal (writer, STATS_PROPOSALS_MADE, event->proposal, 1);
}

static tt_status
read_released (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Finance__V1__ProposalReleased *event = (const void *)body;
    return count_proposal (writer, STATS_PROPOSALS_RELEASED, event->proposal, 1);
}

static const char *
leg_name (Techtransfer__Finance__V1__Leg leg)
{
    switch (leg) {
    case TECHTRANSFER__FINANCE__V1__LEG__EQUITY:
        return "equity";
    case TECHTRANSFER__FINANCE__V1__LEG__LOAN:
        return "loan";
    case TECHTRANSFER__FINANCE__V1__LEG__LEASE:
        return "lease";
    default:
        return NULL;
    }
}

static tt_status
read_confirmed (effect_writer *writer, const ProtobufCMessage *body)
{
    const Techtransfer__Finance__V1__ProposalConfirmed *event = (const void *)body;
    const Techtransfer__Finance__V1__Proposal *p = event->proposal;
    if (!p)
        return missing (writer, "proposal");
    if (!leg_name (p->leg))
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "leg %d is not known", (int)p->leg);
    if (p->amount_fen < 0 || p->amount_fen > FEN_MOST)
        return tt_fail (writer->error, TT_INVALID_ARGUMENT, "an amount of %lld fen", (long long)p->amount_fen);
    tt_status status = count_proposal (writer, STATS_CAPITAL_CONFIRMED_FEN, p, p->amount_fen);
    writer->out->items[0].detail = leg_name (p->leg);
    return status;
}

/* -- all of them
 * --------------------------------------------------------------------------------------------------------------------- */

#define PATENT(Name, name) "techtransfer.patent.v1." Name, &techtransfer__patent__v1__##name##__descriptor
#define ACHIEVEMENT(Name, name) "techtransfer.achievement.v1." Name, &techtransfer__achievement__v1__##name##__descriptor
#define FINANCE(Name, name) "techtransfer.finance.v1." Name, &techtransfer__finance__v1__##name##__descriptor

/* A type without a reader is known and counts nothing. */
static const struct {
    const char *type;
    const ProtobufCMessageDescriptor *descriptor;
    effect_reader *read;
} readers[] = {
    { PATENT ("PatentPublished", patent_published), read_published },
    { PATENT ("AlertRaised", alert_raised), read_alert },
    { PATENT ("AlertAcknowledged", alert_acknowledged), NULL },
    { PATENT ("WatchChanged", watch_changed), read_watch },
    { PATENT ("AlertDigest", alert_digest), read_digest },
    { PATENT ("AlertRetracted", alert_retracted), read_retracted },
    { PATENT ("LegalEventRecorded", legal_event_recorded), NULL },
    { PATENT ("PatentWithdrawn", patent_withdrawn), NULL },
    { PATENT ("PortfolioChanged", portfolio_changed), NULL },
    { PATENT ("PatentsRemoved", patents_removed), NULL },
    { PATENT ("SurgeFound", surge_found), NULL },
    { ACHIEVEMENT ("AchievementRegistered", achievement_registered), read_registered },
    { ACHIEVEMENT ("AchievementRevised", achievement_revised), read_revised },
    { ACHIEVEMENT ("AchievementWithdrawn", achievement_withdrawn), read_withdrawn },
    { ACHIEVEMENT ("AchievementDuplicate", achievement_duplicate), read_duplicate },
    { ACHIEVEMENT ("DemandChanged", demand_changed), read_demand },
    { ACHIEVEMENT ("AchievementPushed", achievement_pushed), read_push },
    { ACHIEVEMENT ("PushAnswered", push_answered), NULL },
    { ACHIEVEMENT ("AchievementClassified", achievement_classified), NULL },
    { ACHIEVEMENT ("DemandExpired", demand_expired), read_demand_expired },
    { ACHIEVEMENT ("ContractRegistered", contract_registered), read_contract_registered },
    { ACHIEVEMENT ("ContractCorrected", contract_corrected), read_contract_corrected },
    { ACHIEVEMENT ("ContractCancelled", contract_cancelled), read_contract_cancelled },
    { ACHIEVEMENT ("AchievementQuarantined", achievement_quarantined), NULL },
    { ACHIEVEMENT ("SourceGap", source_gap), NULL },
    { FINANCE ("ProviderChanged", provider_changed), NULL },
    { FINANCE ("ProductChanged", product_changed), NULL },
    { FINANCE ("ApplicationSubmitted", application_submitted), read_application },
    { FINANCE ("RoundCompleted", round_completed), read_round },
    { FINANCE ("ProposalMade", proposal_made), read_proposed },
    { FINANCE ("ProposalAccepted", proposal_accepted), NULL },
    { FINANCE ("ProposalConfirmed", proposal_confirmed), read_confirmed },
    { FINANCE ("ProposalReleased", proposal_released), read_released },
    { FINANCE ("CapChanged", cap_changed), NULL },
    /* What was confirmed stays counted as confirmed when it is repaid or lost: a repayment is a success, not a withdrawal. */
    { FINANCE ("PoolChanged", pool_changed), NULL },
    { FINANCE ("LoanDisbursed", loan_disbursed), NULL },
    { FINANCE ("LoanRepaid", loan_repaid), NULL },
    { FINANCE ("LoanDefaulted", loan_defaulted), NULL },
    { "techtransfer.v1.ProbeStored", NULL, NULL },
};

tt_status
stats_effects_of (const char *type, tt_bytes body, tt_arena *arena, stats_effects *out, tt_error *error)
{
    effect_writer writer = { arena, out, error };
    out->count = 0;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (strcmp (readers[i].type, type) != 0)
            continue;
        if (!readers[i].read)
            return TT_OK;
        ProtobufCMessage *message = stats_unpack (readers[i].descriptor, body, arena);
        tt_status status = message ? readers[i].read (&writer, message)
                                   : tt_fail (error, TT_INVALID_ARGUMENT, "the body is no %s", readers[i].descriptor->name);
        if (status != TT_OK)
            out->count = 0;
        return status;
    }
    return tt_fail (error, TT_UNIMPLEMENTED, "no such event type is known here");
}
