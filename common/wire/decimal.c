#include "wire/decimal.h"

#include <assert.h>
#include <string.h>

typedef unsigned __int128 u128;

/* A product of two values below 10^36 times at most 10^18 stays below 2^256. */
typedef struct {
    u128 high;
    u128 low;
} u256;

static u128
power (unsigned exponent)
{
    u128 p = 1;
    while (exponent--)
        p *= 10;
    return p;
}

static u128
magnitude (tt_decimal d)
{
    return d.units < 0 ? (u128) -d.units : (u128) d.units;
}

static u256
wide_multiply (u128 a, u128 b)
{
    const u128 mask = UINT64_MAX;
    u128 low = (a & mask) * (b & mask);
    u128 cross1 = (a >> 64) * (b & mask);
    u128 cross2 = (a & mask) * (b >> 64);
    u128 middle = (low >> 64) + (cross1 & mask) + (cross2 & mask);
    return (u256){ .high = (a >> 64) * (b >> 64) + (cross1 >> 64) + (cross2 >> 64) + (middle >> 64),
                   .low = middle << 64 | (low & mask) };
}

static int
wide_compare (u256 a, u256 b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

static u256
wide_subtract (u256 a, u256 b)
{
    return (u256){ .high = a.high - b.high - (a.low < b.low), .low = a.low - b.low };
}

static u256
wide_shift (u256 a, unsigned bit)
{
    return (u256){ .high = a.high << 1 | a.low >> 127, .low = a.low << 1 | bit };
}

static unsigned
wide_bit (u256 a, int i)
{
    return (unsigned) ((i >= 128 ? a.high >> (i - 128) : a.low >> i) & 1);
}

/* numerator / denominator, half to even. Both below 2^254. False if the quotient needs more than 127 bits. */
static bool
divide_half_even (u256 numerator, u256 denominator, u128 *out)
{
    u256 quotient = { 0, 0 }, rest = { 0, 0 };
    for (int i = 255; i >= 0; i--) {
        rest = wide_shift (rest, wide_bit (numerator, i));
        bool fits = wide_compare (rest, denominator) >= 0;
        if (fits)
            rest = wide_subtract (rest, denominator);
        quotient = wide_shift (quotient, fits);
    }
    int half = wide_compare (wide_shift (rest, 0), denominator);
    if (quotient.high != 0 || quotient.low >> 126)
        return false;
    *out = quotient.low + (half > 0 || (half == 0 && (quotient.low & 1)));
    return true;
}

static tt_status
finish (bool negative, u128 size, unsigned scale, tt_decimal *out)
{
    if (size >= power (TT_DECIMAL_DIGITS + scale))
        return TT_OUT_OF_RANGE;
    *out = (tt_decimal){ .units = negative ? -(__int128) size : (__int128) size, .scale = (uint8_t) scale };
    return TT_OK;
}

static size_t
count_digits (const char *text)
{
    return strspn (text, "0123456789");
}

tt_status
tt_decimal_parse (const char *text, tt_decimal *out)
{
    bool negative = text[0] == '-';
    const char *whole = text + negative;
    size_t before = count_digits (whole);
    const char *point = whole + before;
    size_t after = *point == '.' ? count_digits (point + 1) : 0;
    if (before == 0 || before > TT_DECIMAL_DIGITS || after > TT_DECIMAL_DIGITS)
        return TT_INVALID_ARGUMENT;
    if ((whole[0] == '0' && before > 1) || (*point == '.' && after == 0))
        return TT_INVALID_ARGUMENT;
    if (whole[before + (*point == '.') + after] != '\0')
        return TT_INVALID_ARGUMENT;
    u128 size = 0;
    for (const char *p = whole; *p; p++)
        if (*p != '.')
            size = size * 10 + (unsigned) (*p - '0');
    return finish (negative, size, (unsigned) after, out);
}

void
tt_decimal_print (tt_decimal value, char *out)
{
    char digits[TT_DECIMAL_TEXT_SIZE];
    u128 size = magnitude (value);
    unsigned scale = value.scale;
    for (; scale > 0 && size % 10 == 0; scale--)
        size /= 10;
    size_t n = 0;
    for (; size > 0 || n <= scale; size /= 10) /* at least one digit before the point */
        digits[n++] = (char) ('0' + (int) (size % 10));
    if (value.units < 0)
        *out++ = '-';
    while (n > 0) {
        *out++ = digits[--n];
        if (n == scale && scale > 0)
            *out++ = '.';
    }
    *out = '\0';
}

tt_status
tt_decimal_of_int (int64_t value, tt_decimal *out)
{
    u128 size = value < 0 ? (u128) -(__int128) value : (u128) value;
    return finish (value < 0, size, 0, out);
}

double
tt_decimal_to_double (tt_decimal value)
{
    return (double) ((long double) value.units / (long double) power (value.scale));
}

static __int128
scaled (tt_decimal d, unsigned scale)
{
    return d.units * (__int128) power (scale - d.scale); /* below 10^36 */
}

int
tt_decimal_compare (tt_decimal a, tt_decimal b)
{
    unsigned scale = a.scale > b.scale ? a.scale : b.scale;
    __int128 x = scaled (a, scale), y = scaled (b, scale);
    return x < y ? -1 : x > y;
}

tt_status
tt_decimal_add (tt_decimal a, tt_decimal b, tt_decimal *out)
{
    unsigned scale = a.scale > b.scale ? a.scale : b.scale;
    tt_decimal sum = { scaled (a, scale) + scaled (b, scale), (uint8_t) scale };
    return finish (sum.units < 0, magnitude (sum), scale, out);
}

tt_status
tt_decimal_subtract (tt_decimal a, tt_decimal b, tt_decimal *out)
{
    b.units = -b.units;
    return tt_decimal_add (a, b, out);
}

/* sign * numerator / (denominator * 10^(scale - digits)) */
static tt_status
rounded_ratio (bool negative, u256 numerator, u256 denominator, unsigned digits, tt_decimal *out)
{
    u128 size;
    if (!divide_half_even (numerator, denominator, &size))
        return TT_OUT_OF_RANGE;
    return finish (negative && size != 0, size, digits, out);
}

tt_status
tt_decimal_round (tt_decimal value, unsigned digits, tt_decimal *out)
{
    return tt_decimal_multiply (value, (tt_decimal){ 1, 0 }, digits, out);
}

tt_status
tt_decimal_multiply (tt_decimal a, tt_decimal b, unsigned digits, tt_decimal *out)
{
    assert (digits <= TT_DECIMAL_DIGITS);
    bool negative = (a.units < 0) != (b.units < 0);
    unsigned scale = a.scale + b.scale; /* at most 36 */
    u256 one = { 0, 1 };
    u256 product = wide_multiply (magnitude (a), magnitude (b));
    if (scale >= digits)
        return rounded_ratio (negative, product, (u256){ 0, power (scale - digits) }, digits, out);
    if (product.high != 0 || product.low >= power (TT_DECIMAL_DIGITS + scale))
        return TT_OUT_OF_RANGE;
    return rounded_ratio (negative, wide_multiply (product.low, power (digits - scale)), one, digits, out);
}

tt_status
tt_decimal_divide (tt_decimal a, tt_decimal b, unsigned digits, tt_decimal *out)
{
    assert (digits <= TT_DECIMAL_DIGITS);
    if (b.units == 0)
        return TT_INVALID_ARGUMENT;
    bool negative = (a.units < 0) != (b.units < 0);
    int exponent = (int) digits + b.scale - a.scale; /* -18 to 36 */
    u256 up = wide_multiply (magnitude (a), power (exponent > 0 ? (unsigned) exponent : 0));
    u256 down = wide_multiply (magnitude (b), power (exponent < 0 ? (unsigned) -exponent : 0));
    return rounded_ratio (negative, up, down, digits, out);
}
