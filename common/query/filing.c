#include "query/filing.h"

#include "query/pattern.h"

#define INPUTS 3
#define MAX_REQUIRED 24 /* conditions that are weighed against each other */
#define COST_UNIT 64    /* of program_key_cost, for a document */

/* One necessary condition: any of these bits. */
typedef struct {
    uint32_t bits[INPUTS];
    size_t count;
    uint64_t cost;
} condition;

typedef struct {
    const dictionary *d;
    program_frequency *frequency;
    const void *context;
    uint64_t documents;
    uint32_t anchor;
    uint32_t inputs[INPUTS];
    size_t input_count;
    condition required[MAX_REQUIRED];
    size_t required_count;
} filer;

static uint32_t
bit_of (uint32_t key)
{
    return DICTIONARY_KEY_BIT + (key & PROGRAM_VALUE);
}

/* False if it is a fourth one, or too large for a posting. */
static bool
add_input (filer *f, uint32_t bit)
{
    for (size_t i = 0; i < f->input_count; i++)
        if (f->inputs[i] == bit)
            return true;
    if (f->input_count == INPUTS || bit > POSTING_MAX_BIT)
        return false;
    f->inputs[f->input_count++] = bit;
    return true;
}

#define EACH_INNER(inner, words)                                                                                                 \
    const uint32_t *inner = (words) + 1;                                                                                         \
    inner < (words) + 1 + program_length (*(words));                                                                             \
    inner += 1 + program_length (*inner)

static bool
is_anchor (const filer *f, const uint32_t *words)
{
    return program_operation_of (*words) == PROGRAM_KEY && (*words & PROGRAM_VALUE) == f->anchor;
}

/* Is it met already because the anchor is? */
static bool
settled (const filer *f, const uint32_t *words)
{
    if (program_operation_of (*words) == PROGRAM_OR)
        for (EACH_INNER (inner, words))
            if (is_anchor (f, inner))
                return true;
    return is_anchor (f, words);
}

/* Takes every key that is still open as an input. False if there are too many, or anything but keys. */
static bool
take_all (filer *f, const uint32_t *words)
{
    if (settled (f, words))
        return true;
    if (program_operation_of (*words) == PROGRAM_KEY)
        return add_input (f, bit_of (*words));
    if (!program_nests (*words))
        return false;
    for (EACH_INNER (inner, words))
        if (!take_all (f, inner))
            return false;
    return true;
}

/* Necessary conditions */

static uint64_t
cost_of (const filer *f, uint32_t key)
{
    uint64_t cost = program_key_cost (f->d, key & PROGRAM_VALUE, f->frequency, f->context);
    return cost == PROGRAM_NO_ANCHOR ? f->documents * COST_UNIT / 2 : cost;
}

static void
require (filer *f, condition c)
{
    if (f->required_count < MAX_REQUIRED && c.count > 0)
        f->required[f->required_count++] = c;
}

static void
require_any (filer *f, const uint32_t *words)
{
    condition c = { 0 };
    for (EACH_INNER (inner, words)) {
        if (program_operation_of (*inner) != PROGRAM_KEY || c.count == INPUTS)
            return;
        c.bits[c.count++] = bit_of (*inner);
        c.cost += cost_of (f, *inner);
    }
    require (f, c);
}

static bool
is_plain (const filer *f, uint32_t key)
{
    return !pattern_is ((uint8_t)f->d->keys[key].space);
}

static uint32_t
pair_of (const filer *f, uint32_t left, uint32_t right)
{
    return dictionary_pair (dictionary_hash (dictionary_text (f->d, left), SPACE_WORD),
                            dictionary_hash (dictionary_text (f->d, right), SPACE_WORD));
}

static bool
names (const uint32_t *keys, size_t count, uint32_t key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i] == key)
            return true;
    return false;
}

/* Two words side by side are rarer than either of them; not so much behind a word that is there already. */
static void
require_pairs (filer *f, const uint32_t *keys, size_t count)
{
    bool anchored = names (keys, count, f->anchor);
    for (size_t i = 0; i + 1 < count; i++) {
        if (!is_plain (f, keys[i]) || !is_plain (f, keys[i + 1]))
            continue;
        uint64_t left = cost_of (f, keys[i]);
        uint64_t right = cost_of (f, keys[i + 1]);
        uint64_t cost = anchored ? f->documents * COST_UNIT / 3 : (left < right ? left : right) / 4;
        require (f, (condition){ .bits = { pair_of (f, keys[i], keys[i + 1]) }, .count = 1, .cost = cost });
    }
}

static void
require_each (filer *f, const uint32_t *keys, size_t count)
{
    uint8_t space = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t key = keys[i] & PROGRAM_VALUE;
        bool has_bit
            = is_plain (f, key) || pattern_piece (dictionary_text (f->d, key), (uint8_t)f->d->keys[key].space, &space).size > 0;
        if (key != f->anchor && has_bit)
            require (f, (condition){ .bits = { bit_of (key) }, .count = 1, .cost = cost_of (f, key) });
    }
}

