#include "common.h"

#include <stdio.h>
#include <string.h>

gen_language
gen_pick_language (const gen_task *task, gen_random *random)
{
    bool chinese = gen_below (random, 100) < 60;
    if (task->language == GEN_LANGUAGE_MIXED)
        return chinese ? GEN_ZH : GEN_EN;
    return task->language == GEN_LANGUAGE_ZH ? GEN_ZH : GEN_EN;
}

const char *
gen_pick (gen_random *random, gen_words words)
{
    return words[gen_zipf (random, gen_words_count (words))];
}

const gen_topic *
gen_pick_topic (gen_random *random)
{
    /* two draws of which the smaller counts: common topics are some times as common as rare ones, and none is negligible */
    uint32_t a = gen_below (random, GEN_TOPICS), b = gen_below (random, GEN_TOPICS);
    return &gen_topics[a < b ? a : b];
}

const char *
gen_pick_district (const gen_task *task, gen_random *random)
{
    size_t count;
    const tt_catalog_district *districts = tt_catalog_districts (task->catalog, &count);
    return districts[gen_below (random, (uint32_t)count)].key;
}

const char *
gen_pick_code (const gen_task *task, gen_random *random, const char *list)
{
    size_t count;
    const tt_catalog_entry *entries = tt_catalog_list (task->catalog, list, &count);
    return entries[gen_below (random, (uint32_t)count)].code;
}

void
gen_append_coined (tt_buffer *out, gen_random *random)
{
    /* an odd factor scatters neighbouring ranks over the names, one to one in 18 bits */
    uint32_t name = gen_zipf (random, 65536) * 151397u & 0x3FFFF;
    size_t start = out->size;
    for (int shift = 12; shift >= 0; shift -= 6)
        tt_buffer_text (out, gen_syllables[name >> shift & 63]);
    out->data[start] = (uint8_t)(out->data[start] - 'a' + 'A');
}

void
gen_append_company (tt_buffer *out, gen_random *random, gen_language language)
{
    uint32_t firm = gen_zipf (random, gen_words_count (gen_firms[GEN_ZH]));
    uint32_t business = gen_zipf (random, gen_words_count (gen_businesses[GEN_ZH]));
    if (language == GEN_ZH) {
        tt_buffer_text (out, "宁波");
        tt_buffer_text (out, gen_firms[GEN_ZH][firm]);
        tt_buffer_text (out, gen_businesses[GEN_ZH][business]);
        tt_buffer_text (out, "有限公司");
        return;
    }
    tt_buffer_text (out, "Ningbo ");
    tt_buffer_text (out, gen_firms[GEN_EN][firm]);
    tt_buffer_text (out, " ");
    tt_buffer_text (out, gen_businesses[GEN_EN][business]);
    tt_buffer_text (out, " Co., Ltd.");
}

void
gen_append_person (tt_buffer *out, gen_random *random, gen_language language)
{
    tt_buffer_text (out, gen_pick (random, gen_surnames[language]));
    if (language == GEN_EN)
        tt_buffer_text (out, " ");
    tt_buffer_text (out, gen_pick (random, gen_given[language]));
}

static void
append_two_digits (tt_buffer *out, uint32_t n)
{
    char digits[2] = { (char)('0' + n / 10), (char)('0' + n % 10) };
    tt_buffer_append (out, digits, sizeof digits);
}

void
gen_append_date (tt_buffer *out, gen_random *random, uint32_t first_year, uint32_t last_year)
{
    uint32_t year = gen_between (random, first_year, last_year);
    append_two_digits (out, year / 100);
    append_two_digits (out, year % 100);
    tt_buffer_append (out, "-", 1);
    append_two_digits (out, gen_between (random, 1, 12));
    tt_buffer_append (out, "-", 1);
    append_two_digits (out, gen_between (random, 1, 28));
}

void
gen_json_key (tt_buffer *out, const char *key)
{
    if (out->size > 0 && out->data[out->size - 1] != '{')
        tt_buffer_append (out, ",", 1);
    tt_buffer_append (out, "\"", 1);
    tt_buffer_text (out, key);
    tt_buffer_append (out, "\":", 2);
}

void
gen_json_text (tt_buffer *out, const char *key, const char *text)
{
    gen_json_quoted (out, key, tt_bytes_of_text (text));
}

void
gen_json_quoted (tt_buffer *out, const char *key, tt_bytes text)
{
    gen_json_key (out, key);
    tt_buffer_append (out, "\"", 1);
    for (size_t i = 0, start = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '"' && text.data[i] != '\\')
            continue;
        tt_buffer_append (out, text.data + start, i - start);
        if (i < text.size)
            tt_buffer_append (out, "\\", 1);
        start = i;
    }
    tt_buffer_append (out, "\"", 1);
}

void
gen_json_fen (tt_buffer *out, const char *key, uint64_t wan)
{
    gen_json_key (out, key);
    tt_buffer_printf (out, "\"%llu\"", (unsigned long long)wan * 1000000);
}

void
gen_json_number (tt_buffer *out, const char *key, uint64_t number)
{
    gen_json_key (out, key);
    tt_buffer_printf (out, "%llu", (unsigned long long)number);
}
