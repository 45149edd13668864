/* statistics export: reported figures as CSV, or as SDMX-CSV 1.0. Both are read back by statistics import. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* A column, the field that it holds, and what stands there where the field is empty. */
typedef struct {
    const char *title;
    const char *field; /* NULL: the constant */
    const char *otherwise;
} column;

static const column csv_columns[] = {
    { "indicator", "indicator", "" }, { "period", "period", "" },           { "district", "district", "" },
    { "value", "value", "" },         { "numerator", "numerator", "" },     { "denominator", "denominator", "" },
    { "status", "status", "" },       { "department", "department", "" },   { "source", "source", "" },
    { 0 },
};
static const column sdmx_columns[] = {
    { "DATAFLOW", NULL, "TECHTRANSFER:STI(1.0)" },
    { "REF_AREA", "district", "NINGBO" },
    { "INDICATOR", "indicator", "" },
    { "TIME_PERIOD", "period", "" },
    { "OBS_VALUE", "value", "" },
    { "OBS_STATUS", "status", "" },
    { "NUMERATOR", "numerator", "" },
    { "DENOMINATOR", "denominator", "" },
    { "REPORTING_DEPARTMENT", "department", "" },
    { "SOURCE", "source", "" },
    { 0 },
};

static void
put_field (FILE *out, const char *text)
{
    if (!strpbrk (text, ",\"\r\n")) {
        fputs (text, out);
        return;
    }
    fputc ('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc ('"', out);
        fputc (*text, out);
    }
    fputc ('"', out);
}

static void
put_row (FILE *out, const column *columns, const json_t *row)
{
    for (size_t c = 0; columns[c].title; c++) {
        const char *text = !row ? columns[c].title : columns[c].field ? json_string_value (json_object_get (row, columns[c].field)) : NULL;
        if (c > 0)
            fputc (',', out);
        put_field (out, text && *text ? text : columns[c].otherwise);
    }
    fputc ('\n', out);
}

/* Written whole or said to have failed: a full disk must not pass for a short table. */
static int
write_table (const ctl_args *args, const column *columns, const json_t *rows)
{
    const char *path = ctl_get (args, "out");
    FILE *out = path ? fopen (path, "we") : stdout;
    size_t at;
    const json_t *row;
    if (!out) {
        fprintf (stderr, "ttctl: %s: %s\n", path, strerror (errno));
        return CTL_REFUSED;
    }
    put_row (out, columns, NULL);
    json_array_foreach (rows, at, row)
        put_row (out, columns, row);
    bool good = fflush (out) == 0 && !ferror (out);
    good = (!path || fclose (out) == 0) && good;
    if (!good)
        fprintf (stderr, "ttctl: %s: could not be written\n", path ? path : "standard output");
    return good ? CTL_OK : CTL_REFUSED;
}

int
ctl_export_observations (const ctl_args *args)
{
    const char *format = ctl_get_or (args, "format", "csv");
    bool sdmx = strcmp (format, "sdmx") == 0;
    if (!sdmx && strcmp (format, "csv") != 0) {
        fprintf (stderr, "ttctl: --format: csv or sdmx is expected\n");
        return CTL_USAGE;
    }
    json_t *fields = ctl_request (args), *reply = NULL;
    if (!fields)
        return CTL_USAGE;
    if (!ctl_has (args, "district"))
        json_object_set_new (fields, "district", json_string ("*"));
    int code = ctl_exchange (args, CTL_STATISTICS, fields, &reply);
    if (code == CTL_OK)
        code = write_table (args, sdmx ? sdmx_columns : csv_columns, json_object_get (reply, "observations"));
    json_decref (fields);
    json_decref (reply);
    return code;
}
