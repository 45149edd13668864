/* Providers, products and applications, in the proto3 JSON of techtransfer.finance.v1, market "ningbo". Two products for each
 * provider: product i belongs to provider i/2 of the same seed. */
#include "common.h"

typedef struct {
    const char *kind; /* name of ProviderKind */
    const char *leg;
    const char *name_zh;
    const char *name_en;
    uint32_t capacity_min; /* in 10,000 yuan, as all amounts here */
    uint32_t capacity_max;
    uint32_t ticket_min;
    uint32_t ticket_max;
    const char *stages; /* of the mandate, as JSON; "" for any */
    uint32_t max_age_months;
} provider_kind;

static const provider_kind kinds[] = {
    { "BANK", "LOAN", "科技支行", "Technology Branch", 8000, 80000, 50, 3000, "", 0 },
    { "FUND", "EQUITY", "创业投资", "Ventures", 5000, 30000, 200, 3000, "[\"start-up\",\"growth\"]", 0 },
    { "ANGEL", "EQUITY", "天使投资", "Angels", 500, 4000, 20, 300, "[\"seed\",\"start-up\"]", 60 },
    { "LESSOR", "LEASE", "设备租赁", "Leasing", 3000, 25000, 50, 1500, "", 0 },
    { "GUIDING_FUND", "EQUITY", "引导基金", "Guiding Fund", 4000, 12000, 50, 200, "[\"seed\",\"start-up\"]", 36 },
};

typedef struct {
    const provider_kind *kind;
    uint32_t capacity;
    gen_random random;
} provider;

/* Providers and their products agree because both ask here. */
static provider
provider_of (const gen_task *task, uint64_t index)
{
    provider self = { .random = gen_random_of (task->seed, GEN_KIND_PROVIDER, index) };
    self.kind = &kinds[gen_zipf (&self.random, sizeof kinds / sizeof *kinds)];
    self.capacity = gen_between (&self.random, self.kind->capacity_min / 100, self.kind->capacity_max / 100) * 100;
    return self;
}

static void
append_provider_id (tt_buffer *out, uint64_t index, gen_flaw flaw)
{
    gen_json_key (out, "providerId");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"prov-%05llu\"", (unsigned long long)index);
}

void
gen_write_provider (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    provider self = provider_of (task, index);
    gen_language language = gen_pick_language (task, &self.random);
    tt_buffer_text (out, "{");
    gen_json_text (out, "market", "ningbo");
    append_provider_id (out, index, flaw);
    gen_json_text (out, "kind", flaw == GEN_FLAW_CODE ? "PAWNBROKER" : self.kind->kind);
    if (flaw != GEN_FLAW_TEXT) {
        gen_json_key (out, "name");
        tt_buffer_printf (out, "\"%s%s%s\"", gen_pick (&self.random, gen_firms[language]), language == GEN_ZH ? "" : " ",
                          language == GEN_ZH ? self.kind->name_zh : self.kind->name_en);
    }
    gen_json_fen (out, "capacityFen", self.capacity);
    if (gen_below (&self.random, 2) == 0)
        gen_json_fen (out, "exposureLimitFen", self.capacity / 5);
    tt_buffer_text (out, "}");
}

static void
append_mandate (const gen_task *task, tt_buffer *out, const provider_kind *kind, gen_random *random, gen_flaw flaw)
{
    gen_json_key (out, "mandate");
    tt_buffer_text (out, "{");
    if (*kind->stages) {
        gen_json_key (out, "stages");
        tt_buffer_text (out, kind->stages);
    }
    if (kind->max_age_months > 0)
        gen_json_number (out, "maxAgeMonths", kind->max_age_months);
    if (gen_below (random, 4) == 0) {
        gen_json_key (out, "specials");
        tt_buffer_printf (out, "[%u,%u]", gen_between (random, 1, 6), gen_between (random, 7, 12));
    }
    if (flaw == GEN_FLAW_CODE || gen_below (random, 6) == 0) {
        gen_json_key (out, "districts");
        tt_buffer_printf (out, "[\"%s\"]", flaw == GEN_FLAW_CODE ? "atlantis" : gen_pick_district (task, random));
    }
    tt_buffer_text (out, "}");
}

