/* ttgen: any number of plausible records, the same on every machine for the same seed. For load and tests. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "common.h"

static const struct {
    const char *name;
    gen_writer write;
} kinds[] = {
    { "patents", gen_write_patent },           { "watches", gen_write_watch },      { "achievements", gen_write_achievement },
    { "demands", gen_write_demand },           { "providers", gen_write_provider }, { "products", gen_write_product },
    { "applications", gen_write_application },
};

static const char usage[]
    = "usage: ttgen KIND [options]\n"
      "Writes records as JSON Lines to standard output, in the forms of tests/data: the same seed gives the same bytes "
      "anywhere.\n"
      "\n"
      "KIND is patents, watches, achievements, demands, providers, products or applications.\n"
      "\n"
      "  --count N          how many records (default 100)\n"
      "  --seed S           a whole number (default 1)\n"
      "  --first N          index of the first record (default 0): record i is the same whatever the count\n"
      "  --language L       zh, en or mixed (default mixed)\n"
      "  --duplicates F     achievements: this fraction of the records, 0 to 1, is an earlier one again, by source id or by\n"
      "                     registration number (default 0)\n"
      "  --invalid F        this fraction of the records, 0 to 1, is broken: cut lines, no identity, no text, unknown codes "
      "(default 0)\n"
      "  --catalog DIR      the catalogue of codes and districts (default: TT_CATALOG_DIR, or the installed one)\n"
      "  --help, --version\n"
      "\n"
      "Examples:\n"
      "  ttgen patents --count 100000 --seed 7 > patents.jsonl\n"
      "  ttgen watches --count 10000 --language zh > watches.jsonl\n"
      "  ttgen achievements --count 5000 --duplicates 0.1 --invalid 0.02 > achievements.jsonl\n"
      "  ttgen providers --count 50 --seed 3 > providers.jsonl; ttgen products --count 100 --seed 3 > products.jsonl\n"
      "\n"
      "Exit status: 0 done, 1 the output or the catalogue failed, 2 wrong use.\n";

typedef struct {
    gen_task task;
    const char *catalog;
    gen_writer write;
} request;

static bool
parse_whole (const char *option, const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull (text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
        return true;
    fprintf (stderr, "ttgen: --%s: \"%s\" is not a whole number\n", option, text);
    return false;
}

static bool
parse_fraction (const char *option, const char *text, uint32_t *out)
{
    char *end;
    double value = strtod (text, &end);
    if (*text != '\0' && *end == '\0' && value >= 0 && value <= 1) {
        *out = (uint32_t)(value * 1000000 + 0.5);
        return true;
    }
    fprintf (stderr, "ttgen: --%s: \"%s\" is not a fraction from 0 to 1\n", option, text);
    return false;
}

static bool
parse_language (const char *text, gen_language_choice *out)
{
    static const char *const names[] = { "zh", "en", "mixed" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp (text, names[i]) == 0) {
            *out = (gen_language_choice)i;
            return true;
        }
    fprintf (stderr, "ttgen: --language: \"%s\" is none of zh, en, mixed\n", text);
    return false;
}

static bool
parse_kind (int argc, char **argv, gen_writer *out)
{
    if (argc - optind != 1) {
        fprintf (stderr,
                 argc == optind ? "ttgen: which kind of record? See ttgen --help\n" : "ttgen: one kind of record at a time\n");
        return false;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp (argv[optind], kinds[i].name) == 0) {
            *out = kinds[i].write;
            return true;
        }
    fprintf (stderr, "ttgen: \"%s\" is no kind of record. See ttgen --help\n", argv[optind]);
    return false;
}

/* -1: go on; else the exit status. */
static int
parse (int argc, char **argv, request *self)
{
    static const struct option options[]
        = { { "count", 1, NULL, 'n' },    { "seed", 1, NULL, 's' },       { "first", 1, NULL, 'f' },
            { "language", 1, NULL, 'l' }, { "duplicates", 1, NULL, 'd' }, { "invalid", 1, NULL, 'i' },
            { "catalog", 1, NULL, 'c' },  { "help", 0, NULL, 'h' },       { "version", 0, NULL, 'v' },
            { NULL, 0, NULL, 0 } };
    gen_task *task = &self->task;
    bool good = true;
    for (int option; good && (option = getopt_long (argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'n':
            good = parse_whole ("count", optarg, &task->count);
            break;
        case 's':
            good = parse_whole ("seed", optarg, &task->seed);
            break;
        case 'f':
            good = parse_whole ("first", optarg, &task->first);
            break;
        case 'l':
            good = parse_language (optarg, &task->language);
            break;
        case 'd':
            good = parse_fraction ("duplicates", optarg, &task->duplicates);
            break;
        case 'i':
            good = parse_fraction ("invalid", optarg, &task->invalid);
            break;
        case 'c':
            self->catalog = optarg;
            break;
        case 'h':
            fputs (usage, stdout);
            return 0;
        case 'v':
            puts ("ttgen " TT_VERSION);
            return 0;
        default:
            good = false;
        }
    }
    if (good && parse_kind (argc, argv, &self->write)) {
        if (task->duplicates == 0 || self->write == gen_write_achievement)
            return -1;
        fprintf (stderr, "ttgen: --duplicates is for achievements\n");
    }
    return 2;
}

/* A line cut inside the last record's text, wherever that is no whole character, would be no UTF-8 either: which is the point. */
static void
append_record (const request *self, uint64_t index, tt_buffer *out)
{
    gen_random random = gen_random_of (self->task.seed, GEN_KIND_FLAW, index);
    gen_flaw flaw = GEN_FLAW_NONE;
    tt_buffer line = { 0 };
    if (gen_chance (&random, self->task.invalid))
        flaw = (gen_flaw)gen_between (&random, GEN_FLAW_CUT, GEN_FLAW_COUNT - 1);
    self->write (&self->task, index, flaw, &line);
    tt_buffer_append (out, line.data, flaw == GEN_FLAW_CUT ? line.size / 2 : line.size);
    tt_buffer_append (out, "\n", 1);
    tt_buffer_free (&line);
}

static int
generate (const request *self)
{
    tt_buffer out = { 0 };
    bool good = true;
    for (uint64_t i = 0; good && i < self->task.count; i++) {
        append_record (self, self->task.first + i, &out);
        if (out.size >= 1 << 16) {
            good = fwrite (out.data, 1, out.size, stdout) == out.size;
            tt_buffer_clear (&out);
        }
    }
    good = good && (out.size == 0 || fwrite (out.data, 1, out.size, stdout) == out.size) && fflush (stdout) == 0;
    tt_buffer_free (&out);
    if (good)
        return 0;
    fprintf (stderr, "ttgen: cannot write: %s\n", strerror (errno));
    return 1;
}

int
main (int argc, char **argv)
{
    request self = { .task = { .seed = 1, .count = 100, .language = GEN_LANGUAGE_MIXED } };
    tt_catalog *catalog = NULL;
    tt_error error = { 0 };
    int status = parse (argc, argv, &self);
    if (status >= 0)
        return status;
    if (tt_catalog_open (&catalog, self.catalog, &error) != TT_OK) {
        fprintf (stderr, "ttgen: %s\n", error.message);
        return 1;
    }
    self.task.catalog = catalog;
    status = generate (&self);
    tt_catalog_close (&catalog);
    return status;
}
