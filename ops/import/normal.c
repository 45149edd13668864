#include "import/normal.h"

#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/clock.h"

static bool
write_date (int year, int month, int day, char out[11])
{
    int32_t days;
    if (!tt_date_days (year, month, day, &days))
        return false;
    tt_date_format (days, out);
    return true;
}

static bool
compact_date (const char *text, char out[11])
{
    int year, month, day;
    return strspn (text, "0123456789") == 8 && (text[8] == '\0' || isspace ((unsigned char)text[8]))
           && sscanf (text, "%4d%2d%2d", &year, &month, &day) == 3 && write_date (year, month, day, out);
}

static bool
ends_date (const char *rest)
{
    return *rest == '\0' || *rest == 'T' || isspace ((unsigned char)*rest);
}

static bool
parted_date (const char *text, char out[11])
{
    static const char *const year_first[] = { "%4d-%2d-%2d%n", "%4d/%2d/%2d%n", "%4d.%2d.%2d%n", "%4d年%2d月%2d日%n" };
    static const char *const day_first[] = { "%2d/%2d/%4d%n", "%2d.%2d.%4d%n" };
    int a, b, c, n;
    for (size_t i = 0; i < 4; i++)
        if (n = 0, sscanf (text, year_first[i], &a, &b, &c, &n) == 3 && n > 0 && a >= 1000 && ends_date (text + n))
            return write_date (a, b, c, out);
    for (size_t i = 0; i < 2; i++)
        if (n = 0, sscanf (text, day_first[i], &a, &b, &c, &n) == 3 && n > 0 && c >= 1000 && ends_date (text + n))
            return write_date (c, b, a, out);
    return false;
}

bool
tt_normal_date (const char *text, char out[11])
{
    while (isspace ((unsigned char)*text))
        text++;
    return compact_date (text, out) || parted_date (text, out);
}

static const char *
blanks (const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
        text++;
    return text;
}

/* Section, class and subclass: "A01B", "A 01B". NULL if they are not there. */
static const char *
subclass (const char *text, char out[TT_CLASS_SIZE])
{
    text = blanks (text);
    if (isdigit ((unsigned char)text[0]) && isalpha ((unsigned char)text[1]))
        text++; /* the edition before a symbol of IPC 1 to 7 */
    out[0] = (char)toupper ((unsigned char)*text);
    if ((out[0] < 'A' || out[0] > 'H') && out[0] != 'Y')
        return NULL;
    text = blanks (text + 1);
    if (!isdigit ((unsigned char)text[0]) || !isdigit ((unsigned char)text[1]) || !isalpha ((unsigned char)text[2]))
        return NULL;
    out[1] = text[0];
    out[2] = text[1];
    out[3] = (char)toupper ((unsigned char)text[2]);
    out[4] = '\0';
    return text + 3;
}

/* Up to IPC 7 in fixed columns: three for the main group, right-aligned, then the subgroup without a slash. */
static bool
old_group (const char *rest, char out[TT_CLASS_SIZE])
{
    size_t size = strcspn (rest, "/");
    size_t spaces = strspn (rest, " "), digits = strspn (rest + spaces, "0123456789");
    if (rest[size] == '/' || spaces > 2 || spaces + digits < 5 || spaces + digits > 9 || rest[spaces + digits] != '\0')
        return false;
    int main_group = 0;
    char columns[4] = { rest[0], rest[1], rest[2], '\0' };
    sscanf (columns, "%d", &main_group);
    snprintf (out + 4, TT_CLASS_SIZE - 4, "%d/%s", main_group, rest + 3);
    return true;
}

bool
tt_normal_class (const char *text, char out[TT_CLASS_SIZE])
{
    const char *rest = subclass (text, out);
    if (rest == NULL)
        return false;
    if (old_group (rest, out))
        return true;
    rest = blanks (rest);
    size_t group = strspn (rest, "0123456789");
    if (group == 0)
        return *rest == '\0' || isspace ((unsigned char)rest[-1]);
    if (group > 4)
        return false;
    const char *slash = blanks (rest + group);
    while (*rest == '0' && group > 1) {
        rest++;
        group--;
    }
    snprintf (out + 4, TT_CLASS_SIZE - 4, "%.*s", (int)group, rest);
    if (*slash != '/')
        return *slash == '\0' || isspace ((unsigned char)rest[group]);
    const char *sub = blanks (slash + 1);
    size_t digits = strspn (sub, "0123456789");
    if (digits >= 2 && digits <= 6 && sub - slash <= 6)
        snprintf (out + 4 + group, TT_CLASS_SIZE - 4 - group, "/%.*s", (int)digits, sub);
    return true;
}

bool
tt_normal_locarno (const char *text, char out[6])
{
    int main_class, subclass_number, n = 0;
    if (sscanf (text, " %2d%*1[-. ]%2d %n", &main_class, &subclass_number, &n) != 2 || n == 0 || text[n]) {
        n = 0;
        if (sscanf (text, " %2d%2d %n", &main_class, &subclass_number, &n) != 2 || n == 0 || text[n])
            return false;
    }
    if (main_class < 1 || main_class > 99 || subclass_number < 0 || subclass_number > 99)
        return false;
    snprintf (out, 6, "%02d-%02d", main_class, subclass_number);
    return true;
}

#define MONEY_MAX 9007199254740991

