/* The most that any allocation could give: a maximum flow from legs over their groups, pairs and the providers' limits to a sink
 * (Dinic, 1970), started from the allocation. Minimums and closings do not bind it, and lead equity binds with all that could
 * come: so it is an upper bound. */
#include <string.h>

#include "inside.h"

typedef struct {
    uint32_t to;
    int64_t room; /* the twin's is at index ^ 1 */
} edge;

typedef struct {
    uint32_t nodes, edge_count;
    edge *edges;
    uint32_t *from;         /* of each edge, until they are sorted */
    uint32_t *first, *list; /* the edges of each node: list[first[n] .. first[n+1]) */
    uint32_t *level, *next, *queue;
    uint32_t source, sink;
} network;

static void
join (network *n, uint32_t from, uint32_t to, int64_t room, int64_t flow)
{
    n->from[n->edge_count] = from;
    n->edges[n->edge_count++] = (edge){ to, room - flow };
    n->from[n->edge_count] = to;
    n->edges[n->edge_count++] = (edge){ from, flow };
}

/* Lead equity that may count for a leg at most. */
static int64_t
greatest_lead (const verify_market *m, uint32_t leg)
{
    int64_t lead = m->legs[leg].confirmed_lead, most = 0;
    uint32_t equity = m->legs[leg].equity;
    if (equity == VERIFY_NONE)
        return lead;
    for (uint32_t i = m->legs[equity].first_pair; i < m->legs[equity].first_pair + m->legs[equity].pair_count; i++)
        if (!m->products[m->pairs[i].product].follows)
            most = m->legs[equity].wanted->amount_fen;
    return lead + most;
}

static int64_t
greatest_group (const verify_market *m, const verify_group *g)
{
    if (g->percent == 0)
        return g->limit;
    __int128 most = (__int128)greatest_lead (m, g->leg) * g->percent / 100 - g->used;
    return most < 0 ? 0 : most < g->limit ? (int64_t)most : g->limit;
}

static bool
may_follow (const verify_market *m, const verify_pair *p)
{
    return !m->products[p->product].follows || greatest_lead (m, p->leg) > 0
           || (m->products[p->product].message->lead_percent == 0 && m->legs[p->leg].led);
}

/* Nodes: source, sink, legs, groups, caps. Capacities of caps are those before any cut. */
static void
add_edges (const verify_market *m, network *n)
{
    uint32_t groups = (uint32_t)(m->groups.size / sizeof (verify_group)), first_group = 2 + m->leg_count,
             first_cap = first_group + groups;
    uint8_t *hung = tt_alloc_zero ((size_t)groups + 1, 1);
    for (uint32_t i = 0; i < m->leg_count; i++) {
        int64_t sum = 0;
        for (uint32_t k = m->legs[i].first_pair; k < m->legs[i].first_pair + m->legs[i].pair_count; k++)
            sum += m->pairs[k].amount;
        join (n, n->source, 2 + i, m->legs[i].wanted->amount_fen, sum);
    }
    for (uint32_t i = 0; i < m->pair_count; i++) {
        const verify_pair *p = &m->pairs[i];
        const uint32_t *in = verify_groups_of (m, p);
        for (uint32_t k = 0; k < p->group_count; k++) {
            const verify_group *g = &verify_groups (m)[in[k]];
            if (hung[in[k]]++ == 0)
                join (n, k + 1 < p->group_count ? first_group + in[k + 1] : 2 + p->leg, first_group + in[k],
                      greatest_group (m, g), g->sum[1]);
            else
                hung[in[k]] = 1;
        }
        if (may_follow (m, p))
            join (n, p->group_count ? first_group + in[0] : 2 + p->leg, first_cap + verify_caps_of (m, p)[0], p->limit,
                  p->amount);
    }
    for (uint32_t i = 0; i < m->cap_count; i++)
        if (m->caps[i].covers)
            join (n, first_cap + i, m->caps[i].parent == VERIFY_NONE ? n->sink : first_cap + m->caps[i].parent,
                  m->caps[i].before_cuts, m->caps[i].sum[1]);
    free (hung);
}

