/* patent surge: filing surges in files of patents, and how often chance alone would be taken for one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl.h"
#include "filings.h"
#include "import/import.h"

typedef struct {
    ctl_filings *filings;
    ctl_surge_options options;
    bool json, quiet;
    uint64_t read, left_out;
    /* of the rounds visited */
    uint64_t rounds, alarmed, tests, findings;
} surge_run;

static void
show (const surge_run *run, const ctl_surge_round *round, const tt_surge *s)
{
    char from[TT_DATE_TEXT_SIZE], to[TT_DATE_TEXT_SIZE];
    const char *applicant = ctl_filings_applicant (run->filings, s->pair), *symbol = ctl_filings_class (run->filings, s->pair);
    tt_date_format (round->first, from);
    tt_date_format (round->last, to);
    if (run->json) {
        json_t *line = json_pack ("{s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:i, s:s}", "applicant", applicant, "class", symbol, "from", from,
                                  "to", to, "count", (int)s->count, "earlier", (int)s->earlier, "expected", s->expected, "p", s->p, "q", s->q,
                                  "pairs", (int)round->pairs, "test", TT_SURGE_TEST);
        ctl_print_json (line);
        json_decref (line);
    } else {
        printf ("%s to %s  %-12s %4u instead of %7.2f  p %.2e  q %.2e  %s\n", from, to, symbol, s->count, s->expected, s->p, s->q, applicant);
    }
}

static void
take_round (void *context, const ctl_surge_round *round)
{
    surge_run *run = context;
    run->rounds++;
    run->tests += round->pairs;
    run->alarmed += round->count > 0;
    run->findings += round->count;
    for (size_t i = 0; !run->quiet && i < round->count; i++)
        show (run, round, &round->found[i]);
}

static tt_status
read_file (surge_run *run, const char *path, const char *map, tt_error *error)
{
    tt_import *import = NULL;
    const tt_import_record *record;
    tt_status status = tt_import_open (&import, path, &(tt_import_options){ .kind = TT_IMPORT_PATENTS, .map = map }, error);
    while (status == TT_OK && (status = tt_import_next (import, &record, error)) == TT_OK && record) {
        run->read++;
        run->left_out += record->reason || !ctl_filings_add (run->filings, (const tt_patent *)record->message);
    }
    tt_import_close (&import);
    return status;
}

/* What is found among documents whose days were dealt out by chance is false, all of it. */
static void
try_shuffles (surge_run *run, uint64_t shuffles, uint64_t seed)
{
    run->quiet = true;
    for (uint64_t i = 0; i < shuffles; i++) {
        ctl_filings_shuffle (run->filings, &seed);
        ctl_filings_rounds (run->filings, &run->options, take_round, run);
    }
    double rate = run->rounds ? (double)run->alarmed / (double)run->rounds : 0;
    if (run->json) {
        json_t *line = json_pack ("{s:I, s:I, s:I, s:I, s:f, s:f}", "shuffles", (json_int_t)shuffles, "rounds", (json_int_t)run->rounds, "pairs_tested",
                                  (json_int_t)run->tests, "findings", (json_int_t)run->findings, "false_alarm_rate", rate, "bound", run->options.bound);
        ctl_print_json (line);
        json_decref (line);
        return;
    }
    printf ("%llu shuffles, %llu rounds, %llu pairs tested: %llu findings, in %.2f %% of the rounds (bound: %.2f %%)\n", (unsigned long long)shuffles,
            (unsigned long long)run->rounds, (unsigned long long)run->tests, (unsigned long long)run->findings, 100 * rate, 100 * run->options.bound);
}

