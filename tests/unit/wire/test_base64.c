#include <criterion/criterion.h>
#include <string.h>

#include "wire/base64.h"

static tt_bytes
view (const char *text)
{
    return tt_bytes_of_text (text);
}

Test (base64, the_vectors_of_rfc_4648)
{
    static const char *const pairs[][2] = { { "", "" },         { "f", "Zg==" },         { "fo", "Zm8=" },        { "foo", "Zm9v" },
                                            { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
    for (size_t i = 0; i < 7; i++) {
        tt_buffer text = { 0 }, back = { 0 };
        tt_base64_encode (view (pairs[i][0]), &text);
        cr_expect_str_eq (tt_buffer_cstr (&text), pairs[i][1]);
        cr_expect (tt_base64_decode (view (pairs[i][1]), &back));
        cr_expect_str_eq (tt_buffer_cstr (&back), pairs[i][0]);
        tt_buffer_free (&text);
        tt_buffer_free (&back);
    }
}

Test (base64, every_byte_comes_back)
{
    uint8_t all[256];
    tt_buffer text = { 0 }, back = { 0 };
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t) i;
    for (size_t n = 0; n <= 256; n++) {
        tt_buffer_clear (&text);
        tt_buffer_clear (&back);
        tt_base64_encode ((tt_bytes){ all, n }, &text);
        cr_assert (tt_base64_decode ((tt_bytes){ text.data, text.size }, &back));
        cr_assert (tt_bytes_equal ((tt_bytes){ back.data, back.size }, (tt_bytes){ all, n }));
    }
    tt_buffer_free (&text);
    tt_buffer_free (&back);
}

Test (base64, url_alphabet_and_missing_padding_are_taken)
{
    tt_buffer out = { 0 };
    cr_expect (tt_base64_decode (view ("-_8"), &out));
    cr_expect_eq (out.size, 2);
    cr_expect_eq (out.data[0], 0xFB);
    cr_expect_eq (out.data[1], 0xFF);
    tt_buffer_free (&out);
}

Test (base64, anything_else_is_refused_and_leaves_nothing)
{
    static const char *const wrong[] = { "A", "AA=", "AAA==", "=", "====", "AB==CD", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "\xC3\xA9" };
    tt_buffer out = { 0 };
    tt_buffer_text (&out, "kept");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect_not (tt_base64_decode (view (wrong[i]), &out), "%s", wrong[i]);
        cr_expect_eq (out.size, 4);
    }
    tt_buffer_free (&out);
}
