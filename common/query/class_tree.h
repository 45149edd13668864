/* The trees of subgroups of IPC and CPC, which symbols alone do not show: what stands below and above "H01F1/053".
 *
 * One tree for each scheme in the process, read once before threads from a list in the order of the scheme. Not for classes down
 * to main groups: their tree is in the symbols. Thread-safe after reading. */
#ifndef TT_QUERY_CLASS_TREE_H
#define TT_QUERY_CLASS_TREE_H

#include "query/symbol.h"

typedef enum { TT_CLASS_IPC, TT_CLASS_CPC, TT_CLASS_SCHEMES } tt_class_scheme;

/* Reads a scheme: text, one line for a symbol, "H01F1/053<TAB>4<TAB>title": the symbol, the number of dots before its title (0
 * for a main group), and what may follow. Lines of classes above main groups, empty ones and those that begin with # are passed
 * over. In place of what was read before. NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT "PATH:LINE: ..." (nothing changes). */
TT_MUST_USE tt_status tt_class_tree_read (tt_class_scheme scheme, const char *path, tt_error *error);
void tt_class_tree_forget (void); /* both */

/* Visits, without the symbol itself, all that is below it (`low`), or what is above it: subgroups, and last the main group
 * without
 * "/00". False if no scheme was read, or it does not have the symbol. */
bool tt_class_tree_visit (tt_class_scheme scheme, const tt_symbol *symbol, bool low,
                          void (*visit) (void *context, const tt_symbol *symbol), void *context);

#endif
