#include "import/short.h"

#include <string.h>

#include "import/normal.h"

typedef struct {
    const json_t *record;
    tt_patent *patent;
    tt_buffer *notes;
    tt_buffer text;      /* scratch: one value, folded */
    const char *country; /* of the record, or "" */
    const char *language;
    tt_error *error;
} converter;

static void
note (converter *c, const char *key, const char *value, const char *what)
{
    tt_buffer_printf (c->notes, "%s: \"%.60s\" %s, left out\n", key, value, what);
}

/* A scalar as text, folded and with its entities decoded; NULL if it is none. */
static const char *
folded (converter *c, const json_t *value)
{
    tt_buffer_clear (&c->text);
    if (json_is_string (value)) {
        tt_bytes bytes = { (const uint8_t *)json_string_value (value), json_string_length (value) };
        if (memchr (bytes.data, '\0', bytes.size))
            return NULL;
        tt_normal_fold (bytes, true, &c->text);
    } else if (json_is_integer (value)) {
        tt_buffer_printf (&c->text, "%lld", (long long)json_integer_value (value));
    } else {
        return NULL;
    }
    return tt_buffer_cstr (&c->text);
}

typedef void (*taker) (converter *c, const char *key, const char *value);

static tt_status
wrong_type (converter *c, const char *key)
{
    return tt_fail (c->error, TT_INVALID_ARGUMENT, "%s: expected text or a list of texts", key);
}

/* Hands each value of a key, one or a list, to `take`. Empty values and null are passed over. */
static tt_status
each (converter *c, const char *key, taker take)
{
    const json_t *value = json_object_get (c->record, key), *item = value;
    size_t count = json_is_array (value) ? json_array_size (value) : 1;
    if (value == NULL || json_is_null (value))
        return TT_OK;
    for (size_t i = 0; i < count; i++) {
        if (json_is_array (value))
            item = json_array_get (value, i);
        const char *text = folded (c, item);
        if (text == NULL)
            return wrong_type (c, key);
        if (*text)
            take (c, key, text);
    }
    return TT_OK;
}

static void
take_class (converter *c, const char *key, const char *value)
{
    bool good = strcmp (key, "ic") == 0    ? tt_build_ipc (c->patent, value)
                : strcmp (key, "cpc") == 0 ? tt_build_cpc (c->patent, value)
                                           : tt_build_locarno (c->patent, value);
    if (!good)
        note (c, key, value, "is no class symbol");
}

static void
take_applicant (converter *c, const char *key, const char *value)
{
    (void)key;
    tt_build_party (&c->patent->applicants, &c->patent->n_applicants, value, "");
}

static void
take_inventor (converter *c, const char *key, const char *value)
{
    (void)key;
    tt_build_party (&c->patent->inventors, &c->patent->n_inventors, value, "");
}

static void
take_reference (converter *c, const char *key, const char *value, tt_docnum_kind what, tt_patent_reference ***list, size_t *count)
{
    tt_docnum number;
    if (tt_docnum_parse (value, c->country, what, &number, NULL) == TT_OK && number.country[0])
        tt_build_add ((void ***)list, count, tt_build_reference (&number));
    else
        note (c, key, value, "is no document number");
}

static void
take_priority (converter *c, const char *key, const char *value)
{
    take_reference (c, key, value, TT_DOCNUM_APPLICATION, &c->patent->priorities, &c->patent->n_priorities);
}

static void
take_citation (converter *c, const char *key, const char *value)
{
    take_reference (c, key, value, TT_DOCNUM_PUBLICATION, &c->patent->citations, &c->patent->n_citations);
}

static void
take_family (converter *c, const char *key, const char *value)
{
    (void)key;
    tt_build_set (&c->patent->family_id, value);
}

static void
take_source (converter *c, const char *key, const char *value)
{
    (void)key;
    tt_build_set (&c->patent->source, value);
}

static void
take_revision (converter *c, const char *key, const char *value)
{
    char *end;
    unsigned long long revision = strtoull (value, &end, 10);
    if (*end || *value == '-')
        note (c, key, value, "is no revision number");
    else
        c->patent->revision = revision;
}

static tt_status
take_texts (converter *c, const char *key, tt_patent_text ***list, size_t *count)
{
    const json_t *value = json_object_get (c->record, key), *item;
    const char *language;
    if (json_is_object (value)) {
        json_object_foreach ((json_t *)value, language, item)
        {
            const char *text = folded (c, item);
            if (text == NULL)
                return wrong_type (c, key);
            tt_build_text (list, count, language, text);
        }
        return TT_OK;
    }
    size_t n = json_is_array (value) ? json_array_size (value) : value && !json_is_null (value) ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const char *text = folded (c, json_is_array (value) ? json_array_get (value, i) : value);
        if (text == NULL)
            return wrong_type (c, key);
        tt_build_text (list, count, c->language, text);
    }
    return TT_OK;
}

/* The text of a key that holds at most one value; "" if it is not there; NULL (with the error set) if it is of another type.
 * Borrowed until the next value is read. */
static const char *
single (converter *c, const char *key)
{
    const json_t *value = json_object_get (c->record, key);
    if (json_is_array (value) && json_array_size (value) == 1)
        value = json_array_get (value, 0);
    if (value == NULL || json_is_null (value) || (json_is_array (value) && json_array_size (value) == 0))
        return "";
    const char *text = folded (c, value);
    if (text == NULL)
        (void)tt_fail (c->error, TT_INVALID_ARGUMENT, "%s: expected one text", key);
    return text;
}

