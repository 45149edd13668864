/* Prints the contract; how golden.txt is made again: cmake --build build/debug --target golden && build/debug/tests/contract/golden >
 * tests/contract/golden.txt. The difference must show additions only: a line that changed breaks those who have the old contract. */
#include <stdio.h>

#include "contract/contract.h"

int
main (void)
{
    tt_buffer text = { 0 };
    contract_print (&text);
    size_t written = fwrite (text.data, 1, text.size, stdout);
    int failed = written != text.size || fflush (stdout) != 0;
    tt_buffer_free (&text);
    return failed;
}
