#include "classifiers.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static tt_status
check_lexicon (const tt_lexicon *lexicon, const tt_catalog *catalog, tt_error *error)
{
    for (size_t i = 0; i < tt_lexicon_codes (lexicon); i++) {
        tt_lexicon_code code = tt_lexicon_code_at (lexicon, i);
        if (!ingest_class_known (catalog, code.scheme, code.code))
            return tt_fail (error, TT_INVALID_ARGUMENT, "lexicon.csv: no code %s in a scheme %s", code.code, code.scheme);
    }
    return TT_OK;
}

static tt_status
check_model (const tt_model *model, const tt_catalog *catalog, const char *scheme, tt_error *error)
{
    if (strcmp (model->scheme, scheme) != 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "classify.model.%s: this model is for the scheme %s", scheme, model->scheme);
    for (uint32_t i = 0; i < model->labels; i++)
        if (!ingest_class_known (catalog, scheme, model->names[i]))
            return tt_fail (error, TT_INVALID_ARGUMENT, "classify.model.%s: the catalogue has no code %s", scheme, model->names[i]);
    return TT_OK;
}

static tt_status
use_model (const tt_config *config, const tt_catalog *catalog, const char *scheme, tt_classifier *classifier, tt_error *error)
{
    char name[64];
    snprintf (name, sizeof name, "classify.model.%s", scheme);
    const char *path = tt_config_text (config, name);
    tt_model *model = NULL;
    bool used = false;
    if (path[0] == '\0')
        return TT_OK;
    tt_status status = tt_model_read (&model, path, error);
    if (status == TT_OK)
        status = check_model (model, catalog, scheme, error);
    if (status == TT_OK)
        status = tt_classifier_use (classifier, &model, tt_config_bool (config, "classify.model.always"), &used, error);
    tt_model_destroy (&model);
    if (status == TT_OK)
        tt_log (TT_LOG_INFO, used ? "a model proposes classes" : "the lexicon was measured better than the model and proposes", "scheme", scheme,
                "model", path, NULL);
    return status;
}

tt_status
ingest_classifiers_open (const tt_config *config, const tt_catalog *catalog, tt_classifier **classifier, tt_fields **fields, tt_error *error)
{
    tt_buffer path = { 0 };
    tt_lexicon *lexicon = NULL;
    tt_buffer_printf (&path, "%s/lexicon.csv", tt_catalog_directory (catalog));
    tt_status status = tt_lexicon_read (&lexicon, tt_buffer_cstr (&path), error);
    if (status == TT_OK)
        status = check_lexicon (lexicon, catalog, error);
    tt_buffer_clear (&path);
    tt_buffer_printf (&path, "%s/technology_fields.csv", tt_catalog_directory (catalog));
    if (status == TT_OK)
        status = tt_fields_read (fields, tt_buffer_cstr (&path), error);
    tt_buffer_free (&path);
    if (status == TT_OK)
        *classifier = tt_classifier_new (&lexicon);
    for (size_t i = 0; i < INGEST_SCHEMES && status == TT_OK; i++)
        status = use_model (config, catalog, ingest_scheme_at (i), *classifier, error);
    tt_lexicon_destroy (&lexicon);
    return status;
}
