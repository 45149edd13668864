#include "caps.h"

#include <stdio.h>
#include <string.h>

#define LEGS 3 /* EQUITY, LOAN, LEASE */

struct match_caps {
    const match_caps_input *in;
    const char **districts; /* that caps name, sorted */
    uint32_t district_count, parts;
    match_nest *nest;      /* products, caps, providers, numbered in this order */
    uint32_t *set_of;      /* of each node */
    int64_t *left;         /* of each node */
    int64_t *cell_left;    /* of each product and part: the tightest node */
    match_nest **personal; /* of each leg and part: caps, numbered as in the input */
};

/* -- what a cap covers -- */

static bool
names (char *const *list, size_t count, const char *value)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (list[i], value) == 0)
            return true;
    return count == 0;
}

static bool
names_leg (const finance_cap *cap, Techtransfer__Finance__V1__Leg leg)
{
    for (size_t i = 0; i < cap->n_legs; i++)
        if (cap->legs[i] == leg)
            return true;
    return cap->n_legs == 0;
}

/* "provider/product", without putting the two together. */
static bool
names_product (const finance_cap *cap, const finance_product *p)
{
    size_t size = strlen (p->provider_id);
    for (size_t i = 0; i < cap->n_products; i++) {
        const char *text = cap->products[i];
        if (strncmp (text, p->provider_id, size) == 0 && text[size] == '/' && strcmp (text + size + 1, p->product_id) == 0)
            return true;
    }
    return cap->n_products == 0;
}

static bool
covers_product (const finance_cap *cap, const finance_product *p)
{
    return !cap->retired && !cap->per_applicant && names_leg (cap, p->leg)
           && names (cap->providers, cap->n_providers, p->provider_id) && names_product (cap, p);
}

bool
match_cap_covers (const finance_cap *cap, const finance_application *application, const finance_product *product)
{
    return !cap->retired && names_leg (cap, product->leg) && names (cap->providers, cap->n_providers, product->provider_id)
           && names_product (cap, product) && names (cap->districts, cap->n_districts, application->district);
}

/* -- parts of the country -- */

static int
compare_texts (const void *a, const void *b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
find_parts (match_caps *c)
{
    size_t named = 0;
    for (uint32_t i = 0; i < c->in->cap_count; i++)
        named += c->in->caps[i]->n_districts;
    c->districts = tt_alloc ((named + 1) * sizeof *c->districts);
    for (uint32_t i = 0; i < c->in->cap_count; i++)
        for (size_t k = 0; k < c->in->caps[i]->n_districts; k++)
            c->districts[c->district_count++] = c->in->caps[i]->districts[k];
    if (c->district_count > 1)
        qsort (c->districts, c->district_count, sizeof *c->districts, compare_texts);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->district_count; i++)
        if (kept == 0 || strcmp (c->districts[kept - 1], c->districts[i]) != 0)
            c->districts[kept++] = c->districts[i];
    c->district_count = kept;
    c->parts = kept + 1;
}

uint32_t
match_caps_part (const match_caps *c, const char *district)
{
    const char **found = NULL;
    if (c->district_count)
        found = bsearch (&district, c->districts, c->district_count, sizeof *c->districts, compare_texts);
    return found ? (uint32_t)(found - c->districts) : c->district_count;
}

/* The parts that a list of districts reaches into; an empty one into all. */
static void
parts_of (const match_caps *c, char *const *districts, size_t count, uint64_t *parts)
{
    memset (parts, count ? 0 : 0xff, (c->parts + 63) / 64 * sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        uint32_t part = match_caps_part (c, districts[i]);
        parts[part / 64] |= UINT64_C (1) << (part % 64);
    }
    if (c->parts % 64)
        parts[c->parts / 64] &= (UINT64_C (1) << (c->parts % 64)) - 1;
}

/* -- the providers' side -- */

static void
add_cap (match_caps *c, const finance_cap *cap, const uint64_t *of_products, uint64_t *parts)
{
    uint32_t words = match_nest_words (c->nest);
    uint64_t *of_cap = parts + words;
    match_nest_add (c->nest);
    parts_of (c, cap->districts, cap->n_districts, of_cap);
    for (uint32_t p = 0; p < c->in->product_count; p++) {
        if (!covers_product (cap, c->in->offers[p].product))
            continue;
        for (uint32_t i = 0; i < words; i++)
            parts[i] = of_products[(size_t)p * words + i] & of_cap[i];
        match_nest_cover (c->nest, p, parts);
    }
}

