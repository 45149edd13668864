/* patent query explain: how a query is read, what the index does with it, and how much it selects. No service is asked. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl.h"
#include "document.h"
#include "import/import.h"
#include "query/class_tree.h"
#include "query/explain.h"
#include "query/percolator.h"

#define MOST_ANCHORS 64 /* shown; an `or` of many words has as many */

typedef struct {
    const tt_schema *schema;
    tt_cql *cql;
    tt_cql_outline *outline;
    tt_percolator *index;
    tt_document *document;
    bool scanned;
    uint64_t rejected;
} explanation;

/* Input */

static tt_status
observe_file (explanation *e, const char *path, const char *map, tt_error *error)
{
    tt_import *import = NULL;
    const tt_import_record *record;
    const uint64_t *ids;
    tt_import_options options = { .kind = TT_IMPORT_PATENTS, .map = map };
    tt_status status = tt_import_open (&import, path, &options, error);
    while (status == TT_OK) {
        status = tt_import_next (import, &record, error);
        if (status != TT_OK || record == NULL)
            break;
        if (record->reason) {
            e->rejected++;
            continue;
        }
        ctl_document_fill (e->document, (const tt_patent *)record->message);
        tt_cql_outline_observe (e->outline, e->document);
        tt_percolator_match (e->index, e->document, &ids); /* the index learns which terms are rare */
    }
    tt_import_close (&import);
    return status;
}

tt_status
ctl_read_schemes (const ctl_args *args, tt_error *error)
{
    tt_status status = TT_OK;
    if (ctl_has (args, "ipc-scheme"))
        status = tt_class_tree_read (TT_CLASS_IPC, ctl_get (args, "ipc-scheme"), error);
    if (status == TT_OK && ctl_has (args, "cpc-scheme"))
        status = tt_class_tree_read (TT_CLASS_CPC, ctl_get (args, "cpc-scheme"), error);
    return status;
}

static tt_status
explain (explanation *e, const ctl_args *args, tt_error *error)
{
    const char *query = ctl_get (args, "query");
    bool achievements = strcmp (ctl_get_or (args, "schema", "patents"), "achievements") == 0;
    tt_status status = tt_text_open (error);
    e->schema = achievements ? tt_schema_achievement () : tt_schema_patent ();
    if (status == TT_OK && achievements && ctl_has (args, "documents"))
        status = tt_fail (error, TT_INVALID_ARGUMENT,
                          "--documents are patents; with --schema achievements there is the default table alone");
    if (status == TT_OK)
        status = ctl_read_schemes (args, error);
    if (status == TT_OK)
        status = tt_cql_parse (e->schema, query, strlen (query), &e->cql, error);
    if (status != TT_OK)
        return status;
    e->outline = tt_cql_outline_new (e->cql);
    e->index = tt_percolator_new (e->schema);
    e->document = tt_document_new (e->schema);
    for (size_t i = 0; status == TT_OK && i < ctl_count (args, "documents"); i++)
        status = observe_file (e, ctl_value_at (args, "documents", i), ctl_get (args, "map"), error);
    return status == TT_OK ? tt_percolator_put (e->index, 0, query, strlen (query), &e->scanned, error) : status;
}

static void
close_explanation (explanation *e)
{
    tt_cql_outline_destroy (&e->outline);
    tt_percolator_destroy (&e->index);
    tt_document_destroy (&e->document);
    tt_cql_free (&e->cql);
}

/* Output as JSON */

static void
set_text (json_t *object, const char *name, const char *text)
{
    if (*text)
        json_object_set_new (object, name, json_string (text));
}

/* Step *i with what is in it; *i is moved behind. */
static json_t *
json_of_step (const explanation *e, size_t *i)
{
    const tt_cql_step *s = tt_cql_outline_step (e->outline, (*i)++);
    json_t *out = json_pack ("{s:s}", "operation", s->operation);
    set_text (out, "clause", s->clause);
    set_text (out, "index", s->index);
    set_text (out, "meaning", s->meaning);
    set_text (out, "looked_for", s->looked_for);
    set_text (out, "inferred", s->inferred);
    if (s->extension)
        json_object_set_new (out, "extension", json_true ());
    if (*s->index)
        json_object_set_new (out, "byte", json_integer ((json_int_t)s->at));
    json_object_set_new (out, "share", json_real (s->share));
    if (tt_cql_outline_documents (e->outline) > 0)
        json_object_set_new (out, "matched", json_integer ((json_int_t)s->matched));
    json_t *parts = json_array ();
    for (const tt_cql_step *inner; (inner = tt_cql_outline_step (e->outline, *i)) && inner->depth > s->depth;)
        json_array_append_new (parts, json_of_step (e, i));
    if (json_array_size (parts) > 0)
        json_object_set (out, "parts", parts);
    json_decref (parts);
    return out;
}

