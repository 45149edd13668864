#include "query/class_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_LINE 65536
#define MAX_DOTS 30
#define MAX_SYMBOLS 2000000 /* CPC has about 260,000 */

typedef struct {
    tt_symbol symbol;
    uint8_t dots;
} item;

typedef struct {
    item *items; /* owned: in the order of the scheme, where what is below follows */
    size_t count, room;
    uint32_t *sorted; /* owned: numbers of items by their text */
} tree;

static tree trees[TT_CLASS_SCHEMES];

static void
close_tree (tree *t)
{
    free (t->items);
    free (t->sorted);
    *t = (tree){ 0 };
}

void
tt_class_tree_forget (void)
{
    for (int i = 0; i < TT_CLASS_SCHEMES; i++)
        close_tree (&trees[i]);
}

static int
compare_items (const void *a, const void *b, void *context)
{
    const item *items = context;
    return strcmp (items[*(const uint32_t *)a].symbol.text, items[*(const uint32_t *)b].symbol.text);
}

static tt_status
take_line (tree *t, const char *path, size_t number, char *line, tt_error *error)
{
    line[strcspn (line, "\r\n")] = '\0';
    char *tab = strchr (line, '\t');
    if (line[0] == '\0' || line[0] == '#')
        return TT_OK;
    item one = { 0 };
    size_t size = tab ? (size_t)(tab - line) : strlen (line);
    if (!tt_symbol_parse ((tt_bytes){ (const uint8_t *)line, size }, &one.symbol))
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%zu: expected a class symbol, found \"%.*s\"", path, number,
                        size < 24 ? (int)size : 24, line);
    if (one.symbol.level < TT_LEVEL_SUBGROUP)
        return TT_OK;
    char *end = tab;
    unsigned long dots = tab && tab[1] >= '0' && tab[1] <= '9' ? strtoul (tab + 1, &end, 10) : MAX_DOTS + 1;
    bool main_group = strcmp (strchr (one.symbol.text, '/'), "/00") == 0;
    if (dots > MAX_DOTS || (*end != '\t' && *end != '\0') || main_group != (dots == 0))
        return tt_fail (error, TT_INVALID_ARGUMENT,
                        "%s:%zu: expected a tab and the number of dots behind %s: 0 for a main group, 1 to %d for others", path,
                        number, one.symbol.text, MAX_DOTS);
    if (t->count == MAX_SYMBOLS)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%zu: expected at most %d symbols", path, number, MAX_SYMBOLS);
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 1024;
        t->items = tt_realloc (t->items, t->room * sizeof *t->items);
    }
    one.dots = (uint8_t)dots;
    t->items[t->count++] = one;
    return TT_OK;
}

static tt_status
take_lines (tree *t, const char *path, FILE *file, tt_error *error)
{
    char *line = tt_alloc (MAX_LINE);
    tt_status status = TT_OK;
    for (size_t number = 1; status == TT_OK && fgets (line, MAX_LINE, file); number++) {
        if (strlen (line) == MAX_LINE - 1)
            status
                = tt_fail (error, TT_INVALID_ARGUMENT, "%s:%zu: expected a line of less than %d bytes", path, number, MAX_LINE);
        else
            status = take_line (t, path, number, line, error);
    }
    free (line);
    if (status == TT_OK && ferror (file))
        status = tt_fail (error, TT_INVALID_ARGUMENT, "%s: cannot be read: %s", path, strerror (errno));
    if (status == TT_OK && t->count == 0)
        status = tt_fail (error, TT_INVALID_ARGUMENT, "%s: expected subgroups, found none", path);
    return status;
}

static tt_status
sort_tree (tree *t, const char *path, tt_error *error)
{
    t->sorted = tt_alloc (t->count * sizeof *t->sorted);
    for (size_t i = 0; i < t->count; i++)
        t->sorted[i] = (uint32_t)i;
    qsort_r (t->sorted, t->count, sizeof *t->sorted, compare_items, t->items);
    for (size_t i = 1; i < t->count; i++)
        if (compare_items (&t->sorted[i - 1], &t->sorted[i], t->items) == 0)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s: expected each symbol once, found %s twice", path,
                            t->items[t->sorted[i]].symbol.text);
    return TT_OK;
}

tt_status
tt_class_tree_read (tt_class_scheme scheme, const char *path, tt_error *error)
{
    tree fresh = { 0 };
    FILE *file = fopen (path, "re");
    if (file == NULL)
        return tt_fail (error, errno == EACCES ? TT_PERMISSION_DENIED : TT_NOT_FOUND, "%s: %s", path, strerror (errno));
    tt_status status = take_lines (&fresh, path, file, error);
    fclose (file);
    if (status == TT_OK)
        status = sort_tree (&fresh, path, error);
    if (status != TT_OK) {
        close_tree (&fresh);
        return status;
    }
    close_tree (&trees[scheme]);
    trees[scheme] = fresh;
    return TT_OK;
}

/* The place of a symbol in the order of the scheme, or t->count. */
static size_t
find (const tree *t, const char *text)
{
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp (t->items[t->sorted[middle]].symbol.text, text);
        if (order == 0)
            return t->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return t->count;
}

static bool
same_group (const tt_symbol *a, const tt_symbol *b)
{
    size_t size = a->ends[TT_LEVEL_GROUP];
    return size == b->ends[TT_LEVEL_GROUP] && memcmp (a->text, b->text, size) == 0;
}

static void
visit_above (const tree *t, size_t at, void (*visit) (void *, const tt_symbol *), void *context)
{
    const item *one = &t->items[at];
    unsigned dots = one->dots;
    for (size_t i = at; i-- > 0 && dots > 1 && same_group (&t->items[i].symbol, &one->symbol);) {
        if (t->items[i].dots >= dots)
            continue;
        dots = t->items[i].dots;
        if (dots > 0)
            visit (context, &t->items[i].symbol);
    }
    tt_symbol group = one->symbol;
    size_t size = group.ends[TT_LEVEL_GROUP];
    group.level = TT_LEVEL_GROUP;
    group.ends[TT_LEVEL_SUBGROUP] = 0;
    memset (group.text + size, 0, sizeof group.text - size);
    visit (context, &group);
}

bool
tt_class_tree_visit (tt_class_scheme scheme, const tt_symbol *symbol, bool low,
                     void (*visit) (void *context, const tt_symbol *symbol), void *context)
{
    const tree *t = &trees[scheme];
    size_t at = find (t, symbol->text);
    if (at == t->count)
        return false;
    if (!low) {
        visit_above (t, at, visit, context);
        return true;
    }
    for (size_t i = at + 1; i < t->count && t->items[i].dots > t->items[at].dots; i++)
        if (same_group (&t->items[i].symbol, symbol))
            visit (context, &t->items[i].symbol);
    return true;
}
