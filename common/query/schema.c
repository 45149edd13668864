#include "query/schema.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "query/symbol.h"

#define BIT(i) (UINT64_C (1) << (i))

enum { TI, AB, CL, PA, IN, IC, CPC, PN, AP, PR, PD, CT, FAMN, CC, TA, IA, TXT, NUM, CLASS };

static const tt_index patent_indexes[] = {
    [TI] = { .name = "ti", .kind = TT_INDEX_TEXT, .describe = "title", .aliases = "title", .leading = true },
    [AB] = { .name = "ab", .kind = TT_INDEX_TEXT, .describe = "abstract", .aliases = "abstract", .leading = true },
    [CL] = { .name = "cl",
             .kind = TT_INDEX_TEXT,
             .describe = "claims; class symbols: CPC or IPC",
             .aliases = "claims",
             .classes = CLASS },
    [PA] = { .name = "pa", .kind = TT_INDEX_NAME, .describe = "applicant", .aliases = "applicant" },
    [IN] = { .name = "in", .kind = TT_INDEX_NAME, .describe = "inventor", .aliases = "inventor" },
    [IC] = { .name = "ic", .kind = TT_INDEX_CLASS, .describe = "IPC symbol", .aliases = "ipc" },
    [CPC] = { .name = "cpc", .kind = TT_INDEX_CLASS, .describe = "CPC symbol" },
    [PN] = { .name = "pn",
             .kind = TT_INDEX_NUMBER,
             .describe = "publication number; two letters alone: country",
             .aliases = "publicationnumber spn" },
    [AP] = { .name = "ap", .kind = TT_INDEX_NUMBER, .describe = "application number", .aliases = "applicationnumber sap" },
    [PR] = { .name = "pr", .kind = TT_INDEX_NUMBER, .describe = "priority number", .aliases = "prioritynumber spr" },
    [PD] = { .name = "pd", .kind = TT_INDEX_DATE, .describe = "publication date", .aliases = "publicationdate" },
    [CT] = { .name = "ct", .kind = TT_INDEX_NUMBER, .describe = "cited document number", .aliases = "citation" },
    [FAMN] = { .name = "famn", .kind = TT_INDEX_CODE, .describe = "simple family identifier" },
    [CC] = { .name = "cc", .kind = TT_INDEX_CODE, .describe = "country of publication (extension)" },
    [TA] = { .name = "ta",
             .kind = TT_INDEX_GROUP,
             .members = BIT (TI) | BIT (AB),
             .describe = "title or abstract",
             .aliases = "titleandabstract",
             .leading = true },
    [IA] = { .name = "ia",
             .kind = TT_INDEX_GROUP,
             .members = BIT (PA) | BIT (IN),
             .describe = "inventor or applicant",
             .aliases = "inventorandapplicant" },
    [TXT] = { .name = "txt",
              .kind = TT_INDEX_GROUP,
              .members = BIT (TI) | BIT (AB) | BIT (PA) | BIT (IN),
              .describe = "title, abstract, names" },
    [NUM] = { .name = "num",
              .kind = TT_INDEX_GROUP,
              .members = BIT (PN) | BIT (AP) | BIT (PR),
              .describe = "publication, application or priority number" },
    [CLASS] = { .name = "class", .kind = TT_INDEX_GROUP, .members = BIT (IC) | BIT (CPC), .describe = "CPC or IPC symbol" },
    { .name = "ex", .kind = TT_INDEX_ABSENT, .describe = "cited during examination" },
    { .name = "op", .kind = TT_INDEX_ABSENT, .describe = "cited during opposition" },
    { .name = "rf", .kind = TT_INDEX_ABSENT, .describe = "cited by applicant" },
    { .name = "oc", .kind = TT_INDEX_ABSENT, .describe = "other citation" },
    { .name = "cpci", .kind = TT_INDEX_ABSENT, .describe = "CPC invention symbol" },
    { .name = "cpca", .kind = TT_INDEX_ABSENT, .describe = "CPC additional symbol" },
    { .name = "cpcc", .kind = TT_INDEX_ABSENT, .describe = "CPC combination sets" },
    { .name = "ci", .kind = TT_INDEX_ABSENT, .describe = "IPC core invention symbol" },
    { .name = "cn", .kind = TT_INDEX_ABSENT, .describe = "IPC core additional symbol" },
    { .name = "ai", .kind = TT_INDEX_ABSENT, .describe = "IPC advanced invention symbol" },
    { .name = "an", .kind = TT_INDEX_ABSENT, .describe = "IPC advanced additional symbol" },
    { .name = "ls", .kind = TT_INDEX_ABSENT, .describe = "legal event code" },
    { .name = "st", .kind = TT_INDEX_ABSENT, .describe = "ST.27 category" },
    { .name = "own", .kind = TT_INDEX_ABSENT, .describe = "portfolio of the owner" },
};

