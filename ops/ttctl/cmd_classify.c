/* achievement classify, train: classes by text, offline, with reasons; models out of labelled texts, measured. */
#include <achievement.pb-c.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "base/text.h"
#include "catalog/catalog.h"
#include "classify/train.h"
#include "ctl.h"
#include "labelled.h"

#define FOUND_MOST 3

typedef struct {
    tt_classifier *classifier;
    tt_arena *arena;
    bool json, quiet;
    double least;
    int64_t spent_ns; /* in the classifier alone */
    uint64_t read, wrong;
    /* of training */
    tt_training *training;
    const char *label, *scheme;
    size_t label_size;
    bool aside, hashing;
    uint64_t *titles; /* open-addressed set of hashes of the titles that are measured */
    size_t title_count, title_capacity;
    uint64_t without, doubled;
    tt_validation lexicon;
} classify_run;

static tt_status
open_lexicon (const ctl_args *args, tt_lexicon **lexicon, tt_error *error)
{
    const char *path = ctl_get (args, "lexicon");
    if (path)
        return tt_lexicon_read (lexicon, path, error);
    tt_catalog *catalog = NULL;
    tt_buffer name = { 0 };
    tt_status status = tt_catalog_open (&catalog, NULL, error);
    if (status == TT_OK) {
        tt_buffer_printf (&name, "%s/lexicon.csv", tt_catalog_directory (catalog));
        status = tt_lexicon_read (lexicon, tt_buffer_cstr (&name), error);
    }
    tt_buffer_free (&name);
    tt_catalog_close (&catalog);
    return status;
}

static tt_status
open_classifier (classify_run *run, const ctl_args *args, tt_error *error)
{
    tt_lexicon *lexicon = NULL;
    tt_status status = tt_text_open (error);
    if (status == TT_OK)
        status = open_lexicon (args, &lexicon, error);
    if (status != TT_OK)
        return status;
    run->classifier = tt_classifier_new (&lexicon);
    run->arena = tt_arena_new (0);
    for (size_t i = 0; i < ctl_count (args, "model") && status == TT_OK; i++) {
        tt_model *model = NULL;
        bool used;
        status = tt_model_read (&model, ctl_value_at (args, "model", i), error);
        if (status == TT_OK)
            status = tt_classifier_use (run->classifier, &model, ctl_has (args, "always"), &used, error);
        if (status == TT_OK && !used)
            fprintf (stderr, "%s is not used: it was measured no better than the lexicon (--always uses it)\n", ctl_value_at (args, "model", i));
    }
    return status;
}

static void
close_run (classify_run *run)
{
    tt_classifier_destroy (&run->classifier);
    tt_training_destroy (&run->training);
    tt_arena_destroy (&run->arena);
    free (run->titles);
}

/* achievement classify */

static int64_t
now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static json_t *
json_of_found (const tt_class_proposal *found, size_t count)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        json_t *terms = json_array ();
        for (size_t k = 0; k < found[i].term_count; k++)
            json_array_append_new (terms, json_string (found[i].terms[k]));
        json_array_append_new (list, json_pack ("{s:s, s:f, s:s, s:o}", "code", found[i].code, "score", found[i].score, "method",
                                                found[i].method, "terms", terms));
    }
    return list;
}

static void
show_found (const char *scheme, const tt_class_proposal *found, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf ("  %-10s %-12s %.2f  %s:", scheme, found[i].code, found[i].score, found[i].method);
        for (size_t k = 0; k < found[i].term_count; k++)
            printf (" %s", found[i].terms[k]);
        putchar ('\n');
    }
}

/* The schemes of the lexicon, each once. */
static bool
is_first_of_scheme (const tt_lexicon *lexicon, size_t code)
{
    const char *scheme = tt_lexicon_code_at (lexicon, code).scheme;
    for (size_t i = 0; i < code; i++)
        if (strcmp (tt_lexicon_code_at (lexicon, i).scheme, scheme) == 0)
            return false;
    return true;
}

