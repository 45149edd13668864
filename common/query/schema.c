#include "query/schema.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "query/symbol.h"

#define BIT(i) (UINT64_C (1) << (i))
#define LETTERS_MAX_BYTES 256 /* a longer one is no name */

enum {
    TI,
    AB,
    CL,
    PA,
    IN,
    IC,
    CPC,
    PN,
    AP,
    PR,
    PD,
    CT,
    FAMN,
    CC,
    LS,
    ST,
    OWN,
    EX,
    OP,
    RF,
    OC,
    CPCI,
    CPCA,
    CPCC,
    CI,
    CN,
    AI,
    AN,
    TA,
    IA,
    TXT,
    NUM,
    CLASS
};

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
    [CC] = { .name = "cc", .kind = TT_INDEX_CODE, .describe = "country of publication", .extension = true },
    [LS] = { .name = "ls", .kind = TT_INDEX_CODE, .describe = "legal event code", .extension = true },
    [ST] = { .name = "st", .kind = TT_INDEX_CODE, .describe = "ST.27 category of a legal event", .extension = true },
    [OWN] = { .name = "own", .kind = TT_INDEX_CODE, .describe = "portfolio of the owner", .extension = true },
    [EX] = { .name = "ex", .kind = TT_INDEX_NUMBER, .describe = "cited during examination", .mark = true },
    [OP] = { .name = "op", .kind = TT_INDEX_NUMBER, .describe = "cited during opposition", .mark = true },
    [RF] = { .name = "rf", .kind = TT_INDEX_NUMBER, .describe = "cited by applicant", .mark = true },
    [OC] = { .name = "oc", .kind = TT_INDEX_NUMBER, .describe = "other citation", .mark = true },
    [CPCI] = { .name = "cpci", .kind = TT_INDEX_CLASS, .describe = "CPC invention symbol", .mark = true },
    [CPCA] = { .name = "cpca", .kind = TT_INDEX_CLASS, .describe = "CPC additional symbol", .mark = true },
    [CPCC] = { .name = "cpcc", .kind = TT_INDEX_CLASS, .describe = "CPC symbol in a combination set", .mark = true },
    [CI] = { .name = "ci", .kind = TT_INDEX_CLASS, .describe = "IPC core invention symbol", .mark = true },
    [CN] = { .name = "cn", .kind = TT_INDEX_CLASS, .describe = "IPC core additional symbol", .mark = true },
    [AI] = { .name = "ai", .kind = TT_INDEX_CLASS, .describe = "IPC advanced invention symbol", .mark = true },
    [AN] = { .name = "an", .kind = TT_INDEX_CLASS, .describe = "IPC advanced additional symbol", .mark = true },
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
    [CLASS] = { .name = "class",
                .kind = TT_INDEX_GROUP,
                .members = BIT (IC) | BIT (CPC),
                .describe = "CPC or IPC symbol",
                .extension = true },
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

/* One word of letters of an alphabet, of whatever script: "Siemens", "Müller"; not 石墨烯. */
static bool
is_letters (tt_bytes text)
{
    tt_tokens tokens = { 0 };
    if (text.size > LETTERS_MAX_BYTES)
        return false;
    tt_text_tokenise (text, &tokens);
    tt_bytes word = tokens.count == 1 ? tt_token_text (&tokens, 0) : TT_BYTES_NONE;
    bool letters = word.size > 0 && tokens.tokens[0].length == text.size && !tt_text_alone (word);
    for (size_t i = 0; letters && i < word.size; i++)
        letters = word.data[i] >= 0x80 || isalpha (word.data[i]);
    tt_tokens_free (&tokens);
    return letters;
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
    return is_letters (text) ? IA : TXT;
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

int
tt_schema_find_mark (const tt_schema *schema, const char *name, size_t size)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->indexes[i].mark && strlen (schema->indexes[i].name) == size
            && memcmp (schema->indexes[i].name, name, size) == 0)
            return (int)i;
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

bool
tt_schema_names (const tt_schema *schema, int index)
{
    uint64_t stored = tt_schema_stored (schema, index);
    bool names = stored != 0;
    for (size_t i = 0; i < schema->count; i++)
        if (stored >> i & 1)
            names = names && schema->indexes[i].kind == TT_INDEX_NAME;
    return names;
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
