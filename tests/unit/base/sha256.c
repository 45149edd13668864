/* SHA-256 against the standard's examples and against another implementation's answers at every length around a block. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

static const char *
hash (const char *text)
{
    static char out[TT_SHA256_TEXT];
    tt_sha256_text (tt_bytes_of_text (text), out);
    return out;
}

Test (sha256, gives_the_standards_examples)
{
    cr_assert_str_eq (hash (""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_assert_str_eq (hash ("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_assert_str_eq (hash ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test (sha256, agrees_with_sha256sum_at_every_length_to_200)
{
    for (size_t size = 0; size <= 200; size++) {
        char command[256], line[TT_SHA256_TEXT] = "", data[201];
        memset (data, 'q', size);
        snprintf (command, sizeof command, "head -c %zu /dev/zero | tr '\\0' q | sha256sum", size);
        FILE *pipe = popen (command, "r");
        cr_assert_not_null (pipe);
        cr_assert_not_null (fgets (line, sizeof line, pipe));
        pclose (pipe);
        data[size] = '\0';
        cr_assert_str_eq (hash (data), line, "length %zu", size);
    }
}
