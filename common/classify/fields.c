#include "classify/fields.h"

#include <stdio.h>
#include <string.h>

#include "catalog/csv.h"

#define PREFIX_MOST 12
#define NAME_MOST 96

typedef struct {
    char text[PREFIX_MOST]; /* "A61K8": subclass and main group, no blank */
    uint32_t field;
} prefix;

struct tt_fields {
    prefix *prefixes;
    size_t count;
    char names[TT_FIELD_COUNT + 1][NAME_MOST];
};

static bool
is_symbol (const char *text, size_t size)
{
    if (size < 3 || size >= PREFIX_MOST || text[0] < 'A' || text[0] > 'H')
        return false;
    for (size_t i = 1; i < size; i++) {
        bool letter = text[i] >= 'A' && text[i] <= 'Z', digit = text[i] >= '0' && text[i] <= '9';
        if (i == 3 ? !letter : !digit)
            return false;
    }
    return true;
}

static const char *
add_prefixes (tt_fields *f, uint32_t field, const char *list)
{
    for (const char *at = list + strspn (list, " "); *at; at += strspn (at, " ")) {
        size_t size = strcspn (at, " ");
        if (!is_symbol (at, size))
            return "a prefix is like A61, A61K or A61K8";
        for (size_t i = 0; i < f->count; i++)
            if (strlen (f->prefixes[i].text) == size && memcmp (f->prefixes[i].text, at, size) == 0)
                return "a prefix stands twice";
        f->prefixes = tt_realloc (f->prefixes, (f->count + 1) * sizeof *f->prefixes);
        prefix *p = &f->prefixes[f->count++];
        *p = (prefix){ .field = field };
        memcpy (p->text, at, size);
        at += size;
    }
    return NULL;
}

static const char *
add_row (tt_fields *f, const tt_csv_row *row, int number, int name, int ipc)
{
    if (row->count <= (size_t)number || row->count <= (size_t)name || row->count <= (size_t)ipc)
        return "too few fields";
    char *end;
    unsigned long field = strtoul (row->fields[number].text, &end, 10);
    if (*end != '\0' || field < 1 || field > TT_FIELD_COUNT)
        return "a field is 1 to 35";
    snprintf (f->names[field], NAME_MOST, "%s", row->fields[name].text);
    return add_prefixes (f, (uint32_t)field, row->fields[ipc].text);
}

static tt_status
read_rows (tt_fields *f, tt_csv *csv, const char *path, tt_error *error)
{
    const tt_csv_row *row;
    tt_status status = tt_csv_next (csv, &row, error);
    if (status != TT_OK)
        return status;
    int number = row ? tt_csv_find (row, "field") : -1, name = row ? tt_csv_find (row, "name_en") : -1, ipc = row ? tt_csv_find (row, "ipc") : -1;
    if (number < 0 || name < 0 || ipc < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s:1: columns field, name_en and ipc are needed", path);
    while ((status = tt_csv_next (csv, &row, error)) == TT_OK && row) {
        const char *fault = add_row (f, row, number, name, ipc);
        if (fault)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%llu: %s", path, (unsigned long long)row->line, fault);
    }
    return status;
}

tt_status
tt_fields_read (tt_fields **out, const char *path, tt_error *error)
{
    tt_fields *f = tt_alloc_zero (1, sizeof *f);
    tt_csv *csv = NULL;
    tt_status status = tt_csv_open (&csv, path, NULL, error);
    if (status == TT_OK)
        status = read_rows (f, csv, path, error);
    tt_csv_close (&csv);
    if (status != TT_OK)
        tt_fields_destroy (&f);
    *out = f;
    return status;
}

void
tt_fields_destroy (tt_fields **fields)
{
    if (!*fields)
        return;
    free ((*fields)->prefixes);
    free (*fields);
    *fields = NULL;
}

/* A main group must end where the prefix does: A61K8 is not A61K85. */
static bool
fits (const char *wanted, size_t size, const char *symbol)
{
    if (strncmp (symbol, wanted, size) != 0)
        return false;
    return size <= 4 || symbol[size] < '0' || symbol[size] > '9';
}

uint32_t
tt_fields_of (const tt_fields *f, const char *ipc)
{
    char symbol[PREFIX_MOST + 1] = { 0 };
    size_t size = 0, best = 0;
    uint32_t field = 0;
    for (; *ipc && *ipc != '/' && size < PREFIX_MOST; ipc++)
        if (*ipc != ' ')
            symbol[size++] = *ipc >= 'a' && *ipc <= 'z' ? (char)(*ipc - 'a' + 'A') : *ipc;
    for (size_t i = 0; i < f->count; i++) {
        size_t length = strlen (f->prefixes[i].text);
        if (length > best && fits (f->prefixes[i].text, length, symbol)) {
            best = length;
            field = f->prefixes[i].field;
        }
    }
    return field;
}

const char *
tt_fields_name (const tt_fields *f, uint32_t field)
{
    return field <= TT_FIELD_COUNT ? f->names[field] : "";
}
