#include "base/text.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text_fold.h"

/* ASCII letters and digits in lower case; 0 for all other bytes. */
static const uint8_t ascii_word[256] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
    ['9'] = '9', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h',
    ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
    ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
    ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r',
    ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

tt_status
tt_text_open (tt_error *error)
{
    return tt_fold_open (error);
}

bool
tt_text_valid (tt_bytes text, size_t *offset)
{
    size_t at = 0;
    while (at < text.size) {
        if (text.data[at] < 0x80 && text.data[at] != 0) {
            at++;
            continue;
        }
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t took = utf8proc_iterate (text.data + at, (utf8proc_ssize_t)(text.size - at), &point);
        if (took <= 0 || point == 0) {
            if (offset)
                *offset = at;
            return false;
        }
        at += (size_t)took;
    }
    return true;
}

static void
append_point (tt_buffer *out, int32_t point)
{
    out->size += (size_t)utf8proc_encode_char (point, tt_buffer_reserve (out, 4));
}

/* Normalisation */

typedef struct {
    tt_buffer *out;
    bool begun; /* something was written: a space may follow */
    bool space; /* white space is waiting for what comes behind it */
} normaliser;

static void
normalise_point (normaliser *n, int32_t point)
{
    tt_char_class class = tt_fold_class (point);
    if (class == TT_CHAR_SPACE || class == TT_CHAR_BREAK) {
        n->space = n->begun;
        return;
    }
    if (n->space)
        tt_buffer_append (n->out, " ", 1);
    append_point (n->out, point);
    n->space = false;
    n->begun = true;
}

void
tt_text_normalise (tt_bytes text, tt_buffer *out)
{
    normaliser n = { .out = out };
    int32_t points[TT_FOLD_MAX];
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        at += tt_fold_cluster (text, at, points, &count);
        for (size_t i = 0; i < count; i++)
            normalise_point (&n, points[i]);
    }
}

/* Tokens */

typedef struct {
    tt_tokens *tokens;
    bool open;         /* the last token may still grow */
    bool mark_follows; /* a mark may still be added to the last token */
    bool line_ended;   /* the next token begins a paragraph */
    bool stopped;      /* a full stop stands directly before this character */
    bool ended;        /* the next token begins a sentence */
    uint32_t sentence;
    uint32_t paragraph;
} cutter;

static tt_token *
begin_token (cutter *c, size_t offset)
{
    tt_tokens *t = c->tokens;
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 64;
        t->tokens = tt_realloc (t->tokens, t->capacity * sizeof *t->tokens);
    }
    if (t->count > 0) {
        c->sentence += c->ended;
        c->paragraph += c->line_ended;
    }
    c->ended = c->line_ended = false;
    tt_token *token = &t->tokens[t->count++];
    *token = (tt_token){
        .text = (uint32_t)t->text.size, .offset = (uint32_t)offset, .sentence = c->sentence, .paragraph = c->paragraph
    };
    return token;
}

/* A run of ASCII letters and digits from `at` to `end`: begins a token or continues the open one. */
static void
take_ascii (cutter *c, const uint8_t *data, size_t at, size_t end)
{
    tt_tokens *t = c->tokens;
    tt_token *token = c->open ? &t->tokens[t->count - 1] : begin_token (c, at);
    size_t n = end - at;
    uint8_t *to = tt_buffer_reserve (&t->text, n);
    for (size_t i = 0; i < n; i++)
        to[i] = ascii_word[data[at + i]];
    t->text.size += n;
    token->size += (uint32_t)n;
    token->length = (uint32_t)end - token->offset;
    c->open = c->mark_follows = true;
    c->stopped = false;
}

static void
take_point (cutter *c, tt_token *token, int32_t point, size_t end)
{
    size_t before = c->tokens->text.size;
    append_point (&c->tokens->text, point);
    token->size += (uint32_t)(c->tokens->text.size - before);
    token->length = (uint32_t)end - token->offset;
}

static void
cut_separator (cutter *c, tt_char_class class, int32_t point)
{
    c->open = c->mark_follows = false;
    if (class == TT_CHAR_BREAK)
        c->line_ended = true;
    if (c->stopped && (class == TT_CHAR_BREAK || class == TT_CHAR_SPACE))
        c->ended = true;
    c->stopped = class == TT_CHAR_STOP;
    if (point == 0x3002)
        c->ended = true;
}

/* One folded code point of the cluster at bytes [at, end). */
static void
cut_point (cutter *c, int32_t point, size_t at, size_t end)
{
    tt_char_class class = tt_fold_class (point);
    bool mark = class == TT_CHAR_MARK && c->mark_follows;
    if (mark || (class == TT_CHAR_WORD && c->open)) {
        take_point (c, &c->tokens->tokens[c->tokens->count - 1], point, end);
    } else if (class == TT_CHAR_WORD || class == TT_CHAR_ALONE) {
        if (class == TT_CHAR_ALONE && c->stopped)
            c->ended = true;
        take_point (c, begin_token (c, at), point, end);
        c->open = class == TT_CHAR_WORD;
        c->mark_follows = true;
        c->stopped = false;
    } else if (class != TT_CHAR_MARK) {
        cut_separator (c, class, point);
    }
}

static size_t
cut_cluster (cutter *c, tt_bytes text, size_t at)
{
    int32_t points[TT_FOLD_MAX];
    size_t count = 0;
    size_t end = at + tt_fold_cluster (text, at, points, &count);
    for (size_t i = 0; i < count; i++)
        cut_point (c, points[i], at, end);
    return end;
}

/* A run of ASCII word bytes. Its last character goes another way if a byte above ASCII follows, which may be a mark on it. */
static size_t
cut_ascii_run (cutter *c, tt_bytes text, size_t at)
{
    size_t end = at + 1;
    while (end < text.size && ascii_word[text.data[end]])
        end++;
    if (end < text.size && text.data[end] >= 0x80)
        end--;
    if (end == at)
        return cut_cluster (c, text, at);
    take_ascii (c, text.data, at, end);
    return end;
}

void
tt_text_tokenise (tt_bytes text, tt_tokens *tokens)
{
    assert (text.size <= UINT32_MAX);
    tokens->count = 0;
    tt_buffer_clear (&tokens->text);
    tt_buffer_reserve (&tokens->text, text.size);
    cutter c = { .tokens = tokens };
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = text.data[at];
        bool plain_next = at + 1 == text.size || text.data[at + 1] < 0x80;
        if (ascii_word[byte]) {
            at = cut_ascii_run (&c, text, at);
        } else if (byte == ' ' && plain_next) {
            cut_separator (&c, TT_CHAR_SPACE, ' ');
            at++;
        } else if (byte < 0x80 && plain_next) {
            cut_separator (&c, tt_fold_class (byte), byte);
            at++;
        } else {
            at = cut_cluster (&c, text, at);
        }
    }
}

void
tt_tokens_free (tt_tokens *tokens)
{
    free (tokens->tokens);
    tt_buffer_free (&tokens->text);
    *tokens = (tt_tokens){ 0 };
}

bool
tt_text_alone (tt_bytes token)
{
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t took = utf8proc_iterate (token.data, (utf8proc_ssize_t)token.size, &point);
    return took > 0 && tt_fold_class (point) == TT_CHAR_ALONE;
}
