/* Titles, abstracts and wishes about an idea. The wording follows the idea's own random numbers, so that the same idea reads the
 * same wherever it stands: members of a patent family share their text. */
#include "common.h"

#include <string.h>

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Patterns: capital letters stand for what fill () puts there, all else is taken as it stands. English begins in lower case: what
 * it begins with may be a word that is put there. */
static const gen_words titles[2]
    = { LIST ("一种QT及其制备方法", "一种用于U的QT", "具有A的T", "QT的P方法", "一种T的A结构", "基于B的T及其控制方法",
              "一种X改性QT", "U用T"),
        LIST ("Q T and method of making it", "Q T for U", "T having a A", "P of a Q T", "T with A and B",
              "control of a T by means of its A", "X modified T", "T for use in U") };
static const gen_words opening[2]
    = { LIST ("本发明公开了一种QT，包括A、B和C，A与B相邻，CV。", "本发明涉及U领域，提供一种T，其A经P得到，BV。",
              "一种QT，由A与B组成，C设于二者之间。"),
        LIST ("a Q T includes a A, a B and a C, and the A V the B.", "the T for U has a A obtained by P, and the B V the A.",
              "a Q T is made of a A and a B between which a C is arranged.") };
static const gen_words middle[2]
    = { LIST ("P在N摄氏度下进行N分钟，随后P，其中X助剂的用量为N份。", "制造时先对A进行P，再以N兆帕压力使B就位。",
              "控制单元根据C的状态每N毫秒更新一次参数，偏差超过N个单位时报警。", "所述A的厚度为N微米，B的含量为N%，并经P处理。"),
        LIST (" the P is carried out for N minutes and followed by P in the presence of X.",
              " during manufacture the A undergoes P before the B is seated under N bar.",
              " a control unit updates its parameters from the state of the C every N milliseconds.",
              " the A has a thickness of N micrometers and the B makes up N percent, with P as a last step.") };
static const gen_words closing[2] = { LIST ("与现有技术相比，EN%，适用于U。", "EN%，且E。", "该T已在U中试用，EN%。"),
                                      LIST (" compared with known solutions E by N percent in U.",
                                            " as a result, E by N percent.", " in trials with U E by N percent.") };
static const gen_words wishes[2] = { LIST ("寻求T的P技术，用于U，希望EN%以上。", "现有A寿命不足，征集QT解决方案，可合作开发。",
                                           "拟引进T成套工艺，B国产化，年需求N万件。"),
                                     LIST ("we look for P of a T in U, so that E by at least N percent.",
                                           "our A wears out too early, and a Q T is wanted in joint development.",
                                           "a complete process for a T with a domestic B is to be licensed.") };

gen_idea
gen_idea_of (gen_random *random)
{
    gen_idea idea = { .topic = gen_pick_topic (random) };
    idea.thing = gen_zipf (random, gen_words_count (idea.topic->things[GEN_ZH]));
    uint32_t parts = gen_words_count (idea.topic->parts[GEN_ZH]), start = gen_below (random, parts);
    for (uint32_t i = 0; i < 3; i++)
        idea.parts[i] = (start + i * 3) % parts; /* 8 parts, steps of 3: all different */
    idea.quality = gen_zipf (random, gen_words_count (gen_qualities[GEN_ZH]));
    idea.random = (gen_random){ gen_next (random) };
    return idea;
}

/* A word into the text; in English "a" before it becomes "an" where it begins with a vowel. */
static void
put (tt_buffer *out, gen_language language, const char *word)
{
    bool article = out->size >= 2 && out->data[out->size - 1] == ' ' && out->data[out->size - 2] == 'a'
                   && (out->size == 2 || out->data[out->size - 3] == ' ' || out->data[out->size - 3] == '"');
    if (language == GEN_EN && article && strchr ("aeiou", *word) != NULL) {
        out->size--;
        tt_buffer_text (out, "n ");
    }
    tt_buffer_text (out, word);
}

/* Replaces in a pattern: Q quality, T thing, A B C parts, P process, E effect, U use, N number, X coined word, V action. */
static void
fill (tt_buffer *out, const gen_idea *idea, gen_random *random, gen_language language, const char *pattern)
{
    const gen_topic *topic = idea->topic;
    for (const char *p = pattern; *p; p++) {
        switch (*p) {
        case 'Q':
            put (out, language, gen_qualities[language][idea->quality]);
            break;
        case 'T':
            put (out, language, topic->things[language][idea->thing]);
            break;
        case 'A':
        case 'B':
        case 'C':
            put (out, language, topic->parts[language][idea->parts[*p - 'A']]);
            break;
        case 'P':
            put (out, language, gen_pick (random, gen_processes[language]));
            break;
        case 'E':
            put (out, language, gen_pick (random, gen_effects[language]));
            break;
        case 'U':
            put (out, language, gen_pick (random, topic->uses[language]));
            break;
        case 'V':
            put (out, language, gen_pick (random, gen_actions[language]));
            break;
        case 'N':
            tt_buffer_printf (out, "%u", gen_between (random, 2, 95));
            break;
        case 'X':
            gen_append_coined (out, random);
            break;
        default:
            tt_buffer_append (out, p, 1);
        }
    }
}

/* Pattern `which`, counted round; in English with a capital at its beginning. */
static void
fill_which (tt_buffer *out, const gen_idea *idea, gen_random *random, gen_language language, const gen_words patterns[2],
            uint32_t which)
{
    size_t start = out->size;
    fill (out, idea, random, language, patterns[language][which % gen_words_count (patterns[language])]);
    if (out->data[start] == ' ')
        start++;
    if (language == GEN_EN && out->data[start] >= 'a' && out->data[start] <= 'z')
        out->data[start] = (uint8_t)(out->data[start] - 'a' + 'A');
}

static void
fill_one_of (tt_buffer *out, const gen_idea *idea, gen_random *random, gen_language language, const gen_words patterns[2])
{
    fill_which (out, idea, random, language, patterns, gen_below (random, 24)); /* a multiple of every list's length */
}

void
gen_append_title (tt_buffer *out, const gen_idea *idea, gen_language language)
{
    gen_random random = idea->random;
    fill_one_of (out, idea, &random, language, titles);
}

void
gen_append_abstract (tt_buffer *out, const gen_idea *idea, gen_language language)
{
    gen_random random = idea->random;
    (void)gen_next (&random); /* another wording than that of the title */
    fill_one_of (out, idea, &random, language, opening);
    uint32_t which = gen_below (&random, 24);
    for (uint32_t i = 0, n = gen_between (&random, 1, 2); i < n; i++)
        fill_which (out, idea, &random, language, middle, which + i);
    fill_one_of (out, idea, &random, language, closing);
}

void
gen_append_wish (tt_buffer *out, const gen_idea *idea, gen_language language)
{
    gen_random random = idea->random;
    fill_one_of (out, idea, &random, language, wishes);
}
