/* finance round, verify, certificate: rounds computed, checked and fetched as files. */
#include <errno.h>
#include <finance.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "ctl.h"
#include "loan_match/round.h"
#include "verify/verify.h"
#include "wire/base64.h"
#include "wire/json.h"

#define SERVICE "techtransfer.finance.v1.LoanMatch/"
#define MESSAGE(name) &techtransfer__finance__v1__##name##__descriptor
#define TELL_US 500000
#define FILE_MOST (INT64_C (4) << 30)

/* -- files -- */

static bool
failed (const char *path, const char *why)
{
    fprintf (stderr, "ttctl: %s: %s\n", path, why);
    return false;
}

/* A whole file, or stdin for "-". */
static bool
read_file (const char *path, tt_buffer *out)
{
    bool standard = strcmp (path, "-") == 0;
    FILE *file = standard ? stdin : fopen (path, "rb");
    size_t count;
    if (file == NULL)
        return failed (path, strerror (errno));
    do {
        count = fread (tt_buffer_reserve (out, 1 << 16), 1, 1 << 16, file);
        out->size += count;
    } while (count > 0 && (int64_t)out->size <= FILE_MOST);
    bool good = ferror (file) == 0 && (int64_t)out->size <= FILE_MOST;
    if (!standard)
        fclose (file);
    return good || failed (path, "cannot be read, or has more than 4 GiB");
}

static bool
write_file (const char *path, tt_bytes bytes)
{
    FILE *file = strcmp (path, "-") == 0 ? stdout : fopen (path, "wb");
    if (file == NULL)
        return failed (path, strerror (errno));
    bool good = fwrite (bytes.data, 1, bytes.size, file) == bytes.size;
    good = (file == stdout ? fflush (file) : fclose (file)) == 0 && good;
    return good || failed (path, strerror (errno));
}

static bool
ends_with (const char *text, const char *end)
{
    size_t size = strlen (text), tail = strlen (end);
    return size >= tail && strcmp (text + size - tail, end) == 0;
}

/* Packed, or as JSON if the name ends so. */
static bool
write_certificate (const char *path, tt_bytes packed)
{
    ProtobufCMessage *message = NULL;
    tt_buffer text = { 0 };
    tt_error error = { 0 };
    if (!ends_with (path, ".json"))
        return write_file (path, packed);
    tt_status status = verify_read (MESSAGE (certificate), packed, &message, &error);
    if (status == TT_OK)
        status = tt_json_print (message, TT_JSON_INDENT, &text, &error);
    tt_buffer_text (&text, "\n");
    bool good = status == TT_OK ? write_file (path, (tt_bytes){ text.data, text.size }) : failed (path, error.message);
    if (message)
        protobuf_c_message_free_unpacked (message, NULL);
    tt_buffer_free (&text);
    return good;
}

/* A message of a file; owned, NULL after a message on stderr. */
static ProtobufCMessage *
read_message (const char *path, const ProtobufCMessageDescriptor *type)
{
    tt_buffer bytes = { 0 };
    tt_error error = { 0 };
    ProtobufCMessage *message = NULL;
    if (read_file (path, &bytes) && verify_read (type, (tt_bytes){ bytes.data, bytes.size }, &message, &error) != TT_OK)
        failed (path, error.message);
    tt_buffer_free (&bytes);
    return message;
}

/* -- finance round -- */

static void
tell (void *context, const match_report *report)
{
    int64_t *told = context, now = tt_clock_monotonic_us ();
    if (now - *told < TELL_US)
        return;
    *told = now;
    fprintf (stderr, "run %u, %u closings, %u below a minimum\n", report->runs, report->closings, report->failing);
}

static void
show_round (const finance_round *round, bool json)
{
    json_t *shown = NULL;
    finance_round head = *round;
    if (!json)
        head.n_allocations = head.n_unmatched = head.n_closings = 0;
    if (tt_json_from_message (&head.base, 0, &shown, NULL) != TT_OK)
        return;
    if (json)
        ctl_print_json (shown);
    else
        ctl_print_head (shown);
    json_decref (shown);
}

/* The snapshot of a file: of its own, or that of a certificate. */
static const finance_snapshot *
snapshot_in (const ProtobufCMessage *message)
{
    if (message->descriptor == MESSAGE (certificate))
        return ((const finance_certificate *)message)->snapshot;
    return (const finance_snapshot *)message;
}

/* A snapshot has no field of the name that a certificate's is in; what is packed says its format first. */
static const ProtobufCMessageDescriptor *
type_of (tt_bytes bytes)
{
    static const char mark[] = "techtransfer-certificate-1";
    size_t look = bytes.size < 4096 ? bytes.size : 4096;
    return memmem (bytes.data, look, mark, sizeof mark - 1) ? MESSAGE (certificate) : MESSAGE (snapshot);
}

