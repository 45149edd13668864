/* Whether a leg and a product may be brought together, and whether a cap covers the two. */
#include <string.h>

#include "inside.h"

const char *const verify_reasons[]
    = { "no mandate fits", "no lead investment", "price", "tenor", "ticket", "exposure limit", "capacity", "" };

static bool
in_list (char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (list[i], text) == 0)
            return true;
    return false;
}

static bool
mandate_fits (const pb_mandate *d, const pb_application *a)
{
    bool industry = d->n_industries == 0, special = d->n_specials == 0;
    for (size_t i = 0; i < d->n_industries; i++)
        industry |= strncmp (a->industry, d->industries[i], strlen (d->industries[i])) == 0;
    for (size_t i = 0; i < d->n_specials; i++)
        for (size_t k = 0; k < a->n_specials; k++)
            special |= d->specials[i] == a->specials[k];
    for (size_t i = 0; i < d->n_recognitions; i++)
        if (!in_list (a->recognitions, a->n_recognitions, d->recognitions[i]))
            return false;
    return industry && special && (d->n_districts == 0 || in_list (d->districts, d->n_districts, a->district))
           && (d->n_stages == 0 || in_list (d->stages, d->n_stages, a->stage))
           && (d->max_age_months == 0 || a->age_months <= d->max_age_months);
}

static bool
lead_may_come (const verify_leg *leg, const verify_product *p)
{
    if (!p->follows || leg->equity != VERIFY_NONE)
        return true;
    return p->message->lead_percent ? leg->confirmed_lead > 0 : leg->led;
}

static bool
tenor_fits (const pb_product *p, uint32_t months)
{
    return p->leg == VERIFY_ENUM (LEG__EQUITY)
           || (months >= p->tenor_min_months && (p->tenor_max_months == 0 || months <= p->tenor_max_months));
}

int
verify_judge (const verify_leg *leg, const verify_product *p, int64_t personal, int64_t supply)
{
    const pb_product *message = p->message;
    if (message->leg != leg->wanted->leg || strcmp (message->provider_id, leg->application->applicant) == 0
        || (message->mandate && !mandate_fits (message->mandate, leg->application)))
        return VERIFY_NO_MANDATE;
    if (!lead_may_come (leg, p))
        return VERIFY_NO_LEAD;
    if (*leg->wanted->price_limit && tt_decimal_compare (p->price, leg->price_limit) > 0)
        return VERIFY_PRICE;
    if (!tenor_fits (message, leg->wanted->tenor_months))
        return VERIFY_TENOR;
    if (leg->wanted->amount_fen < message->ticket_min_fen)
        return VERIFY_TICKET;
    if (personal < message->ticket_min_fen)
        return VERIFY_EXPOSURE;
    return supply < message->ticket_min_fen ? VERIFY_CAPACITY : VERIFY_ACCEPTABLE;
}

/* -- caps -- */

static bool
has_leg (const pb_cap *c, pb_leg leg)
{
    for (size_t i = 0; i < c->n_legs; i++)
        if (c->legs[i] == leg)
            return true;
    return c->n_legs == 0;
}

bool
verify_cap_covers (const pb_cap *c, const pb_application *a, const pb_product *p)
{
    bool product = c->n_products == 0;
    for (size_t i = 0; i < c->n_products && !product; i++) {
        const char *slash = strchr (c->products[i], '/');
        size_t size = strlen (p->provider_id);
        product = slash && (size_t)(slash - c->products[i]) == size && memcmp (c->products[i], p->provider_id, size) == 0
                  && strcmp (slash + 1, p->product_id) == 0;
    }
    return product && !c->retired && has_leg (c, p->leg)
           && (c->n_providers == 0 || in_list (c->providers, c->n_providers, p->provider_id))
           && (c->n_districts == 0 || in_list (c->districts, c->n_districts, a->district));
}