static tt_status
classify_object (void *context, json_t *object, tt_error *error)
{
    (void)error;
    classify_run *run = context;
    tt_class_text text;
    tt_class_proposal found[FOUND_MOST];
    const tt_lexicon *lexicon = tt_classifier_lexicon (run->classifier);
    tt_arena_reset (run->arena);
    ctl_class_text_of (object, run->arena, &text);
    int64_t begin = now_ns ();
    tt_classifier_read (run->classifier, &text);
    run->spent_ns += now_ns () - begin;
    json_t *line = json_pack ("{s:s?}", "title", text.title);
    if (!run->json && !run->quiet)
        printf ("%s\n", text.title ? text.title : "(no title)");
    for (size_t i = 0; i < tt_lexicon_codes (lexicon); i++) {
        if (!is_first_of_scheme (lexicon, i))
            continue;
        const char *scheme = tt_lexicon_code_at (lexicon, i).scheme;
        begin = now_ns ();
        size_t count = tt_classifier_propose (run->classifier, scheme, run->least, run->arena, found, FOUND_MOST);
        run->spent_ns += now_ns () - begin;
        if (run->json)
            json_object_set_new (line, scheme, json_of_found (found, count));
        else if (!run->quiet)
            show_found (scheme, found, count);
    }
    if (run->json && !run->quiet)
        ctl_print_json (line);
    json_decref (line);
    run->read++;
    return TT_OK;
}

static bool
read_share (const ctl_args *args, const char *name, const char *otherwise, double most, double *out)
{
    char *end;
    *out = strtod (ctl_get_or (args, name, otherwise), &end);
    bool good = *end == '\0' && *out >= 0 && *out <= most;
    if (!good)
        fprintf (stderr, "ttctl: --%s is a number from 0 to %g\n", name, most);
    return good;
}

static int
run_classify (const ctl_args *args)
{
    classify_run run = { .json = ctl_has (args, "json") };
    tt_error error = { 0 };
    if (!read_share (args, "least", "0.3", 1, &run.least))
        return CTL_USAGE;
    tt_status status = open_classifier (&run, args, &error);
    run.quiet = ctl_has (args, "quiet");
    for (uint64_t i = 0; status == TT_OK && i < ctl_number (args, "repeat", 1); i++)
        status = ctl_labelled_read (ctl_get (args, "input"), classify_object, &run, &run.wrong, &error);
    if (status != TT_OK)
        fprintf (stderr, "ttctl: %s\n", error.message);
    else if (!run.json)
        fprintf (stderr, "%" PRIu64 " records, %.0f a second in the classifier; %" PRIu64 " lines were no object\n", run.read,
                 run.spent_ns > 0 ? 1e9 * (double)run.read / (double)run.spent_ns : 0, run.wrong);
    close_run (&run);
    return status != TT_OK ? CTL_REFUSED : run.wrong > 0 ? CTL_PARTLY : CTL_OK;
}

/* achievement train */

static uint64_t *
title_slot (const classify_run *run, uint64_t hash)
{
    size_t i = (size_t)(hash >> 8) & (run->title_capacity - 1);
    while (run->titles[i] != 0 && run->titles[i] != hash)
        i = (i + 1) & (run->title_capacity - 1);
    return &run->titles[i];
}

static void
grow_titles (classify_run *run)
{
    uint64_t *old = run->titles;
    size_t capacity = run->title_capacity;
    run->title_capacity = capacity == 0 ? 1024 : 2 * capacity;
    run->titles = tt_alloc_zero (run->title_capacity, sizeof *run->titles);
    for (size_t i = 0; i < capacity; i++)
        if (old[i] != 0)
            *title_slot (run, old[i]) = old[i];
    free (old);
}

/* Was this title among those that are measured? Then it must not be learnt from beside them. */
static bool
know_title (classify_run *run, const char *title)
{
    tt_buffer text = { 0 };
    tt_text_normalise (tt_bytes_of_text (title ? title : ""), &text);
    uint64_t hash = XXH3_64bits (text.data, text.size) | 1; /* 0 is a free slot */
    tt_buffer_free (&text);
    if (2 * (run->title_count + 1) > run->title_capacity)
        grow_titles (run);
    uint64_t *slot = title_slot (run, hash);
    bool known = *slot != 0;
    if (!known && !run->aside) {
        *slot = hash;
        run->title_count++;
    }
    return known;
}

