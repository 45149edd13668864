/* Text: normal forms, tokens, and that each token points at exactly the bytes it came from. */
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static void
open_tables (void)
{
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        abort ();
    }
}

TestSuite (text, .init = open_tables);

static tt_bytes
bytes (const char *text)
{
    return tt_bytes_of_text (text);
}

static const char *
normal (const char *text)
{
    static char out[4096];
    tt_buffer buffer = { 0 };
    tt_text_normalise (bytes (text), &buffer);
    snprintf (out, sizeof out, "%s", tt_buffer_cstr (&buffer));
    tt_buffer_free (&buffer);
    return out;
}

/* The tokens as text: "normal form@offset+length", separated by a space. */
static const char *
cut (const char *text)
{
    static char out[8192];
    tt_tokens tokens = { 0 };
    tt_text_tokenise (bytes (text), &tokens);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < tokens.count; i++) {
        tt_bytes form = tt_token_text (&tokens, i);
        at += (size_t)snprintf (out + at, sizeof out - at, "%s%.*s@%u+%u", i ? " " : "", (int)form.size, (const char *)form.data,
                                tokens.tokens[i].offset, tokens.tokens[i].length);
    }
    tt_tokens_free (&tokens);
    return out;
}

/* Sentence and paragraph of each token: "0.0 0.0 1.0". */
static const char *
places (const char *text)
{
    static char out[4096];
    tt_tokens tokens = { 0 };
    tt_text_tokenise (bytes (text), &tokens);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < tokens.count; i++)
        at += (size_t)snprintf (out + at, sizeof out - at, "%s%u.%u", i ? " " : "", tokens.tokens[i].sentence,
                                tokens.tokens[i].paragraph);
    tt_tokens_free (&tokens);
    return out;
}

Test (text, normalises)
{
    cr_expect_str_eq (normal ("  Hello \t\n World "), "hello world");
    cr_expect_str_eq (normal ("ＡＢＣ１２３"), "abc123");
    cr_expect_str_eq (normal ("ﬁlm"), "film");
    cr_expect_str_eq (normal ("Straße"), "strasse");
    cr_expect_str_eq (normal ("e\xCC\x81t\xC3\x89"), "\xC3\xA9t\xC3\xA9");
    cr_expect_str_eq (normal ("專利預警"), "专利预警");
    cr_expect_str_eq (normal ("ｶﾞ"), "ガ");
    cr_expect_str_eq (normal ("ΣΑΣ"), "σασ");
    cr_expect_str_eq (normal ("co\xC2\xADoperate"), "cooperate"); /* soft hyphen */
    cr_expect_str_eq (normal ("\xE1\x84\x80\xE1\x85\xA1"), "가"); /* conjoining jamo */
    cr_expect_str_eq (normal (""), "");
    cr_expect_str_eq (normal ("a\xFF"
                              "b"),
                      "a\xEF\xBF\xBD"
                      "b");
}

