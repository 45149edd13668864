/* Sets that must be nested: any two are apart, or one lies in the other. Finds for each its parent, or the two that cross.
 *
 * A set covers cells of a table of columns and atoms (for caps: products and districts). Pure; time and memory are linear in the
 * cells covered. Not for what a set means (caps.h). */
#ifndef LOAN_MATCH_NEST_H
#define LOAN_MATCH_NEST_H

#include <stdint.h>

#include "base/buffer.h"

#define MATCH_NO_SET UINT32_MAX

typedef struct match_nest match_nest;

match_nest *match_nest_new (uint32_t columns, uint32_t atoms); /* both > 0; never NULL */
void match_nest_destroy (match_nest **nest);                   /* nulls; NULL inside is fine */

/* Begins a set and returns its number, from 0. Of two that cover the same cells the earlier one lies in the later one. */
uint32_t match_nest_add (match_nest *nest);
/* The set begun last covers these atoms of a column (bit i of the words: atom i). Each column once. */
void match_nest_cover (match_nest *nest, uint32_t column, const uint64_t *atoms);
uint32_t match_nest_words (const match_nest *nest); /* 64-bit words of a set of atoms */

/* After the last set. False: sets *a and *b cross. */
bool match_nest_solve (match_nest *nest, uint32_t *a, uint32_t *b);
/* After a solve that was true. The smallest set that covers a cell, and the one around a set; or MATCH_NO_SET. */
uint32_t match_nest_innermost (const match_nest *nest, uint32_t column, uint32_t atom);
uint32_t match_nest_parent (const match_nest *nest, uint32_t set);
/* A place from 0 for each set, such that parents stand after their children. */
uint32_t match_nest_place (const match_nest *nest, uint32_t set);
uint32_t match_nest_at (const match_nest *nest, uint32_t place); /* the other way */

#endif