/* The lexicon's own answer, by the names of the training's labels; nothing found counts as wrong. */
static void
measure_lexicon (classify_run *run, const tt_class_text *text, const char *label)
{
    tt_class_proposal found[1];
    uint32_t is = 0, said = TT_MODEL_LABELS_MAX - 1;
    tt_classifier_read (run->classifier, text);
    size_t count = tt_classifier_look_up (run->classifier, run->scheme, 0, run->arena, found, 1);
    for (uint32_t i = 0; i < tt_training_labels (run->training); i++) {
        if (strcmp (tt_training_label (run->training, i), label) == 0)
            is = i;
        if (count > 0 && strcmp (tt_training_label (run->training, i), found[0].code) == 0)
            said = i;
    }
    run->lexicon.table[is][said]++;
}

static tt_status
take_labelled (void *context, json_t *object, tt_error *error)
{
    classify_run *run = context;
    tt_class_text text;
    char label[TT_MODEL_LABEL_SIZE];
    tt_buffer normal = { 0 };
    tt_arena_reset (run->arena);
    ctl_class_text_of (object, run->arena, &text);
    run->read++;
    if (!ctl_label_of (object, run->label, run->label_size, label, sizeof label)) {
        run->without++;
        return TT_OK;
    }
    if (know_title (run, text.title)) {
        run->doubled++;
        return TT_OK;
    }
    size_t lead = tt_class_text_print (&text, &normal);
    tt_status status = tt_training_add (run->training, (tt_bytes){ normal.data, normal.size }, lead, label, run->aside, error);
    tt_buffer_free (&normal);
    if (status == TT_OK && !run->aside && run->hashing)
        measure_lexicon (run, &text, label);
    return status;
}

static tt_status
read_labelled (classify_run *run, const ctl_args *args, tt_error *error)
{
    tt_status status = TT_OK;
    /* the lexicon is measured in a second reading: only then are all labels known */
    for (size_t i = 0; i < ctl_count (args, "input") && status == TT_OK; i++)
        status = ctl_labelled_read (ctl_value_at (args, "input", i), take_labelled, run, &run->wrong, error);
    run->aside = true;
    for (size_t i = 0; i < ctl_count (args, "also") && status == TT_OK; i++)
        status = ctl_labelled_read (ctl_value_at (args, "also", i), take_labelled, run, &run->wrong, error);
    return status;
}

static json_t *
json_of_table (const classify_run *run, const tt_validation *v)
{
    uint32_t labels = tt_training_labels (run->training);
    json_t *table = json_object ();
    for (uint32_t i = 0; i < labels; i++) {
        json_t *row = json_object ();
        for (uint32_t k = 0; k < labels; k++)
            if (v->table[i][k] > 0)
                json_object_set_new (row, tt_training_label (run->training, k), json_integer ((json_int_t)v->table[i][k]));
        json_object_set_new (table, tt_training_label (run->training, i), row);
    }
    return table;
}

static void
show_table (const classify_run *run, const tt_validation *v)
{
    uint32_t labels = tt_training_labels (run->training);
    printf ("rows: true, columns: said\n");
    for (uint32_t i = 0; i < labels; i++) {
        uint64_t is = 0, said = 0;
        printf ("%s", tt_training_label (run->training, i));
        for (uint32_t k = 0; k < labels; k++) {
            printf ("\t%" PRIu64, v->table[i][k]);
            is += v->table[i][k];
            said += v->table[k][i];
        }
        printf ("\trecall %.3f precision %.3f\n", is ? (double)v->table[i][i] / (double)is : 0, said ? (double)v->table[i][i] / (double)said : 0);
    }
}

