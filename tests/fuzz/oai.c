/* An answer of an OAI-PMH repository out of any bytes: what the harvester reads around the records, and the records as achievements.
 *
 * The first byte chooses: its lowest two bits the limit of a record, the next one whether a source is given. What must hold,
 * whatever the bytes:
 * - the answer is read or refused with the place, and whatever it says is NUL-terminated UTF-8;
 * - each record is an achievement with source, identifier, title and owner, or a withdrawal, or refused with a reason;
 * - what is accepted is packed and read again.
 * Any difference ends the program by abort. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "import/import.h"
#include "import/oai.h"
#include "import/oai_page.h"

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

int
LLVMFuzzerInitialize (int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    file = memfd_create ("oai", MFD_CLOEXEC);
    MUST (file >= 0);
    snprintf (path, sizeof path, "/proc/self/fd/%d", file);
    return 0;
}

static bool
is_text (const char *text)
{
    return tt_text_valid (tt_bytes_of_text (text), NULL);
}

static void
check_page (const tt_oai_page *page)
{
    MUST (is_text (page->token) && is_text (page->error_text) && is_text (page->repository) && is_text (page->granularity));
    MUST (page->answered_ms > 0);
}

static void
read_page (void)
{
    static tt_oai_page page;
    tt_source *source = NULL;
    tt_error error = { 0 };
    if (tt_source_open (&source, path, &error) != TT_OK)
        return;
    if (tt_oai_page_read (source, &page, &error) == TT_OK)
        check_page (&page);
    else
        MUST (error.message[0]);
    tt_source_close (&source);
}

static void
check_message (const tt_import_record *record)
{
    const tt_achievement *a = (const tt_achievement *)record->message;
    if (!record->withdrawal) {
        MUST (record->message->descriptor == &techtransfer__achievement__v1__achievement__descriptor);
        MUST (a->source[0] && strlen (a->source) <= 64 && a->source_id[0] && a->title[0] && a->n_owners > 0);
        MUST (a->n_owners <= 64 && a->n_people <= 64 && a->n_keywords <= 64);
    }
    size_t size = protobuf_c_message_get_packed_size (record->message);
    uint8_t *packed = tt_alloc (size + 1);
    MUST (protobuf_c_message_pack (record->message, packed) == size);
    ProtobufCMessage *again = protobuf_c_message_unpack (record->message->descriptor, NULL, size, packed);
    MUST (again != NULL);
    protobuf_c_message_free_unpacked (again, NULL);
    free (packed);
}

static void
read_records (const tt_import_options *options, size_t most)
{
    tt_import *import = NULL;
    tt_error error = { 0 };
    const tt_import_record *record;
    uint64_t number = 0, end = 0;
    if (tt_import_open (&import, path, options, &error) != TT_OK) {
        MUST (import == NULL && error.message[0]);
        return;
    }
    while (tt_import_next (import, &record, &error) == TT_OK && record) {
        MUST ((record->message != NULL) != (record->reason != NULL));
        MUST (record->number == ++number && number <= most + 1 && record->end >= end);
        end = record->end;
        if (record->message && record->message->descriptor != NULL)
            check_message (record);
    }
    tt_import_close (&import);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const size_t limits[] = { 0, 64, 1024, 65536 };
    if (size < 2 || memchr (data + 1, '<', size - 1) == NULL)
        return 0;
    MUST (ftruncate (file, 0) == 0 && pwrite (file, data + 1, size - 1, 0) == (ssize_t)(size - 1));
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS,
                                  .max_record = limits[data[0] & 3],
                                  .source = data[0] & 4 ? "source" : NULL,
                                  .answered_ms = 1767323045000 };
    read_page ();
    if (data[1] == '<')
        read_records (&options, size * 4096);
    return 0;
}
