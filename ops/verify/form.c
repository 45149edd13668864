/* The snapshot's form: in order, each thing once, in range, and of the hash that the certificate names. */
#include <string.h>

#include "base/sha256.h"
#include "inside.h"
#include "wire/validate.h"

#define MANY 100000000U /* so that counts fit 32 bits with room */

static bool
out_of_order (verify_market *m, const char *list, size_t at)
{
    return verify_wrong (m, "snapshot.%s[%zu] is not in order behind the one before it, or is there twice", list, at);
}

static bool
money (int64_t fen, int64_t least)
{
    return fen >= least && fen <= TT_MONEY_MAX;
}

static bool
price (const char *text)
{
    tt_decimal value;
    return *text == '\0' || (tt_decimal_parse (text, &value) == TT_OK && value.units >= 0);
}

static bool
check_providers (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    for (size_t i = 0; i < s->n_providers; i++) {
        const pb_provider *p = s->providers[i];
        if (i > 0 && strcmp (s->providers[i - 1]->provider_id, p->provider_id) >= 0)
            return out_of_order (m, "providers", i);
        if (!*p->provider_id || !money (p->capacity_fen, 0) || !money (p->held_fen, 0) || !money (p->confirmed_fen, 0)
            || !money (p->exposure_limit_fen, 0))
            return verify_wrong (m, "snapshot.providers[%zu] has no id, or an amount out of range", i);
    }
    return true;
}

static bool
product_is_well (const pb_product *p)
{
    return *p->product_id && p->leg >= 1 && p->leg <= 3 && money (p->ticket_min_fen, 1)
           && money (p->ticket_max_fen, p->ticket_min_fen) && money (p->capacity_fen, 0) && money (p->held_fen, 0)
           && money (p->confirmed_fen, 0) && price (p->price) && (unsigned)p->ranking <= 3 && p->lead_percent <= 10000;
}

static bool
check_products (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    for (size_t i = 0; i < s->n_products; i++) {
        const pb_product *p = s->products[i];
        int order = i > 0 ? strcmp (s->products[i - 1]->provider_id, p->provider_id) : -1;
        if (order > 0 || (order == 0 && strcmp (s->products[i - 1]->product_id, p->product_id) >= 0))
            return out_of_order (m, "products", i);
        if (!product_is_well (p))
            return verify_wrong (m, "snapshot.products[%zu] has no id, or something out of range", i);
    }
    return true;
}

static bool
legs_are_well (const pb_application *a)
{
    uint32_t seen = 0;
    if (a->n_legs < 1 || a->n_legs > 3)
        return false;
    for (size_t i = 0; i < a->n_legs; i++) {
        const pb_wanted_leg *leg = a->legs[i];
        if (leg->leg < 1 || leg->leg > 3 || seen >> leg->leg & 1 || !money (leg->amount_fen, 1) || !money (leg->minimum_fen, 0)
            || leg->minimum_fen > leg->amount_fen || !price (leg->price_limit))
            return false;
        seen |= 1U << leg->leg;
    }
    return true;
}

static bool
check_applications (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    for (size_t i = 0; i < s->n_applications; i++) {
        const pb_application *a = s->applications[i];
        int order = i > 0 ? strcmp (s->applications[i - 1]->applicant, a->applicant) : -1;
        if (order > 0 || (order == 0 && strcmp (s->applications[i - 1]->application_id, a->application_id) >= 0))
            return out_of_order (m, "applications", i);
        if (!*a->application_id || !*a->applicant || !legs_are_well (a))
            return verify_wrong (m, "snapshot.applications[%zu] has no id or applicant, or a leg twice or out of range", i);
    }
    return true;
}

static bool
check_exposures (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    for (size_t i = 0; i < s->n_exposures; i++) {
        const pb_exposure *e = s->exposures[i], *before = i > 0 ? s->exposures[i - 1] : NULL;
        int order = before ? strcmp (before->applicant, e->applicant) : -1;
        if (order == 0)
            order = strcmp (before->provider_id, e->provider_id);
        if (order == 0)
            order = strcmp (before->cap_id, e->cap_id);
        if (order >= 0)
            return out_of_order (m, "exposures", i);
        if (!money (e->amount_fen, 0))
            return verify_wrong (m, "snapshot.exposures[%zu] is out of range", i);
    }
    return true;
}