Test (text, folds_alike_what_is_written_differently)
{
    static const char *const pairs[][2] = {
        { "石墨烯", "石墨烯" }, { "臺灣", "台湾" }, { "電腦", "电脑" }, { "ＬＥＤ", "led" },
        { "㎏", "kg" },         { "Ⅳ", "iv" },      { "豈", "岂" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char first[64];
        snprintf (first, sizeof first, "%s", normal (pairs[i][0]));
        cr_expect_str_eq (first, normal (pairs[i][1]));
    }
}

static void
expect_idempotent (tt_bytes text)
{
    tt_buffer once = { 0 };
    tt_buffer twice = { 0 };
    tt_text_normalise (text, &once);
    tt_text_normalise ((tt_bytes){ once.data, once.size }, &twice);
    bool same = once.size == twice.size && (once.size == 0 || memcmp (once.data, twice.data, once.size) == 0);
    cr_expect (same, "%.*s: %.*s then %.*s", (int)text.size, (const char *)text.data, (int)once.size, (const char *)once.data,
               (int)twice.size, (const char *)twice.data);
    tt_buffer_free (&once);
    tt_buffer_free (&twice);
}

Test (text, is_idempotent_for_every_character)
{
    uint8_t text[16];
    for (int32_t c = 1; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        size_t n = (size_t)utf8proc_encode_char (c, text);
        expect_idempotent ((tt_bytes){ text, n });
    }
}

static uint32_t
next_random (uint64_t *state)
{
    *state = *state * UINT64_C (6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Characters that interact: marks, jamo, joiners, compatibility forms, spaces, broken bytes. */
static size_t
mixed_text (uint64_t *state, uint8_t *out)
{
    static const int32_t special[] = { 'a',    'E',    ' ',    '.',    '\n',   '-',    0x301,  0x327,   0x345,  0x3099, 0x200D,
                                       0xAD,   0xFE0F, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xFB01, 0xFF21,  0xFF76, 0xFF9E, 0x4E00,
                                       0x5C08, 0x3002, 0xDF,   0x130,  0xA8,   0xFDFA, 0x1F80, 0x1D15E, 0x3153, 0x3133, 0xFFC2 };
    size_t n = 0;
    for (uint32_t i = 1 + next_random (state) % 12; i > 0; i--) {
        uint32_t pick = next_random (state) % 42;
        if (pick == 41)
            out[n++] = (uint8_t)(0x80 + next_random (state) % 128);
        else if (pick == 40)
            n += (size_t)utf8proc_encode_char ((int32_t)(next_random (state) % 0xD800), out + n);
        else
            n += (size_t)utf8proc_encode_char (special[pick % (sizeof special / sizeof special[0])], out + n);
    }
    return n;
}

Test (text, is_idempotent_for_mixed_text)
{
    uint64_t state = 7;
    uint8_t text[64];
    for (int i = 0; i < 100000; i++)
        expect_idempotent ((tt_bytes){ text, mixed_text (&state, text) });
}

/* Whatever the bytes: tokens ascend, lie inside the text, and none is empty. */
Test (text, cuts_anything_within_bounds)
{
    uint64_t state = 11;
    uint8_t text[64];
    tt_tokens tokens = { 0 };
    size_t seen = 0;
    for (int i = 0; i < 100000; i++) {
        size_t size = mixed_text (&state, text);
        tt_text_tokenise ((tt_bytes){ text, size }, &tokens);
        for (size_t k = 0; k < tokens.count; k++) {
            const tt_token *t = &tokens.tokens[k];
            cr_assert (t->size > 0 && t->length > 0 && t->offset + t->length <= size);
            cr_assert (t->text + t->size <= tokens.text.size);
            cr_assert (k == 0 || t->offset >= tokens.tokens[k - 1].offset);
            cr_assert (tt_text_valid (tt_token_text (&tokens, k), NULL));
        }
        seen += tokens.count;
    }
    cr_assert (seen > 200000);
    tt_tokens_free (&tokens);
}

/* A token means the same in its place and alone: its original bytes normalise to its form. */
Test (text, tokens_point_at_what_they_came_from)
{
    static const char text[] = "Ｆull-width ﬁlm 氧化石墨烯 專利 cafe\xCC\x81 Straße ｶﾞｽ 100㎏";
    tt_tokens tokens = { 0 };
    tt_text_tokenise (bytes (text), &tokens);
    cr_assert (tokens.count == 15, "%zu tokens", tokens.count);
    for (size_t i = 0; i < tokens.count; i++) {
        const tt_token *t = &tokens.tokens[i];
        tt_buffer form = { 0 };
        tt_text_normalise ((tt_bytes){ (const uint8_t *)text + t->offset, t->length }, &form);
        cr_expect (tt_bytes_equal ((tt_bytes){ form.data, form.size }, tt_token_text (&tokens, i)), "token %zu", i);
        tt_buffer_free (&form);
    }
    tt_tokens_free (&tokens);
}

Test (text, cuts_words_and_characters)
{
    cr_expect_str_eq (cut ("Thin-film SOLAR cell"), "thin@0+4 film@5+4 solar@10+5 cell@16+4");
    cr_expect_str_eq (cut ("石墨烯"), "石@0+3 墨@3+3 烯@6+3");
    cr_expect_str_eq (cut ("5G网络"), "5g@0+2 网@2+3 络@5+3");
    cr_expect_str_eq (cut ("電腦"), "电@0+3 脑@3+3");
    cr_expect_str_eq (cut ("ＡＢ c"), "ab@0+6 c@7+1");
    cr_expect_str_eq (cut ("aﬁb"), "afib@0+5");
    cr_expect_str_eq (cut ("xe\xCC\x81y"), "x\xC3\xA9y@0+5");
    cr_expect_str_eq (cut ("e\xCC\x81"), "\xC3\xA9@0+3");
    cr_expect_str_eq (cut ("a\xC2\xADz"), "az@0+4");
    cr_expect_str_eq (cut ("H2O₂"), "h2o2@0+6");
    cr_expect_str_eq (cut ("\xCC\x81 a"), "a@3+1"); /* a mark on nothing */
    cr_expect_str_eq (cut ("a\xFFz"), "a@0+1 z@2+1");
    cr_expect_str_eq (cut ("\xE7\x9F"), "");
    cr_expect_str_eq (cut ("한국어 ひら カタ"), "한@0+3 국@3+3 어@6+3 ひ@10+3 ら@13+3 カ@17+3 タ@20+3");
    cr_expect_str_eq (cut ("中・日"), "中@0+3 日@6+3");
    cr_expect_str_eq (cut (" ,;- "), "");
    cr_expect_str_eq (cut (""), "");
}

Test (text, counts_sentences_and_paragraphs)
{
    cr_expect_str_eq (places ("a b. c"), "0.0 0.0 1.0");
    cr_expect_str_eq (places ("a 3.5 b"), "0.0 0.0 0.0 0.0");
    cr_expect_str_eq (places ("a!? b"), "0.0 1.0");
    cr_expect_str_eq (places ("氧。石！墨"), "0.0 1.0 2.0");
    cr_expect_str_eq (places ("氧。a"), "0.0 1.0");
    cr_expect_str_eq (places ("a.b 氧.石"), "0.0 0.0 0.0 1.0");
    cr_expect_str_eq (places ("a\r\nb\n\nc"), "0.0 0.1 0.2");
    cr_expect_str_eq (places (". \na"), "0.0");
    cr_expect_str_eq (places ("a.\nb."), "0.0 1.1");
}

Test (text, knows_what_is_utf8)
{
    static const struct {
        const char *text;
        size_t size, wrong;
    } bad[] = { { "ab\xFF", 3, 2 },           { "\xC0\x80", 2, 0 }, { "a\xED\xA0\x80", 4, 1 },
                { "\xF4\x90\x80\x80", 4, 0 }, { "a\0b", 3, 1 },     { "\xE7\x9F\xB3\xE7", 4, 3 } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t offset = 99;
        cr_expect (tt_text_valid ((tt_bytes){ (const uint8_t *)bad[i].text, bad[i].size }, &offset) == false);
        cr_expect (offset == bad[i].wrong, "case %zu: byte %zu", i, offset);
    }
    cr_expect (tt_text_valid (bytes ("abc 石墨烯 \xF0\x9F\x98\x80"), NULL));
}

Test (text, keeps_long_runs_of_vowels)
{
    tt_tokens tokens = { 0 };
    tt_buffer text = { 0 };
    for (int i = 0; i < 500; i++)
        tt_buffer_text (&text, "ㅠ");
    tt_text_tokenise ((tt_bytes){ text.data, text.size }, &tokens);
    cr_expect (tokens.count == 500, "%zu tokens", tokens.count);
    tt_tokens_free (&tokens);
    tt_buffer_free (&text);
}

/* Marks without end on one character cost time in proportion, and the form stays bounded. */
Test (text, bounds_marks, .timeout = 120) /* seconds under a sanitizer; hours if it were quadratic */
{
    tt_buffer text = { 0 };
    tt_buffer form = { 0 };
    tt_buffer_text (&text, "a");
    for (int i = 0; i < 500000; i++)
        tt_buffer_text (&text, i % 2 ? "\xCC\x81" : "\xCC\xA7");
    tt_text_normalise ((tt_bytes){ text.data, text.size }, &form);
    cr_expect (form.size < 256);
    expect_idempotent ((tt_bytes){ form.data, form.size });
    tt_buffer_free (&text);
    tt_buffer_free (&form);
}
