#include "bench/query/mix.h"

#include <stdio.h>
#include <string.h>

#define TRIES 200

uint32_t
mix_random (mix *m, uint32_t n)
{
    m->random = m->random * UINT64_C (6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(m->random >> 33) % n;
}

static const corpus_document *
another (mix *m)
{
    return &m->corpus->documents[mix_random (m, (uint32_t)m->corpus->count)];
}

/* A word of the language of queries, when nothing rarer was found. */
static bool
is_reserved (const char *text)
{
    static const char *const words[] = { "and", "or", "not", "any", "all", "within", "prox" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (text, words[i]) == 0)
            return true;
    return false;
}

static bool
is_good (const mix *m, uint32_t word)
{
    return word != CORPUS_NO_WORD && strlen (m->corpus->words[word].text) >= 4 && m->corpus->words[word].documents <= m->most;
}

/* The place of a word that is long and rare enough. */
static size_t
pick (mix *m, const corpus_document *d)
{
    size_t at = 0;
    for (int i = 0; i < TRIES; i++) {
        at = mix_random (m, (uint32_t)d->word_count);
        if (is_good (m, d->words[at]))
            break;
    }
    return d->words[at] == CORPUS_NO_WORD ? 0 : at;
}

static const char *
word (mix *m, const corpus_document *d)
{
    const char *text = m->corpus->words[d->words[pick (m, d)]].text;
    return is_reserved (text) ? "device" : text;
}

static const char *
symbol (mix *m, const corpus_document *d)
{
    return d->class_count ? d->classes[mix_random (m, (uint32_t)d->class_count)] : "H01F";
}

/* A word and the one behind it. */
static void
phrase (mix *m, const corpus_document *d, char *out, size_t room)
{
    size_t at = pick (m, d);
    uint32_t next = d->words[at + 1];
    snprintf (out, room, "%s%s%s", m->corpus->words[d->words[at]].text, next == CORPUS_NO_WORD ? "" : " ",
              next == CORPUS_NO_WORD ? "" : m->corpus->words[next].text);
}

static const char *
applicant (const corpus_document *d)
{
    return d->applicant ? d->applicant : "Siemens";
}

static void
selective_watch (mix *m, char *out, size_t room)
{
    char words[128];
    const corpus_document *a = another (m);
    const corpus_document *b = another (m);
    unsigned year = 1976 + mix_random (m, 45);
    phrase (m, a, words, sizeof words);
    switch (mix_random (m, 6)) {
    case 0:
        snprintf (out, room, "cpc=%s and ta=%s and ta=%s", symbol (m, a), word (m, b), word (m, another (m)));
        break;
    case 1:
        snprintf (out, room, "pa=\"%s\" and (ta=%s or ta=%s)", applicant (a), word (m, b), word (m, another (m)));
        break;
    case 2:
        snprintf (out, room, "ta=%s and ta=%s and ta=%s", word (m, a), word (m, b), word (m, another (m)));
        break;
    case 3:
        snprintf (out, room, "ta=\"%s\" and ta=%s", words, word (m, b));
        break;
    case 4:
        snprintf (out, room, "cpc=%s and ta=%s not ta=%s", symbol (m, a), word (m, b), word (m, another (m)));
        break;
    default:
        snprintf (out, room, "ta=%s and (ta=%s or ta=%s) and pd within \"%u %u\"", word (m, a), word (m, b),
                  word (m, another (m)), year, year + 5);
    }
}

void
mix_watch (mix *m, char *out, size_t room)
{
    char words[128];
    const corpus_document *d = another (m);
    unsigned year = 1976 + mix_random (m, 45);
    if (m->selective) {
        selective_watch (m, out, room);
        return;
    }
    switch (mix_random (m, 6)) {
    case 0:
        snprintf (out, room, "cpc=%s and ta=%s", symbol (m, d), word (m, d));
        break;
    case 1:
        snprintf (out, room, "pa=\"%s\" and (ta=%s or ta=%s)", applicant (d), word (m, d), word (m, d));
        break;
    case 2:
        snprintf (out, room, mix_random (m, 2) ? "ta=%s and ta=%s" : "ta=%s and ta=%s and ta=%s", word (m, d), word (m, d),
                  word (m, d));
        break;
    case 3:
        phrase (m, d, words, sizeof words);
        snprintf (out, room, "ta=\"%s\"", words);
        break;
    case 4:
        snprintf (out, room, "cpc=%s not ta=%s", symbol (m, d), word (m, d));
        break;
    default:
        snprintf (out, room, "(ta=%s or ta=%s or ta=%s) and pd within \"%u %u\"", word (m, d), word (m, d), word (m, d), year,
                  year + 5);
    }
}