static const tt_index achievement_indexes[] = {
    { .name = "ti", .kind = TT_INDEX_TEXT, .describe = "title", .leading = true },
    { .name = "ab", .kind = TT_INDEX_TEXT, .describe = "abstract", .leading = true },
    { .name = "kw", .kind = TT_INDEX_TEXT, .describe = "keywords" },
    { .name = "ow", .kind = TT_INDEX_NAME, .describe = "owner" },
    { .name = "pe", .kind = TT_INDEX_NAME, .describe = "people" },
    { .name = "di", .kind = TT_INDEX_CODE, .describe = "district" },
    { .name = "sp", .kind = TT_INDEX_CODE, .describe = "special" },
    { .name = "st", .kind = TT_INDEX_CODE, .describe = "stage" },
    { .name = "fo", .kind = TT_INDEX_CODE, .describe = "form" },
    { .name = "ca", .kind = TT_INDEX_CODE, .describe = "category" },
    { .name = "ind", .kind = TT_INDEX_CODE, .describe = "industry" },
    { .name = "so", .kind = TT_INDEX_CODE, .describe = "source" },
    { .name = "pd", .kind = TT_INDEX_DATE, .describe = "date" },
    { .name = "txt", .kind = TT_INDEX_GROUP, .members = BIT (0) | BIT (1) | BIT (2), .describe = "title, abstract, keywords" },
};

/* WIPO ST.3 codes of states and offices. */
static const char countries[]
    = "AD AE AF AG AI AL AM AO AP AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BV BW BX BY BZ CA CD CF "
      "CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EA EC EE EG EH EM EP ER ES ET FI FJ FK FO FR GA GB "
      "GC GD GE GG GH GI GL GM GN GQ GR GS GT GW GY HK HN HR HT HU IB ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH "
      "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MR MS MT MU MV MW "
      "MX MY MZ NA NE NG NI NL NO NP NR NZ OA OM PA PE PG PH PK PL PT PW PY QA QZ RO RS RU RW SA SB SC SD SE SG SH SI "
      "SK SL SM SN SO SR SS ST SU SV SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU "
      "WO WS XN XU YE YU ZA ZM ZW DD CS";

static bool
is_country (const char *term, size_t size)
{
    if (size != 2)
        return false;
    for (const char *c = countries; c[0]; c += c[2] ? 3 : 2)
        if (strncasecmp (c, term, 2) == 0)
            return true;
    return false;
}

static bool
latin_letters (const char *term, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isalpha ((unsigned char)term[i]) || (unsigned char)term[i] >= 0x80)
            return false;
    return size > 0;
}

/* A bare number: country and at least three characters with a digit, or five digits and more. */
static bool
is_number (tt_bytes text)
{
    tt_number number;
    bool spaced = memchr (text.data, ' ', text.size) != NULL;
    if (spaced || !tt_number_parse (text, &number) || number.number[0] == '\0')
        return false;
    return strlen (number.number) >= (number.country[0] ? 3 : 5);
}

static int
infer_patent (const char *term, size_t size, bool quoted)
{
    (void)quoted;
    tt_bytes text = { (const uint8_t *)term, size };
    tt_symbol symbol;
    int32_t first = 0;
    int32_t last = 0;
    if (is_country (term, size))
        return PN;
    if (tt_date_range (text, &first, &last))
        return PD;
    if (tt_symbol_parse (text, &symbol) && symbol.level >= TT_LEVEL_SUBCLASS)
        return CLASS;
    if (is_number (text))
        return NUM;
    return latin_letters (term, size) ? IA : TXT;
}

static bool
is_alias (const char *aliases, const char *name, size_t size)
{
    while (aliases && *aliases) {
        size_t n = strcspn (aliases, " ");
        if (n == size && strncasecmp (aliases, name, n) == 0)
            return true;
        aliases += n + (aliases[n] == ' ');
    }
    return false;
}

int
tt_schema_find (const tt_schema *schema, const char *name, size_t size)
{
    for (size_t i = 0; i < schema->count; i++) {
        const tt_index *index = &schema->indexes[i];
        bool named = strlen (index->name) == size && strncasecmp (index->name, name, size) == 0;
        if (named || is_alias (index->aliases, name, size))
            return (int)i;
    }
    return -1;
}

uint64_t
tt_schema_stored (const tt_schema *schema, int index)
{
    const tt_index *i = &schema->indexes[index];
    return i->kind == TT_INDEX_GROUP ? i->members : i->kind == TT_INDEX_ABSENT ? 0 : BIT (index);
}

tt_index_kind
tt_schema_compares (const tt_schema *schema, int index)
{
    tt_index_kind kind = schema->indexes[index].kind;
    if (kind == TT_INDEX_GROUP)
        kind = schema->indexes[__builtin_ctzll (schema->indexes[index].members)].kind;
    return kind == TT_INDEX_NAME ? TT_INDEX_TEXT : kind;
}

const tt_schema *
tt_schema_patent (void)
{
    static const tt_schema schema
        = { .indexes = patent_indexes, .count = sizeof patent_indexes / sizeof patent_indexes[0], .infer = infer_patent };
    return &schema;
}

const tt_schema *
tt_schema_achievement (void)
{
    static const tt_schema schema
        = { .indexes = achievement_indexes, .count = sizeof achievement_indexes / sizeof achievement_indexes[0] };
    return &schema;
}
