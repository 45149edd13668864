#include "likeness.h"

#include <string.h>

void
ingest_likeness_shingles (const ingest_record *record, ingest_shingles *set)
{
    ingest_shingles_clear (set);
    ingest_shingles_add (set, record->title, INGEST_LIKENESS_WIDTH, INGEST_LIKENESS_ALONE);
    ingest_shingles_add (set, record->abstract, INGEST_LIKENESS_WIDTH, INGEST_LIKENESS_ALONE);
    ingest_shingles_close (set);
}

static bool
is_one_of (tt_bytes token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen (words[i]) == token.size && memcmp (words[i], token.data, token.size) == 0)
            return true;
    return false;
}

/* As tokens are: small letters, simplified, Chinese characters one by one. */
static bool
tells_version (tt_bytes token)
{
    static const char *const words[]
        = { "v",   "ver", "version", "release", "rev", "revision", "edition", "phase", "part", "i",  "ii",
            "iii", "iv",  "vi",      "vii",     "第",  "版",       "期",      "代",    "型",   "号", "一",
            "二",  "三",  "四",      "五",      "六",  "七",       "八",      "九",    "十" };
    for (size_t i = 0; i < token.size; i++)
        if (token.data[i] >= '0' && token.data[i] <= '9')
            return true;
    return is_one_of (token, words, sizeof words / sizeof *words);
}

/* The next token that tells no version, or an empty one. */
static tt_bytes
next_word (const tt_tokens *tokens, size_t *at)
{
    while (*at < tokens->count) {
        tt_bytes token = tt_token_text (tokens, (*at)++);
        if (!tells_version (token))
            return token;
    }
    return (tt_bytes){ 0 };
}

static bool
same_bytes (tt_bytes a, tt_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}

static bool
same_tokens (const tt_tokens *a, const tt_tokens *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = same_bytes (tt_token_text (a, i), tt_token_text (b, i));
    return same;
}

static bool
same_words (const tt_tokens *a, const tt_tokens *b)
{
    size_t i = 0, k = 0;
    for (;;) {
        tt_bytes x = next_word (a, &i), y = next_word (b, &k);
        if (!same_bytes (x, y))
            return false;
        if (x.size == 0)
            return true;
    }
}

ingest_titles
ingest_likeness_titles (const char *title, const char *other)
{
    tt_tokens a = { 0 }, b = { 0 };
    tt_text_tokenise (tt_bytes_of_text (title), &a);
    tt_text_tokenise (tt_bytes_of_text (other), &b);
    ingest_titles titles = INGEST_TITLES_OTHER;
    if (same_tokens (&a, &b))
        titles = INGEST_TITLES_SAME;
    else if (same_words (&a, &b))
        titles = INGEST_TITLES_VERSIONS;
    tt_tokens_free (&a);
    tt_tokens_free (&b);
    return titles;
}

static bool
numbers_differ (const ingest_record *a, const ingest_record *b)
{
    return a->registration_number[0] != '\0' && b->registration_number[0] != '\0'
           && strcmp (a->registration_number, b->registration_number) != 0;
}

ingest_likeness
ingest_likeness_judge (const ingest_record *a, const ingest_shingles *x, const ingest_record *b, const ingest_shingles *y,
                       const ingest_like_settings *settings)
{
    ingest_likeness out = { .reason = "the texts have too little in common" };
    if (settings->off) {
        out.reason = "texts are not compared";
        return out;
    }
    out.overlap = ingest_shingles_compare (x, y);
    size_t smaller = x->count < y->count ? x->count : y->count;
    bool holds = smaller >= INGEST_LIKENESS_LEAST && out.overlap.containment > out.overlap.jaccard;
    out.score = holds ? out.overlap.containment : out.overlap.jaccard;
    if (smaller == 0 || out.score < settings->doubtful)
        return out;
    ingest_titles titles = ingest_likeness_titles (a->title, b->title);
    out.like = INGEST_LIKE_DOUBTFUL;
    if (out.score < settings->sure) {
        out.reason = "the texts have much in common, but not nearly all";
    } else if (numbers_differ (a, b)) {
        out.reason = "the texts agree, the registration numbers differ";
    } else if (titles != INGEST_TITLES_SAME) {
        out.reason = titles == INGEST_TITLES_VERSIONS ? "the texts agree, the titles differ by a version"
                                                      : "the texts agree, the titles differ";
    } else {
        out.like = INGEST_LIKE_SURE;
        out.reason = holds ? "one text holds the other" : "the texts agree";
    }
    return out;
}
