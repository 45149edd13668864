/* The steps of a check, one after the other, and what they share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "inside.h"

bool
verify_wrong (verify_market *m, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    tt_buffer_text (&m->result->violation, text);
    return false;
}

const char *
verify_yuan (int64_t fen)
{
    static _Thread_local char texts[8][48];
    static _Thread_local unsigned next;
    char digits[24], *out = texts[next++ % 8], *at = out;
    uint64_t size = fen < 0 ? -(uint64_t)fen : (uint64_t)fen;
    int count = snprintf (digits, sizeof digits, "%llu", (unsigned long long)(size / 100));
    if (fen < 0)
        *at++ = '-';
    for (int i = 0; i < count; i++) {
        *at++ = digits[i];
        if ((count - i) % 3 == 1 && i + 1 < count)
            *at++ = ',';
    }
    snprintf (at, 16, ".%02u yuan", (unsigned)(size % 100));
    return out;
}

static const char *
leg_text (pb_leg leg)
{
    const ProtobufCEnumValue *value
        = protobuf_c_enum_descriptor_get_value (&techtransfer__finance__v1__leg__descriptor, (int)leg);
    return value ? value->name : "?";
}

const char *
verify_leg_name (const verify_market *m, uint32_t leg)
{
    return tt_arena_printf (m->arena, "%.64s %s", m->legs[leg].application->application_id, leg_text (m->legs[leg].wanted->leg));
}

const char *
verify_product_name (const verify_market *m, uint32_t product)
{
    const pb_product *p = m->products[product].message;
    return tt_arena_printf (m->arena, "%.64s/%.64s", p->provider_id, p->product_id);
}

/* -- finding -- */

uint32_t
verify_find_leg (const verify_market *m, const char *application_id, pb_leg leg)
{
    uint32_t low = 0, high = m->leg_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, at = m->leg_of_id[middle];
        int order = strcmp (m->legs[at].application->application_id, application_id);
        if (order == 0)
            order = (int)m->legs[at].wanted->leg - (int)leg;
        if (order == 0)
            return at;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return VERIFY_NONE;
}

uint32_t
verify_find_product (const verify_market *m, const char *provider_id, const char *product_id)
{
    uint32_t low = 0, high = m->product_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const pb_product *p = m->products[middle].message;
        int order = strcmp (p->provider_id, provider_id);
        if (order == 0)
            order = strcmp (p->product_id, product_id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return VERIFY_NONE;
}

/* The pairs of a leg stand in the order of preference. */
uint32_t
verify_find_pair (const verify_market *m, uint32_t leg, uint32_t product)
{
    uint32_t low = m->legs[leg].first_pair, high = low + m->legs[leg].pair_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->pairs[middle].product == product)
            return middle;
        if (m->products[m->pairs[middle].product].place < m->products[product].place)
            low = middle + 1;
        else
            high = middle;
    }
    return VERIFY_NONE;
}

verify_group *
verify_groups (const verify_market *m)
{
    return (verify_group *)(void *)m->groups.data;
}

const uint32_t *
verify_caps_of (const verify_market *m, const verify_pair *pair)
{
    return (const uint32_t *)(const void *)m->cap_lists.data + pair->first_cap;
}

const uint32_t *
verify_groups_of (const verify_market *m, const verify_pair *pair)
{
    return (const uint32_t *)(const void *)m->group_lists.data + pair->first_group;
}

/* -- lead equity -- */

static int64_t
lead_of_round (const verify_market *m, uint32_t leg)
{
    int64_t sum = 0;
    if (m->legs[leg].equity == VERIFY_NONE)
        return 0;
    const verify_leg *equity = &m->legs[m->legs[leg].equity];
    for (uint32_t i = equity->first_pair; i < equity->first_pair + equity->pair_count; i++)
        sum += m->pairs[i].wave == 0 ? m->pairs[i].amount : 0;
    return sum;
}

int64_t
verify_lead (const verify_market *m, uint32_t leg)
{
    return m->legs[leg].confirmed_lead + lead_of_round (m, leg);
}

bool
verify_has_lead (const verify_market *m, const verify_pair *pair)
{
    if (!m->products[pair->product].follows || lead_of_round (m, pair->leg) > 0)
        return true;
    return m->products[pair->product].message->lead_percent ? m->legs[pair->leg].confirmed_lead > 0 : m->legs[pair->leg].led;
}

int64_t
verify_group_limit (const verify_market *m, const verify_group *group)
{
    if (group->percent == 0)
        return group->limit;
    __int128 most = (__int128)verify_lead (m, group->leg) * group->percent / 100 - group->used;
    return most < 0 ? 0 : most < group->limit ? (int64_t)most : group->limit;
}

/* -- all of it -- */

static void
fill_result (const verify_market *m)
{
    verify_result *r = m->result;
    r->legs = m->leg_count;
    r->products = m->product_count;
    r->pairs = m->pair_count;
    r->closings = (uint32_t)m->certificate->n_closings;
    for (uint32_t i = 0; i < m->leg_count; i++) {
        r->wanted += m->legs[i].wanted->amount_fen;
        r->wanted_of[m->legs[i].wanted->leg] += m->legs[i].wanted->amount_fen;
    }
    for (uint32_t i = 0; i < m->pair_count; i++) {
        r->closed_pairs += m->pairs[i].closed;
        r->allocated += m->pairs[i].amount;
        r->allocated_of[m->legs[m->pairs[i].leg].wanted->leg] += m->pairs[i].amount;
    }
}

void
verify_run (const verify_certificate *certificate, bool with_bound, verify_result *result)
{
    verify_market m
        = { .certificate = certificate, .snapshot = certificate->snapshot, .arena = tt_arena_new (1 << 16), .result = result };
    *result = (verify_result){ .bound = -1 };
    result->valid = verify_form (&m) && verify_build (&m) && verify_caps (&m) && verify_orders (&m) && verify_closings (&m)
                    && verify_allocation (&m) && verify_stable (&m) && verify_outcome (&m);
    if (result->valid) {
        fill_result (&m);
        if (with_bound)
            result->bound = verify_bound (&m);
    }
    tt_buffer_free (&m.cap_lists);
    tt_buffer_free (&m.group_lists);
    tt_buffer_free (&m.groups);
    free (m.pairs);
    tt_arena_destroy (&m.arena);
}
