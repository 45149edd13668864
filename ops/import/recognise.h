/* Which encoding a file of JSON or a table is in that declares none: UTF-8, GB18030 or Big5. Pure; any thread.
 *
 * Not for XML, which declares itself, and never asked where the user names an encoding. */
#ifndef TT_IMPORT_RECOGNISE_H
#define TT_IMPORT_RECOGNISE_H

#include "base/buffer.h"

/* By the first bytes of the file: "GB18030" or "BIG5" (static), or NULL: it is UTF-8, or nothing that can be told. Text of which at least half
 * of the bytes beyond ASCII stand in UTF-8 is UTF-8, however broken. Else every character must be well formed in one of the two; at least
 * four must have two bytes, and four in five of these lie where that encoding keeps its common characters (GB2312: rows 1 to 9 and level
 * 1; Big5: symbols and level 1). If both hold, the greater share decides; if they are equal, nothing is told. */
const char *tt_recognise (tt_bytes head);

#endif
