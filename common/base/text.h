/* Text as people write it, made comparable: NFKC, case folding, traditional to simplified Chinese, and cut into tokens.
 *
 * Latin runs and digits are words; each CJK character is a token of its own, and a CJK term is a phrase of them, so that 石墨烯 is
 * found inside 氧化石墨烯薄膜 with no segmentation. Not for collation and not for display. Thread-safe after tt_text_open. */
#ifndef TT_BASE_TEXT_H
#define TT_BASE_TEXT_H

#include "base/buffer.h"

/* Loads the traditional-to-simplified table. Once in a process, before threads; again is a no-op.
 * TT_FAILED_PRECONDITION with the reason if the tables of OpenCC cannot be read. */
TT_MUST_USE tt_status tt_text_open (tt_error *error);

/* True if the bytes are valid UTF-8 (no surrogates, no overlong forms, nothing past U+10FFFF) without NUL; else *offset
 * (may be NULL) is the first byte that is wrong. */
bool tt_text_valid (tt_bytes text, size_t *offset);

/* Appends the normalised form: NFKC, case folded, traditional to simplified, runs of white space to one space, trimmed.
 * Idempotent. Bytes that are no UTF-8 become U+FFFD. */
void tt_text_normalise (tt_bytes text, tt_buffer *out);

/* One token and where it stands in the original, un-normalised bytes. */
typedef struct {
    uint32_t text;     /* offset of its normalised form in tt_tokens.text */
    uint32_t size;     /* bytes of the normalised form */
    uint32_t offset;   /* byte offset in the original */
    uint32_t length;   /* bytes in the original */
    uint32_t sentence; /* from 0: counts up at . ! ? 。 ！ ？ followed by a space, the end or CJK */
    uint32_t paragraph; /* from 0: counts up at a line break */
} tt_token;

/* The tokens of one value, in order; token i has position i. Zero-initialise: {0}. */
typedef struct {
    tt_token *tokens; /* owned */
    size_t count;
    size_t capacity;
    tt_buffer text; /* owned: normalised forms, one after the other */
} tt_tokens;

/* Cuts `text` into tokens, replacing what *tokens held; memory is kept between calls. */
void tt_text_tokenise (tt_bytes text, tt_tokens *tokens);
void tt_tokens_free (tt_tokens *tokens);
/* True if a token's normalised form is a character that stands alone (Han, Hiragana, Katakana, Hangul), not a word. */
bool tt_text_alone (tt_bytes token);
static inline tt_bytes
tt_token_text (const tt_tokens *tokens, size_t i)
{
    return (tt_bytes){ tokens->text.data + tokens->tokens[i].text, tokens->tokens[i].size };
}

#endif
