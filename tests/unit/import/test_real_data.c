/* The importers over the real files, where they are there: TT_REAL_DATA, or ../shared/data beside the source. Every record is
 * accounted for. */
#include <criterion/criterion.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "import/import.h"

static const char *
data_folder (void)
{
    const char *folder = getenv ("TT_REAL_DATA");
    folder = folder ? folder : TT_SOURCE_DIR "/../shared/data";
    return access (folder, R_OK) == 0 ? folder : NULL;
}

typedef struct {
    uint64_t read, accepted, rejected, notes;
} counts;

static counts
count_file (const char *path, tt_import_kind kind)
{
    counts c = { 0 };
    tt_error error = { 0 };
    tt_import *import = NULL;
    const tt_import_record *record;
    cr_assert_eq (tt_import_open (&import, path, &(tt_import_options){ .kind = kind }, &error), TT_OK, "%s", error.message);
    for (;;) {
        cr_assert_eq (tt_import_next (import, &record, &error), TT_OK, "%s: %s", path, error.message);
        if (record == NULL)
            break;
        c.read++;
        c.accepted += record->message != NULL;
        c.rejected += record->reason != NULL;
        c.notes += record->notes[0] != '\0';
        cr_expect ((record->message != NULL) != (record->reason != NULL), "accepted and rejected exclude each other");
        cr_expect_eq (record->number, c.read);
        if (record->reason)
            printf ("  line %" PRIu64 ": %s\n", record->line, record->reason);
        else if (record->notes[0] && c.notes <= 3)
            printf ("  record %" PRIu64 ": %s", record->number, record->notes);
    }
    tt_import_close (&import);
    cr_expect_eq (c.read, c.accepted + c.rejected);
    printf ("%s: read %" PRIu64 ", accepted %" PRIu64 ", rejected %" PRIu64 ", with notes %" PRIu64 "\n", path, c.read,
            c.accepted, c.rejected, c.notes);
    return c;
}

static counts
count_all (const char *pattern, tt_import_kind kind)
{
    char full[512];
    counts sum = { 0 };
    glob_t found;
    snprintf (full, sizeof full, "%s/%s", data_folder (), pattern);
    if (glob (full, 0, NULL, &found) != 0)
        return sum;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        counts c = count_file (found.gl_pathv[i], kind);
        sum.read += c.read;
        sum.accepted += c.accepted;
        sum.rejected += c.rejected;
    }
    globfree (&found);
    return sum;
}

/* What SOURCES.md counts is what is read; what must be accepted is at least `accepted`. */
static void
expect (const char *pattern, tt_import_kind kind, uint64_t read, uint64_t accepted)
{
    counts c = count_all (pattern, kind);
    cr_expect_eq (c.read, read, "%s: read %" PRIu64 ", expected %" PRIu64, pattern, c.read, read);
    cr_expect_eq (c.accepted, accepted, "%s: accepted %" PRIu64 ", expected %" PRIu64, pattern, c.accepted, accepted);
}

Test (real_data, every_record_is_accounted_for)
{
    if (data_folder () == NULL)
        cr_skip ("no real data here");
    expect ("patents/us_grants_2018_title_abstract.jsonl.gz", TT_IMPORT_PATENTS, 4011, 4011);
    expect ("patents/us_grants_1976_2025_biblio.jsonl.gz", TT_IMPORT_PATENTS, 7964, 7964);
    expect ("patents/lens_drones_biblio.jsonl.gz", TT_IMPORT_PATENTS, 7267, 7267);
    expect ("patents/uspto_public_search.jsonl.gz", TT_IMPORT_PATENTS, 709, 709);
    expect ("patents/us_grants_2024_full_small.jsonl.gz", TT_IMPORT_PATENTS, 84, 84);
    expect ("patents/cn_patents_title_ipc.jsonl.gz", TT_IMPORT_PATENTS, 7763, 7763);
    expect ("patents/cn_patents_title_abstract_cpc.jsonl", TT_IMPORT_PATENTS, 45, 45);
    expect ("patents/cn_patents_full_record_tiny_sample.jsonl", TT_IMPORT_PATENTS, 6, 6);
    expect ("patents/cn_patent_citations_small_sample.tsv", TT_IMPORT_PATENTS, 293, 293);
    expect ("patents/uspto_grants_20120327_v42.xml.gz", TT_IMPORT_PATENTS, 154, 154);
    expect ("patents/uspto_grants_20090421_utility_v42.xml.gz", TT_IMPORT_PATENTS, 3, 3);
    expect ("patents/uspto_grants_20020507_st32.xml.gz", TT_IMPORT_PATENTS, 77, 77);
    expect ("patents/uspto_dtd_versions/application/*.gz", TT_IMPORT_PATENTS, 8, 8);
    expect ("patents/uspto_format_samples/pap/*.gz", TT_IMPORT_PATENTS, 3, 3);
    expect ("patents/uspto_format_samples/sgml/*.gz", TT_IMPORT_PATENTS, 3, 3);
    expect ("patents/uspto_format_samples/xml*/*.gz", TT_IMPORT_PATENTS, 8, 8);
    expect ("patents/uspto_format_samples/greenbook/*.gz", TT_IMPORT_PATENTS, 3, 3);
    expect ("patents/uspto_format_samples/css_brs/*.gz", TT_IMPORT_PATENTS, 6, 6);
    expect ("patents/uspto_format_samples/cpc*/*.gz", TT_IMPORT_PATENTS, 2, 0);
    expect ("patents/epo_ops_responses/get_register_biblio.xml", TT_IMPORT_LEGAL_EVENTS, 37, 37);
    expect ("patents/epo_ops_responses/*family*.xml", TT_IMPORT_LEGAL_EVENTS, 2, 0);
    expect ("patents/epo_docdb_exchange/*.xml", TT_IMPORT_PATENTS, 12, 12);
    expect ("patents/epo_ops_responses/[bg]*.xml", TT_IMPORT_PATENTS, 19, 13);
    expect ("patents/epo_ops_responses/pc_[ef]*.xml", TT_IMPORT_PATENTS, 3, 2);
    expect ("patents/epo_ops_responses/search.xml", TT_IMPORT_PATENTS, 1, 0);
    expect ("achievements/nasa_t2_technologies.jsonl.gz", TT_IMPORT_ACHIEVEMENTS, 1918, 1918);
    expect ("achievements/csl_papers_zh.jsonl.gz", TT_IMPORT_ACHIEVEMENTS, 1481, 1481);
    expect ("achievements/csl_titles_category_zh.tsv.gz", TT_IMPORT_ACHIEVEMENTS, 6416, 6416);
    expect ("demands/sbir_topics_2015_1.jsonl.gz", TT_IMPORT_DEMANDS, 146, 146);
}