static void
add_sets (match_caps *c)
{
    const match_caps_input *in = c->in;
    uint32_t words = match_nest_words (c->nest);
    uint64_t *of_products = tt_alloc_zero ((size_t)in->product_count * words, sizeof *of_products);
    uint64_t *parts = tt_alloc (2 * words * sizeof *parts);
    for (uint32_t p = 0; p < in->product_count; p++) {
        const finance_mandate *m = in->offers[p].product->mandate;
        parts_of (c, m ? m->districts : NULL, m ? m->n_districts : 0, of_products + (size_t)p * words);
        match_nest_add (c->nest);
        match_nest_cover (c->nest, p, of_products + (size_t)p * words);
    }
    for (uint32_t i = 0; i < in->cap_count; i++)
        add_cap (c, in->caps[i], of_products, parts);
    for (uint32_t p = 0; p < in->product_count; p++) {
        if (p == 0 || in->provider_of[p] != in->provider_of[p - 1])
            match_nest_add (c->nest);
        match_nest_cover (c->nest, p, of_products + (size_t)p * words);
    }
    free (parts);
    free (of_products);
}

static const char *
set_name (const match_caps *c, uint32_t set, char *out, size_t size)
{
    const match_caps_input *in = c->in;
    if (set < in->product_count) {
        snprintf (out, size, "product %s/%s", in->offers[set].product->provider_id, in->offers[set].product->product_id);
    } else if (set < in->product_count + in->cap_count) {
        snprintf (out, size, "cap %s", in->caps[set - in->product_count]->cap_id);
    } else {
        uint32_t provider = set - in->product_count - in->cap_count, product = 0;
        while (in->provider_of[product] != provider)
            product++;
        snprintf (out, size, "provider %s", in->offers[product].product->provider_id);
    }
    return out;
}

static int64_t
not_below_zero (int64_t left)
{
    return left > 0 ? left : 0;
}

static int64_t
set_left (const match_caps *c, uint32_t set)
{
    const match_caps_input *in = c->in;
    if (set < in->product_count)
        return not_below_zero (in->offers[set].product_left);
    if (set < in->product_count + in->cap_count) {
        const finance_cap *cap = in->caps[set - in->product_count];
        return cap->suspended ? 0 : not_below_zero (cap->limit_fen - cap->used_fen);
    }
    return 0; /* of a provider: filled in from its products */
}

/* The nodes with what they have left, and for each cell the tightest. */
static void
fill_nodes (match_caps *c)
{
    const match_caps_input *in = c->in;
    uint32_t count = match_caps_node_count (c), first_provider = in->product_count + in->cap_count;
    c->set_of = tt_alloc_zero (count, sizeof *c->set_of);
    c->left = tt_alloc_zero (count, sizeof *c->left);
    for (uint32_t set = 0; set < count; set++) {
        c->set_of[match_nest_place (c->nest, set)] = set;
        c->left[match_nest_place (c->nest, set)] = set_left (c, set);
    }
    for (uint32_t p = 0; p < in->product_count; p++)
        c->left[match_nest_place (c->nest, first_provider + in->provider_of[p])] = not_below_zero (in->offers[p].provider_left);
    c->cell_left = tt_alloc_zero ((size_t)in->product_count * c->parts, sizeof *c->cell_left);
    for (uint32_t p = 0; p < in->product_count; p++)
        for (uint32_t part = 0; part < c->parts; part++) {
            int64_t least = INT64_MAX;
            for (uint32_t node = match_caps_node (c, p, part); node != MATCH_NO_SET; node = match_caps_node_parent (c, node))
                least = c->left[node] < least ? c->left[node] : least;
            c->cell_left[(size_t)p * c->parts + part] = least;
        }
}

static tt_status
build_nodes (match_caps *c, tt_error *error)
{
    char first[200], second[200];
    uint32_t a, b;
    c->nest = match_nest_new (c->in->product_count + 1, c->parts);
    add_sets (c);
    if (!match_nest_solve (c->nest, &a, &b))
        return tt_fail (error, TT_FAILED_PRECONDITION,
                        "%s and %s cross: they have some products and districts in common, and each has others besides",
                        set_name (c, a, first, sizeof first), set_name (c, b, second, sizeof second));
    fill_nodes (c);
    return TT_OK;
}

/* -- the applicants' side -- */

