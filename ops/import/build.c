#include "import/build.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/normal.h"
#include "query/symbol.h"

tt_patent *
tt_patent_new (void)
{
    tt_patent *patent = tt_alloc (sizeof *patent);
    techtransfer__patent__v1__patent_document__init (patent);
    return patent;
}

void
tt_patent_free (tt_patent **patent)
{
    if (*patent)
        techtransfer__patent__v1__patent_document__free_unpacked (*patent, NULL);
    *patent = NULL;
}

void
tt_build_set (char **field, const char *value)
{
    if (*field != protobuf_c_empty_string)
        free (*field);
    *field = *value ? tt_strdup (value) : (char *)protobuf_c_empty_string;
}

/* Room for one more: the lists double, so that a document of a thousand inventors costs no more than it should. */
void
tt_build_add (void ***list, size_t *count, void *message)
{
    if ((*count & (*count - 1)) == 0)
        *list = tt_realloc (*list, (*count ? *count * 2 : 1) * sizeof **list);
    (*list)[(*count)++] = message;
}

void
tt_build_add_unique (char ***list, size_t *count, const char *value)
{
    if (*count > TT_BUILD_MOST)
        return;
    for (size_t i = 0; i < *count; i++)
        if (strcmp ((*list)[i], value) == 0)
            return;
    tt_build_add ((void ***)list, count, tt_strdup (value));
}

tt_patent_reference *
tt_build_reference (const tt_docnum *number)
{
    tt_patent_reference *reference = tt_alloc (sizeof *reference);
    techtransfer__patent__v1__document_reference__init (reference);
    tt_build_set (&reference->country, number->country);
    tt_build_set (&reference->number, number->number);
    tt_build_set (&reference->kind, number->kind);
    tt_build_set (&reference->date, number->date);
    return reference;
}

void
tt_build_party (tt_patent_party ***list, size_t *count, const char *name, const char *country)
{
    char code[3] = "";
    if (strlen (country) == 2 && isalpha ((unsigned char)country[0]) && isalpha ((unsigned char)country[1]))
        memcpy (code, (char[]){ (char)toupper ((unsigned char)country[0]), (char)toupper ((unsigned char)country[1]) }, 2);
    if (*name == '\0' || *count > TT_BUILD_MOST)
        return;
    for (size_t i = 0; i < *count; i++)
        if (strcmp ((*list)[i]->name, name) == 0 && (code[0] == '\0' || strcmp ((*list)[i]->country, code) == 0))
            return;
    tt_patent_party *party = tt_alloc (sizeof *party);
    techtransfer__patent__v1__patent_party__init (party);
    tt_build_set (&party->name, name);
    tt_build_set (&party->country, code);
    tt_build_add ((void ***)list, count, party);
}

void
tt_build_text (tt_patent_text ***list, size_t *count, const char *language, const char *text)
{
    char code[9] = "";
    if (*text == '\0')
        return;
    for (size_t i = 0; i < 8 && language[i]; i++)
        code[i] = (char)tolower ((unsigned char)language[i]);
    tt_patent_text *entry = tt_alloc (sizeof *entry);
    techtransfer__patent__v1__localized_text__init (entry);
    tt_build_set (&entry->language, code);
    tt_build_set (&entry->text, text);
    tt_build_add ((void ***)list, count, entry);
}

void
tt_build_mark (tt_patent *patent, const char *index, const char *value)
{
    char mark[72];
    if (index == NULL || (size_t)snprintf (mark, sizeof mark, "%s %s", index, value) >= sizeof mark)
        return;
    tt_build_add_unique (&patent->marks, &patent->n_marks, mark);
}

void
tt_build_citation (tt_patent *patent, const tt_docnum *number, const char *index)
{
    char text[64];
    tt_build_add ((void ***)&patent->citations, &patent->n_citations, tt_build_reference (number));
    snprintf (text, sizeof text, "%s%s%s", number->country, number->number, number->kind);
    tt_build_mark (patent, index, text);
}

void
tt_build_role (tt_patent *patent, bool cpc, const char *symbol, const char *level, const char *value)
{
    char out[TT_CLASS_SIZE];
    if (tt_normal_class (symbol, out))
        tt_build_mark (patent, tt_symbol_role_of (level ? level[0] : '\0', value[0], cpc), out);
}

bool
tt_build_ipc (tt_patent *patent, const char *symbol)
{
    char out[TT_CLASS_SIZE];
    bool good = tt_normal_class (symbol, out);
    if (good) {
        tt_build_add_unique (&patent->ipc, &patent->n_ipc, out);
        tt_build_mark (patent, tt_symbol_role (tt_bytes_of_text (symbol), false), out);
    }
    return good;
}

bool
tt_build_cpc (tt_patent *patent, const char *symbol)
{
    char out[TT_CLASS_SIZE];
    bool good = tt_normal_class (symbol, out);
    if (good) {
        tt_build_add_unique (&patent->cpc, &patent->n_cpc, out);
        tt_build_mark (patent, tt_symbol_role (tt_bytes_of_text (symbol), true), out);
    }
    return good;
}

bool
tt_build_locarno (tt_patent *patent, const char *symbol)
{
    char out[6];
    bool good = tt_normal_locarno (symbol, out);
    if (good)
        tt_build_add_unique (&patent->locarno, &patent->n_locarno, out);
    return good;
}

tt_status
tt_patent_complete (const tt_patent *patent, tt_error *error)
{
    if (patent->publication == NULL || patent->publication->number[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "publication.number: missing");
    if (patent->publication->country[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "publication.country: missing");
    if (patent->n_titles == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "titles: missing");
    const struct {
        const char *name;
        size_t count;
    } lists[] = { { "applicants", patent->n_applicants }, { "inventors", patent->n_inventors }, { "ipc", patent->n_ipc },
                  { "cpc", patent->n_cpc },               { "locarno", patent->n_locarno },     { "marks", patent->n_marks } };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].count > TT_BUILD_MOST)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s: more than %d", lists[i].name, TT_BUILD_MOST);
    return TT_OK;
}
