#include "query/symbol.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"

/* Class symbols */

static size_t
digits_at (const char *text, size_t size, size_t at)
{
    size_t n = 0;
    while (at + n < size && isdigit ((unsigned char)text[at + n]))
        n++;
    return n;
}

static bool
space_at (const char *text, size_t at)
{
    return text[at] == ' ' || text[at] == '\t';
}

/* Does what follows a symbol in the long form of ST.8 stand at `at`: the day of the version and, if more than that follows, a
 * level (of IPC alone), a position and a value? */
static bool
tail_at (const char *text, size_t size, size_t at)
{
    if (digits_at (text, size, at) < 8)
        return false;
    return size - at == 8
           || (size - at >= 11 && strchr ("ACS ", text[at + 8]) && strchr ("FL ", text[at + 9])
               && strchr ("INA ", text[at + 10]));
}

/* Bytes of the symbol alone: up to a parenthesis (the version in "H04L 29/06 (2006.01)") or the tail of the long form of ST.8;
 * *tail is where that begins, or size. */
static size_t
symbol_size (const char *text, size_t size, size_t *tail)
{
    const char *bracket = size ? memchr (text, '(', size) : NULL;
    *tail = size;
    if (bracket)
        return (size_t)(bracket - text);
    for (size_t i = 5; i < size; i++) {
        if (space_at (text, i - 1) && tail_at (text, size, i)) {
            *tail = i;
            return i;
        }
    }
    return size;
}

/* Capitals without white space; 0 if they do not fit. */
static size_t
squeeze (const char *text, size_t size, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (space_at (text, i))
            continue;
        if (n == room)
            return 0;
        out[n++] = (char)toupper ((unsigned char)text[i]);
    }
    return n;
}

static void
set_level (tt_symbol *symbol, tt_symbol_level level)
{
    symbol->level = level;
    symbol->ends[level] = (uint8_t)strlen (symbol->text);
}

static void
append (tt_symbol *symbol, const char *text, size_t size)
{
    memcpy (symbol->text + strlen (symbol->text), text, size); /* the room is never short: squeeze lets no longer text through */
}

/* What stands behind the subclass: "1", "1/053" or "0001053000". */
static bool
parse_groups (const char *text, size_t size, tt_symbol *symbol)
{
    size_t group = digits_at (text, size, 0);
    const char *sub = text + group + 1;
    size_t sub_size = size - group > 1 ? size - group - 1 : 0;
    if (group == 10 && size == 10) { /* ST.8: four digits of group, six of subgroup filled up with zeros */
        group = 4;
        sub = text + 4;
        sub_size = 6;
        while (sub_size > 2 && sub[sub_size - 1] == '0')
            sub_size--;
    } else if (group == 0 || group > 4 || (group < size && text[group] != '/') || size == group + 1 || sub_size == 1
               || sub_size > 6 || digits_at (sub, sub_size, 0) != sub_size) {
        return false;
    }
    while (group > 1 && *text == '0') {
        text++;
        group--;
    }
    append (symbol, text, group);
    set_level (symbol, TT_LEVEL_GROUP);
    if (sub_size == 0)
        return true;
    append (symbol, "/", 1);
    append (symbol, sub, sub_size);
    set_level (symbol, TT_LEVEL_SUBGROUP);
    return true;
}

bool
tt_symbol_parse (tt_bytes text, tt_symbol *symbol)
{
    char s[TT_SYMBOL_TEXT_SIZE - 1];
    size_t tail = 0;
    size_t size = squeeze ((const char *)text.data, symbol_size ((const char *)text.data, text.size, &tail), s, sizeof s);
    *symbol = (tt_symbol){ 0 };
    if (size == 0 || strchr ("ABCDEFGHY", s[0]) == NULL)
        return false;
    append (symbol, s, 1);
    set_level (symbol, TT_LEVEL_SECTION);
    if (size == 1)
        return true;
    if (digits_at (s, size, 1) < 2)
        return false;
    append (symbol, s + 1, 2);
    set_level (symbol, TT_LEVEL_CLASS);
    if (size == 3)
        return true;
    if (s[3] < 'A' || s[3] > 'Z')
        return false;
    append (symbol, s + 3, 1);
    set_level (symbol, TT_LEVEL_SUBCLASS);
    return size == 4 || parse_groups (s + 4, size - 4, symbol);
}

const char *
tt_symbol_role_of (char level, char value, bool cpc)
{
    if (cpc)
        return value == 'I' ? "cpci" : value == 'A' ? "cpca" : NULL;
    bool core = level == 'C';
    if (!core && level != 'A' && level != '\0')
        return NULL;
    if (value == 'I')
        return core ? "ci" : "ai";
    return value != 'N' ? NULL : core ? "cn" : "an";
}

