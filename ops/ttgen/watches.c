/* Standing queries over the same vocabulary: phrases, lists, classes, applicants, dates and coined words, alone and combined.
 * Frequent words make watches that hit often, coined ones watches that hardly ever do. */
#include "common.h"

typedef void (*clause) (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language);

static void
title_phrase (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    tt_buffer_printf (out, "ti=\"%s\"", gen_pick (random, topic->things[language]));
}

static void
abstract_phrase (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    tt_buffer_printf (out, "ab=\"%s\"", gen_pick (random, topic->parts[language]));
}

static void
any_part (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    const char *a = gen_pick (random, topic->parts[language]), *b = gen_pick (random, gen_processes[language]);
    tt_buffer_printf (out, "ta any \"%s %s\"", a, b);
}

static void
class_prefix (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    (void)language;
    const char *symbol = gen_pick (random, topic->classes);
    if (gen_below (random, 2) == 0)
        tt_buffer_printf (out, "ic=%.4s", symbol);
    else
        tt_buffer_printf (out, "cl=%s", symbol);
}

static void
applicant (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    (void)topic;
    tt_buffer_text (out, "pa=\"");
    gen_append_company (out, random, language);
    tt_buffer_text (out, "\"");
}

static void
coined (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    (void)topic;
    (void)language;
    tt_buffer_text (out, "ta=");
    gen_append_coined (out, random);
}

static void
period (tt_buffer *out, gen_random *random, const gen_topic *topic, gen_language language)
{
    (void)topic;
    (void)language;
    uint32_t year = gen_between (random, 2017, 2020);
    tt_buffer_printf (out, "pd within \"%u0101 %u1231\"", year, gen_between (random, year, 2020));
}

/* What makes a watch selective comes first; a period alone would take everything. */
static const clause leading[] = { title_phrase, coined, applicant, title_phrase, coined, abstract_phrase, class_prefix };
static const clause narrowing[] = { class_prefix, abstract_phrase, any_part, period, applicant };

static void
append_query (const gen_task *task, tt_buffer *out, gen_random *random)
{
    const gen_topic *topic = gen_pick_topic (random);
    gen_language language = gen_pick_language (task, random);
    uint32_t shape = gen_below (random, 10);
    clause first = leading[gen_below (random, sizeof leading / sizeof *leading)];
    clause second = narrowing[gen_below (random, sizeof narrowing / sizeof *narrowing)];
    if (shape >= 8)
        tt_buffer_text (out, "(");
    first (out, random, topic, language);
    if (shape < 3)
        return;
    if (shape >= 8) {
        tt_buffer_text (out, " or ");
        title_phrase (out, random, topic, language == GEN_ZH ? GEN_EN : GEN_ZH);
        tt_buffer_text (out, ")");
    }
    tt_buffer_text (out, shape == 7 ? " not " : " and ");
    second (out, random, topic, language);
}

void
gen_write_watch (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    static const char *const severities[] = { "INFO", "NOTICE", "WARNING", "CRITICAL", NULL };
    gen_random random = gen_random_of (task->seed, GEN_KIND_WATCH, index);
    tt_buffer query = { 0 };
    append_query (task, &query, &random);
    tt_buffer_text (out, "{");
    gen_json_key (out, "id");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"w-%07llu\"", (unsigned long long)index);
    gen_json_key (out, "owner");
    tt_buffer_printf (out, "\"ent-%u\"", gen_zipf (&random, 5000));
    if (flaw == GEN_FLAW_CODE)
        gen_json_text (out, "query", "ti=\"never closed");
    else if (flaw != GEN_FLAW_TEXT)
        gen_json_quoted (out, "query", (tt_bytes){ query.data, query.size });
    gen_json_key (out, "label");
    tt_buffer_printf (out, "\"watch %llu\"", (unsigned long long)index);
    gen_json_text (out, "severity", gen_pick (&random, severities));
    tt_buffer_text (out, "}");
    tt_buffer_free (&query);
}
