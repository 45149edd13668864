/* The standing-query index against brute force, for as many pairs as one likes. Usage: brute_force [pairs [seed]], by default
 * 20,000,000. Prints figures; fails if an answer differs, or if an operator was hardly met. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/query/differential.h"
#include "unit/query/vocabulary.h"

int
main (int argc, char **argv)
{
    differential_options options = { .seed = argc > 2 ? strtoull (argv[2], NULL, 0) : 1,
                                     .pairs = argc > 1 ? strtoull (argv[1], NULL, 10) : 20000000,
                                     .queries = 3000,
                                     .changes = 30 };
    open_text ();
    open_scheme ();
    differential_result r = differential_run (&options);
    const char *uncovered = differential_uncovered (&r, r.pairs / 200000);
    differential_print (&r);
    printf ("figure brute_force.pairs %" PRIu64 " pairs\n", r.pairs);
    printf ("figure brute_force.matched %" PRIu64 " pairs\n", r.matched);
    printf ("figure brute_force.changes %" PRIu64 " queries\n", r.changes);
    printf ("figure brute_force.differences %" PRIu64 " pairs\n", r.differences);
    if (uncovered)
        fprintf (stderr, "hardly any match by: %s\n", uncovered);
    return r.differences > 0 || uncovered ? 1 : 0;
}
