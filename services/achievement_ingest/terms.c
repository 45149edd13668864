#include "terms.h"

#include <string.h>
#include <xxhash.h>

#define WORD_LEAST 3

bool
ingest_stop_word (tt_bytes word)
{
    /* Sorted by memcmp: looked up by bisection. The Chinese ones are pairs that every abstract has. */
    static const char *const words[]
        = { "about",       "above",     "after",    "against",   "all",         "allow",    "also",    "and",       "any",
            "application", "approach",  "are",      "based",     "because",     "been",     "before",  "being",     "between",
            "both",        "but",       "can",      "could",     "current",     "describe", "develop", "developed", "developing",
            "development", "did",       "does",     "done",      "down",        "during",   "each",    "for",       "from",
            "further",     "had",       "has",      "have",      "having",      "help",     "here",    "how",       "however",
            "include",     "included",  "includes", "including", "into",        "its",      "itself",  "just",      "made",
            "make",        "making",    "many",     "may",       "method",      "might",    "more",    "most",      "must",
            "need",        "new",       "not",      "novel",     "off",         "once",     "one",     "only",      "other",
            "our",         "out",       "over",     "own",       "per",         "phase",    "propose", "provide",   "provided",
            "provides",    "providing", "require",  "required",  "requirement", "research", "result",  "same",      "several",
            "shall",       "she",       "should",   "show",      "since",       "some",     "such",    "system",    "technique",
            "technology",  "than",      "that",     "the",       "their",       "them",     "then",    "there",     "therefore",
            "these",       "they",      "this",     "those",     "through",     "thus",     "two",     "under",     "until",
            "upon",        "use",       "used",     "useful",    "using",       "various",  "very",    "via",       "was",
            "well",        "were",      "what",     "when",      "where",       "which",    "while",   "who",       "whose",
            "why",         "will",      "with",     "within",    "without",     "would",    "you",     "your",      "一个",
            "一种",        "不同",      "为了",     "主要",      "之间",        "产生",     "介绍",    "以及",      "作用",
            "作者",        "使用",      "其中",     "分别",      "分析",        "利用",     "发展",    "发现",      "可以",
            "同时",        "基于",      "存在",     "实现",      "实验",        "对于",     "应用",    "建立",      "影响",
            "得到",        "情况",      "所有",     "技术",      "探讨",        "提出",     "提高",    "方法",      "方面",
            "有效",        "根据",      "满足",     "然后",      "由于",        "目前",     "目的",    "相关",      "研究",
            "系统",        "结果",      "结论",     "要求",      "认为",        "论文",     "设计",    "该文",      "说明",
            "过程",        "进行",      "通过",     "采用",      "针对",        "问题",     "需求",    "需要",      "项目" };
    size_t low = 0, high = sizeof words / sizeof *words;
    while (low < high) {
        size_t middle = (low + high) / 2, size = strlen (words[middle]);
        int order = memcmp (words[middle], word.data, size < word.size ? size : word.size);
        if (order == 0 && size == word.size)
            return true;
        if (order < 0 || (order == 0 && size < word.size))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void
ingest_terms_clear (ingest_terms *t)
{
    t->count = 0;
    t->length = 0;
    tt_buffer_clear (&t->words);
    ingest_hash_clear (&t->places);
}

void
ingest_terms_free (ingest_terms *t)
{
    free (t->terms);
    tt_buffer_free (&t->words);
    ingest_hash_free (&t->places);
    tt_tokens_free (&t->tokens);
    *t = (ingest_terms){ 0 };
}

const char *
ingest_term_word (const ingest_terms *t, size_t i)
{
    return (const char *)t->words.data + t->terms[i].word;
}

static ingest_term *
append (ingest_terms *t, uint64_t hash, tt_bytes word)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 64 : 2 * t->capacity;
        t->terms = tt_realloc (t->terms, t->capacity * sizeof *t->terms);
    }
    ingest_hash_set (&t->places, hash, (uint32_t)t->count);
    ingest_term *term = &t->terms[t->count++];
    *term = (ingest_term){ .hash = hash, .word = (uint32_t)t->words.size };
    tt_buffer_append (&t->words, word.data, word.size);
    tt_buffer_append (&t->words, "", 1);
    return term;
}

static void
count_word (ingest_terms *t, tt_bytes word, bool title, uint32_t weight)
{
    if (ingest_stop_word (word))
        return;
    uint64_t hash = XXH3_64bits (word.data, word.size);
    uint32_t *place = ingest_hash_find (&t->places, hash);
    ingest_term *term = place ? &t->terms[*place] : append (t, hash, word);
    term->count += weight;
    term->title = term->title || title;
    t->length += weight;
}

/* Characters from the CJK radicals on, as normalisation leaves them, are three or four bytes. */
static bool
is_cjk (tt_bytes token)
{
    const uint8_t *p = token.data;
    if (token.size == 3)
        return (p[0] == 0xE2 && p[1] >= 0xBA) || (p[0] >= 0xE3 && p[0] <= 0xED);
    return token.size == 4 && p[0] == 0xF0 && p[1] >= 0xA0;
}

static bool
has_letter (tt_bytes word)
{
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] < '0' || word.data[i] > '9')
            return true;
    return false;
}

/* Without the s of a plural: "batteries" and "battery", "sensors" and "sensor" are one term. Written to `room`. */
static tt_bytes
singular (tt_bytes word, uint8_t *room, size_t capacity)
{
    const uint8_t *w = word.data;
    size_t n = word.size;
    if (n <= WORD_LEAST || n > capacity || w[n - 1] != 's' || w[n - 2] == 's' || w[n - 2] == 'u' || w[n - 2] == 'i')
        return word;
    if (n > 4 && w[n - 2] == 'e' && w[n - 3] == 'i') {
        memcpy (room, w, n - 3);
        room[n - 3] = 'y';
        return (tt_bytes){ room, n - 2 };
    }
    bool hissing = n > 4 && w[n - 2] == 'e' && (w[n - 3] == 's' || w[n - 3] == 'x' || w[n - 3] == 'h');
    return (tt_bytes){ w, hissing ? n - 2 : n - 1 };
}

static void
count_token (ingest_terms *t, size_t i, bool title, uint32_t weight)
{
    tt_bytes token = tt_token_text (&t->tokens, i);
    uint8_t room[64];
    if (!is_cjk (token)) {
        if (token.size >= WORD_LEAST && has_letter (token) && !ingest_stop_word (token))
            count_word (t, singular (token, room, sizeof room), title, weight);
        return;
    }
    const tt_token *here = &t->tokens.tokens[i], *next = here + 1;
    if (i + 1 >= t->tokens.count || here->offset + here->length != next->offset || !is_cjk (tt_token_text (&t->tokens, i + 1)))
        return;
    tt_bytes second = tt_token_text (&t->tokens, i + 1);
    memcpy (room, token.data, token.size);
    memcpy (room + token.size, second.data, second.size);
    count_word (t, (tt_bytes){ room, token.size + second.size }, title, weight);
}

void
ingest_terms_add (ingest_terms *t, const char *text, bool title, uint32_t weight)
{
    tt_text_tokenise (tt_bytes_of_text (text), &t->tokens);
    for (size_t i = 0; i < t->tokens.count; i++)
        count_token (t, i, title, weight);
}
