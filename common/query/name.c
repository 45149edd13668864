#include "query/name.h"

#include <string.h>

/* Legal forms with the abbreviations in use. Sources: the words of the countries' own laws (Germany: GmbHG, AktG, HGB; Japan: the
 * Companies Act of 2005; China: the Company Law; United Kingdom: the Companies Act 2006; United States: the laws of the states),
 * and the spellings that occur in applicants' names of US, EPO and Lens records. `bracketed`: only as (株) or as one character
 * ㈱. */
typedef struct {
    const char *words; /* normalised tokens, a space between them */
    const char *where; /* languages, or countries in capitals */
    bool bracketed;
} form;

/* Behind a name. In order of the last word, of those the longer ones first, so that one look finds the longest. */
static const form behind[] = {
    { "s p a", "it", false },
    { "s a", "fr es pt", false },
    { "ab", "sv", false },
    { "ag", "de", false },
    { "aktiebolag", "sv", false },
    { "aktiebolaget", "sv", false },
    { "kommanditgesellschaft auf aktien", "de", false },
    { "aktiengesellschaft", "de", false },
    { "aktieselskab", "da", false },
    { "societe anonyme", "fr", false },
    { "société anonyme", "fr", false },
    { "ao", "ru", false },
    { "aps", "da", false },
    { "san ve tic as", "TR", false },
    { "as", "da no cs et", false },
    { "asa", "no", false },
    { "bhd", "MY", false },
    { "bv", "nl", false },
    { "bvba", "BE", false },
    { "p l c", "en GB", false },
    { "l l c", "en US", false },
    { "co", "en", false },
    { "companies", "en", false },
    { "company", "en", false },
    { "corp", "en", false },
    { "corporation", "en", false },
    { "cos", "en", false },
    { "sa de cv", "MX", false },
    { "doo", "hr sr sl", false },
    { "ead", "bg", false },
    { "ehf", "is", false },
    { "eireli", "BR", false },
    { "ev", "de", false },
    { "a g", "de", false },
    { "k g", "de", false },
    { "yugen gaisha", "ja", false },
    { "kabushiki gaisha", "ja", false },
    { "gbr", "de", false },
    { "akt ges", "de", false },
    { "gesmbh", "de AT", false },
    { "ggmbh", "de", false },
    { "gk", "ja", false },
    { "gmbh", "de", false },
    { "youxian gongsi", "zh", false },
    { "gongsi", "zh", false },
    { "g m b h", "de", false },
    { "ges m b h", "de AT", false },
    { "gesellschaft m b h", "de", false },
    { "m b h", "de", false },
    { "gesellschaft mit beschraenkter haftung", "de", false },
    { "gesellschaft mit beschrankter haftung", "de", false },
    { "gesellschaft mit beschränkter haftung", "de", false },
    { "ug haftungsbeschraenkt", "de", false },
    { "ug haftungsbeschrankt", "de", false },
    { "ug haftungsbeschränkt", "de", false },
    { "offene handelsgesellschaft", "de", false },
    { "hf", "is", false },
    { "inc", "en", false },
    { "incorporated", "en", false },
    { "e k", "de", false },
    { "k k", "ja", false },
    { "kabushikigaisha", "ja", false },
    { "kabushikikaisha", "ja", false },
    { "godo kaisha", "ja", false },
    { "yugen kaisha", "ja", false },
    { "kabushiki kaisha", "ja", false },
    { "kft", "hu", false },
    { "kg", "de", false },
    { "kgaa", "de", false },
    { "kk", "ja", false },
    { "kommanditgesellschaft", "de", false },
    { "s a r l", "fr", false },
    { "s r l", "it ro", false },
    { "s l", "es", false },
    { "lda", "pt", false },
    { "limited", "en", false },
    { "llc", "en US", false },
    { "lllp", "en US", false },
    { "llp", "en", false },
    { "lp", "en US", false },
    { "ltd", "en", false },
    { "ltda", "pt es", false },
    { "gesellschaft mbh", "de", false },
    { "ges mbh", "de AT", false },
    { "mbh", "de", false },
    { "nv", "nl", false },
    { "nyrt", "hu", false },
    { "sp z o o", "pl", false },
    { "spol s r o", "cs sk", false },
    { "spolka z o o", "pl", false },
    { "s r o", "cs sk", false },
    { "d o o", "hr sr sl", false },
    { "oao", "ru", false },
    { "ohg", "de", false },
    { "ood", "bg", false },
    { "ooo", "ru", false },
    { "oy", "fi", false },
    { "oyj", "fi", false },
    { "l l p", "en", false },
    { "l p", "en US", false },
    { "pao", "ru", false },
    { "partg", "de", false },
    { "plc", "en GB", false },
    { "pllc", "en US", false },
    { "private", "en IN SG", false },
    { "proprietary", "en AU ZA", false },
    { "pte", "en SG", false },
    { "pty", "en AU ZA", false },
    { "publ", "sv", false },
    { "pvt", "en IN", false },
    { "s a s", "fr", false },
    { "a s", "da no cs", false },
    { "sa", "fr es pt", false },
    { "sarl", "fr", false },
    { "sas", "fr", false },
    { "sasu", "fr", false },
    { "sca", "fr", false },
    { "sdn", "MY", false },
    { "se", "EU", false },
    { "sl", "es", false },
    { "slu", "es", false },
    { "snc", "fr it", false },
    { "spa", "it", false },
    { "sprl", "BE", false },
    { "srl", "it ro", false },
    { "sro", "cs sk", false },
    { "tbk", "ID", false },
    { "ug", "de", false },
    { "ulc", "en CA", false },
    { "s a de c v", "MX", false },
    { "n v", "nl", false },
    { "e v", "de", false },
    { "b v", "nl", false },
    { "vof", "nl", false },
    { "vvag", "de", false },
    { "o y", "fi", false },
    { "zao", "ru", false },
    { "zrt", "hu", false },
    { "集 团 股 份 有 限 公 司", "zh", false },
    { "有 限 责 任 公 司", "zh", false },
    { "控 股 有 限 公 司", "zh", false },
    { "集 团 有 限 公 司", "zh", false },
    { "股 份 有 限 公 司", "zh", false },
    { "有 限 公 司", "zh", false },
    { "集 团 公 司", "zh", false },
    { "股 份 公 司", "zh", false },
    { "总 公 司", "zh", false },
    { "公 司", "zh", false },
    { "集 团", "zh", false },
    { "有", "ja", true },
    { "株", "ja", true },
    { "合 资 会 社", "ja", false },
    { "合 同 会 社", "ja", false },
    { "合 名 会 社", "ja", false },
    { "有 限 会 社", "ja", false },
    { "株 式 会 社", "ja", false },
    { "유 한 회 사", "ko", false },
    { "주 식 회 사", "ko", false },
    { "주", "ko", true },
};

