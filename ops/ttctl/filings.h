/* Documents as (day, pairs of applicant and class), and the rounds in which surges are looked for among them. */
#ifndef TTCTL_FILINGS_H
#define TTCTL_FILINGS_H

#include "import/build.h"
#include "patent/surge.h"

typedef struct ctl_filings ctl_filings;

ctl_filings *ctl_filings_new (bool by_filing, size_t class_size); /* never NULL; class_size: characters of a symbol that make the class */
void ctl_filings_destroy (ctl_filings **filings);
/* Adds a document: every pair of an applicant (its name without company forms) and a class. False if it has no date, applicant or class. */
bool ctl_filings_add (ctl_filings *filings, const tt_patent *patent);
size_t ctl_filings_count (const ctl_filings *filings);
/* Gives the days to other documents, by chance: nothing that is found then is true. */
void ctl_filings_shuffle (ctl_filings *filings, uint64_t *seed);

typedef struct {
    int32_t window_days;
    uint32_t trailing, least;
    double bound;
} ctl_surge_options;

typedef struct {
    int32_t first, last; /* days of the window */
    size_t pairs;        /* that were tested */
    const tt_surge *found;
    size_t count;
} ctl_surge_round;
/* The name and the class of a pair that was found; borrowed. */
const char *ctl_filings_applicant (const ctl_filings *filings, size_t pair);
const char *ctl_filings_class (const ctl_filings *filings, size_t pair);

/* One round for each window, the last of which ends with the last day; earlier ones need all windows before them. The callback's data are borrowed;
 * pairs in `found` are for the two functions above. */
typedef void ctl_surge_visitor (void *context, const ctl_surge_round *round);
void ctl_filings_rounds (ctl_filings *filings, const ctl_surge_options *options, ctl_surge_visitor *visit, void *context);

#endif
