/* Runs a fuzz target over the files of a folder, where there is no fuzzer: seeds, and inputs that once broke something. */
#include <dirent.h>
#include <stdio.h>

#include "base/buffer.h"

int LLVMFuzzerInitialize (int *count, char ***arguments);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
run_file (const char *folder, const char *name)
{
    char path[1024];
    tt_buffer text = { 0 };
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "rb");
    if (file == NULL) {
        perror (path);
        return false;
    }
    for (;;) {
        size_t n = fread (tt_buffer_reserve (&text, 4096), 1, 4096, file);
        if (n == 0)
            break;
        text.size += n;
    }
    fclose (file);
    uint8_t *exact = tt_alloc (text.size + (text.size == 0)); /* no byte more, so that reading past the end is noticed */
    for (size_t i = 0; i < text.size; i++)
        exact[i] = text.data[i];
    LLVMFuzzerTestOneInput (exact, text.size);
    free (exact);
    tt_buffer_free (&text);
    return true;
}

int
main (int argc, char **argv)
{
    size_t ran = 0;
    LLVMFuzzerInitialize (&argc, &argv);
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir (argv[i]);
        if (folder == NULL) {
            perror (argv[i]);
            return 1;
        }
        for (const struct dirent *entry = readdir (folder); entry; entry = readdir (folder))
            if (entry->d_name[0] != '.') {
                if (!run_file (argv[i], entry->d_name))
                    return 1;
                ran++;
            }
        closedir (folder);
    }
    printf ("%zu inputs\n", ran);
    return ran == 0;
}
