#include "import/docnum.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/normal.h"

#define MAX_PARTS 8
#define MAX_TEXT 96

/* The text in capitals, cut at white space, hyphens and points. */
typedef struct {
    char text[MAX_TEXT];
    char *part[MAX_PARTS];
    size_t count;
} parts;

static bool
is_letter (char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_digit (char c)
{
    return c >= '0' && c <= '9';
}

static bool
all_digits (const char *text)
{
    size_t n = strspn (text, "0123456789");
    return n > 0 && text[n] == '\0';
}

bool
tt_docnum_clean (const char *number, bool trim, char out[33])
{
    size_t n = 0;
    bool zeros = trim;
    for (; *number; number++) {
        char c = (char)toupper ((unsigned char)*number);
        if (!is_letter (c) && !is_digit (c))
            continue;
        if (zeros && c == '0')
            continue;
        if (is_digit (c))
            zeros = false;
        if (n == 32)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

/* Slashes and commas inside a part ("2016/219013", "D. 271,298") join what they separate. */
static void
add_char (parts *p, size_t *n, char c)
{
    static const char joins[] = "/,";
    if (strchr (joins, c) == NULL)
        p->text[(*n)++] = c;
}

static bool
cut (const char *text, parts *p)
{
    size_t n = 0;
    bool inside = false;
    for (; *text; text++) {
        char c = (char)toupper ((unsigned char)*text);
        if (n + 2 >= sizeof p->text)
            return false;
        if (isspace ((unsigned char)c) || c == '-' || c == '.') {
            if (inside)
                p->text[n++] = '\0';
            inside = false;
            continue;
        }
        if (!isalnum ((unsigned char)c) && c != '/' && c != ',')
            return false;
        if (!inside && p->count == MAX_PARTS)
            return false;
        if (!inside)
            p->part[p->count++] = p->text + n;
        inside = true;
        add_char (p, &n, c);
    }
    p->text[n] = '\0';
    return p->count > 0;
}

/* Takes the country off the front; without one, `given` stands. RE and PP before digits are kinds of US number, not countries. */
static void
take_country (parts *p, const char *given, tt_docnum *out)
{
    char *first = p->part[0];
    bool pair = is_letter (first[0]) && is_letter (first[1]);
    bool series = given[0] && (strncmp (first, "RE", 2) == 0 || strncmp (first, "PP", 2) == 0);
    bool same = given[0] && strncasecmp (first, given, 2) == 0;
    if (!pair || (series && !same)) {
        for (size_t i = 0; i < 2 && given[i]; i++)
            out->country[i] = (char)toupper ((unsigned char)given[i]);
        return;
    }
    memcpy (out->country, first, 2);
    p->part[0] = first + 2;
    if (first[2] == '\0' && p->count > 1) {
        memmove (p->part, p->part + 1, (p->count - 1) * sizeof p->part[0]);
        p->count--;
    }
}

static bool
is_kind (const char *text)
{
    size_t n = strlen (text);
    return is_letter (text[0]) && (n == 1 || ((n == 2 || n == 3) && all_digits (text + 1)));
}

/* A kind glued to the number: CN111504366B, EP1000000A1. */
static void
split_glued (char *last, tt_docnum *out)
{
    size_t lead = 0, n = strlen (last);
    while (is_letter (last[lead]))
        lead++;
    size_t digits = strspn (last + lead, "0123456789");
    char *tail = last + lead + digits;
    if (digits > 0 && tail < last + n && is_kind (tail)) {
        snprintf (out->kind, sizeof out->kind, "%s", tail);
        *tail = '\0';
    }
}

static void
take_tail (parts *p, tt_docnum_kind what, bool check_digit, tt_docnum *out)
{
    if (p->count > 1 && strlen (p->part[p->count - 1]) == 8 && tt_normal_date (p->part[p->count - 1], out->date))
        p->count--;
    if (check_digit && p->count > 1 && strlen (p->part[p->count - 1]) == 1)
        p->count--;
    if (p->count > 1 && is_kind (p->part[p->count - 1]))
        snprintf (out->kind, sizeof out->kind, "%s", p->part[--p->count]);
    else if (p->count == 1 || what == TT_DOCNUM_PUBLICATION)
        split_glued (p->part[p->count - 1], out);
}

static bool
join (const parts *p, tt_docnum *out)
{
    char all[MAX_TEXT] = "";
    bool digit = false;
    for (size_t i = 0; i < p->count; i++)
        strcat (all, p->part[i]);
    for (const char *c = all; *c; c++)
        digit = digit || is_digit (*c);
    return digit && tt_docnum_clean (all, false, out->number);
}

/* PCT/US97/05183 and PCT/IB2019/057948: the receiving office, year and number, kind W. */
static bool
parse_pct (const char *text, tt_docnum *out)
{
    char rest[MAX_TEXT];
    if (strncasecmp (text, "PCT/", 4) != 0 || strlen (text) < 8 || strlen (text) >= sizeof rest)
        return false;
    snprintf (rest, sizeof rest, "%s", text + 6);
    memcpy (out->country, (char[]){ (char)toupper ((unsigned char)text[4]), (char)toupper ((unsigned char)text[5]) }, 2);
    snprintf (out->kind, sizeof out->kind, "W");
    return is_letter (out->country[0]) && is_letter (out->country[1]) && tt_docnum_clean (rest, false, out->number);
}

tt_status
tt_docnum_parse (const char *text, const char *country, tt_docnum_kind what, tt_docnum *out, tt_error *error)
{
    parts p = { .count = 0 };
    *out = (tt_docnum){ .number = "" };
    if (what == TT_DOCNUM_APPLICATION && parse_pct (text, out))
        return TT_OK;
    *out = (tt_docnum){ .number = "" };
    if (!cut (text, &p))
        return tt_fail (error, TT_INVALID_ARGUMENT, "\"%.60s\" is not a document number", text);
    const char *point = strrchr (text, '.');
    bool check_digit = what == TT_DOCNUM_APPLICATION && point && point[1] && point[2] == '\0';
    take_country (&p, country, out);
    take_tail (&p, what, check_digit, out);
    if (!join (&p, out))
        return tt_fail (error, TT_INVALID_ARGUMENT, "\"%.60s\" holds no document number", text);
    return TT_OK;
}
