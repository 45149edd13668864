#include "portfolio.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "wire/topic.h"

#define BUCKETS 4096

/* -- form -- */

bool
alert_portfolio_number (const char *publication, tt_buffer *out)
{
    bool points = strlen (publication) > 3 && publication[2] == '.';
    const char *number = publication + (points ? 3 : 2);
    if (strlen (publication) < 3 || !isupper ((unsigned char)publication[0]) || !isupper ((unsigned char)publication[1]))
        return false;
    size_t size = points ? strcspn (number, ".") : strlen (number);
    size_t kind = size;
    if (!points) { /* "B", "B2" behind the last digits: a letter and at most one digit */
        while (kind > 0 && size - kind < 1 && isdigit ((unsigned char)number[kind - 1]))
            kind--;
        kind = kind > 0 && isupper ((unsigned char)number[kind - 1]) ? kind - 1 : size;
    }
    size = kind > 1 ? kind : size;
    if (size < 1 || size > 32 || strspn (number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") < size)
        return false;
    tt_buffer_append (out, publication, 2);
    tt_buffer_append (out, number, size);
    return true;
}

static bool
check_numbers (const Portfolio *portfolio, tt_violations *v)
{
    bool ok = tt_check_count (v, "publications", portfolio->n_publications, 0, ALERT_PORTFOLIO_MAX);
    tt_buffer number = { 0 };
    for (size_t i = 0; ok && i < portfolio->n_publications; i++) {
        ok = alert_portfolio_number (portfolio->publications[i], &number);
        if (!ok) {
            size_t mark = tt_violations_enter (v, "publications[%zu]", i);
            tt_violate (v, NULL, "expected a publication number as in \"CN111504366B\" or \"CN.111504366.B\", got \"%.48s\"",
                        portfolio->publications[i]);
            tt_violations_leave (v, mark);
        }
        tt_buffer_clear (&number);
    }
    tt_buffer_free (&number);
    return ok;
}

static bool
asks_own (const tt_cql *cql, const char *query)
{
    tt_buffer plain = { 0 }, owned = { 0 };
    (void)query;
    tt_cql_print (cql, &plain);
    tt_cql_print_owned (cql, "o", &owned);
    bool own = plain.size != owned.size;
    tt_buffer_free (&plain);
    tt_buffer_free (&owned);
    return own;
}

static bool
check_query (const char *query, tt_violations *v)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    tt_status status = tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, &error);
    if (status != TT_OK) {
        tt_violate (v, "query", "%s", error.message);
        return false;
    }
    bool own = asks_own (cql, query);
    tt_cql_free (&cql);
    if (own)
        tt_violate (v, "query", "a portfolio cannot be made of portfolios: own is for watches");
    return !own;
}

bool
alert_portfolio_check (const Portfolio *portfolio, tt_violations *v)
{
    bool ok = tt_check_identifier (v, "owner", portfolio->owner);
    ok = tt_check_identifier (v, "name", portfolio->name) && ok;
    ok = check_numbers (portfolio, v) && ok;
    if (portfolio->query[0])
        return check_query (portfolio->query, v) && ok;
    if (portfolio->n_publications > 0)
        return ok;
    tt_violate (v, "publications", "required, or query");
    return false;
}

bool
alert_portfolio_same (const Portfolio *a, const Portfolio *b)
{
    bool same = strcmp (a->query, b->query) == 0 && a->n_publications == b->n_publications;
    for (size_t i = 0; same && i < a->n_publications; i++)
        same = strcmp (a->publications[i], b->publications[i]) == 0;
    return same;
}

void
alert_portfolio_topic (const char *owner, tt_buffer *out)
{
    tt_topic_build (out, "patent", "portfolio", owner, NULL);
}

/* -- in memory -- */

typedef struct portfolio portfolio;

/* One publication of one portfolio. */
typedef struct node {
    struct node *next; /* of the same bucket */
    portfolio *of;
    char *number; /* owned */
    uint64_t hash;
} node;

struct portfolio {
    char *name; /* "owner/name", owned */
    portfolio *next;
    node *nodes; /* owned */
    size_t count, place;
};

struct alert_portfolios {
    node **numbers; /* by hash, power of two, grows */
    size_t bucket_count, number_count;
    portfolio *names[BUCKETS];
    portfolio **places; /* by number in the percolator; NULL: free */
    size_t place_count, size, queries;
    tt_percolator *percolator;
    const char **found;
    size_t found_count, found_capacity;
};

alert_portfolios *
alert_portfolios_new (void)
{
    alert_portfolios *p = tt_alloc_zero (1, sizeof *p);
    p->bucket_count = BUCKETS;
    p->numbers = tt_alloc_zero (p->bucket_count, sizeof (node *));
    p->percolator = tt_percolator_new (tt_schema_patent ());
    return p;
}

