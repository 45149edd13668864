#include "mandate.h"

#include <string.h>

const char *
match_reason_text (match_reason reason)
{
    switch (reason) {
    case MATCH_NO_LEAD:
        return "no lead investment";
    case MATCH_PRICE:
        return "price";
    case MATCH_TENOR:
        return "tenor";
    case MATCH_TICKET:
        return "ticket";
    case MATCH_EXPOSURE:
        return "exposure limit";
    case MATCH_CAPACITY:
        return "capacity";
    case MATCH_ACCEPTABLE:
        return "";
    default:
        return "no mandate fits";
    }
}

bool
match_industry (const char *mandate, const char *industry)
{
    return strncmp (mandate, industry, strlen (mandate)) == 0;
}

static bool
listed (char *const *list, size_t count, const char *value)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (list[i], value) == 0)
            return true;
    return count == 0;
}

static bool
industry_fits (const finance_mandate *m, const char *industry)
{
    for (size_t i = 0; i < m->n_industries; i++)
        if (match_industry (m->industries[i], industry))
            return true;
    return m->n_industries == 0;
}

static bool
special_fits (const finance_mandate *m, const finance_application *a)
{
    for (size_t i = 0; i < m->n_specials; i++)
        for (size_t k = 0; k < a->n_specials; k++)
            if (m->specials[i] == a->specials[k])
                return true;
    return m->n_specials == 0;
}

static bool
recognised (const finance_mandate *m, const finance_application *a)
{
    for (size_t i = 0; i < m->n_recognitions; i++)
        if (a->n_recognitions == 0 || !listed (a->recognitions, a->n_recognitions, m->recognitions[i]))
            return false;
    return true;
}

/* What the mandate says about the firm; MATCH_ACCEPTABLE if nothing is against it. */
static match_reason
firm_fits (const finance_mandate *m, const finance_application *a)
{
    if (!listed (m->districts, m->n_districts, a->district))
        return MATCH_DISTRICT;
    if (!industry_fits (m, a->industry))
        return MATCH_INDUSTRY;
    if (!listed (m->stages, m->n_stages, a->stage))
        return MATCH_STAGE;
    if (!special_fits (m, a))
        return MATCH_SPECIAL;
    if (m->max_age_months && a->age_months > m->max_age_months)
        return MATCH_AGE;
    return recognised (m, a) ? MATCH_ACCEPTABLE : MATCH_RECOGNITION;
}

static match_reason
terms_fit (const match_want *want, const match_offer *offer, int64_t exposure_left, int64_t cap_left)
{
    const finance_product *p = offer->product;
    uint32_t tenor = want->leg->tenor_months;
    if (!want->any_price && tt_decimal_compare (offer->price, want->price_limit) > 0)
        return MATCH_PRICE;
    if (p->leg != FINANCE (LEG__EQUITY) && (tenor < p->tenor_min_months || (p->tenor_max_months && tenor > p->tenor_max_months)))
        return MATCH_TENOR;
    if (want->leg->amount_fen < p->ticket_min_fen)
        return MATCH_TICKET;
    if (exposure_left < p->ticket_min_fen)
        return MATCH_EXPOSURE;
    if (offer->product_left < p->ticket_min_fen || offer->provider_left < p->ticket_min_fen || cap_left < p->ticket_min_fen)
        return MATCH_CAPACITY;
    return MATCH_ACCEPTABLE;
}

bool
match_follows (const match_offer *offer)
{
    return offer->product->lead_percent > 0 || offer->provider->kind == FINANCE (PROVIDER_KIND__GUIDING_FUND);
}

/* A percentage is of lead equity that counts for this application; a guiding fund without one follows any. */
static bool
lead_fits (const match_want *want, const match_offer *offer)
{
    if (want->may_lead)
        return true;
    return offer->product->lead_percent > 0 ? want->lead > 0 : want->followed;
}

match_reason
match_mandate (const match_want *want, const match_offer *offer, int64_t exposure_left, int64_t cap_left)
{
    const finance_product *p = offer->product;
    if (p->leg != want->leg->leg)
        return MATCH_OTHER_LEG;
    if (strcmp (p->provider_id, want->application->applicant) == 0)
        return MATCH_SELF;
    match_reason reason = p->mandate ? firm_fits (p->mandate, want->application) : MATCH_ACCEPTABLE;
    if (reason != MATCH_ACCEPTABLE)
        return reason;
    if (match_follows (offer) && !lead_fits (want, offer))
        return MATCH_NO_LEAD;
    return terms_fit (want, offer, exposure_left, cap_left);
}

static tt_decimal
price_of (const char *text)
{
    tt_decimal price = { 0 };
    if (*text && tt_decimal_parse (text, &price) != TT_OK)
        return (tt_decimal){ 0 };
    return price;
}

static bool
has_equity_leg (const finance_application *application)
{
    for (size_t i = 0; i < application->n_legs; i++)
        if (application->legs[i]->leg == FINANCE (LEG__EQUITY))
            return true;
    return false;
}

match_want
match_want_of (const finance_application *application, const finance_leg *leg, bool followed, int64_t lead)
{
    return (match_want){ .application = application,
                         .leg = leg,
                         .price_limit = price_of (leg->price_limit),
                         .any_price = leg->price_limit[0] == '\0',
                         .may_lead = has_equity_leg (application),
                         .followed = followed,
                         .lead = lead };
}

match_offer
match_offer_of (const finance_provider *provider, const finance_product *product)
{
    return (match_offer){ .provider = provider,
                          .product = product,
                          .price = price_of (product->price),
                          .product_left = product->capacity_fen - product->held_fen - product->confirmed_fen,
                          .provider_left = provider->capacity_fen - provider->held_fen - provider->confirmed_fen };
}
