/* Exact decimals: up to 18 digits before the point and 18 after it. For ratios, prices and indicators.
 *
 * Nothing is ever rounded unless the function says to how many digits; rounding is half to even. What does not fit is an error.
 * Not for money, which is int64 in fen. Thread-safe: values only. */
#ifndef TT_WIRE_DECIMAL_H
#define TT_WIRE_DECIMAL_H

#include "base/buffer.h"

#define TT_DECIMAL_DIGITS 18
#define TT_DECIMAL_TEXT_SIZE 40

/* units / 10^scale; |units| < 10^(18+scale). Zero-initialised it is 0. */
typedef struct {
    __int128 units;
    uint8_t scale; /* 0 to 18 */
} tt_decimal;

/* "-12.50": optional sign "-", digits, optionally "." and digits; no exponent, no blanks, no "+", no leading zero but "0".
 * TT_INVALID_ARGUMENT otherwise, also for more digits than fit. */
TT_MUST_USE tt_status tt_decimal_parse (const char *text, tt_decimal *out);
/* Canonical: no trailing zeros after the point, no point without digits, "0" and never "-0". out[TT_DECIMAL_TEXT_SIZE]. */
void tt_decimal_print (tt_decimal value, char *out);
/* Exactly `digits` (0 to 18) after the point, rounded half to even. TT_OUT_OF_RANGE if rounding makes a 19th digit. */
TT_MUST_USE tt_status tt_decimal_round (tt_decimal value, unsigned digits, tt_decimal *out);
/* |value| up to 10^18 - 1; else TT_OUT_OF_RANGE. */
TT_MUST_USE tt_status tt_decimal_of_int (int64_t value, tt_decimal *out);
double tt_decimal_to_double (tt_decimal value); /* nearest or next to it: for drawing, not for deciding */

/* -1, 0, 1 by value: 1.5 equals 1.50. */
int tt_decimal_compare (tt_decimal a, tt_decimal b);

/* Exact. TT_OUT_OF_RANGE if the result has more than 18 digits before the point. out may be an operand. */
TT_MUST_USE tt_status tt_decimal_add (tt_decimal a, tt_decimal b, tt_decimal *out);
TT_MUST_USE tt_status tt_decimal_subtract (tt_decimal a, tt_decimal b, tt_decimal *out);
/* Rounded half to even to `digits` (0 to 18) after the point. TT_OUT_OF_RANGE as above;
 * TT_INVALID_ARGUMENT for a division by zero. */
TT_MUST_USE tt_status tt_decimal_multiply (tt_decimal a, tt_decimal b, unsigned digits, tt_decimal *out);
TT_MUST_USE tt_status tt_decimal_divide (tt_decimal a, tt_decimal b, unsigned digits, tt_decimal *out);

#endif