static portfolio **
find (alert_portfolios *p, const char *name)
{
    portfolio **link = &p->names[XXH3_64bits (name, strlen (name)) % BUCKETS];
    while (*link && strcmp ((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static void
unfile_number (alert_portfolios *p, node *n)
{
    node **link = &p->numbers[n->hash & (p->bucket_count - 1)];
    while (*link != n)
        link = &(*link)->next;
    *link = n->next;
    free (n->number);
    p->number_count--;
}

static void
drop (alert_portfolios *p, portfolio **link)
{
    portfolio *gone = *link;
    *link = gone->next;
    for (size_t i = 0; i < gone->count; i++)
        unfile_number (p, &gone->nodes[i]);
    if (gone->place < p->place_count) {
        (void)tt_percolator_remove (p->percolator, gone->place);
        p->places[gone->place] = NULL;
        p->queries--;
    }
    free (gone->nodes);
    free (gone->name);
    free (gone);
    p->size--;
}

void
alert_portfolios_destroy (alert_portfolios **portfolios)
{
    alert_portfolios *p = *portfolios;
    if (p == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (p->names[i])
            drop (p, &p->names[i]);
    tt_percolator_destroy (&p->percolator);
    free (p->numbers);
    free (p->places);
    free (p->found);
    free (p);
    *portfolios = NULL;
}

static void
grow (alert_portfolios *p)
{
    size_t old = p->bucket_count;
    node **from = p->numbers;
    p->bucket_count *= 4;
    p->numbers = tt_alloc_zero (p->bucket_count, sizeof (node *));
    for (size_t i = 0; i < old; i++)
        for (node *n = from[i], *next; n; n = next) {
            next = n->next;
            n->next = p->numbers[n->hash & (p->bucket_count - 1)];
            p->numbers[n->hash & (p->bucket_count - 1)] = n;
        }
    free (from);
}

static void
file_number (alert_portfolios *p, portfolio *of, const char *publication)
{
    tt_buffer number = { 0 };
    if (!alert_portfolio_number (publication, &number)) {
        tt_buffer_free (&number);
        return;
    }
    if (p->number_count >= p->bucket_count)
        grow (p);
    node *n = &of->nodes[of->count++];
    *n = (node){ .of = of, .hash = XXH3_64bits (number.data, number.size) };
    n->number = tt_alloc (number.size + 1);
    memcpy (n->number, number.data, number.size);
    n->number[number.size] = '\0';
    tt_buffer_free (&number);
    n->next = p->numbers[n->hash & (p->bucket_count - 1)];
    p->numbers[n->hash & (p->bucket_count - 1)] = n;
    p->number_count++;
}

static tt_status
file_query (alert_portfolios *p, portfolio *of, const char *query, tt_error *error)
{
    size_t place = 0;
    while (place < p->place_count && p->places[place])
        place++;
    tt_status status = tt_percolator_put (p->percolator, place, query, strlen (query), NULL, error);
    if (status != TT_OK)
        return status;
    if (place == p->place_count) {
        p->places = tt_realloc (p->places, (p->place_count + 1) * sizeof (portfolio *));
        p->place_count++;
    }
    p->places[place] = of;
    of->place = place;
    p->queries++;
    return TT_OK;
}

tt_status
alert_portfolios_put (alert_portfolios *p, const Portfolio *given, tt_error *error)
{
    tt_status status = TT_OK;
    alert_portfolios_remove (p, given->owner, given->name);
    portfolio *new = tt_alloc_zero (1, sizeof *new);
    tt_buffer name = { 0 };
    tt_buffer_printf (&name, "%s/%s", given->owner, given->name);
    new->name = tt_alloc (name.size + 1);
    memcpy (new->name, name.data, name.size);
    new->name[name.size] = '\0';
    tt_buffer_free (&name);
    new->place = SIZE_MAX;
    new->nodes = tt_alloc ((given->n_publications + 1) * sizeof *new->nodes);
    for (size_t i = 0; i < given->n_publications; i++)
        file_number (p, new, given->publications[i]);
    portfolio **link = find (p, new->name);
    *link = new;
    p->size++;
    if (given->query[0])
        status = file_query (p, new, given->query, error);
    if (status != TT_OK)
        drop (p, link);
    return status;
}

void
alert_portfolios_remove (alert_portfolios *p, const char *owner, const char *name)
{
    tt_buffer key = { 0 };
    tt_buffer_printf (&key, "%s/%s", owner, name);
    tt_buffer_append (&key, "", 1);
    portfolio **link = find (p, (const char *)key.data);
    if (*link)
        drop (p, link);
    tt_buffer_free (&key);
}

size_t
alert_portfolios_count (const alert_portfolios *p)
{
    return p->size;
}

static void
add_found (alert_portfolios *p, const char *name)
{
    for (size_t i = 0; i < p->found_count; i++)
        if (p->found[i] == name)
            return;
    if (p->found_count == p->found_capacity) {
        p->found_capacity = p->found_capacity ? 2 * p->found_capacity : 16;
        p->found = tt_realloc (p->found, p->found_capacity * sizeof *p->found);
    }
    p->found[p->found_count++] = name;
}

size_t
alert_portfolios_holding (alert_portfolios *p, const DocumentReference *publication, const tt_document *document,
                          const char *const **names)
{
    char number[40];
    p->found_count = 0;
    *names = p->found;
    if (p->size == 0)
        return 0;
    size_t size = (size_t)snprintf (number, sizeof number, "%.2s%.36s", publication->country, publication->number);
    uint64_t hash = XXH3_64bits (number, size);
    for (node *n = p->numbers[hash & (p->bucket_count - 1)]; n; n = n->next)
        if (n->hash == hash && strcmp (n->number, number) == 0)
            add_found (p, n->of->name);
    const uint64_t *ids = NULL;
    size_t count = document && p->queries > 0 ? tt_percolator_match (p->percolator, document, &ids) : 0;
    for (size_t i = 0; i < count; i++)
        add_found (p, p->places[ids[i]]->name);
    *names = p->found;
    return p->found_count;
}