static void
sort_edges (network *n)
{
    for (uint32_t i = 0; i < n->edge_count; i++)
        n->first[n->from[i] + 1]++;
    for (uint32_t i = 0; i < n->nodes; i++)
        n->first[i + 1] += n->first[i];
    memcpy (n->next, n->first, n->nodes * sizeof *n->next);
    for (uint32_t i = 0; i < n->edge_count; i++)
        n->list[n->next[n->from[i]]++] = i;
}

/* Distances from the source over edges with room; false if the sink is out of reach. */
static bool
find_levels (network *n)
{
    uint32_t count = 0;
    memset (n->level, 0xff, n->nodes * sizeof *n->level);
    n->level[n->source] = 0;
    n->queue[count++] = n->source;
    for (uint32_t at = 0; at < count; at++)
        for (uint32_t i = n->first[n->queue[at]]; i < n->first[n->queue[at] + 1]; i++) {
            const edge *e = &n->edges[n->list[i]];
            if (e->room > 0 && n->level[e->to] == UINT32_MAX) {
                n->level[e->to] = n->level[n->queue[at]] + 1;
                n->queue[count++] = e->to;
            }
        }
    return n->level[n->sink] != UINT32_MAX;
}

/* One path from the source to the sink, along levels; what it carries, 0 if there is none left. n->queue is the stack of edges.
 */
static int64_t
push_path (network *n)
{
    uint32_t depth = 0, at = n->source;
    while (at != n->sink) {
        if (n->next[at] < n->first[at + 1]) {
            uint32_t i = n->list[n->next[at]];
            if (n->edges[i].room > 0 && n->level[n->edges[i].to] == n->level[at] + 1) {
                n->queue[depth++] = i;
                at = n->edges[i].to;
            } else {
                n->next[at]++;
            }
        } else if (depth == 0) {
            return 0;
        } else {
            at = n->edges[n->queue[--depth] ^ 1].to;
            n->next[at]++;
        }
    }
    int64_t most = INT64_MAX;
    for (uint32_t i = 0; i < depth; i++)
        most = n->edges[n->queue[i]].room < most ? n->edges[n->queue[i]].room : most;
    for (uint32_t i = 0; i < depth; i++) {
        n->edges[n->queue[i]].room -= most;
        n->edges[n->queue[i] ^ 1].room += most;
    }
    return most;
}

int64_t
verify_bound (verify_market *m)
{
    uint32_t groups = (uint32_t)(m->groups.size / sizeof (verify_group));
    size_t most_edges = 2 * ((size_t)m->leg_count + groups + m->pair_count + m->cap_count);
    int64_t flow = 0, more;
    network n = { .nodes = 2 + m->leg_count + groups + m->cap_count, .source = 0, .sink = 1 };
    n.edges = tt_alloc ((most_edges + 1) * sizeof *n.edges);
    n.from = tt_alloc ((most_edges + 1) * sizeof *n.from);
    n.list = tt_alloc ((most_edges + 1) * sizeof *n.list);
    n.first = tt_alloc_zero ((size_t)n.nodes + 1, sizeof *n.first);
    n.next = tt_alloc ((size_t)n.nodes * sizeof *n.next);
    n.level = tt_alloc ((size_t)n.nodes * sizeof *n.level);
    n.queue = tt_alloc ((size_t)n.nodes * sizeof *n.queue);
    add_edges (m, &n);
    sort_edges (&n);
    for (uint32_t i = 0; i < m->pair_count; i++)
        flow += m->pairs[i].amount;
    while (find_levels (&n)) {
        memcpy (n.next, n.first, n.nodes * sizeof *n.next);
        while ((more = push_path (&n)) > 0)
            flow += more;
    }
    void *owned[] = { n.edges, n.from, n.list, n.first, n.next, n.level, n.queue };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free (owned[i]);
    return flow;
}
