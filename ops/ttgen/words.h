/* The vocabulary: what the records are about, in Chinese and English, as data. The order in a list is the order of frequency.
 * Static storage; any thread. */
#ifndef TTGEN_WORDS_H
#define TTGEN_WORDS_H

#include <stddef.h>
#include <stdint.h>

typedef enum { GEN_ZH, GEN_EN } gen_language;

/* A list that NULL ends. */
typedef const char *const *gen_words;

/* One for each major special: things that are invented, parts they have, what they are for, and their classes. */
typedef struct {
    uint32_t special;
    const char *industry; /* GB/T 4754 section and division */
    const char *field;    /* code of the high-tech field */
    gen_words classes;    /* IPC main groups and subgroups */
    gen_words things[2];  /* by gen_language */
    gen_words parts[2];
    gen_words uses[2];
} gen_topic;

#define GEN_TOPICS 12
extern const gen_topic gen_topics[GEN_TOPICS];

extern const gen_words gen_qualities[2];  /* before a thing: "高强", "high-strength" */
extern const gen_words gen_actions[2];    /* how a part acts on another */
extern const gen_words gen_processes[2];  /* steps */
extern const gen_words gen_effects[2];    /* what gets better, before "by n percent" */
extern const gen_words gen_businesses[2]; /* in company names */
extern const gen_words gen_firms[2];      /* names of companies: the same place is the same company in both languages */
extern const gen_words gen_surnames[2];
extern const gen_words gen_given[2];
extern const gen_words gen_syllables; /* of coined names: 64 */

uint32_t gen_words_count (gen_words words);

#endif
