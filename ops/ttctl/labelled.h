/* Texts with labels out of JSON Lines, one a line: what `achievement train` learns from and `achievement classify` reads. Plain or gzip. */
#ifndef TTCTL_LABELLED_H
#define TTCTL_LABELLED_H

#include <jansson.h>

#include "classify/classifier.h"

/* The known fields of an object, as achievements write them in JSON, or as short as the samples do: title (ti), titleEn or title_en,
 * abstract (ab), keywords, ipc (ic), trl. Borrows from the object, and from `arena` for lists. */
void ctl_class_text_of (const json_t *object, tt_arena *arena, tt_class_text *text);
/* Text of a label: the string (or number) at the path, or the first of a list there; its first `size` bytes, 0 all. false: none. */
bool ctl_label_of (const json_t *object, const char *path, size_t size, char *label, size_t room);

/* Each object of the file; a line that is none is counted in *wrong and passed over. `take` ends the reading with another status than TT_OK. */
TT_MUST_USE tt_status ctl_labelled_read (const char *path, tt_status (*take) (void *context, json_t *object, tt_error *error), void *context,
                                         uint64_t *wrong, tt_error *error);

#endif
