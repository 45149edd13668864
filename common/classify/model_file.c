/* The model's file: model.h says what stands where. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "classify/model.h"

#define MAGIC "TTCLASS1"
#define HEAD 64
#define WEIGHTS_MOST ((uint64_t)1 << 26)
#define SUM_SIZE 8

_Static_assert (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is read as it lies in memory");

size_t
tt_model_size (uint32_t bits, uint32_t labels)
{
    size_t buckets = (size_t)1 << bits;
    return HEAD + (size_t)labels * TT_MODEL_LABEL_SIZE + sizeof (float) * (buckets + labels + buckets * labels) + SUM_SIZE;
}

void
tt_model_print (const tt_model *m, tt_buffer *file)
{
    static const uint8_t zero[4];
    size_t begin = file->size, buckets = (size_t)1 << m->bits;
    tt_buffer_append (file, MAGIC, 8);
    tt_buffer_append (file, &m->bits, 4);
    tt_buffer_append (file, &m->labels, 4);
    tt_buffer_append (file, &m->examples, 4);
    tt_buffer_append (file, &m->temperature, 4);
    tt_buffer_append (file, &m->accuracy, 4);
    tt_buffer_append (file, &m->macro_f1, 4);
    tt_buffer_append (file, &m->lexicon_accuracy, 4);
    tt_buffer_append (file, zero, 4);
    tt_buffer_append (file, m->scheme, sizeof m->scheme);
    tt_buffer_append (file, m->names, m->labels * sizeof *m->names);
    tt_buffer_append (file, m->idf, buckets * sizeof (float));
    tt_buffer_append (file, m->bias, m->labels * sizeof (float));
    tt_buffer_append (file, m->weights, buckets * m->labels * sizeof (float));
    uint64_t sum = XXH3_64bits (file->data + begin, file->size - begin);
    tt_buffer_append (file, &sum, sizeof sum);
}

static uint32_t
u32_at (tt_bytes file, size_t at)
{
    uint32_t value;
    memcpy (&value, file.data + at, sizeof value);
    return value;
}

static const char *
fault_of_frame (tt_bytes file)
{
    if (file.size < HEAD + SUM_SIZE || memcmp (file.data, MAGIC, 8) != 0)
        return "no model of this version";
    uint32_t bits = u32_at (file, 8), labels = u32_at (file, 12);
    if (bits < TT_GRAMS_BITS_MIN || bits > TT_GRAMS_BITS_MAX)
        return "bits outside 8 to 22";
    if (labels < 2 || labels > TT_MODEL_LABELS_MAX || ((uint64_t)labels << bits) > WEIGHTS_MOST)
        return "too few or too many labels";
    if (file.size != tt_model_size (bits, labels))
        return "another size than its header says";
    uint64_t sum;
    memcpy (&sum, file.data + file.size - SUM_SIZE, SUM_SIZE);
    return sum == XXH3_64bits (file.data, file.size - SUM_SIZE) ? NULL : "the checksum is wrong";
}

static bool
all_finite (const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite (values[i]) || fabsf (values[i]) > 1e6f)
            return false;
    return true;
}

static bool
is_share (float value)
{
    return value >= 0 && value <= 1;
}

/* A name is printed into replies and logs: ended, not empty, and text without control characters. */
static bool
is_name (const char *name, size_t size)
{
    size_t length = strnlen (name, size);
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)name[i] < 0x20 || name[i] == 0x7F)
            return false;
    return length > 0 && length < size;
}

static const char *
fault_of_content (const tt_model *m)
{
    size_t buckets = (size_t)1 << m->bits;
    if (!isfinite (m->temperature) || m->temperature <= 0 || m->temperature > 1000)
        return "the temperature is outside 0 to 1000";
    if (!is_share (m->accuracy) || !is_share (m->macro_f1) || !(m->lexicon_accuracy == -1 || is_share (m->lexicon_accuracy)))
        return "a measured share is outside 0 to 1";
    if (!is_name (m->scheme, sizeof m->scheme))
        return "the scheme is no name";
    for (uint32_t k = 0; k < m->labels; k++)
        if (!is_name (m->names[k], sizeof m->names[k]))
            return "a label is no name";
    if (!all_finite (m->idf, buckets) || !all_finite (m->bias, m->labels) || !all_finite (m->weights, buckets * m->labels))
        return "a weight is not finite or beyond all measure";
    return NULL;
}

static void
take (tt_bytes *rest, void *to, size_t size)
{
    memcpy (to, rest->data, size);
    rest->data += size;
    rest->size -= size;
}

tt_status
tt_model_parse (tt_model **out, tt_bytes file, tt_error *error)
{
    *out = NULL;
    const char *fault = fault_of_frame (file);
    if (fault)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s", fault);
    tt_model *m = tt_model_new (u32_at (file, 8), u32_at (file, 12));
    size_t buckets = (size_t)1 << m->bits;
    tt_bytes rest = { file.data + 16, file.size - 16 };
    uint32_t zero;
    take (&rest, &m->examples, 4);
    take (&rest, &m->temperature, 4);
    take (&rest, &m->accuracy, 4);
    take (&rest, &m->macro_f1, 4);
    take (&rest, &m->lexicon_accuracy, 4);
    take (&rest, &zero, 4);
    take (&rest, m->scheme, sizeof m->scheme);
    take (&rest, m->names, m->labels * sizeof *m->names);
    take (&rest, m->idf, buckets * sizeof (float));
    take (&rest, m->bias, m->labels * sizeof (float));
    take (&rest, m->weights, buckets * m->labels * sizeof (float));
    fault = zero == 0 ? fault_of_content (m) : "the reserved number is not 0";
    if (fault) {
        tt_model_destroy (&m);
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s", fault);
    }
    *out = m;
    return TT_OK;
}

tt_status
tt_model_read (tt_model **out, const char *path, tt_error *error)
{
    *out = NULL;
    size_t most = tt_model_size (20, TT_MODEL_LABELS_MAX); /* 2^26 weights */
    tt_buffer file = { 0 };
    FILE *in = fopen (path, "rb");
    if (!in)
        return tt_fail (error, errno == ENOENT ? TT_NOT_FOUND : TT_PERMISSION_DENIED, "%s: %s", path, strerror (errno));
    size_t got = 1;
    while (got > 0 && file.size <= most + (64u << 20)) {
        got = fread (tt_buffer_reserve (&file, 1 << 20), 1, 1 << 20, in);
        file.size += got;
    }
    bool failed = ferror (in) != 0;
    fclose (in);
    tt_status status = failed ? tt_fail (error, TT_INTERNAL, "cannot be read")
                              : tt_model_parse (out, (tt_bytes){ file.data, file.size }, error);
    tt_buffer_free (&file);
    return status == TT_OK ? status : tt_fail_prefix (error, "%s", path);
}

tt_status
tt_model_write (const tt_model *m, const char *path, tt_error *error)
{
    tt_buffer file = { 0 }, beside = { 0 };
    tt_model_print (m, &file);
    tt_buffer_printf (&beside, "%s.new", path);
    const char *name = tt_buffer_cstr (&beside);
    FILE *out = fopen (name, "wb");
    bool good = out && fwrite (file.data, 1, file.size, out) == file.size && fflush (out) == 0 && fsync (fileno (out)) == 0;
    good = (out ? fclose (out) == 0 : false) && good && rename (name, path) == 0;
    tt_status status = good ? TT_OK : tt_fail (error, TT_INTERNAL, "%s: %s", path, strerror (errno));
    tt_buffer_free (&file);
    tt_buffer_free (&beside);
    return status;
}