static ProtobufCMessage *
read_input (const char *path)
{
    tt_buffer bytes = { 0 };
    tt_error error = { 0 };
    ProtobufCMessage *message = NULL;
    if (read_file (path, &bytes)
        && verify_read (type_of ((tt_bytes){ bytes.data, bytes.size }), (tt_bytes){ bytes.data, bytes.size }, &message, &error)
               != TT_OK)
        failed (path, error.message);
    tt_buffer_free (&bytes);
    return message;
}

static int
compute (const ctl_args *args, const char *path, const ProtobufCMessage *input, tt_arena *arena)
{
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_buffer violation = { 0 };
    tt_bytes certificate;
    tt_error error = { 0 };
    int64_t told = tt_clock_monotonic_us ();
    match_options options = { .report = tell, .context = &told };
    const finance_snapshot *message = snapshot_in (input);
    if (message == NULL)
        return failed (path, "holds no snapshot") ? CTL_OK : CTL_REFUSED;
    match_snapshot snapshot = match_snapshot_of (message, arena);
    match_snapshot_sort (&snapshot);
    bool good = verify_snapshot (match_snapshot_message (&snapshot, arena), &violation);
    if (!good)
        failed (path, tt_buffer_cstr (&violation));
    tt_buffer_free (&violation);
    if (!good)
        return CTL_REFUSED;
    round.market = (char *)snapshot.market;
    round.round_id = (char *)ctl_get_or (args, "id", "offline");
    round.ran_unix_ms = (int64_t)ctl_number (args, "at", 0);
    if (match_round_run (&snapshot, &options, arena, &round, &certificate, &error) != TT_OK)
        return failed (path, error.message) ? CTL_OK : CTL_REFUSED;
    if (!write_certificate (ctl_get (args, "certificate"), certificate))
        return CTL_REFUSED;
    if (strcmp (ctl_get (args, "certificate"), "-") != 0)
        show_round (&round, ctl_has (args, "json"));
    return CTL_OK;
}

static int
run_round (const ctl_args *args)
{
    const char *path = ctl_get (args, "input");
    ProtobufCMessage *input = read_input (path);
    if (input == NULL)
        return CTL_REFUSED;
    tt_arena *arena = tt_arena_new (1 << 20);
    int code = compute (args, path, input, arena);
    tt_arena_destroy (&arena);
    protobuf_c_message_free_unpacked (input, NULL);
    return code;
}

/* -- finance verify -- */

static json_t *
legs_of (const verify_result *r)
{
    static const char *const names[] = { "equity", "loan", "lease" };
    json_t *legs = json_object ();
    for (int i = 0; i < 3; i++)
        json_object_set_new (legs, names[i],
                             json_pack ("{s:I, s:I}", "wantedFen", (json_int_t)r->wanted_of[i + 1], "allocatedFen",
                                        (json_int_t)r->allocated_of[i + 1]));
    return legs;
}

static void
print_yuan (const char *label, int64_t fen)
{
    printf ("%-22s %lld.%02lld yuan\n", label, (long long)(fen / 100), (long long)(fen % 100));
}

static void
show_text (const verify_result *r)
{
    printf ("valid                  no violation\n%-22s %u\n%-22s %u\n%-22s %u\n%-22s %u (%u pairs; %u of them would fit now)\n",
            "legs", r->legs, "products", r->products, "acceptable pairs", r->pairs, "closings", r->closings, r->closed_pairs,
            r->would_fit);
    print_yuan ("wanted", r->wanted);
    print_yuan ("allocated", r->allocated);
    print_yuan ("  equity", r->allocated_of[1]);
    print_yuan ("  loan", r->allocated_of[2]);
    print_yuan ("  lease", r->allocated_of[3]);
    if (r->bound < 0)
        return;
    print_yuan ("maximum flow", r->bound);
    printf ("%-22s %.2f %%\n", "price of stability",
            r->bound > 0 ? 100.0 * (double)(r->bound - r->allocated) / (double)r->bound : 0.0);
}

static void
show_json (const verify_result *r)
{
    json_t *out = json_pack ("{s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I}", "valid", r->valid, "legs", (int)r->legs, "products",
                             (int)r->products, "acceptablePairs", (int)r->pairs, "closings", (int)r->closings, "closedPairs",
                             (int)r->closed_pairs, "wouldFit", (int)r->would_fit, "wantedFen", (json_int_t)r->wanted,
                             "allocatedFen", (json_int_t)r->allocated);
    json_object_set_new (out, "totals", legs_of (r));
    if (r->bound >= 0)
        json_object_set_new (out, "boundFen", json_integer (r->bound));
    ctl_print_json (out);
    json_decref (out);
}

static int
run_verify (const ctl_args *args)
{
    verify_result result;
    ProtobufCMessage *message = read_message (ctl_get (args, "file"), MESSAGE (certificate));
    if (message == NULL)
        return CTL_REFUSED;
    verify_run ((const verify_certificate *)message, !ctl_has (args, "no-bound"), &result);
    if (!result.valid)
        fprintf (stderr, "ttctl: violation: %s\n", tt_buffer_cstr (&result.violation));
    else if (ctl_has (args, "json"))
        show_json (&result);
    else
        show_text (&result);
    tt_buffer_free (&result.violation);
    protobuf_c_message_free_unpacked (message, NULL);
    return result.valid ? CTL_OK : CTL_REFUSED;
}

