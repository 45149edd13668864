/* Patents under the short keys of CQL. About one in seven is a further member of the family of the record before it: the same
 * idea and date of filing, another office. */
#include "common.h"

typedef struct {
    const char *country;
    const char *kind;
    gen_language language;
} office;

static const office chinese[] = { { "CN", "A", GEN_ZH }, { "CN", "B", GEN_ZH }, { "CN", "U", GEN_ZH } };
static const office foreign[]
    = { { "US", "B2", GEN_EN }, { "US", "A1", GEN_EN }, { "EP", "A1", GEN_EN }, { "WO", "A1", GEN_EN }, { "DE", "A1", GEN_EN } };

static bool
is_further_member (const gen_task *task, uint64_t index)
{
    gen_random random = gen_random_of (task->seed, GEN_KIND_FAMILY, index);
    return index > 0 && gen_below (&random, 7) == 0;
}

static uint64_t
head_of_family (const gen_task *task, uint64_t index)
{
    while (is_further_member (task, index))
        index--;
    return index;
}

static void
append_texts (tt_buffer *out, const gen_idea *idea, gen_language language, gen_flaw flaw)
{
    if (flaw != GEN_FLAW_TEXT) {
        gen_json_key (out, "ti");
        tt_buffer_text (out, "\"");
        gen_append_title (out, idea, language);
        tt_buffer_text (out, "\"");
    }
    gen_json_key (out, "ab");
    tt_buffer_text (out, "\"");
    gen_append_abstract (out, idea, language);
    tt_buffer_text (out, "\"");
}

static void
append_parties (tt_buffer *out, gen_random *random, gen_language language)
{
    gen_json_key (out, "pa");
    tt_buffer_text (out, "[\"");
    gen_append_company (out, random, language);
    tt_buffer_text (out, "\"]");
    gen_json_key (out, "in");
    tt_buffer_text (out, "[\"");
    for (uint32_t i = 0, n = gen_between (random, 1, 4); i < n; i++) {
        if (i > 0)
            tt_buffer_text (out, "\",\"");
        gen_append_person (out, random, language);
    }
    tt_buffer_text (out, "\"]");
}

static void
append_classes (tt_buffer *out, const gen_idea *idea, gen_random *random)
{
    uint32_t count = gen_words_count (idea->topic->classes), first = gen_zipf (random, count);
    const char *a = idea->topic->classes[first], *b = idea->topic->classes[(first + 1 + gen_below (random, count - 1)) % count];
    gen_json_key (out, "ic");
    tt_buffer_printf (out, "[\"%s\",\"%s\"]", a, b);
    gen_json_key (out, "cpc");
    tt_buffer_printf (out, "[\"%s\"]", a);
}

static void
append_number (tt_buffer *out, const office *at, uint64_t index, gen_flaw flaw)
{
    gen_json_key (out, "pn");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"%s%llu%s\"", at->country, (unsigned long long)(910000000 + index), at->kind);
    gen_json_text (out, "country", at->country);
    gen_json_text (out, "kind", at->kind);
}

static void
append_day (tt_buffer *out, const char *key, gen_random *random, uint32_t first_year, uint32_t last_year)
{
    gen_json_key (out, key);
    tt_buffer_text (out, "\"");
    gen_append_date (out, random, first_year, last_year);
    tt_buffer_text (out, "\"");
}

/* The invention's own numbers (idea, filing, applicant) come from the head of the family, the publication's from the record. */
void
gen_write_patent (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    uint64_t head = head_of_family (task, index);
    gen_random family = gen_random_of (task->seed, GEN_KIND_PATENT, head);
    gen_random random = gen_random_of (task->seed, GEN_KIND_PUBLICATION, index);
    gen_language language = gen_pick_language (task, &random);
    gen_idea idea = gen_idea_of (&family);
    const office *at = language == GEN_ZH ? &chinese[gen_zipf (&random, 3)] : &foreign[gen_below (&random, 5)];
    tt_buffer_text (out, "{");
    append_number (out, at, index, flaw);
    append_day (out, "ad", &family, 2012, 2016);
    if (flaw == GEN_FLAW_CODE)
        gen_json_text (out, "pd", "2019-02-30");
    else
        append_day (out, "pd", &random, 2017, 2020);
    append_texts (out, &idea, language, flaw);
    append_parties (out, &family, language);
    append_classes (out, &idea, &family);
    gen_json_text (out, "lang", language == GEN_ZH ? "zh" : "en");
    gen_json_key (out, "family");
    tt_buffer_printf (out, "\"%llu\"}", (unsigned long long)(700000000 + head));
}