static void
show_result (const classify_run *run, const tt_validation *v, uint32_t folds)
{
    if (run->json) {
        json_t *line = json_pack ("{s:I, s:I, s:I, s:I, s:i, s:f, s:f, s:f, s:f, s:o}", "read", (json_int_t)run->read, "without_label",
                                  (json_int_t)run->without, "doubled", (json_int_t)run->doubled, "wrong_lines", (json_int_t)run->wrong, "folds",
                                  (int)folds, "accuracy", v->accuracy, "macro_f1", v->macro_f1, "lexicon_accuracy", run->lexicon.accuracy,
                                  "lexicon_macro_f1", run->lexicon.macro_f1, "table", json_of_table (run, v));
        ctl_print_json (line);
        json_decref (line);
        return;
    }
    show_table (run, v);
    printf ("%" PRIu64 " read, %" PRIu64 " without label, %" PRIu64 " titles again, %" PRIu64 " lines were no object\n", run->read, run->without,
            run->doubled, run->wrong);
    printf ("model, %u-fold: accuracy %.4f, macro-F1 %.4f, temperature %.2f; lexicon: accuracy %.4f, macro-F1 %.4f\n", folds, v->accuracy,
            v->macro_f1, (double)v->temperature, run->lexicon.accuracy, run->lexicon.macro_f1);
}

static tt_status
write_model (const classify_run *run, const tt_validation *v, const char *path, tt_error *error)
{
    tt_model *model = NULL;
    tt_status status = tt_training_run (run->training, &model, error);
    if (status != TT_OK)
        return status;
    model->temperature = v->temperature;
    model->accuracy = (float)v->accuracy;
    model->macro_f1 = (float)v->macro_f1;
    model->lexicon_accuracy = (float)run->lexicon.accuracy;
    snprintf (model->scheme, sizeof model->scheme, "%s", run->scheme);
    status = tt_model_write (model, path, error);
    tt_model_destroy (&model);
    return status;
}

/* Reads for the labels, then once more to measure the lexicon with them. */
static tt_status
train (classify_run *run, const ctl_args *args, tt_validation *v, uint32_t folds, tt_error *error)
{
    tt_status status = read_labelled (run, args, error);
    if (status != TT_OK)
        return status;
    classify_run second = { .classifier = run->classifier, .arena = run->arena, .training = tt_training_new (8, 1), .label = run->label,
                            .scheme = run->scheme, .label_size = run->label_size, .hashing = true };
    for (uint32_t i = 0; i < tt_training_labels (run->training) && status == TT_OK; i++)
        status = tt_training_add (second.training, TT_BYTES_NONE, 0, tt_training_label (run->training, i), true, error);
    for (size_t i = 0; i < ctl_count (args, "input") && status == TT_OK; i++)
        status = ctl_labelled_read (ctl_value_at (args, "input", i), take_labelled, &second, &second.wrong, error);
    run->lexicon = second.lexicon;
    tt_validation_settle (&run->lexicon, TT_MODEL_LABELS_MAX);
    tt_training_destroy (&second.training);
    free (second.titles);
    if (status == TT_OK)
        status = tt_training_validate (run->training, folds, v, error);
    if (status == TT_OK)
        show_result (run, v, folds);
    return status == TT_OK && ctl_has (args, "output") ? write_model (run, v, ctl_get (args, "output"), error) : status;
}

