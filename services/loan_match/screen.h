/* The index over mandates: which products can come into question for a firm at all, found without asking each of them.
 *
 * For each value that a mandate may name (leg, district, industry, stage, special) one bit set over the products; a firm's
 * candidates are the intersection of a few of them. What it returns is a superset of what match_mandate accepts, and everything
 * it leaves out fails there on one of these five. Built once for a round, then read only. */
#ifndef LOAN_MATCH_SCREEN_H
#define LOAN_MATCH_SCREEN_H

#include "mandate.h"

typedef struct match_screen match_screen;

/* offers[count], borrowed for the call only. */
match_screen *match_screen_new (const match_offer *offers, size_t count);
void match_screen_destroy (match_screen **screen);
/* Indices of the candidates, ascending, into out[count of offers]; returns how many. */
size_t match_screen_ask (match_screen *screen, const match_want *want, uint32_t *out);

#endif
