/* What the certificate says of the legs that lack something, and the totals. */
#include <string.h>

#include "inside.h"

static int64_t
given (const verify_market *m, uint32_t leg)
{
    int64_t sum = 0;
    for (uint32_t i = m->legs[leg].first_pair; i < m->legs[leg].first_pair + m->legs[leg].pair_count; i++)
        sum += m->pairs[i].amount;
    return sum;
}

/* A leg without acceptable products says what was in the way at the nearest one. One with some says what may be true of them:
 * that it was closed is a reason only if it was, that there is no lead only if there is none. */
static bool
reason_holds (const verify_market *m, uint32_t leg, const char *reason)
{
    const verify_leg *l = &m->legs[leg];
    bool closed = false, grouped = false, follows = false;
    if (l->pair_count == 0)
        return strcmp (reason, verify_reasons[l->reason]) == 0;
    for (uint32_t i = l->first_pair; i < l->first_pair + l->pair_count; i++) {
        closed |= m->pairs[i].closed;
        grouped |= m->pairs[i].group_count > 0;
        follows |= !verify_has_lead (m, &m->pairs[i]);
    }
    if (strcmp (reason, "minimum not met") == 0)
        return closed;
    if (strcmp (reason, "exposure limit") == 0)
        return grouped;
    if (strcmp (reason, "no lead investment") == 0)
        return follows;
    return strcmp (reason, "capacity") == 0 || strcmp (reason, "ticket") == 0;
}

static bool
check_unmatched (verify_market *m)
{
    const verify_certificate *c = m->certificate;
    size_t at = 0;
    for (uint32_t i = 0; i < m->leg_count; i++) {
        uint32_t leg = m->leg_of_id[i];
        int64_t missing = m->legs[leg].wanted->amount_fen - given (m, leg);
        const pb_unmatched *u = at < c->n_unmatched ? c->unmatched[at] : NULL;
        if (missing == 0)
            continue;
        if (u == NULL || strcmp (u->application_id, m->legs[leg].application->application_id) != 0
            || u->leg != m->legs[leg].wanted->leg || u->missing_fen != missing)
            return verify_wrong (m, "%s lacks %s, and unmatched[%zu] does not say so", verify_leg_name (m, leg),
                                 verify_yuan (missing), at);
        if (!reason_holds (m, leg, u->reason))
            return verify_wrong (m, "%s lacks %s, and \"%.64s\" is not the reason", verify_leg_name (m, leg),
                                 verify_yuan (missing), u->reason);
        at++;
    }
    if (at != c->n_unmatched)
        return verify_wrong (m, "unmatched[%zu] lacks nothing", at);
    return true;
}

static bool
check_totals (verify_market *m)
{
    const verify_certificate *c = m->certificate;
    int64_t wanted[4] = { 0 }, allocated[4] = { 0 };
    for (uint32_t i = 0; i < m->leg_count; i++) {
        wanted[m->legs[i].wanted->leg] += m->legs[i].wanted->amount_fen;
        allocated[m->legs[i].wanted->leg] += given (m, i);
    }
    if (c->n_totals != 3)
        return verify_wrong (m, "there are %zu totals, not one for each of three legs", c->n_totals);
    for (size_t i = 0; i < 3; i++) {
        const pb_leg_total *t = c->totals[i];
        if ((size_t)t->leg != i + 1 || t->wanted_fen != wanted[i + 1] || t->allocated_fen != allocated[i + 1])
            return verify_wrong (m, "totals[%zu] says that %s of %s were given, and it is %s of %s", i,
                                 verify_yuan (t->allocated_fen), verify_yuan (t->wanted_fen), verify_yuan (allocated[i + 1]),
                                 verify_yuan (wanted[i + 1]));
    }
    return true;
}

bool
verify_outcome (verify_market *m)
{
    return check_unmatched (m) && check_totals (m);
}