const char *
tt_symbol_role (tt_bytes text, bool cpc)
{
    const char *data = (const char *)text.data;
    tt_symbol symbol;
    size_t tail = 0;
    symbol_size (data, text.size, &tail);
    if (text.size - tail < 11 || !tt_symbol_parse (text, &symbol))
        return NULL;
    char level = data[tail + 8];
    return level == ' ' && !cpc ? NULL : tt_symbol_role_of (level, data[tail + 10], cpc);
}

/* Numbers */

/* Capital letters and digits alone; -1 if something else than a usual separator stands between, or it is too long. */
static int
bare_number (tt_bytes text, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = text.data[i];
        if (c < 0x80 && isalnum (c)) {
            if (n == room)
                return -1;
            out[n++] = (char)toupper (c);
        } else if (c != ' ' && c != '.' && c != '-' && c != '/' && c != ',') {
            return -1;
        }
    }
    return (int)n;
}

static bool
letter (char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Bytes of the kind at the end: a letter, or a letter and a digit, behind a digit. */
static size_t
kind_size (const char *text, size_t size)
{
    if (size >= 2 && letter (text[size - 1]) && isdigit ((unsigned char)text[size - 2]))
        return 1;
    if (size >= 3 && isdigit ((unsigned char)text[size - 1]) && letter (text[size - 2])
        && isdigit ((unsigned char)text[size - 3]))
        return 2;
    return 0;
}

bool
tt_number_parse (tt_bytes text, tt_number *number)
{
    char s[TT_NUMBER_TEXT_SIZE - 1];
    int n = bare_number (text, s, sizeof s);
    *number = (tt_number){ 0 };
    if (n <= 0)
        return false;
    const char *rest = s;
    size_t size = (size_t)n;
    if (size >= 2 && letter (s[0]) && letter (s[1])) {
        memcpy (number->country, s, 2);
        rest += 2;
        size -= 2;
        if (size == 0)
            return true;
    }
    size_t kind = kind_size (rest, size);
    size -= kind;
    memcpy (number->kind, rest + size, kind);
    size_t lead = 0;
    while (lead < size && letter (rest[lead]))
        lead++;
    size_t zeros = 0;
    while (lead + zeros + 1 < size && rest[lead + zeros] == '0' && isdigit ((unsigned char)rest[lead + zeros + 1]))
        zeros++; /* not down to a letter: "0CN" would become a country */
    if (lead == size || (number->country[0] == '\0' && lead > 0))
        return false;
    memcpy (number->number, rest, lead);
    memcpy (number->number + lead, rest + lead + zeros, size - lead - zeros);
    return true;
}

/* Dates */

/* 'y', 'm', 'd' stand for a digit each, all else for itself. */
static const char *const date_shapes[]
    = { "yyyy", "yyyymm", "yyyymmdd", "yyyy-mm", "yyyy-mm-dd", "mm/yyyy", "dd/mm/yyyy", "mm.yyyy", "dd.mm.yyyy" };

/* Reads by one shape into year, month, day; parts that the shape lacks stay 0. */
static bool
read_shape (tt_bytes text, const char *shape, int parts[3])
{
    if (text.size != strlen (shape))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int part = shape[i] == 'y' ? 0 : shape[i] == 'm' ? 1 : shape[i] == 'd' ? 2 : -1;
        if (part < 0 && text.data[i] != (uint8_t)shape[i])
            return false;
        if (part >= 0 && !isdigit (text.data[i]))
            return false;
        if (part >= 0)
            parts[part] = parts[part] * 10 + (text.data[i] - '0');
    }
    return true;
}

static int
month_days (int year, int month)
{
    int32_t first = 0;
    int32_t next = 0;
    bool december = month == 12;
    if (december || !tt_date_days (year, month, 1, &first) || !tt_date_days (year, month + 1, 1, &next))
        return 31;
    return next - first;
}

bool
tt_date_range (tt_bytes text, int32_t *first, int32_t *last)
{
    for (size_t i = 0; i < sizeof date_shapes / sizeof date_shapes[0]; i++) {
        int parts[3] = { 0 };
        const char *shape = date_shapes[i];
        if (!read_shape (text, shape, parts))
            continue;
        bool has_month = strchr (shape, 'm') != NULL;
        bool has_day = strchr (shape, 'd') != NULL;
        int month_last = has_month ? parts[1] : 12;
        int day_last = has_day ? parts[2] : month_days (parts[0], month_last);
        return parts[0] >= 1000 && tt_date_days (parts[0], has_month ? parts[1] : 1, has_day ? parts[2] : 1, first)
               && tt_date_days (parts[0], month_last, day_last, last);
    }
    return false;
}