static bool
read_options (const ctl_args *args, surge_run *run, size_t *class_size)
{
    const char *bound = ctl_get_or (args, "q", "0.05");
    char *end;
    run->options = (ctl_surge_options){ .window_days = (int32_t)ctl_number (args, "window-days", 90),
                                        .trailing = (uint32_t)ctl_number (args, "trailing", 8),
                                        .least = (uint32_t)ctl_number (args, "least", 3) };
    run->options.bound = strtod (bound, &end);
    *class_size = ctl_number (args, "class-size", 4);
    bool good = *end == '\0' && run->options.bound > 0 && run->options.bound < 1 && run->options.window_days >= 1
                && run->options.window_days <= 3660 && run->options.trailing >= 2 && run->options.trailing <= TT_SURGE_WINDOWS_MAX
                && *class_size >= 1 && *class_size <= 20;
    if (!good)
        fprintf (stderr, "ttctl: --q is between 0 and 1, --window-days 1 to 3660, --trailing 2 to %d, --class-size 1 to 20\n", TT_SURGE_WINDOWS_MAX);
    return good;
}

static int
run_surge (const ctl_args *args)
{
    tt_error error = { 0 };
    surge_run run = { .json = ctl_has (args, "json") };
    size_t class_size;
    if (!read_options (args, &run, &class_size))
        return CTL_USAGE;
    tt_status status = tt_text_open (&error);
    run.filings = ctl_filings_new (strcmp (ctl_get_or (args, "by", "publication"), "filing") == 0, class_size);
    for (size_t i = 0; status == TT_OK && i < ctl_count (args, "documents"); i++)
        status = read_file (&run, ctl_value_at (args, "documents", i), ctl_get (args, "map"), &error);
    if (status != TT_OK)
        fprintf (stderr, "ttctl: %s\n", error.message);
    else if (ctl_has (args, "shuffle"))
        try_shuffles (&run, ctl_number (args, "shuffle", 0), ctl_number (args, "seed", 1));
    else
        ctl_filings_rounds (run.filings, &run.options, take_round, &run);
    if (status == TT_OK && !run.json)
        fprintf (stderr, "%llu records, %llu of them without a date, an applicant or a class; %llu windows, %llu surges; %s, q <= %g\n",
                 (unsigned long long)run.read, (unsigned long long)run.left_out, (unsigned long long)run.rounds, (unsigned long long)run.findings,
                 TT_SURGE_TEST, run.options.bound);
    ctl_filings_destroy (&run.filings);
    return status == TT_OK ? CTL_OK : CTL_REFUSED;
}

static const ctl_option options[] = {
    { "documents", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED | CTL_REPEATED, "a file of patents, in any form that import knows" },
    { "map", NULL, CTL_TEXT, 0, "column map for the documents: a file, or a built-in one" },
    { "window-days", NULL, CTL_NUMBER, 0, "length of a window; 90 if not given" },
    { "trailing", NULL, CTL_NUMBER, 0, "windows before that it is held against; 8 if not given" },
    { "q", NULL, CTL_TEXT, 0, "most false discoveries among the findings of a window; 0.05 if not given" },
    { "least", NULL, CTL_NUMBER, 0, "least documents in the window; 3 if not given" },
    { "class-size", NULL, CTL_NUMBER, 0, "characters of a symbol that make the class: 1 section, 3 class, 4 subclass (if not given)" },
    { "by", NULL, CTL_TEXT, 0, "publication (if not given) or filing: the date that counts" },
    { "shuffle", NULL, CTL_NUMBER, 0, "deal the dates out by chance so many times, and say how often a surge is found then" },
    { "seed", NULL, CTL_NUMBER, 0, "of the chance; 1 if not given" },
    { 0 },
};

const ctl_command ctl_surge_commands[] = {
    { .name = "patent surge",
      .summary = "Finds applicants that suddenly file more in a class than before, in files of patents",
      .details = "One line for each finding, window by window. The test and its bound are named on stderr; common/patent/surge.h says what "
                 "is computed.\nWith --shuffle nothing that is found is true: what is printed is the rate of false alarms.",
      .examples = "  ttctl patent surge us_grants.jsonl.gz --window-days 365\n"
                  "  ttctl patent surge us_grants.jsonl.gz --window-days 365 --shuffle 200 --seed 7",
      .options = options,
      .run = run_surge,
      .service = CTL_NO_SERVICE },
    { 0 },
};