static json_t *
index_names (const explanation *e, uint64_t indexes)
{
    json_t *names = json_array ();
    for (size_t i = 0; i < e->schema->count; i++)
        if (indexes >> i & 1)
            json_array_append_new (names, json_string (e->schema->indexes[i].name));
    return names;
}

/* The term of an anchor as people write it: without half a character at the end of a prefix, and without the mark of a symbol
 * that counts alone. */
static tt_bytes
anchor_text (const tt_anchor *anchor)
{
    tt_bytes text = anchor->text;
    size_t wrong = 0;
    if (!tt_text_valid (text, &wrong))
        text.size = wrong;
    if (strcmp (anchor->kind, "class") == 0 && text.size > 0 && text.data[0] == '=')
        text = (tt_bytes){ text.data + 1, text.size - 1 };
    return text;
}

static json_t *
json_of_anchors (const explanation *e)
{
    tt_anchor anchors[MOST_ANCHORS];
    size_t count = tt_percolator_anchors (e->index, 0, anchors, MOST_ANCHORS);
    json_t *out = json_array ();
    for (size_t i = 0; i < count && i < MOST_ANCHORS; i++) {
        tt_bytes text = anchor_text (&anchors[i]);
        json_t *one = json_pack ("{s:s%, s:s, s:o}", "term", (const char *)text.data, text.size, "kind", anchors[i].kind,
                                 "indexes", index_names (e, anchors[i].indexes));
        if (tt_cql_outline_documents (e->outline) > 0)
            json_object_set_new (one, "documents", json_integer ((json_int_t)anchors[i].seen));
        json_array_append_new (out, one);
    }
    return out;
}

static json_t *
json_of (const explanation *e)
{
    size_t step = 0;
    tt_buffer canonical = { 0 };
    json_t *warnings = json_array ();
    const char *warning;
    for (size_t i = 0; (warning = tt_cql_warning (e->cql, i)); i++)
        json_array_append_new (warnings, json_string (warning));
    if (e->scanned)
        json_array_append_new (warnings,
                               json_string ("no term is required in every match: the query is evaluated on every document"));
    tt_cql_print (e->cql, &canonical);
    uint64_t documents = tt_cql_outline_documents (e->outline);
    const tt_cql_step *root = tt_cql_outline_step (e->outline, 0);
    json_t *selectivity = json_pack ("{s:f, s:s}", "share", root->share, "from", documents ? "documents" : "default table");
    if (documents > 0) {
        json_object_set_new (selectivity, "documents", json_integer ((json_int_t)documents));
        json_object_set_new (selectivity, "matched", json_integer ((json_int_t)root->matched));
    }
    json_t *out
        = json_pack ("{s:s, s:o, s:o, s:b, s:o, s:o}", "canonical", tt_buffer_cstr (&canonical), "warnings", warnings, "anchors",
                     json_of_anchors (e), "scanned", e->scanned, "selectivity", selectivity, "tree", json_of_step (e, &step));
    tt_buffer_free (&canonical);
    return out;
}

/* Output as text */

static void
show_steps (const explanation *e)
{
    const tt_cql_step *s;
    for (size_t i = 0; (s = tt_cql_outline_step (e->outline, i)); i++) {
        printf ("  %9.4f %%  %*s%s", 100 * s->share, (int)(2 * s->depth), "", *s->clause ? s->clause : s->operation);
        if (*s->index)
            printf ("   %s, %s%s: %s", s->index, s->meaning, s->extension ? " (extension)" : "", s->looked_for);
        if (*s->inferred)
            printf ("   index inferred: %s", s->inferred);
        putchar ('\n');
    }
}