static bool
check_leads_and_caps (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    for (size_t i = 0; i < s->n_leads; i++) {
        if (i > 0 && strcmp (s->leads[i - 1]->applicant, s->leads[i]->applicant) >= 0)
            return out_of_order (m, "leads", i);
        if (!money (s->leads[i]->confirmed_fen, 0))
            return verify_wrong (m, "snapshot.leads[%zu] is out of range", i);
    }
    for (size_t i = 0; i < s->n_caps; i++) {
        if (i > 0 && strcmp (s->caps[i - 1]->cap_id, s->caps[i]->cap_id) >= 0)
            return out_of_order (m, "caps", i);
        if (!*s->caps[i]->cap_id || !money (s->caps[i]->limit_fen, 0) || !money (s->caps[i]->used_fen, 0))
            return verify_wrong (m, "snapshot.caps[%zu] has no id, or an amount out of range", i);
        if (s->caps[i]->retired || (s->caps[i]->per_applicant && s->caps[i]->n_products))
            return verify_wrong (m, "snapshot.caps[%zu] is retired, or for each applicant and of single products", i);
    }
    return true;
}

static int
compare_ids (const void *left, const void *right)
{
    return strcmp (*(const char *const *)left, *(const char *const *)right);
}

/* No two applications of one id: they would stand apart if their applicants differ. */
static bool
check_ids (verify_market *m)
{
    size_t count = m->snapshot->n_applications;
    const char **ids = tt_arena_alloc (m->arena, (count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = m->snapshot->applications[i]->application_id;
    if (count > 1)
        qsort (ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        if (strcmp (ids[i - 1], ids[i]) == 0)
            return verify_wrong (m, "application %.64s is in the snapshot twice", ids[i]);
    return true;
}

static bool
check_hash (verify_market *m)
{
    char hash[TT_SHA256_TEXT];
    size_t size = protobuf_c_message_get_packed_size (&m->snapshot->base);
    uint8_t *bytes = tt_alloc (size + 1);
    protobuf_c_message_pack (&m->snapshot->base, bytes);
    tt_sha256_text ((tt_bytes){ bytes, size }, hash);
    free (bytes);
    if (strcmp (hash, m->certificate->snapshot_hash) != 0)
        return verify_wrong (m, "the snapshot's hash is %s, and the certificate says %.64s", hash, m->certificate->snapshot_hash);
    return true;
}

static bool
check_snapshot (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    if (s == NULL || strcmp (s->format, "techtransfer-snapshot-1") != 0)
        return verify_wrong (m, "there is no snapshot of format \"techtransfer-snapshot-1\"");
    if (s->n_applications > MANY || s->n_products > MANY || s->n_caps > MANY)
        return verify_wrong (m, "there are more applications, products or caps than can be worked on");
    return check_providers (m) && check_products (m) && check_applications (m) && check_exposures (m) && check_leads_and_caps (m)
           && check_ids (m);
}

bool
verify_form (verify_market *m)
{
    if (strcmp (m->certificate->format, "techtransfer-certificate-1") != 0)
        return verify_wrong (m, "the format is \"%.64s\", not \"techtransfer-certificate-1\"", m->certificate->format);
    if (!check_snapshot (m))
        return false;
    if (strcmp (m->snapshot->market, m->certificate->market) != 0)
        return verify_wrong (m, "the snapshot is of market \"%.64s\", the certificate of \"%.64s\"", m->snapshot->market,
                             m->certificate->market);
    return check_hash (m);
}

bool
verify_snapshot (const verify_snapshot_message *snapshot, tt_buffer *violation)
{
    verify_result result = { 0 };
    verify_market m = { .snapshot = snapshot, .arena = tt_arena_new (0), .result = &result };
    bool good = check_snapshot (&m);
    tt_buffer_append (violation, result.violation.data, result.violation.size);
    tt_buffer_free (&result.violation);
    tt_arena_destroy (&m.arena);
    return good;
}
