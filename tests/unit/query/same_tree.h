/* Do two trees of queries say the same, down to every term? What printing and reading again must keep. */
#ifndef TT_TEST_SAME_TREE_H
#define TT_TEST_SAME_TREE_H

#include "query/tree.h"

bool same_tree (const cql_node *a, const cql_node *b);

#endif