static void
find_required (filer *f, const uint32_t *words)
{
    size_t count = 0;
    const uint32_t *keys = program_keys (words, &count);
    if (settled (f, words))
        return;
    switch (program_operation_of (*words)) {
    case PROGRAM_AND:
        for (EACH_INNER (inner, words))
            find_required (f, inner);
        break;
    case PROGRAM_NOT:
        find_required (f, words + 1);
        break;
    case PROGRAM_OR:
        require_any (f, words);
        break;
    case PROGRAM_PHRASE:
    case PROGRAM_WHOLE:
        require_pairs (f, keys, count);
        require_each (f, keys, count);
        break;
    default:
        require_each (f, keys, count);
    }
}

/* The conditions that refuse most, as far as three bits go. */
static void
take_best (filer *f)
{
    f->input_count = 0;
    for (size_t n = 0; n < f->required_count && f->input_count < INPUTS; n++) {
        condition *best = &f->required[n];
        for (size_t i = n + 1; i < f->required_count; i++)
            if (f->required[i].cost < best->cost)
                best = &f->required[i];
        if (f->input_count + best->count <= INPUTS)
            for (size_t i = 0; i < best->count; i++)
                (void)add_input (f, best->bits[i]);
        *best = f->required[n];
    }
}

/* The table: for each of the eight states of the inputs, whether the program is sure to match, and whether it may. */

typedef struct {
    uint8_t sure, possible;
} verdict;

static const verdict unknown = { 0, 0xFF };

static uint8_t
column_of (const filer *f, uint32_t bit)
{
    static const uint8_t columns[INPUTS] = { 0xAA, 0xCC, 0xF0 };
    for (size_t i = 0; i < f->input_count; i++)
        if (f->inputs[i] == bit)
            return columns[i];
    return 0xFF;
}

/* All words must be there; that is not enough for it to be met. */
static verdict
judge_words (const filer *f, const uint32_t *keys, size_t count, bool side_by_side)
{
    verdict v = unknown;
    for (size_t i = 0; i < count; i++) {
        v.possible &= column_of (f, bit_of (keys[i]));
        if (side_by_side && i + 1 < count && is_plain (f, keys[i]) && is_plain (f, keys[i + 1]))
            v.possible &= column_of (f, pair_of (f, keys[i], keys[i + 1]));
    }
    return v;
}

static verdict
judge_key (const filer *f, uint32_t key)
{
    uint8_t column = column_of (f, bit_of (key));
    if (key == f->anchor)
        return (verdict){ 0xFF, 0xFF };
    return column == 0xFF ? unknown : (verdict){ column, column };
}

static verdict judge (const filer *f, const uint32_t *words);

static verdict
judge_list (const filer *f, const uint32_t *words, bool all)
{
    verdict v = all ? (verdict){ 0xFF, 0xFF } : (verdict){ 0, 0 };
    for (EACH_INNER (inner, words)) {
        verdict one = judge (f, inner);
        v.sure = all ? v.sure & one.sure : v.sure | one.sure;
        v.possible = all ? v.possible & one.possible : v.possible | one.possible;
    }
    return v;
}

static verdict
judge (const filer *f, const uint32_t *words)
{
    size_t count = 0;
    const uint32_t *keys = program_keys (words, &count);
    switch (program_operation_of (*words)) {
    case PROGRAM_AND:
    case PROGRAM_OR:
        return judge_list (f, words, program_operation_of (*words) == PROGRAM_AND);
    case PROGRAM_NOT: {
        verdict left = judge (f, words + 1);
        verdict right = judge (f, words + 2 + program_length (words[1]));
        return (verdict){ left.sure & (uint8_t)~right.possible, left.possible & (uint8_t)~right.sure };
    }
    case PROGRAM_KEY:
        return judge_key (f, *words & PROGRAM_VALUE);
    case PROGRAM_PHRASE:
    case PROGRAM_WHOLE:
        return judge_words (f, keys, count, true);
    case PROGRAM_PROX:
        return judge_words (f, keys, count, false);
    default:
        return unknown;
    }
}

posting
filing_posting (const uint32_t *words, uint32_t query, uint32_t anchor, const dictionary *d, program_frequency *frequency,
                const void *context, uint64_t documents)
{
    filer f = { .d = d, .frequency = frequency, .context = context, .documents = documents, .anchor = anchor };
    if (!take_all (&f, words)) {
        find_required (&f, words);
        take_best (&f);
    }
    verdict v = judge (&f, words);
    return (posting){ .query = query,
                      .first = f.inputs[0] << 8 | v.possible,
                      .second = f.inputs[1] << 8 | (v.sure == v.possible ? 0 : POSTING_UNSURE),
                      .third = f.inputs[2] };
}