bool
tt_normal_money (const char *text, int digits, int64_t *out)
{
    int64_t amount = 0;
    int places = -1; /* digits behind the point so far; -1 before it */
    bool seen = false;
    for (; *text; text++) {
        if (*text == ',' || *text == ' ')
            continue;
        if (*text == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (!isdigit ((unsigned char)*text) || (places >= digits && *text != '0'))
            return false;
        seen = true;
        if (places >= digits)
            continue;
        amount = amount * 10 + (*text - '0');
        places += places >= 0;
        if (amount > MONEY_MAX)
            return false;
    }
    for (int i = places < 0 ? 0 : places; i < digits; i++)
        if ((amount *= 10) > MONEY_MAX)
            return false;
    *out = amount;
    return seen;
}

static void
put_character (int32_t character, tt_buffer *out)
{
    utf8proc_ssize_t n = utf8proc_encode_char (character, tt_buffer_reserve (out, 4));
    out->size += (size_t)n;
}

/* Entities of ISO 8879 that HTML 4 does not have and that the older US files use. */
static const struct {
    const char *name;
    int32_t character;
} iso_entities[] = {
    { "lsqb", '[' },     { "rsqb", ']' },      { "lpar", '(' },      { "rpar", ')' },      { "plus", '+' },
    { "equals", '=' },   { "ast", '*' },       { "percnt", '%' },    { "num", '#' },       { "dollar", '$' },
    { "commat", '@' },   { "lowbar", '_' },    { "hyphen", 0x2010 }, { "dash", 0x2010 },   { "verbar", '|' },
    { "lcub", '{' },     { "rcub", '}' },      { "bsol", '\\' },     { "sol", '/' },       { "colon", ':' },
    { "semi", ';' },     { "quest", '?' },     { "excl", '!' },      { "period", '.' },    { "comma", ',' },
    { "Dgr", 0x0394 },   { "agr", 0x03b1 },    { "bgr", 0x03b2 },    { "mgr", 0x03bc },    { "ohm", 0x2126 },
    { "half", 0x00bd },  { "thinsp", 0x2009 }, { "emsp", 0x2003 },   { "ensp", 0x2002 },   { "phgr", 0x03c6 },
    { "ggr", 0x03b3 },   { "dgr", 0x03b4 },    { "lgr", 0x03bb },    { "ohgr", 0x03c9 },   { "OHgr", 0x03a9 },
    { "pgr", 0x03c0 },   { "sgr", 0x03c3 },    { "thgr", 0x03b8 },   { "square", 0x25a1 }, { "squ", 0x25a1 },
    { "check", 0x2713 }, { "apos", '\'' },     { "inodot", 0x0131 }, { "frac13", 0x2153 }, { "frac23", 0x2154 },
    { "ap", 0x2248 },    { "angst", 0x212b },  { "Prime", 0x2033 },  { "star", 0x2606 },   { "starf", 0x2605 },
};

bool
tt_normal_entity (const char *name, tt_buffer *out)
{
    const htmlEntityDesc *known = htmlEntityLookup (BAD_CAST name);
    if (known) {
        put_character ((int32_t)known->value, out);
        return true;
    }
    for (size_t i = 0; i < sizeof iso_entities / sizeof iso_entities[0]; i++)
        if (strcmp (iso_entities[i].name, name) == 0) {
            put_character (iso_entities[i].character, out);
            return true;
        }
    return false;
}

/* A reference at text ("&amp;", "&#8217;", "&#x2019;"): appends what it stands for and returns its length, 0 if it is none. */
static size_t
reference (const uint8_t *text, size_t size, tt_buffer *out)
{
    char name[16];
    const uint8_t *end = memchr (text, ';', size < sizeof name ? size : sizeof name);
    if (end == NULL || end < text + 3)
        return 0;
    size_t length = (size_t)(end - text) - 1;
    memcpy (name, text + 1, length);
    name[length] = '\0';
    if (name[0] != '#')
        return tt_normal_entity (name, out) ? length + 2 : 0;
    char *rest;
    bool hexadecimal = name[1] == 'x' || name[1] == 'X';
    long value = strtol (name + 1 + hexadecimal, &rest, hexadecimal ? 16 : 10);
    if (*rest || value < 32 || value > 0x10ffff || !utf8proc_codepoint_valid ((int32_t)value))
        return 0;
    put_character ((int32_t)value, out);
    return length + 2;
}

size_t
tt_normal_white (const uint8_t *text, size_t size)
{
    if (text[0] < 0x80)
        return isspace (text[0]) ? 1 : 0;
    if (size >= 2 && memcmp (text, "\xc2\xa0", 2) == 0)
        return 2;
    if (size < 3)
        return 0;
    bool general = text[0] == 0xe2 && text[1] == 0x80 && (text[2] <= 0x8a || text[2] == 0xaf);
    return general || memcmp (text, "\xe2\x81\x9f", 3) == 0 || memcmp (text, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

void
tt_normal_fold (tt_bytes text, bool entities, tt_buffer *out)
{
    bool gap = false;
    size_t begin = out->size;
    for (size_t i = 0; i < text.size;) {
        size_t n = tt_normal_white (text.data + i, text.size - i);
        if (n > 0) {
            gap = true;
            i += n;
            continue;
        }
        if (gap && out->size > begin)
            tt_buffer_append (out, " ", 1);
        gap = false;
        n = entities && text.data[i] == '&' ? reference (text.data + i, text.size - i, out) : 0;
        if (n == 0)
            tt_buffer_append (out, text.data + i, n = 1);
        i += n;
    }
}