void
gen_write_product (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    static const char *const rankings[] = { "BY_SCORE", "SMALLEST_FIRST", "YOUNGEST_FIRST", NULL };
    provider owner = provider_of (task, index / 2);
    const provider_kind *kind = owner.kind;
    gen_random random = gen_random_of (task->seed, GEN_KIND_PRODUCT, index);
    uint32_t capacity = owner.capacity / 2 + owner.capacity / 4 * (uint32_t)(index % 2);
    tt_buffer_text (out, "{");
    gen_json_text (out, "market", "ningbo");
    append_provider_id (out, index / 2, flaw);
    gen_json_key (out, "productId");
    tt_buffer_printf (out, "\"p%u\"", (unsigned)(index % 2 + 1));
    if (flaw != GEN_FLAW_TEXT)
        gen_json_text (out, "leg", kind->leg);
    append_mandate (task, out, kind, &random, flaw);
    gen_json_fen (out, "ticketMinFen", kind->ticket_min);
    gen_json_fen (out, "ticketMaxFen", kind->ticket_max < capacity ? kind->ticket_max : capacity);
    gen_json_fen (out, "capacityFen", capacity);
    gen_json_key (out, "price");
    if (kind->leg[0] == 'E') {
        tt_buffer_printf (out, "\"%u\"", gen_between (&random, 6, 16));
    } else {
        tt_buffer_printf (out, "\"%u.%02u\"", gen_between (&random, 3, 6), gen_below (&random, 20) * 5);
        gen_json_number (out, "tenorMinMonths", gen_between (&random, 3, 12));
        gen_json_number (out, "tenorMaxMonths", gen_between (&random, 24, 60));
    }
    gen_json_text (out, "ranking", gen_pick (&random, rankings));
    tt_buffer_text (out, "}");
}

static void
append_leg (tt_buffer *out, const char *leg, uint32_t amount, gen_random *random)
{
    if (out->data[out->size - 1] == '}')
        tt_buffer_text (out, ",");
    tt_buffer_text (out, "{");
    gen_json_text (out, "leg", leg);
    gen_json_fen (out, "amountFen", amount);
    if (gen_below (random, 3) > 0)
        gen_json_fen (out, "minimumFen", amount / gen_between (random, 1, 4));
    if (*leg == 'E') {
        gen_json_key (out, "priceLimit");
        tt_buffer_printf (out, "\"%u\"", gen_between (random, 8, 20));
    } else {
        gen_json_key (out, "priceLimit");
        tt_buffer_printf (out, "\"%u.%u\"", gen_between (random, 4, 7), gen_below (random, 10));
        gen_json_number (out, "tenorMonths", gen_between (random, 1, 4) * 12);
    }
    tt_buffer_text (out, "}");
}

static void
append_legs (tt_buffer *out, uint32_t size, gen_random *random)
{
    uint32_t which = gen_between (random, 1, 7); /* a bit for each leg */
    gen_json_key (out, "legs");
    tt_buffer_text (out, "[");
    if (which & 1)
        append_leg (out, "EQUITY", gen_between (random, 3, 30) * size, random);
    if (which & 2)
        append_leg (out, "LOAN", gen_between (random, 5, 50) * size, random);
    if (which & 4)
        append_leg (out, "LEASE", gen_between (random, 5, 30) * size, random);
    tt_buffer_text (out, "]");
}

void
gen_write_application (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    static const char *const stages[] = { "seed", "start-up", "growth", "mature" };
    static const uint32_t age_min[] = { 1, 12, 36, 96 }, age_max[] = { 24, 60, 120, 300 }, size[] = { 10, 20, 60, 80 };
    gen_random random = gen_random_of (task->seed, GEN_KIND_APPLICATION, index);
    gen_language language = gen_pick_language (task, &random);
    const gen_topic *topic = gen_pick_topic (&random);
    uint32_t stage = gen_below (&random, 4);
    tt_buffer_text (out, "{");
    gen_json_text (out, "market", "ningbo");
    gen_json_key (out, "applicationId");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"app-%07llu\"", (unsigned long long)index);
    gen_json_key (out, "applicant");
    tt_buffer_printf (out, "\"ent-%llu\"", (unsigned long long)index);
    gen_json_key (out, "name");
    tt_buffer_text (out, "\"");
    gen_append_company (out, &random, language);
    tt_buffer_text (out, "\"");
    gen_json_text (out, "district", flaw == GEN_FLAW_CODE ? "atlantis" : gen_pick_district (task, &random));
    gen_json_text (out, "industry", topic->industry);
    gen_json_key (out, "specials");
    tt_buffer_printf (out, "[%u]", topic->special);
    if (flaw != GEN_FLAW_TEXT)
        gen_json_text (out, "stage", stages[stage]);
    gen_json_number (out, "ageMonths", gen_between (&random, age_min[stage], age_max[stage]));
    if (stage >= 2 || gen_below (&random, 3) == 0)
        tt_buffer_text (out, ",\"recognitions\":[\"high-tech\"]");
    append_legs (out, size[stage], &random);
    gen_json_number (out, "score", gen_between (&random, 300, 980));
    tt_buffer_text (out, "}");
}
