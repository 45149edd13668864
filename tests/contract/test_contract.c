/* The wire contract does not change by accident: golden.txt holds what was promised. See golden.c for making it again. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "contract/contract.h"

static char *
read_file (const char *path)
{
    tt_buffer text = { 0 };
    char full[512];
    snprintf (full, sizeof full, "%s/%s", TT_SOURCE_DIR, path);
    FILE *file = fopen (full, "r");
    cr_assert_not_null (file, "%s", full);
    size_t n;
    while ((n = fread (tt_buffer_reserve (&text, 65536), 1, 65536, file)) > 0)
        text.size += n;
    fclose (file);
    tt_buffer_cstr (&text);
    return (char *) text.data;
}

/* The first line that differs says more than two long texts. */
static void
expect_same_lines (char *expected, char *got)
{
    char *save1, *save2, place[256] = "";
    char *a = strtok_r (expected, "\n", &save1), *b = strtok_r (got, "\n", &save2);
    for (; a && b; a = strtok_r (NULL, "\n", &save1), b = strtok_r (NULL, "\n", &save2)) {
        if (a[0] != ' ')
            snprintf (place, sizeof place, "%.250s", a);
        cr_assert_str_eq (b, a, "in \"%s\": promised \"%.150s\", now \"%.150s\"", place, a, b);
    }
    cr_assert (a == NULL && b == NULL, "the contract has another number of lines: %.100s", a ? a : b);
}

Test (contract, is_what_was_promised)
{
    tt_buffer now = { 0 };
    char *golden = read_file ("tests/contract/golden.txt");
    contract_print (&now);
    tt_buffer_cstr (&now);
    expect_same_lines (golden, (char *) now.data);
    free (golden);
    tt_buffer_free (&now);
}

static const ProtobufCMessageDescriptor *
find_message (const char *name)
{
    for (size_t i = 0; i < contract_message_count; i++)
        if (strcmp (contract_messages[i]->name, name) == 0)
            return contract_messages[i];
    return NULL;
}

static bool
has_service (const char *name)
{
    for (size_t i = 0; i < contract_service_count; i++)
        if (strcmp (contract_services[i]->name, name) == 0)
            return true;
    return false;
}

Test (contract, every_message_and_service_of_the_proto_files_is_in_it)
{
    static const char *const files[] = { "envelope", "patent", "achievement", "finance", "statistics" };
    size_t found = 0;
    for (size_t i = 0; i < 5; i++) {
        char path[64], package[64] = "", word[16], name[64], full[160], *save;
        snprintf (path, sizeof path, "proto/%s.proto", files[i]);
        char *text = read_file (path);
        for (char *line = strtok_r (text, "\n", &save); line; line = strtok_r (NULL, "\n", &save)) {
            if (sscanf (line, "package %63[^;]", package) == 1 || sscanf (line, "%15[a-z] %63[A-Za-z0-9]", word, name) != 2)
                continue;
            bool message = strcmp (word, "message") == 0, service = strcmp (word, "service") == 0;
            snprintf (full, sizeof full, "%s.%s", package, name);
            if (message)
                cr_expect_not_null (find_message (full), "%s is missing in contract.def", full);
            if (service)
                cr_expect (has_service (full), "%s is missing in contract.def", full);
            found += message || service;
        }
        free (text);
    }
    cr_expect_eq (found, contract_message_count + contract_service_count);
}

static uint8_t *
unhex (const char *text, size_t *size)
{
    *size = strlen (text) / 2;
    uint8_t *bytes = tt_alloc (*size);
    for (size_t i = 0; i < *size; i++) {
        unsigned byte;
        cr_assert_eq (sscanf (text + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t) byte;
    }
    return bytes;
}

Test (contract, the_promised_bytes_are_still_read)
{
    char *golden = read_file ("tests/contract/golden.txt"), *save;
    const ProtobufCMessageDescriptor *type = NULL;
    size_t read = 0;
    for (char *line = strtok_r (golden, "\n", &save); line; line = strtok_r (NULL, "\n", &save)) {
        if (strncmp (line, "message ", 8) == 0)
            type = find_message (line + 8);
        if (strncmp (line, "  bytes ", 8) != 0)
            continue;
        cr_assert_not_null (type);
        size_t size;
        uint8_t *bytes = unhex (line + 8, &size);
        ProtobufCMessage *message = protobuf_c_message_unpack (type, NULL, size, bytes);
        cr_assert_not_null (message, "%s", type->name);
        cr_expect_eq (message->n_unknown_fields, 0, "%s", type->name);
        uint8_t *again = tt_alloc (protobuf_c_message_get_packed_size (message));
        cr_expect_eq (protobuf_c_message_pack (message, again), size);
        cr_expect_eq (memcmp (again, bytes, size), 0, "%s", type->name);
        protobuf_c_message_free_unpacked (message, NULL);
        free (again);
        free (bytes);
        read++;
    }
    cr_expect_eq (read, contract_message_count);
    free (golden);
}
