/* What every kind of record is made with: the task, the choice of words, and JSON written as text. One thread. */
#ifndef TTGEN_COMMON_H
#define TTGEN_COMMON_H

#include "base/buffer.h"
#include "catalog/catalog.h"
#include "random.h"
#include "words.h"

typedef enum { GEN_LANGUAGE_ZH, GEN_LANGUAGE_EN, GEN_LANGUAGE_MIXED } gen_language_choice;

/* How a record is broken on purpose. */
typedef enum {
    GEN_FLAW_NONE,
    GEN_FLAW_CUT,      /* the line ends early: no JSON */
    GEN_FLAW_IDENTITY, /* the identity is empty */
    GEN_FLAW_TEXT,     /* the title (or what stands for it) is left out */
    GEN_FLAW_CODE,     /* a code, date or district that does not exist */
    GEN_FLAW_COUNT
} gen_flaw;

typedef struct {
    const tt_catalog *catalog;
    uint64_t seed;
    uint64_t first; /* index of the first record */
    uint64_t count;
    gen_language_choice language;
    uint32_t duplicates; /* in a million */
    uint32_t invalid;    /* in a million */
} gen_task;

/* Appends record `index` as JSON, without the line feed. */
typedef void (*gen_writer) (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);

void gen_write_patent (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_watch (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_achievement (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_demand (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_provider (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_product (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);
void gen_write_application (const gen_task *task, uint64_t index, gen_flaw flaw, tt_buffer *out);

/* Streams of random numbers: one for each kind of record. */
enum {
    GEN_KIND_PATENT = 1,
    GEN_KIND_WATCH,
    GEN_KIND_ACHIEVEMENT,
    GEN_KIND_DEMAND,
    GEN_KIND_PROVIDER,
    GEN_KIND_PRODUCT,
    GEN_KIND_APPLICATION,
    GEN_KIND_DUPLICATE,
    GEN_KIND_FLAW,
    GEN_KIND_FAMILY,
    GEN_KIND_PUBLICATION
};

gen_language gen_pick_language (const gen_task *task, gen_random *random);
const char *gen_pick (gen_random *random, gen_words words); /* the first ones most often */
const gen_topic *gen_pick_topic (gen_random *random);
/* The key of a district, or the code of an entry of a list that the catalogue must have: any with the same chance. */
const char *gen_pick_district (const gen_task *task, gen_random *random);
const char *gen_pick_code (const gen_task *task, gen_random *random, const char *list);

/* A coined word of the long tail, such as "Velomar": 65,536 of them, the low ranks often. */
void gen_append_coined (tt_buffer *out, gen_random *random);
void gen_append_company (tt_buffer *out, gen_random *random, gen_language language);
void gen_append_person (tt_buffer *out, gen_random *random, gen_language language);
/* "2018-04-05" between the first of January of `first_year` and the end of `last_year`. */
void gen_append_date (tt_buffer *out, gen_random *random, uint32_t first_year, uint32_t last_year);

/* JSON: `,"key":` (without the comma behind an opening brace), and values. Texts of the vocabulary hold nothing that needs
 * escaping but quotes, which gen_json_quoted escapes. */
void gen_json_key (tt_buffer *out, const char *key);
void gen_json_text (tt_buffer *out, const char *key, const char *text);
void gen_json_quoted (tt_buffer *out, const char *key, tt_bytes text);
/* int64 in fen, as proto3 JSON writes it: in quotes. */
void gen_json_fen (tt_buffer *out, const char *key, uint64_t wan);
void gen_json_number (tt_buffer *out, const char *key, uint64_t number);

/* What an invention is, so that title and abstract speak of the same. */
typedef struct {
    const gen_topic *topic;
    uint32_t thing; /* in topic->things: the same place in both languages */
    uint32_t parts[3];
    uint32_t quality;
    gen_random random; /* for the wording */
} gen_idea;

gen_idea gen_idea_of (gen_random *random);
void gen_append_title (tt_buffer *out, const gen_idea *idea, gen_language language);
void gen_append_abstract (tt_buffer *out, const gen_idea *idea, gen_language language);
void gen_append_wish (tt_buffer *out, const gen_idea *idea, gen_language language); /* the text of a demand */

#endif