/* In front of a name. */
static const form before[] = {
    { "the", "en", false },
    { "kk", "ja", false },
    { "k k", "ja", false },
    { "kabushiki kaisha", "ja", false },
    { "kabushikikaisha", "ja", false },
    { "kabushiki gaisha", "ja", false },
    { "yugen kaisha", "ja", false },
    { "株 式 会 社", "ja", false },
    { "有 限 会 社", "ja", false },
    { "合 同 会 社", "ja", false },
    { "株", "ja", true },
    { "有", "ja", true },
    { "주 식 회 사", "ko", false },
    { "유 한 회 사", "ko", false },
    { "주", "ko", true },
    { "aktiebolaget", "sv", false },
    { "ab", "sv", false },
    { "firma", "de", false },
    { "dr", "de en", false },
    { "prof", "de en", false },
    { "dipl ing", "de", false },
    { "oy", "fi", false },
    { "zao", "ru", false },
    { "ooo", "ru", false },
    { "oao", "ru", false },
    { "pao", "ru", false },
    { "pt", "ID", false },
};

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

const char *
tt_name_form (size_t i, const char **where)
{
    const form *f = i < COUNT (behind) ? &behind[i] : i - COUNT (behind) < COUNT (before) ? &before[i - COUNT (behind)] : NULL;
    if (f)
        *where = f->where;
    return f ? f->words : NULL;
}

/* A name while forms are taken off its ends: tokens first to end (not included) are left. */
typedef struct {
    tt_bytes text;
    const tt_tokens *tokens;
    size_t first, end;
} name;

