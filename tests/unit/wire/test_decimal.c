#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/decimal.h"

static tt_decimal
of (const char *text)
{
    tt_decimal d = { 0 };
    cr_assert_eq (tt_decimal_parse (text, &d), TT_OK, "%s", text);
    return d;
}

static void
expect_prints (tt_decimal d, const char *text)
{
    char out[TT_DECIMAL_TEXT_SIZE];
    tt_decimal_print (d, out);
    cr_expect_str_eq (out, text);
}

Test (decimal, prints_canonically)
{
    static const char *const pairs[][2] = {
        { "0", "0" }, { "-0", "0" }, { "-0.000", "0" }, { "1.50", "1.5" }, { "100", "100" }, { "0.001", "0.001" }, { "-12.340", "-12.34" },
        { "999999999999999999.999999999999999999", "999999999999999999.999999999999999999" },
        { "-999999999999999999.999999999999999999", "-999999999999999999.999999999999999999" },
        { "0.000000000000000001", "0.000000000000000001" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        expect_prints (of (pairs[i][0]), pairs[i][1]);
}

Test (decimal, what_is_no_decimal)
{
    static const char *const wrong[] = { "",    "-",  ".",     ".5",  "5.",   "+1",  "1e3", " 1", "1 ", "01", "00", "1.2.3", "--1", "0x1",
                                         "NaN", "1,5", "1000000000000000000", "0.0000000000000000001", "１" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tt_decimal d;
        cr_expect_eq (tt_decimal_parse (wrong[i], &d), TT_INVALID_ARGUMENT, "%s", wrong[i]);
    }
}

Test (decimal, compares_by_value)
{
    cr_expect_eq (tt_decimal_compare (of ("1.5"), of ("1.50")), 0);
    cr_expect_eq (tt_decimal_compare (of ("-1"), of ("0.1")), -1);
    cr_expect_eq (tt_decimal_compare (of ("999999999999999999"), of ("999999999999999998.999999999999999999")), 1);
}

Test (decimal, sums_are_exact_and_overflow_is_said)
{
    tt_decimal r;
    cr_assert_eq (tt_decimal_add (of ("0.1"), of ("0.2"), &r), TT_OK);
    expect_prints (r, "0.3");
    cr_assert_eq (tt_decimal_subtract (of ("1"), of ("1.000000000000000001"), &r), TT_OK);
    expect_prints (r, "-0.000000000000000001");
    cr_expect_eq (tt_decimal_add (of ("999999999999999999"), of ("1"), &r), TT_OUT_OF_RANGE);
    cr_expect_eq (tt_decimal_subtract (of ("-999999999999999999.5"), of ("0.5"), &r), TT_OUT_OF_RANGE);
}

typedef struct {
    const char *a, *b;
    unsigned digits;
    const char *product, *quotient; /* NULL: out of range */
} row;

Test (decimal, products_and_quotients_round_half_to_even)
{
    static const row rows[] = {
        { "2.5", "1", 0, "2", "2" },
        { "3.5", "1", 0, "4", "4" },
        { "-2.5", "1", 0, "-2", "-2" },
        { "0.5", "1", 0, "0", "0" },
        { "-0.4", "1", 0, "0", "0" },
        { "1", "3", 4, "3", "0.3333" },
        { "2", "3", 18, "6", "0.666666666666666667" },
        { "1", "8", 2, "8", "0.12" },
        { "3", "8", 2, "24", "0.38" },
        { "15.99", "0.01", 2, "0.16", "1599" },
        { "999999999999999999", "999999999999999999", 18, NULL, "1" },
        { "999999999999999999", "0.000000000000000001", 0, "1", NULL },
        { "0.000000000000000001", "999999999999999999", 18, "0.999999999999999999", "0" },
        { "999999999.999999999", "999999999.999999999", 18, "999999999999999998.000000000000000001", "1" },
        { "0.000000000000000005", "0.1", 18, "0", "0.00000000000000005" },
        { "0.000000000000000015", "0.1", 18, "0.000000000000000002", "0.00000000000000015" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row *t = &rows[i];
        tt_decimal r;
        tt_status status = tt_decimal_multiply (of (t->a), of (t->b), t->digits, &r);
        cr_expect_eq (status, t->product ? TT_OK : TT_OUT_OF_RANGE, "%s * %s", t->a, t->b);
        if (status == TT_OK && t->product)
            expect_prints (r, t->product);
        status = tt_decimal_divide (of (t->a), of (t->b), t->digits, &r);
        cr_expect_eq (status, t->quotient ? TT_OK : TT_OUT_OF_RANGE, "%s / %s", t->a, t->b);
        if (status == TT_OK && t->quotient)
            expect_prints (r, t->quotient);
    }
    tt_decimal r;
    cr_expect_eq (tt_decimal_divide (of ("1"), of ("0.00"), 2, &r), TT_INVALID_ARGUMENT);
}

Test (decimal, rounding_may_need_a_digit_too_many)
{
    tt_decimal r;
    cr_expect_eq (tt_decimal_round (of ("999999999999999999.5"), 0, &r), TT_OUT_OF_RANGE);
    cr_assert_eq (tt_decimal_round (of ("1.005"), 2, &r), TT_OK);
    expect_prints (r, "1");
    cr_assert_eq (tt_decimal_round (of ("1.5"), 18, &r), TT_OK);
    expect_prints (r, "1.5");
}

/* Against 128-bit integers, where the sizes allow it. */
Test (decimal, agrees_with_integer_division_on_random_values)
{
    srandom (7);
    for (int i = 0; i < 20000; i++) {
        long a = random () - (1L << 30), b = 1 + random () % 1000003;
        tt_decimal x, y, q;
        cr_assert_eq (tt_decimal_of_int (a, &x), TT_OK);
        cr_assert_eq (tt_decimal_of_int (b, &y), TT_OK);
        cr_assert_eq (tt_decimal_divide (x, y, 6, &q), TT_OK);
        __int128 scaled = (__int128) labs (a) * 1000000, whole = scaled / b, rest = scaled % b;
        whole += rest * 2 > b || (rest * 2 == b && whole % 2 == 1);
        cr_assert (q.units == (a < 0 ? -whole : whole), "%ld / %ld", a, b);
    }
}

Test (decimal, of_int_has_the_same_range)
{
    tt_decimal d;
    cr_expect_eq (tt_decimal_of_int (999999999999999999, &d), TT_OK);
    cr_expect_eq (tt_decimal_of_int (1000000000000000000, &d), TT_OUT_OF_RANGE);
    cr_expect_eq (tt_decimal_of_int (INT64_MIN, &d), TT_OUT_OF_RANGE);
    cr_expect_eq (tt_decimal_of_int (-42, &d), TT_OK);
    expect_prints (d, "-42");
    cr_expect_float_eq (tt_decimal_to_double (of ("-12.5")), -12.5, 1e-12);
}
