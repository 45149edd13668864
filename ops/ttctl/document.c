#include "document.h"

#include <string.h>

#include "query/schema.h"

typedef struct {
    tt_document *document;
    tt_buffer number;
} filler;

/* A value that its index cannot read (a class of another form, say) cannot be searched for there: tt_document_add skips it. */
static void
add (filler *f, const char *index, const char *value)
{
    int number = tt_schema_find (tt_schema_patent (), index, strlen (index));
    if (number >= 0 && *value)
        (void)tt_document_add (f->document, number, tt_bytes_of_text (value));
}

const char *
ctl_document_name (const tt_patent_reference *reference, tt_buffer *out)
{
    tt_buffer_clear (out);
    if (reference)
        tt_buffer_printf (out, "%s%s%s", reference->country, reference->number, reference->kind);
    return tt_buffer_cstr (out);
}

static void
add_references (filler *f, const char *index, tt_patent_reference **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (f, index, ctl_document_name (list[i], &f->number));
}

static void
add_texts (filler *f, const char *index, tt_patent_text **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (f, index, list[i]->text);
}

static void
add_parties (filler *f, const char *index, tt_patent_party **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (f, index, list[i]->name);
}

static void
add_strings (filler *f, const char *index, char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add (f, index, list[i]);
}

/* "<index> <value>" */
static void
add_marks (filler *f, char **marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *space = strchr (marks[i], ' ');
        int index = space ? tt_schema_find_mark (tt_schema_patent (), marks[i], (size_t)(space - marks[i])) : -1;
        if (index >= 0)
            (void)tt_document_add (f->document, index, tt_bytes_of_text (space + 1));
    }
}

void
ctl_document_fill (tt_document *document, const tt_patent *p)
{
    filler f = { .document = document };
    tt_document_reset (document);
    add_texts (&f, "ti", p->titles, p->n_titles);
    add_texts (&f, "ab", p->abstracts, p->n_abstracts);
    add_texts (&f, "cl", p->claims, p->n_claims);
    add_parties (&f, "pa", p->applicants, p->n_applicants);
    add_parties (&f, "in", p->inventors, p->n_inventors);
    add_strings (&f, "ic", p->ipc, p->n_ipc);
    add_strings (&f, "cpc", p->cpc, p->n_cpc);
    add_references (&f, "pr", p->priorities, p->n_priorities);
    add_references (&f, "ct", p->citations, p->n_citations);
    if (p->application)
        add (&f, "ap", ctl_document_name (p->application, &f.number));
    if (p->publication) {
        add (&f, "pn", ctl_document_name (p->publication, &f.number));
        add (&f, "cc", p->publication->country);
        add (&f, "pd", p->publication->date);
    }
    add (&f, "famn", p->family_id);
    add_marks (&f, p->marks, p->n_marks);
    tt_buffer_free (&f.number);
}
