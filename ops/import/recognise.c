#include "import/recognise.h"

#include "base/text.h"

#define FEWEST 4        /* characters of two bytes, below which chance decides */
#define COMMON 0.8      /* least share of them that are common ones */
#define CUT_MOST 3      /* bytes of a character that the end of the head may have cut */

typedef struct {
    size_t pairs, common;
    bool broken;
} tally;

/* The size of the character at the front in the encoding; 0 if there is none, or more than `size` if it is cut. */
typedef size_t measure (const uint8_t *text, size_t size, bool *common);

static size_t
gb18030 (const uint8_t *text, size_t size, bool *common)
{
    if (text[0] == 0x80 || text[0] == 0xff)
        return 0;
    if (size < 2)
        return 2;
    uint8_t trail = text[1];
    if (trail >= 0x30 && trail <= 0x39) {
        bool whole = size >= 4;
        bool fits = (size < 3 || (text[2] >= 0x81 && text[2] <= 0xfe)) && (!whole || (text[3] >= 0x30 && text[3] <= 0x39));
        return fits ? 4 : 0;
    }
    bool inside = trail >= 0xa1 && trail <= 0xfe;
    *common = inside && ((text[0] >= 0xa1 && text[0] <= 0xa9) || (text[0] >= 0xb0 && text[0] <= 0xd7));
    return inside || (trail >= 0x40 && trail != 0x7f && trail <= 0xa0) ? 2 : 0;
}

static size_t
big5 (const uint8_t *text, size_t size, bool *common)
{
    if (text[0] < 0xa1 || text[0] > 0xf9)
        return 0;
    if (size < 2)
        return 2;
    *common = text[0] <= 0xc6;
    return (text[1] >= 0x40 && text[1] <= 0x7e) || (text[1] >= 0xa1 && text[1] <= 0xfe) ? 2 : 0;
}

static tally
count (tt_bytes head, measure *of)
{
    tally t = { 0 };
    for (size_t i = 0; i < head.size && !t.broken;) {
        if (head.data[i] < 0x80) {
            i++;
            continue;
        }
        bool common = false;
        size_t size = of (head.data + i, head.size - i, &common);
        t.broken = size == 0;
        if (size == 2 && i + 2 <= head.size) {
            t.pairs++;
            t.common += common;
        }
        i += size;
    }
    return t;
}

static double
share (const tally *t)
{
    double part = t->pairs ? (double)t->common / (double)t->pairs : 0;
    return t->broken || t->pairs < FEWEST || part < COMMON ? 0 : part;
}

static size_t
high_bytes (tt_bytes text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size; i++)
        n += text.data[i] >= 0x80;
    return n;
}

/* At least half of what is not ASCII stands in well-formed UTF-8. */
static bool
is_utf8 (tt_bytes head)
{
    size_t high = high_bytes (head), stray = 0, good;
    for (tt_bytes rest = head; !tt_text_valid (rest, &good) && rest.size - good > CUT_MOST;) {
        stray++;
        rest.data += good + 1;
        rest.size -= good + 1;
    }
    return 2 * stray <= high;
}

const char *
tt_recognise (tt_bytes head)
{
    if (is_utf8 (head))
        return NULL;
    tally gb = count (head, gb18030), big = count (head, big5);
    double gb_share = share (&gb), big_share = share (&big);
    return gb_share > big_share ? "GB18030" : big_share > gb_share ? "BIG5" : NULL;
}