static size_t
words_of (const char *words)
{
    size_t n = 1;
    for (; *words; words++)
        n += *words == ' ';
    return n;
}

/* Do the tokens from `at` spell these words? */
static bool
stand_at (const name *n, size_t at, const char *words)
{
    for (; *words; at++) {
        size_t size = strcspn (words, " ");
        tt_bytes token = tt_token_text (n->tokens, at);
        if (token.size != size || memcmp (token.data, words, size) != 0)
            return false;
        words += size + (words[size] == ' ');
    }
    return true;
}

/* Does an opening bracket, of whatever width, stand before the token? Or is it one character that has the bracket in it: ㈱? */
static bool
in_brackets (const name *n, size_t at)
{
    const tt_token *token = &n->tokens->tokens[at];
    const uint8_t *before_it = n->text.data + token->offset;
    if (token->offset >= 1 && before_it[-1] == '(')
        return true;
    if (token->offset >= 3 && memcmp (before_it - 3, "\xEF\xBC\x88", 3) == 0)
        return true;
    return token->length == 3 && before_it[0] == 0xE3 && before_it[1] == 0x88; /* U+3200 to U+323F */
}

static bool
is_form (const name *n, size_t at, const form *f)
{
    return stand_at (n, at, f->words) && (!f->bracketed || in_brackets (n, at));
}

static int
compare_last_word (const form *f, tt_bytes token)
{
    const char *space = strrchr (f->words, ' ');
    const char *last = space ? space + 1 : f->words;
    size_t size = strlen (last);
    int order = memcmp (last, token.data, size < token.size ? size : token.size);
    return order ? order : (size > token.size) - (size < token.size);
}

/* The first form that ends in this word, or COUNT (behind). */
static size_t
first_with (tt_bytes token)
{
    size_t low = 0;
    size_t high = COUNT (behind);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_last_word (&behind[middle], token) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* "[US]", as DOCDB marks an applicant's country. */
static bool
is_country_mark (const name *n, size_t at)
{
    const tt_token *token = &n->tokens->tokens[at];
    size_t end = token->offset + token->length;
    return token->length == 2 && token->offset >= 1 && end < n->text.size && n->text.data[token->offset - 1] == '['
           && n->text.data[end] == ']';
}

static bool
take_off_end (name *n)
{
    tt_bytes last = tt_token_text (n->tokens, n->end - 1);
    if (n->end - n->first > 1 && is_country_mark (n, n->end - 1)) {
        n->end--;
        return true;
    }
    for (size_t i = first_with (last); i < COUNT (behind) && compare_last_word (&behind[i], last) == 0; i++) {
        size_t size = words_of (behind[i].words);
        if (size < n->end - n->first && is_form (n, n->end - size, &behind[i])) {
            n->end -= size;
            return true;
        }
    }
    return false;
}

static bool
take_off_front (name *n)
{
    tt_bytes token = tt_token_text (n->tokens, n->first);
    for (size_t i = 0; i < COUNT (before); i++) {
        size_t size = words_of (before[i].words);
        if (before[i].words[0] == (char)token.data[0] && size < n->end - n->first && is_form (n, n->first, &before[i])) {
            n->first += size;
            return true;
        }
    }
    return false;
}

static bool
joins (tt_bytes token)
{
    return (token.size == 3 && (memcmp (token.data, "and", 3) == 0 || memcmp (token.data, "und", 3) == 0));
}

/* "Bosch GmbH & Co. KG" may be written with "and". */
static bool
take_off_joint (name *n)
{
    bool joint = n->end - n->first > 1 && joins (tt_token_text (n->tokens, n->end - 1));
    n->end -= joint;
    return joint;
}

size_t
tt_name_core (tt_bytes text, const tt_tokens *tokens, uint32_t *kept)
{
    name n = { text, tokens, 0, tokens->count };
    if (tokens->count == 0 || tokens->count > TT_NAME_MAX_TOKENS)
        return tokens->count;
    while (take_off_end (&n) || take_off_joint (&n))
        continue;
    while (take_off_front (&n))
        continue;
    size_t count = 0;
    for (size_t i = n.first; i < n.end; i++)
        if (i == n.first || i + 1 == n.end || !joins (tt_token_text (tokens, i)))
            kept[count++] = (uint32_t)i;
    return count;
}
