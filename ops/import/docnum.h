/* Document numbers as sources write them, taken apart into country, number and kind.
 *
 * "US3930788", "US-10549159-B2", "AU 2016/219013 A1", "CN111504366B", "EP.1000000.A1", "US 2007/0140112 A1", and for applications
 * "CN202522104177.2" (the check digit goes), "15/458844", "PCT/US97/05183", "US 201562116216 P 20150213" (with a date). Values
 * only. */
#ifndef TT_IMPORT_DOCNUM_H
#define TT_IMPORT_DOCNUM_H

#include "base/status.h"

typedef struct {
    char country[3]; /* WIPO ST.3; empty if the text has none and none was given */
    char number[33]; /* A-Z 0-9 */
    char kind[5];    /* or empty */
    char date[11];   /* ISO date, or empty */
} tt_docnum;

typedef enum {
    TT_DOCNUM_PUBLICATION,
    TT_DOCNUM_APPLICATION /* a check digit behind a point is dropped; PCT/<office><year>/<number> is understood */
} tt_docnum_kind;

/* country: of a text that names none, or "". INVALID_ARGUMENT with the reason if no number can be read. */
TT_MUST_USE tt_status tt_docnum_parse (const char *text, const char *country, tt_docnum_kind what, tt_docnum *out,
                                       tt_error *error);

/* A number that a source gives in parts: keeps letters and digits of `number`, in capitals. With trim, zeros between the leading
 * letters and the first other digit go ("08930553" -> "8930553", "D0656296" -> "D656296"), as in DOCDB. False if nothing is left
 * or it is too long. */
bool tt_docnum_clean (const char *number, bool trim, char out[33]);

#endif
