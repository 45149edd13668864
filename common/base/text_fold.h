/* One written character made comparable: NFKC, case folding, traditional to simplified, cluster by cluster.
 *
 * A cluster is a character and the marks that belong to it, the smallest piece that can be normalised on its own, so that text.c
 * can say which original bytes a normalised character came from. Internal to base/text. Thread-safe after tt_fold_open. */
#ifndef TT_BASE_TEXT_FOLD_H
#define TT_BASE_TEXT_FOLD_H

#include "base/buffer.h"

#define TT_FOLD_MAX 128 /* code points that one cluster can become */

typedef enum {
    TT_CHAR_OTHER, /* separates tokens */
    TT_CHAR_SPACE,
    TT_CHAR_BREAK, /* a line break */
    TT_CHAR_STOP,  /* . ! ? and the ideographic full stop */
    TT_CHAR_WORD,  /* letter or digit: part of a run */
    TT_CHAR_MARK,  /* part of the token before it, if there is one */
    TT_CHAR_ALONE  /* Han, Hiragana, Katakana, Hangul: a token of its own */
} tt_char_class;

/* Loads the traditional-to-simplified table; see tt_text_open. */
TT_MUST_USE tt_status tt_fold_open (tt_error *error);

/* Folds the cluster that begins at text.data[at] into points[TT_FOLD_MAX]; *count of them (0 if it vanishes, as a soft hyphen
 * does). Returns the bytes it took, at least 1. A byte that is no UTF-8 is a cluster that becomes U+FFFD. Marks past the room are
 * dropped. */
size_t tt_fold_cluster (tt_bytes text, size_t at, int32_t *points, size_t *count);

/* What a folded code point is to the tokeniser. */
tt_char_class tt_fold_class (int32_t point);

#endif