static tt_status
publication_number (converter *c, tt_docnum *number)
{
    const char *pn = single (c, "pn");
    if (pn == NULL)
        return TT_INVALID_ARGUMENT;
    if (*pn == '\0')
        return tt_fail (c->error, TT_INVALID_ARGUMENT, "pn: missing");
    tt_status status = tt_docnum_parse (pn, c->country, TT_DOCNUM_PUBLICATION, number, c->error);
    if (status != TT_OK)
        return tt_fail_prefix (c->error, "pn");
    if (number->country[0] == '\0')
        return tt_fail (c->error, TT_INVALID_ARGUMENT, "pn: \"%.60s\" names no country, and there is no key \"country\"", pn);
    return TT_OK;
}

static tt_status
publication_date (converter *c, tt_docnum *number)
{
    const char *pd = single (c, "pd");
    if (pd == NULL)
        return TT_INVALID_ARGUMENT;
    if (*pd && !tt_normal_date (pd, number->date))
        return tt_fail (c->error, TT_INVALID_ARGUMENT, "pd: \"%.60s\" is not a day", pd);
    return TT_OK;
}

static tt_status
take_publication (converter *c)
{
    tt_docnum number;
    tt_status status = publication_number (c, &number);
    if (status == TT_OK && number.kind[0] == '\0') {
        const char *kind = single (c, "kind");
        if (kind == NULL)
            return TT_INVALID_ARGUMENT;
        if (strlen (kind) <= 4)
            memcpy (number.kind, kind, strlen (kind) + 1);
        else
            note (c, "kind", kind, "is longer than 4 characters");
    }
    if (status == TT_OK)
        status = publication_date (c, &number);
    if (status == TT_OK)
        c->patent->publication = tt_build_reference (&number);
    return status;
}

static tt_status
take_application (converter *c)
{
    tt_docnum number;
    const char *apn = single (c, "apn");
    if (apn == NULL)
        return TT_INVALID_ARGUMENT;
    if (*apn == '\0') {
        const char *alone = single (c, "ad");
        if (alone && *alone)
            note (c, "ad", alone, "is a filing date without an application number");
        return alone ? TT_OK : TT_INVALID_ARGUMENT;
    }
    if (tt_docnum_parse (apn, c->country, TT_DOCNUM_APPLICATION, &number, NULL) != TT_OK) {
        note (c, "apn", apn, "is no application number");
        return TT_OK;
    }
    const char *ad = single (c, "ad");
    if (ad == NULL)
        return TT_INVALID_ARGUMENT;
    if (*ad && !tt_normal_date (ad, number.date))
        note (c, "ad", ad, "is not a day");
    c->patent->application = tt_build_reference (&number);
    return TT_OK;
}

/* A priority date stands by itself in some sources: it belongs to a single priority that has none. */
static tt_status
take_priority_date (converter *c)
{
    char date[11];
    const char *prd = single (c, "prd");
    if (prd == NULL)
        return TT_INVALID_ARGUMENT;
    if (*prd && c->patent->n_priorities == 1 && c->patent->priorities[0]->date[0] == '\0' && tt_normal_date (prd, date))
        tt_build_set (&c->patent->priorities[0]->date, date);
    else if (*prd && c->patent->n_priorities == 0)
        note (c, "prd", prd, "is a priority date without a priority number");
    return TT_OK;
}

static tt_status
take_lists (converter *c)
{
    static const struct {
        const char *key;
        taker take;
    } lists[] = {
        { "ic", take_class },      { "cpc", take_class },         { "loc", take_class },   { "pa", take_applicant },
        { "in", take_inventor },   { "pr", take_priority },       { "ct", take_citation }, { "family", take_family },
        { "source", take_source }, { "revision", take_revision },
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        tt_status status = each (c, lists[i].key, lists[i].take);
        if (status != TT_OK)
            return status;
    }
    return TT_OK;
}

static tt_status
convert (converter *c)
{
    tt_status status = take_publication (c);
    if (status == TT_OK)
        status = take_texts (c, "ti", &c->patent->titles, &c->patent->n_titles);
    if (status == TT_OK && c->patent->n_titles == 0)
        status = tt_fail (c->error, TT_INVALID_ARGUMENT, "ti: missing");
    if (status == TT_OK)
        status = take_texts (c, "ab", &c->patent->abstracts, &c->patent->n_abstracts);
    if (status == TT_OK)
        status = take_texts (c, "claims", &c->patent->claims, &c->patent->n_claims);
    if (status == TT_OK)
        status = take_application (c);
    if (status == TT_OK)
        status = take_lists (c);
    return status == TT_OK ? take_priority_date (c) : status;
}

static const char *
text_of (const json_t *record, const char *key)
{
    const char *text = json_string_value (json_object_get (record, key));
    return text ? text : "";
}

tt_status
tt_patent_of_short (const json_t *record, tt_patent **out, tt_buffer *notes, tt_error *error)
{
    const char *country = text_of (record, "country");
    converter c = { .record = record,
                    .patent = tt_patent_new (),
                    .notes = notes,
                    .country = strlen (country) == 2 ? country : "",
                    .language = text_of (record, "lang"),
                    .error = error };
    tt_status status = convert (&c);
    tt_buffer_free (&c.text);
    if (status != TT_OK)
        tt_patent_free (&c.patent);
    *out = c.patent;
    return status;
}
