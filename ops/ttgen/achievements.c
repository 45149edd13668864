/* Achievements and demands, in the proto3 JSON of techtransfer.achievement.v1. A duplicate is an earlier record again: either as
 * it was, under the same source id, or under another source id with the same registration number. */
#include "common.h"

#define OF_A_MILLION(percent) ((percent)*10000u)

/* The identity that the record shows, which a duplicate borrows in part. */
typedef struct {
    uint64_t content;      /* index of the record that the content is of */
    uint64_t registration; /* index that the registration number is made of */
    uint64_t source_id;    /* likewise */
    bool second_hand;      /* comes from another source */
} identity;

static identity
identify (const gen_task *task, uint64_t index)
{
    gen_random random = gen_random_of (task->seed, GEN_KIND_DUPLICATE, index);
    if (index == 0 || !gen_chance (&random, task->duplicates))
        return (identity){ index, index, index, false };
    uint64_t back = 1 + gen_zipf (&random, index < 100000 ? (uint32_t)index : 100000);
    identity earlier = identify (task, index - back);
    if (gen_below (&random, 2) == 0)
        return earlier;
    return (identity){ earlier.content, earlier.registration, index, true };
}

static void
append_identity (tt_buffer *out, const identity *who, gen_flaw flaw)
{
    static const char *const sources[] = { "kjcg-zj", "nb-market", "univ-tto", "district-list", NULL };
    gen_json_text (out, "source", who->second_hand ? "copies" : sources[who->source_id % 4]);
    gen_json_key (out, "sourceId");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"G-%08llu\"", (unsigned long long)who->source_id);
    gen_json_key (out, "registrationNumber");
    tt_buffer_printf (out, "\"933%uY%08llu\"", (unsigned)(2015 + who->registration % 5), (unsigned long long)who->registration);
}

static void
append_texts (tt_buffer *out, const gen_idea *idea, gen_language language, gen_flaw flaw)
{
    if (flaw != GEN_FLAW_TEXT) {
        gen_json_key (out, "title");
        tt_buffer_text (out, "\"");
        gen_append_title (out, idea, language);
        tt_buffer_text (out, "\"");
    }
    gen_json_key (out, "abstract");
    tt_buffer_text (out, "\"");
    gen_append_abstract (out, idea, language);
    tt_buffer_text (out, "\"");
    gen_json_key (out, "keywords");
    tt_buffer_printf (out, "[\"%s\",\"%s\"]", idea->topic->things[language][idea->thing],
                      idea->topic->parts[language][idea->parts[0]]);
}

static void
append_owner (tt_buffer *out, gen_random *random, gen_language language)
{
    gen_json_key (out, "owners");
    tt_buffer_text (out, "[\"");
    gen_append_company (out, random, language);
    tt_buffer_text (out, "\"]");
    gen_json_key (out, "people");
    tt_buffer_text (out, "[{\"name\":\"");
    gen_append_person (out, random, language);
    tt_buffer_text (out, "\"}]");
}

static void
append_codes (const gen_task *task, tt_buffer *out, const gen_topic *topic, gen_random *random, gen_flaw flaw)
{
    static const struct {
        const char *key;
        const char *list;
    } coded[] = { { "attribute", "achievement_attribute" },
                  { "stage", "achievement_stage" },
                  { "form", "achievement_form_applied" },
                  { "level", "achievement_level" },
                  { "evaluationMethod", "evaluation_method" } };
    gen_json_text (out, "district", flaw == GEN_FLAW_CODE ? "atlantis" : gen_pick_district (task, random));
    gen_json_key (out, "specials");
    tt_buffer_printf (out, "[%u]", topic->special);
    gen_json_text (out, "industry", topic->industry);
    gen_json_text (out, "hightechField", topic->field);
    gen_json_text (out, "category", "Y");
    for (size_t i = 0; i < sizeof coded / sizeof *coded; i++)
        gen_json_text (out, coded[i].key, gen_pick_code (task, random, coded[i].list));
    gen_json_number (out, "trl", gen_between (random, 1, 13));
    gen_json_key (out, "conversionModes");
    tt_buffer_printf (out, "[\"%s\"]", gen_pick_code (task, random, "conversion_mode"));
}

void
gen_write_achievement (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    identity who = identify (task, index);
    gen_random random = gen_random_of (task->seed, GEN_KIND_ACHIEVEMENT, who.content);
    gen_language language = gen_pick_language (task, &random);
    gen_idea idea = gen_idea_of (&random);
    tt_buffer_text (out, "{");
    append_identity (out, &who, flaw);
    append_texts (out, &idea, language, flaw);
    append_owner (out, &random, language);
    append_codes (task, out, idea.topic, &random, flaw);
    if (gen_chance (&random, OF_A_MILLION (40)))
        gen_json_fen (out, "priceFen", gen_between (&random, 10, 800));
    gen_json_key (out, "completedDate");
    tt_buffer_text (out, "\"");
    gen_append_date (out, &random, 2014, 2019);
    tt_buffer_text (out, "\"}");
}

static void
append_demand_query (tt_buffer *out, gen_random *random, const gen_idea *idea, gen_language language)
{
    tt_buffer query = { 0 };
    tt_buffer_printf (&query, "ti=\"%s\"", idea->topic->things[language][idea->thing]);
    if (gen_below (random, 2) == 0)
        tt_buffer_printf (&query, " or ab=\"%s\"", idea->topic->parts[language][idea->parts[1]]);
    gen_json_quoted (out, "query", (tt_bytes){ query.data, query.size });
    tt_buffer_free (&query);
}

void
gen_write_demand (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out)
{
    gen_random random = gen_random_of (task->seed, GEN_KIND_DEMAND, index);
    gen_language language = gen_pick_language (task, &random);
    gen_idea idea = gen_idea_of (&random);
    tt_buffer_text (out, "{");
    gen_json_key (out, "owner");
    tt_buffer_printf (out, "\"ent-%u\"", gen_zipf (&random, 5000));
    gen_json_key (out, "demandId");
    if (flaw == GEN_FLAW_IDENTITY)
        tt_buffer_text (out, "\"\"");
    else
        tt_buffer_printf (out, "\"d-%07llu\"", (unsigned long long)index);
    bool challenge = gen_below (&random, 10) == 0;
    gen_json_text (out, "kind", challenge ? "CHALLENGE" : "DEMAND");
    if (challenge) {
        gen_json_fen (out, "awardFen", gen_between (&random, 20, 1000));
        gen_json_text (out, "deadline", "2099-12-31");
    }
    if (flaw != GEN_FLAW_TEXT)
        gen_json_text (out, "title", idea.topic->things[language][idea.thing]);
    gen_json_key (out, "text");
    tt_buffer_text (out, "\"");
    gen_append_wish (out, &idea, language);
    tt_buffer_text (out, "\"");
    if (gen_chance (&random, OF_A_MILLION (40)))
        append_demand_query (out, &random, &idea, language);
    if (flaw == GEN_FLAW_CODE)
        gen_json_text (out, "district", "atlantis");
    else if (gen_chance (&random, OF_A_MILLION (15)))
        gen_json_text (out, "district", gen_pick_district (task, &random));
    if (gen_chance (&random, OF_A_MILLION (30)))
        gen_json_fen (out, "budgetFen", gen_between (&random, 20, 1000));
    tt_buffer_text (out, "}");
}