static void
add_personal (match_nest *nest, const match_caps_input *in, const finance_cap *cap, bool holds)
{
    static const uint64_t one = 1;
    match_nest_add (nest);
    if (!holds || cap->retired || !cap->per_applicant)
        return;
    for (uint32_t p = 0; p < in->product_count; p++)
        if ((p == 0 || in->provider_of[p] != in->provider_of[p - 1])
            && names (cap->providers, cap->n_providers, in->offers[p].product->provider_id))
            match_nest_cover (nest, in->provider_of[p], &one);
}

static tt_status
build_personal (match_caps *c, uint32_t slot, tt_error *error)
{
    const match_caps_input *in = c->in;
    Techtransfer__Finance__V1__Leg leg = (Techtransfer__Finance__V1__Leg)(slot / c->parts + 1);
    uint32_t part = slot % c->parts, a, b;
    uint64_t *parts = tt_alloc ((c->parts + 63) / 64 * sizeof *parts);
    c->personal[slot] = match_nest_new (in->provider_count + 1, 1);
    for (uint32_t i = 0; i < in->cap_count; i++) {
        parts_of (c, in->caps[i]->districts, in->caps[i]->n_districts, parts);
        add_personal (c->personal[slot], in, in->caps[i], names_leg (in->caps[i], leg) && parts[part / 64] >> (part % 64) & 1);
    }
    free (parts);
    if (match_nest_solve (c->personal[slot], &a, &b))
        return TT_OK;
    return tt_fail (error, TT_FAILED_PRECONDITION,
                    "cap %s and cap %s cross: they have some providers in common, and each has others besides",
                    in->caps[a]->cap_id, in->caps[b]->cap_id);
}

tt_status
match_caps_new (match_caps **out, const match_caps_input *input, tt_error *error)
{
    match_caps *c = *out = tt_alloc_zero (1, sizeof *c);
    c->in = input;
    find_parts (c);
    c->personal = tt_alloc_zero ((size_t)LEGS * c->parts, sizeof *c->personal);
    tt_status status = build_nodes (c, error);
    for (uint32_t i = 0; status == TT_OK && i < LEGS * c->parts; i++)
        status = build_personal (c, i, error);
    if (status != TT_OK)
        match_caps_destroy (out);
    return status;
}

void
match_caps_destroy (match_caps **caps)
{
    match_caps *c = *caps;
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < LEGS * c->parts; i++)
        match_nest_destroy (&c->personal[i]);
    match_nest_destroy (&c->nest);
    free (c->personal);
    free (c->cell_left);
    free (c->left);
    free (c->set_of);
    free (c->districts);
    free (c);
    *caps = NULL;
}

/* -- asking -- */

uint32_t
match_caps_node_count (const match_caps *c)
{
    return c->in->product_count + c->in->cap_count + c->in->provider_count;
}

int64_t
match_caps_node_left (const match_caps *c, uint32_t node)
{
    return c->left[node];
}

uint32_t
match_caps_node_parent (const match_caps *c, uint32_t node)
{
    uint32_t parent = match_nest_parent (c->nest, c->set_of[node]);
    return parent == MATCH_NO_SET ? MATCH_NO_SET : match_nest_place (c->nest, parent);
}

const finance_cap *
match_caps_node_cap (const match_caps *c, uint32_t node)
{
    uint32_t set = c->set_of[node], first = c->in->product_count;
    return set >= first && set < first + c->in->cap_count ? c->in->caps[set - first] : NULL;
}

uint32_t
match_caps_node (const match_caps *c, uint32_t product, uint32_t part)
{
    uint32_t set = match_nest_innermost (c->nest, product, part);
    return set == MATCH_NO_SET ? MATCH_NO_SET : match_nest_place (c->nest, set);
}

int64_t
match_caps_left (const match_caps *c, uint32_t product, uint32_t part)
{
    return c->cell_left[(size_t)product * c->parts + part];
}

uint32_t
match_caps_personal (const match_caps *c, uint32_t provider, Techtransfer__Finance__V1__Leg leg, uint32_t part)
{
    return match_nest_innermost (c->personal[((uint32_t)leg - 1) * c->parts + part], provider, 0);
}

uint32_t
match_caps_personal_parent (const match_caps *c, uint32_t cap, Techtransfer__Finance__V1__Leg leg, uint32_t part)
{
    return match_nest_parent (c->personal[((uint32_t)leg - 1) * c->parts + part], cap);
}

uint32_t
match_caps_personal_at (const match_caps *c, uint32_t place, Techtransfer__Finance__V1__Leg leg, uint32_t part)
{
    return match_nest_at (c->personal[((uint32_t)leg - 1) * c->parts + part], place);
}
