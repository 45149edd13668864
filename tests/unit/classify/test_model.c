#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "classify/train.h"

static tt_training *
small_training (void)
{
    static const char *const texts[][2] = { { "磁性材料与磁体", "2" }, { "永磁材料制备", "2" }, { "软磁复合磁芯", "2" }, { "磁致伸缩传感", "2" },
                                            { "海洋防腐涂料", "4" },   { "海水淡化膜", "4" },   { "船舶防污涂层", "4" }, { "海洋工程防护", "4" } };
    tt_training *t = tt_training_new (12, 1);
    tt_error error = { 0 };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_eq (tt_training_add (t, tt_bytes_of_text (texts[i][0]), 0, texts[i][1], false, &error), TT_OK, "%s", error.message);
    return t;
}

static tt_model *
small_model (void)
{
    tt_training *t = small_training ();
    tt_model *m = NULL;
    cr_assert_eq (tt_training_run (t, &m, NULL), TT_OK);
    strcpy (m->scheme, "special");
    tt_training_destroy (&t);
    return m;
}

static uint32_t
guess (const tt_model *m, const char *text, float *share)
{
    tt_grams *g = tt_grams_new (m->bits);
    size_t count;
    float shares[TT_MODEL_LABELS_MAX];
    const tt_gram *grams = tt_grams_count (g, tt_bytes_of_text (text), 0, &count);
    uint32_t best = tt_model_score (m, grams, count, shares);
    *share = shares[best];
    tt_grams_destroy (&g);
    return best;
}

Test (model, what_was_learnt_is_told_apart)
{
    tt_model *m = small_model ();
    float share;
    cr_assert_str_eq (m->names[guess (m, "高性能永磁材料", &share)], "2");
    cr_assert_gt (share, 0.5f);
    cr_assert_str_eq (m->names[guess (m, "海洋涂料", &share)], "4");
    guess (m, "", &share);
    cr_assert (isfinite (share), "an empty text has shares too");
    tt_model_destroy (&m);
}

Test (model, training_again_gives_the_same_bytes)
{
    tt_model *a = small_model (), *b = small_model ();
    tt_buffer x = { 0 }, y = { 0 };
    tt_model_print (a, &x);
    tt_model_print (b, &y);
    cr_assert_eq (x.size, tt_model_size (12, 2));
    cr_assert (tt_bytes_equal ((tt_bytes){ x.data, x.size }, (tt_bytes){ y.data, y.size }));
    tt_buffer_free (&x);
    tt_buffer_free (&y);
    tt_model_destroy (&a);
    tt_model_destroy (&b);
}

Test (model, validation_keeps_examples_aside_out_of_the_figures)
{
    tt_training *t = small_training ();
    cr_assert_eq (tt_training_add (t, tt_bytes_of_text ("磁体"), 0, "2", true, NULL), TT_OK);
    tt_validation *v = tt_alloc_zero (1, sizeof *v);
    cr_assert_eq (tt_training_validate (t, 4, v, NULL), TT_OK);
    cr_assert_eq (v->table[0][0] + v->table[0][1], 4);
    cr_assert_eq (v->table[1][0] + v->table[1][1], 4);
    cr_assert_gt (v->accuracy, 0.6);
    cr_assert_eq (tt_training_validate (t, 1, v, NULL), TT_FAILED_PRECONDITION);
    free (v);
    tt_training_destroy (&t);
}

Test (model, figures_are_those_of_the_table)
{
    tt_validation *v = tt_alloc_zero (1, sizeof *v);
    v->table[0][0] = 3;
    v->table[0][1] = 1;
    v->table[1][1] = 4;
    tt_validation_settle (v, 3); /* the third label never came */
    cr_assert_float_eq (v->accuracy, 7.0 / 8, 1e-9);
    cr_assert_float_eq (v->macro_f1, (6.0 / 7 + 8.0 / 9) / 2, 1e-9);
    free (v);
}

Test (model, a_file_comes_back_as_it_was)
{
    tt_model *m = small_model (), *back = NULL;
    m->accuracy = 0.75f;
    const char *path = "classify_model_test.bin";
    cr_assert_eq (tt_model_write (m, path, NULL), TT_OK);
    cr_assert_eq (tt_model_read (&back, path, NULL), TT_OK);
    cr_assert_eq (back->accuracy, 0.75f);
    cr_assert_arr_eq (back->weights, m->weights, 2 * sizeof (float) << m->bits);
    tt_model_destroy (&back);
    tt_model_destroy (&m);
    remove (path);
    cr_assert_eq (tt_model_read (&back, path, NULL), TT_NOT_FOUND);
    cr_assert_null (back);
}

/* Changes bytes and makes the checksum right again. */
static tt_status
parse_with (const tt_buffer *file, size_t at, const void *bytes, size_t size, size_t length)
{
    uint8_t *copy = tt_alloc (length);
    memcpy (copy, file->data, length);
    memcpy (copy + at, bytes, size);
    uint64_t sum = XXH3_64bits (copy, length - 8);
    memcpy (copy + length - 8, &sum, 8);
    tt_model *m = NULL;
    tt_status status = tt_model_parse (&m, (tt_bytes){ copy, length }, NULL);
    cr_assert_eq (m != NULL, status == TT_OK);
    tt_model_destroy (&m);
    free (copy);
    return status;
}

Test (model, hostile_files_are_refused)
{
    tt_model *m = small_model ();
    tt_buffer file = { 0 };
    tt_model_print (m, &file);
    uint32_t none = 0, one = 1, huge = 0xFFFFFFFF, bits = 22;
    float endless = INFINITY, nothing = NAN, minus = -3;
    cr_assert_eq (parse_with (&file, 0, "TT", 2, file.size), TT_OK);
    cr_assert_eq (parse_with (&file, 0, "XX", 2, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 7, "2", 1, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 8, &bits, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 8, &huge, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 12, &none, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 12, &huge, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 20, &nothing, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 24, &minus, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 36, &one, 4, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, 64, "\n", 1, file.size), TT_INVALID_ARGUMENT);
    cr_assert_eq (parse_with (&file, file.size - 12, &endless, 4, file.size), TT_INVALID_ARGUMENT);
    for (size_t size = 8; size < file.size; size += 997)
        cr_assert_eq (parse_with (&file, 0, "TT", 2, size), TT_INVALID_ARGUMENT, "cut at %zu", size);
    file.data[100]++;
    tt_model *broken;
    cr_assert_eq (tt_model_parse (&broken, (tt_bytes){ file.data, file.size }, NULL), TT_INVALID_ARGUMENT, "the checksum holds all");
    tt_buffer_free (&file);
    tt_model_destroy (&m);
}
