/* Figures of maps and of stored documents: bench_map DOCUMENTS [FILE...].
 *
 * Times are of the processor. DOCUMENTS generated ones in the columns: memory, time of loading, of a map, of a query that columns decide, of a
 * round of the search for surges. The files (patents, in any form
 * that import knows): bytes of a stored document before and after, time to pack and to read one, and documents a second through a query for text. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/text.h"
#include "import/import.h"
#include "landscape.h"
#include "surge_round.h"

/* Processor time of this thread: other work on the machine does not count. */
static int64_t
now_us (void)
{
    struct timespec t;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double
seconds_since (int64_t start_us)
{
    return (double)(now_us () - start_us) / 1e6;
}

static void
figure (const char *name, double value, const char *unit)
{
    printf ("figure patent-map.%s %.6g %s\n", name, value, unit);
    fflush (stdout);
}

/* -- generated documents -- */

static uint64_t state = 20250701;

static uint32_t
draw (uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

/* Few have much: the square of an even draw. */
static uint32_t
draw_skewed (uint32_t below)
{
    uint64_t d = draw (1u << 16);
    return (uint32_t)(d * d * below >> 32);
}

typedef struct {
    PatentDocument document;
    DocumentReference publication, application;
    Techtransfer__Patent__V1__PatentParty parties[3], *party_list[3];
    char number[16], date[16], filed[16], symbols[8][16], names[3][40], *ipc[4], *cpc[4], id[32];
} made;

/* 300,000 applicants, 640 subclasses with 60,000 symbols, 12 countries, 25 years. */
static void
make (made *m, uint32_t number)
{
    static char countries[12][3] = { "CN", "US", "JP", "EP", "WO", "KR", "DE", "FR", "GB", "TW", "CA", "AU" };
    techtransfer__patent__v1__patent_document__init (&m->document);
    techtransfer__patent__v1__document_reference__init (&m->publication);
    techtransfer__patent__v1__document_reference__init (&m->application);
    snprintf (m->number, sizeof m->number, "%u", 100000000 + number);
    uint32_t year = 2024 - draw_skewed (25), month = 1 + draw (12), day = 1 + draw (28);
    snprintf (m->date, sizeof m->date, "%04u-%02u-%02u", year, month, day);
    snprintf (m->filed, sizeof m->filed, "%04u-%02u-%02u", year - 1 - draw (3), month, day);
    m->publication.country = countries[draw_skewed (12)];
    m->publication.number = m->number;
    m->publication.kind = (char *)"A";
    m->publication.date = m->date;
    m->application = m->publication;
    m->application.date = m->filed;
    for (int i = 0; i < 8; i++) {
        uint32_t subclass = draw_skewed (640);
        snprintf (m->symbols[i], sizeof m->symbols[i], "%c%02u%c%u/%02u", 'A' + (char)(subclass % 8), 1 + subclass / 8 % 20,
                  'B' + (char)(subclass / 160), 1 + draw_skewed (10), 2 * draw_skewed (10));
        (i < 4 ? m->ipc : m->cpc)[i % 4] = m->symbols[i];
    }
    m->document.n_applicants = 1 + draw (2);
    for (size_t i = 0; i < m->document.n_applicants; i++) {
        techtransfer__patent__v1__patent_party__init (&m->parties[i]);
        snprintf (m->names[i], sizeof m->names[i], "Applicant %u Technologies Co., Ltd.", draw_skewed (300000));
        m->parties[i].name = m->names[i];
        m->party_list[i] = &m->parties[i];
    }
    m->document.applicants = m->party_list;
    m->document.ipc = m->ipc;
    m->document.cpc = m->cpc;
    m->document.n_ipc = m->document.n_cpc = 4;
    m->document.publication = &m->publication;
    m->document.application = &m->application;
    snprintf (m->id, sizeof m->id, "%s.%s.A", m->publication.country, m->number);
}

static void
time_map (const alert_columns *columns, const alert_selection *selection, const char *name, MapRequest *request)
{
    tt_arena *arena = tt_arena_new (0);
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        int64_t start = now_us ();
        MapReply *reply = alert_landscape (columns, selection, request, arena);
        double took = seconds_since (start);
        best = took < best && reply->complete ? took : best;
        tt_arena_reset (arena);
    }
    tt_arena_destroy (&arena);
    figure (name, best * 1e3, "ms");
}

static long
peak_kb (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* The search for filing surges, with the daemon's own settings. Last: it is what needs most memory. */
static void
time_round (const alert_columns *columns)
{
    const alert_surge_rule rule = { .window_days = 90, .trailing = 8, .least = 3, .bound = 0.05 };
    alert_surge_round round;
    long before = peak_kb ();
    int64_t start = now_us ();
    alert_surge_round_make (columns, &rule, alert_surge_last_day (columns, INT32_MAX), &round);
    figure ("surge_round_ms", seconds_since (start) * 1e3, "ms");
    figure ("surge_pairs", (double)round.pairs, "pairs");
    figure ("surge_found", (double)round.count, "surges");
    figure ("surge_mb", (double)(peak_kb () - before) / 1024, "MB");
    alert_surge_round_free (&round);
}

static void
bench_columns (uint32_t count)
{
    alert_columns *columns = alert_columns_new ();
    made *m = tt_alloc_zero (1, sizeof *m);
    int64_t start = now_us ();
    for (uint32_t i = 0; i < count; i++) {
        make (m, i);
        alert_columns_put (columns, i % 8, m->id, &m->document, ALERT_NO_DAY);
    }
    figure ("load_s", seconds_since (start), "s");
    figure ("documents", (double)alert_columns_size (columns), "documents");
    figure ("bytes_per_document", (double)alert_columns_bytes (columns) / count, "bytes");
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    time_map (columns, NULL, "class_by_year_ms", &request);
    request.rows = TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_APPLICANT;
    request.columns = TECHTRANSFER__PATENT__V1__MAP_AXIS__MAP_AXIS_CLASS;
    time_map (columns, NULL, "applicant_by_class_ms", &request);
    tt_error error = { 0 };
    alert_selection *selection = NULL;
    size_t asked[1];
    start = now_us ();
    if (alert_selection_open (&selection, "(ic=B02C or cpc=A01B) and pd>=2015 and cc=CN not pa=\"applicant 17\"", &error) != TT_OK)
        return;
    (void)alert_selection_step (selection, columns, SIZE_MAX, asked, 1);
    figure ("query_of_columns_ms", seconds_since (start) * 1e3, "ms");
    figure ("query_matched", (double)alert_selection_hits (selection), "documents");
    figure ("query_bytes", (double)alert_selection_bytes (selection), "bytes");
    time_map (columns, selection, "class_by_year_of_query_ms", &request);
    time_round (columns);
    alert_selection_close (&selection);
    alert_columns_destroy (&columns);
    free (m);
}

/* -- stored documents -- */

typedef struct {
    double documents, bare, packed, pack_us, unpack_us, bare_unpack_us, text_us;
} sizes;

static void
measure (sizes *s, const PatentDocument *document, alert_selection *selection, alert_view *view)
{
    tt_buffer row = { 0 }, bare = { 0 };
    size_t size = techtransfer__patent__v1__patent_document__get_packed_size (document);
    techtransfer__patent__v1__patent_document__pack (document, tt_buffer_reserve (&bare, size));
    int64_t start = now_us ();
    alert_archive_pack (document, 20000, &row);
    int64_t packed = now_us ();
    PatentDocument *again = alert_archive_unpack ((tt_bytes){ row.data, row.size }, NULL);
    int64_t unpacked = now_us ();
    PatentDocument *plain = alert_archive_unpack ((tt_bytes){ bare.data, size }, NULL);
    int64_t plain_done = now_us ();
    alert_selection_answer (selection, 0, again, view);
    s->text_us += (double)(now_us () - plain_done);
    s->documents++;
    s->bare += (double)size;
    s->packed += (double)row.size;
    s->pack_us += (double)(packed - start);
    s->unpack_us += (double)(unpacked - packed);
    s->bare_unpack_us += (double)(plain_done - unpacked);
    techtransfer__patent__v1__patent_document__free_unpacked (again, NULL);
    techtransfer__patent__v1__patent_document__free_unpacked (plain, NULL);
    tt_buffer_free (&row);
    tt_buffer_free (&bare);
}

static void
bench_file (const char *path)
{
    tt_error error = { 0 };
    tt_import *import = NULL;
    const tt_import_record *record = NULL;
    sizes s = { 0 };
    alert_selection *selection = NULL;
    alert_columns *columns = alert_columns_new ();
    made *m = tt_alloc_zero (1, sizeof *m);
    size_t asked[1];
    alert_view *view = alert_view_new ();
    make (m, 0); /* a place for the selection to answer */
    alert_columns_put (columns, 0, m->id, &m->document, ALERT_NO_DAY);
    if (alert_selection_open (&selection, "ta=battery and ta=\"machine learning\" or ta=石墨烯", &error) == TT_OK
        && tt_import_open (&import, path, &(tt_import_options){ .kind = TT_IMPORT_PATENTS }, &error) == TT_OK) {
        (void)alert_selection_step (selection, columns, 1, asked, 1);
        while (tt_import_next (import, &record, &error) == TT_OK && record)
            if (record->message && ((PatentDocument *)record->message)->publication)
                measure (&s, (PatentDocument *)record->message, selection, view);
    }
    const char *name = strrchr (path, '/') ? strrchr (path, '/') + 1 : path;
    printf ("# %s: %.0f documents%s%s\n", name, s.documents, error.message[0] ? ": " : "", error.message);
    if (s.documents > 0) {
        figure ("stored_bytes_before", s.bare / s.documents, "bytes");
        figure ("stored_bytes", s.packed / s.documents, "bytes");
        figure ("pack_us", s.pack_us / s.documents, "us");
        figure ("unpack_us", s.unpack_us / s.documents, "us");
        figure ("unpack_before_us", s.bare_unpack_us / s.documents, "us");
        figure ("text_query_us", s.text_us / s.documents, "us");
    }
    tt_import_close (&import);
    alert_selection_close (&selection);
    alert_columns_destroy (&columns);
    alert_view_destroy (&view);
    free (m);
}

int
main (int argc, char **argv)
{
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "bench_map: %s\n", error.message);
        return 1;
    }
    bench_columns (argc > 1 ? (uint32_t)strtoul (argv[1], NULL, 10) : 1000000);
    for (int i = 2; i < argc; i++)
        bench_file (argv[i]);
    return 0;
}