static void
show_anchors (const explanation *e)
{
    tt_anchor anchors[MOST_ANCHORS];
    size_t count = tt_percolator_anchors (e->index, 0, anchors, MOST_ANCHORS);
    bool observed = tt_cql_outline_documents (e->outline) > 0;
    printf ("anchors\n");
    if (e->scanned)
        printf ("  none: the query is evaluated on every document\n");
    for (size_t i = 0; i < count && i < MOST_ANCHORS; i++) {
        tt_bytes text = anchor_text (&anchors[i]);
        printf ("  %s \"%.*s\"", anchors[i].kind, (int)text.size, (const char *)text.data);
        if (observed)
            printf (" (about %llu %s)", (unsigned long long)anchors[i].seen, anchors[i].seen == 1 ? "document" : "documents");
        putchar ('\n');
    }
    if (count > MOST_ANCHORS)
        printf ("  and %zu more\n", count - MOST_ANCHORS);
}

static void
show (const explanation *e)
{
    tt_buffer canonical = { 0 };
    const char *warning;
    uint64_t documents = tt_cql_outline_documents (e->outline);
    const tt_cql_step *root = tt_cql_outline_step (e->outline, 0);
    tt_cql_print (e->cql, &canonical);
    printf ("canonical\n  %s\n", tt_buffer_cstr (&canonical));
    for (size_t i = 0; (warning = tt_cql_warning (e->cql, i)); i++)
        printf ("warning\n  %s\n", warning);
    printf ("tree, with the part of all documents that each selects\n");
    show_steps (e);
    show_anchors (e);
    printf ("selectivity\n  %.4f %%, estimated from ", 100 * root->share);
    if (documents > 0)
        printf ("%llu documents, of which %llu match\n", (unsigned long long)documents, (unsigned long long)root->matched);
    else
        printf ("the default table of shares (--documents FILE observes real ones)\n");
    tt_buffer_free (&canonical);
}

static int
run_explain (const ctl_args *args)
{
    tt_error error = { 0 };
    explanation e = { 0 };
    if (explain (&e, args, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s\n", error.message);
        close_explanation (&e);
        return CTL_REFUSED;
    }
    if (ctl_has (args, "json")) {
        json_t *out = json_of (&e);
        ctl_print_json (out);
        json_decref (out);
    } else {
        show (&e);
    }
    if (e.rejected > 0)
        fprintf (stderr, "%llu records were no patents and were left out\n", (unsigned long long)e.rejected);
    int code = e.rejected > 0 ? CTL_PARTLY : CTL_OK;
    close_explanation (&e);
    return code;
}

static const ctl_option options[] = {
    { "query", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "CQL" },
    { "documents", NULL, CTL_TEXT, CTL_REPEATED,
      "a file of patents, in any form that import knows: shares and anchors are those observed in it" },
    { "map", NULL, CTL_TEXT, 0, "column map for the documents: a file, or a built-in one" },
    { "schema", NULL, CTL_TEXT, 0, "patents (as if not given) or achievements" },
    { "ipc-scheme", NULL, CTL_TEXT, 0, "the subgroups of IPC, for /low and /high (common/query/README.md)" },
    { "cpc-scheme", NULL, CTL_TEXT, 0, "likewise of CPC" },
    { 0 },
};

#define SUMMARY "Shows how a query is understood: tree, inferred indexes, warnings, anchors, selectivity"
#define DETAILS                                                                                                                  \
    "Each line of the tree has the part of all documents that it selects: of clauses as observed in --documents, or from a "     \
    "table "                                                                                                                     \
    "of usual shares;\nof operators as if their parts were independent. Anchors are the terms under which the index of "         \
    "standing "                                                                                                                  \
    "queries files it, after it has seen\nthe documents."

const ctl_command ctl_explain_commands[] = {
    { .name = "patent query explain",
      .summary = SUMMARY,
      .details = DETAILS,
      .examples = "  ttctl patent query explain 'ti=laser and ab=fiber or pa=bosch'\n"
                  "  ttctl patent query explain 'ic=H01F and ti=graph*' --documents ipg180619.xml.gz --json",
      .options = options,
      .run = run_explain,
      .service = CTL_NO_SERVICE },
    { .name = "query explain",
      .summary = SUMMARY,
      .details = DETAILS,
      .examples = "  ttctl query explain 'ti=film and st=pilot' --schema achievements",
      .options = options,
      .run = run_explain,
      .service = CTL_NO_SERVICE },
    { 0 },
};
