/* A file out of any bytes: the splitter, the XML, the tagged and the legal importers must bear it.
 *
 * The first byte chooses: its lowest bit patents or legal events, the next two the limit of a record, the next two the encoding
 * that is said of the file; the rest is the file. What must hold, whatever the bytes:
 * - the import opens or says why not, and ends after at most as many records as there are bytes;
 * - each record is accepted or rejected with a reason, never both; numbers count up, ends never go back and never pass the input;
 * - passing over the first half leads to the same second half;
 * - an accepted one is complete: it is packed and read again.
 * Any difference ends the program by abort. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "import/import.h"

int LLVMFuzzerInitialize (int *count, char ***arguments);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MUST(holds)                                                                                                              \
    do {                                                                                                                         \
        if (!(holds)) {                                                                                                          \
            fprintf (stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                                          \
            abort ();                                                                                                            \
        }                                                                                                                        \
    } while (0)

static char path[64];
static int file;
static tt_catalog *catalog;

int
LLVMFuzzerInitialize (int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    tt_error error = { 0 };
    MUST (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error) == TT_OK);
    file = memfd_create ("import", MFD_CLOEXEC);
    MUST (file >= 0);
    snprintf (path, sizeof path, "/proc/self/fd/%d", file);
    return 0;
}

static void
check (const tt_import_record *record, uint64_t number, uint64_t *end, size_t most)
{
    MUST ((record->message != NULL) != (record->reason != NULL));
    MUST (record->number == number && record->notes != NULL);
    MUST (record->end >= *end && record->end <= most);
    *end = record->end;
    if (record->message == NULL)
        return;
    const ProtobufCMessageDescriptor *type = record->message->descriptor;
    size_t size = protobuf_c_message_get_packed_size (record->message);
    uint8_t *packed = tt_alloc (size + 1);
    MUST (protobuf_c_message_pack (record->message, packed) == size);
    ProtobufCMessage *again = protobuf_c_message_unpack (type, NULL, size, packed);
    MUST (again != NULL);
    protobuf_c_message_free_unpacked (again, NULL);
    free (packed);
}

/* Reads all records behind `number`; *ended is where the last one ends, *middle where the one in the middle did. */
static uint64_t
read_on (tt_import *import, uint64_t number, uint64_t end, size_t most, uint64_t half, uint64_t *middle)
{
    const tt_import_record *record;
    tt_error error = { 0 };
    while (tt_import_next (import, &record, &error) == TT_OK && record) {
        check (record, ++number, &end, most);
        MUST (number <= most + 1);
        if (number == half)
            *middle = end;
    }
    return number;
}

static uint64_t
read_file (const tt_import_options *options, size_t most, uint64_t skip, uint64_t at, uint64_t half, uint64_t *middle)
{
    tt_import *import = NULL;
    tt_error error = { 0 };
    uint64_t count = skip;
    if (tt_import_open (&import, path, options, &error) != TT_OK) {
        MUST (import == NULL && error.message[0]);
        return 0;
    }
    if (skip > 0)
        MUST (tt_import_skip (import, skip, at, &error) == TT_OK);
    count = read_on (import, count, at, most, half, middle);
    tt_import_close (&import);
    return count;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const size_t limits[] = { 0, 64, 1024, 65536 };
    static const char *const encodings[] = { NULL, NULL, "GB18030", "ISO-8859-1" };
    uint8_t choice = size ? data[0] : 0;
    uint64_t middle = 0;
    if (size == 0)
        return 0;
    MUST (ftruncate (file, 0) == 0 && pwrite (file, data + 1, size - 1, 0) == (ssize_t)(size - 1));
    tt_import_options options = { .kind = choice & 1 ? TT_IMPORT_LEGAL_EVENTS : TT_IMPORT_PATENTS,
                                  .max_record = limits[choice >> 1 & 3],
                                  .encoding = encodings[choice >> 3 & 3],
                                  .catalog = catalog };
    size_t most = size * 4096; /* gzip makes a thousand bytes of one, an encoding three of one */
    uint64_t count = read_file (&options, most, 0, 0, 0, &middle);
    if (count < 2)
        return 0;
    read_file (&options, most, 0, 0, count / 2, &middle);
    uint64_t none;
    MUST (read_file (&options, most, count / 2, middle, 0, &none) == count);
    return 0;
}