static int
run_train (const ctl_args *args)
{
    tt_error error = { 0 };
    double c;
    if (ctl_has (args, "export-labels"))
        return ctl_export_labels (args, ctl_get (args, "export-labels"));
    uint64_t bits = ctl_number (args, "bits", 18), folds = ctl_number (args, "cross-validate", 5), size = ctl_number (args, "label-size", 0);
    if (!read_share (args, "cost", "1", 1000, &c))
        return CTL_USAGE;
    if (c <= 0 || bits < TT_GRAMS_BITS_MIN || bits > 20 || folds < 2 || folds > 100 || !ctl_has (args, "input") || !ctl_has (args, "label")) {
        fprintf (stderr, "ttctl: --input and --label are needed, --cost above 0, --bits 8 to 20, --cross-validate 2 to 100\n");
        return CTL_USAGE;
    }
    classify_run *run = tt_alloc_zero (1, sizeof *run);
    tt_validation *v = tt_alloc_zero (1, sizeof *v);
    run->json = ctl_has (args, "json");
    run->label = ctl_get (args, "label");
    run->label_size = size;
    run->scheme = ctl_get_or (args, "scheme", run->label);
    run->training = tt_training_new ((uint32_t)bits, c);
    tt_status status = strlen (run->scheme) < TT_MODEL_SCHEME_SIZE ? open_classifier (run, args, &error)
                                                                   : tt_fail (&error, TT_INVALID_ARGUMENT, "the scheme's name is too long");
    if (status == TT_OK)
        status = train (run, args, v, (uint32_t)folds, &error);
    if (status != TT_OK)
        fprintf (stderr, "ttctl: %s\n", error.message);
    close_run (run);
    free (run);
    free (v);
    return status == TT_OK ? CTL_OK : CTL_REFUSED;
}

static const ctl_option classify_options[] = {
    { "input", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "JSON Lines: title, abstract, keywords, ipc, trl" },
    { "lexicon", NULL, CTL_TEXT, 0, "a lexicon in place of the catalogue's" },
    { "model", NULL, CTL_TEXT, CTL_REPEATED, "a trained model, for its scheme" },
    { "always", NULL, CTL_FLAG, 0, "use models also where they were measured no better than the lexicon" },
    { "least", NULL, CTL_TEXT, 0, "least score of a proposal; 0.3 if not given" },
    { "quiet", NULL, CTL_FLAG, 0, "only say at the end how many, and how fast" },
    { "repeat", NULL, CTL_NUMBER, 0, "read the file so many times, to measure; once if not given" },
    { 0 },
};
static const ctl_option train_options[] = {
    { "input", NULL, CTL_TEXT, CTL_OPERAND | CTL_REPEATED, "labelled texts, JSON Lines" },
    { "label", NULL, CTL_TEXT, 0, "field with the label; of a list the first" },
    { "label-size", NULL, CTL_NUMBER, 0, "only so many bytes of the label: 1 for sections of IPC" },
    { "scheme", NULL, CTL_TEXT, 0, "special, industry, stage or form; the label's field if not given" },
    { "also", NULL, CTL_TEXT, CTL_REPEATED, "texts that are learnt from, but not measured on" },
    { "lexicon", NULL, CTL_TEXT, 0, "a lexicon in place of the catalogue's, to hold the model against" },
    { "cross-validate", NULL, CTL_NUMBER, 0, "folds; 5 if not given" },
    { "cost", NULL, CTL_TEXT, 0, "of an error against large weights; 1 if not given" },
    { "bits", NULL, CTL_NUMBER, 0, "2^bits hashed n-grams, 8 to 20; 18 if not given" },
    { "output", NULL, CTL_TEXT, 0, "file of the model; none: only measured" },
    { "export-labels", NULL, CTL_TEXT, 0, "instead: write what officers have decided to this file, as labelled texts" },
    { 0 },
};

const ctl_command ctl_classify_commands[] = {
    { .name = "achievement classify",
      .summary = "Proposes classes for records in a file, with the terms that led to them",
      .examples = "  ttctl achievement classify records.jsonl --model special.model",
      .options = classify_options,
      .run = run_classify,
      .service = CTL_NO_SERVICE },
    { .name = "achievement train",
      .summary = "Trains a linear model on labelled texts and measures it by cross-validation, the lexicon beside it",
      .details = "The model's file holds its figures: a daemon uses it only where it was measured better than the lexicon.",
      .examples = "  ttctl achievement train labelled.jsonl --label special --output special.model\n"
                  "  ttctl achievement train patents.jsonl.gz --label ic --label-size 1",
      .options = train_options,
      .run = run_train,
      .service = CTL_ACHIEVEMENT,
      .method = "techtransfer.achievement.v1.AchievementIngest/ListLabels",
      .request = &techtransfer__achievement__v1__list_labels_request__descriptor,
      .reply = &techtransfer__achievement__v1__list_labels_reply__descriptor },
    { 0 },
};