/* -- finance certificate -- */

/* One part, appended; how many there are, and the hash of all. */
static int
fetch_part (const ctl_args *args, json_int_t part, tt_buffer *out, json_int_t *parts, char hash[TT_SHA256_TEXT])
{
    json_t *fields
        = json_pack ("{s:s, s:s, s:I}", "market", ctl_get (args, "market"), "roundId", ctl_get (args, "round"), "part", part),
        *reply = NULL;
    int code = ctl_exchange (args, CTL_FINANCE, fields, &reply);
    json_decref (fields);
    if (code != CTL_OK)
        return code;
    const char *text = json_string_value (json_object_get (reply, "bytes"));
    const char *said = json_string_value (json_object_get (reply, "certificateHash"));
    if (text == NULL || !tt_base64_decode (tt_bytes_of_text (text), out))
        code = failed ("the service", "sent no bytes") ? CTL_OK : CTL_REFUSED;
    *parts = json_integer_value (json_object_get (reply, "parts"));
    snprintf (hash, TT_SHA256_TEXT, "%s", said ? said : "");
    json_decref (reply);
    return code;
}

static int
run_certificate (const ctl_args *args)
{
    tt_buffer bytes = { 0 };
    char said[TT_SHA256_TEXT] = "", found[TT_SHA256_TEXT];
    json_int_t parts = 1;
    int code = CTL_OK;
    for (json_int_t i = 0; code == CTL_OK && i < parts; i++)
        code = fetch_part (args, i, &bytes, &parts, said);
    tt_sha256_text ((tt_bytes){ bytes.data, bytes.size }, found);
    if (code == CTL_OK && strcmp (found, said) != 0)
        code = failed ("the service", "the parts do not add up to the hash that it names") ? CTL_OK : CTL_REFUSED;
    if (code == CTL_OK && !write_certificate (ctl_get (args, "out"), (tt_bytes){ bytes.data, bytes.size }))
        code = CTL_REFUSED;
    if (code == CTL_OK)
        fprintf (stderr, "%zu bytes, SHA-256 %s\n", bytes.size, found);
    tt_buffer_free (&bytes);
    return code;
}

static const ctl_option round_options[] = {
    { "input", NULL, CTL_TEXT, CTL_REQUIRED, "a Snapshot, or a Certificate of which the snapshot is taken: packed or JSON" },
    { "certificate", NULL, CTL_TEXT, CTL_REQUIRED, "where to write it: packed, or JSON if the name ends in .json" },
    { "id", NULL, CTL_TEXT, 0, "round_id in the certificate; offline if not given" },
    { "at", NULL, CTL_NUMBER, 0, "ran_unix_ms in the certificate; 0 if not given" },
    { 0 },
};
static const ctl_option verify_options[] = {
    { "file", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a Certificate: packed or JSON; - is stdin" },
    { "no-bound", NULL, CTL_FLAG, 0, "leave out the maximum flow, which takes the longest" },
    { 0 },
};
static const ctl_option certificate_options[] = {
    { "market", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { "round", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the round" },
    { "out", NULL, CTL_TEXT, CTL_REQUIRED, "where to write it: packed, or JSON if the name ends in .json" },
    { 0 },
};

const ctl_command ctl_round_commands[] = {
    { .name = "finance round",
      .summary = "Computes a matching round offline, from a file to a certificate",
      .details
      = "The same snapshot gives the same bytes on any machine, and the same as the daemon's. Nothing is proposed to anybody.",
      .examples = "  ttctl finance round --input snapshot.json --certificate round.json\n"
                  "  ttctl finance round --input round.pb --certificate again.pb --id 2019-w07 --at 1550000000000",
      .options = round_options,
      .run = run_round,
      .service = CTL_NO_SERVICE },
    { .name = "finance verify",
      .summary = "Checks a round's certificate without trusting who made it",
      .details = "Recomputes from the snapshot who may fund whom, in which order, and within which limits; then the allocation, "
                 "the minimums, and that no\n"
                 "leg and product would both rather have more of each other. Prints the first violation with the figures of "
                 "both, and exits with 1.\n"
                 "The maximum flow is the most that any allocation could give under the same limits.",
      .examples = "  ttctl finance verify round.json\n  ttctl finance verify round.pb --no-bound --json",
      .options = verify_options,
      .run = run_verify,
      .service = CTL_NO_SERVICE },
    { .name = "finance certificate",
      .summary = "Fetches the certificate of a round",
      .examples = "  ttctl finance certificate ningbo 2019-w07 --out round.pb\n  ttctl finance certificate ningbo 2019-w07 --out "
                  "round.json",
      .options = certificate_options,
      .run = run_certificate,
      .service = CTL_FINANCE,
      .method = SERVICE "GetCertificate",
      .request = MESSAGE (get_certificate_request),
      .reply = MESSAGE (get_certificate_reply) },
    { 0 },
};
