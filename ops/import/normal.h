/* Dates, class symbols and running text as sources write them, brought into the one form that the contract asks for.
 * Document numbers are in number.h. Values only; no thread rule. */
#ifndef TT_IMPORT_NORMAL_H
#define TT_IMPORT_NORMAL_H

#include "base/buffer.h"

/* "20180619", "2018-06-19" (also with a time behind it), "2018/6/19", "2018.06.19", "19/06/2018", "19.06.2018", "2018年6月19日"
 * to "2018-06-19". False if it is none of these or no real day ("20101100"). */
bool tt_normal_date (const char *text, char out[11]);

#define TT_CLASS_SIZE 24
/* An IPC or CPC symbol: "A01B   1/20        20060101AFI..." (ST.8), "A01B1/20", "B08B003/00", "G06F 1516" (up to IPC 7, fixed
 * columns), "H01F", " 7A 61K   9/16" to "A01B1/20". False if it is none. */
bool tt_normal_class (const char *text, char out[TT_CLASS_SIZE]);
/* A Locarno class: "0101", "01-01", "1-1", "14.02" to "01-01". */
bool tt_normal_locarno (const char *text, char out[6]);

/* A decimal amount times 10^digits, exactly: "1,250.50" with 2 gives 125050. Thousands commas and blanks are passed over. False
 * if it is no amount, has digits past the last place, or is past 9,007,199,254,740,991. */
bool tt_normal_money (const char *text, int digits, int64_t *out);

/* Bytes of the white space that begins at text (size at least 1): ASCII, no-break, ideographic and the typographic spaces; 0 if
 * there is none. */
size_t tt_normal_white (const uint8_t *text, size_t size);
/* Appends text with its runs of white space made one space, trimmed at both ends, and, with entities, character references and
 * the entities of HTML 4 replaced by what they stand for; unknown ones stay as they are. */
void tt_normal_fold (tt_bytes text, bool entities, tt_buffer *out);
/* The value of a named character entity of HTML 4 or of the ISO sets that patent offices use, appended as UTF-8; false if
 * unknown. */
bool tt_normal_entity (const char *name, tt_buffer *out);

#endif
