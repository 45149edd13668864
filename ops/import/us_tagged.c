/* The US office's forms of tagged lines: Green Book (grants 1976 to 2001) and the documents of its search system (BRS). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/formats.h"
#include "import/normal.h"
#include "import/tagged.h"

/* A party whose name came and whose country may still come, a number likewise. */
typedef struct {
    tt_patent *patent;
    tt_buffer *notes;
    char section[8];
    tt_buffer name, number, claim, text;
    char country[3];
    char date[12];
    char series[4];
    bool assigned; /* an assignee was named */
} reader;

static void
reader_free (reader *r)
{
    tt_buffer_free (&r->name);
    tt_buffer_free (&r->number);
    tt_buffer_free (&r->claim);
    tt_buffer_free (&r->text);
}

static void
set (tt_buffer *to, const char *value)
{
    tt_buffer_clear (to);
    tt_buffer_text (to, value);
}

/* "Hoff; Don G." as the other forms of the office have it. */
static const char *
person (tt_buffer *name)
{
    char *at = (char *)tt_buffer_cstr (name);
    char *semicolon = strchr (at, ';');
    if (semicolon)
        *semicolon = ',';
    return at;
}

/* "JPX", "GB2", "DT" (Germany until 1978) as ST.3. */
static void
set_country (char out[3], const char *value)
{
    bool letters = isupper ((unsigned char)value[0]) && isupper ((unsigned char)value[1]);
    snprintf (out, 3, "%.2s", letters ? value : "");
    if (strcmp (out, "DT") == 0)
        memcpy (out, "DE", 3);
}

/* -- Green Book -- */

/* Nine characters, the last of them a check digit; no kind is given, so that of DOCDB. */
static bool
wku_number (const char *value, tt_docnum *out)
{
    char number[16];
    snprintf (number, sizeof number, "%.8s", value);
    const char *kind = number[0] == 'D' ? "S" : number[0] == 'P' ? "P" : number[0] == 'R' ? "E" : number[0] == 'H' ? "H" : "A";
    return tt_form_number ("US", number, true, kind, "", out);
}

static void
end_party (reader *r)
{
    tt_patent *p = r->patent;
    if (r->name.size == 0)
        return;
    const char *country = r->country[0] ? r->country : "US";
    if (strcmp (r->section, "INVT") == 0)
        tt_build_party (&p->inventors, &p->n_inventors, person (&r->name), country);
    else if (strcmp (r->section, "ASSG") == 0)
        tt_build_party (&p->applicants, &p->n_applicants, tt_buffer_cstr (&r->name), country);
}

static void
end_number (reader *r)
{
    tt_docnum number;
    bool priority = strcmp (r->section, "PRIR") == 0,
         cited = strcmp (r->section, "UREF") == 0 || strcmp (r->section, "FREF") == 0;
    const char *country = r->country[0] ? r->country : cited && r->section[0] == 'U' ? "US" : "";
    if (r->number.size == 0 || (!priority && !cited)
        || !tt_form_number (country, tt_buffer_cstr (&r->number), cited, "", r->date, &number) || number.country[0] == '\0')
        return;
    if (priority)
        tt_build_add ((void ***)&r->patent->priorities, &r->patent->n_priorities, tt_build_reference (&number));
    else
        tt_build_citation (r->patent, &number, NULL);
}

static void
end_claim (reader *r)
{
    tt_build_text (&r->patent->claims, &r->patent->n_claims, "en", tt_buffer_cstr (&r->claim));
    tt_buffer_clear (&r->claim);
}

static void
begin_section (reader *r, const char *tag)
{
    end_party (r);
    end_number (r);
    end_claim (r);
    snprintf (r->section, sizeof r->section, "%s", tag);
    tt_buffer_clear (&r->name);
    tt_buffer_clear (&r->number);
    r->country[0] = r->date[0] = '\0';
}

static void
join (tt_buffer *to, const char *text)
{
    if (*text && to->size > 0)
        tt_buffer_text (to, " ");
    tt_buffer_text (to, text);
}

/* Series code and six digits; the seventh is a check digit. */
static void
end_front (reader *r, const char *apn, const char *apd)
{
    char text[32];
    tt_docnum number;
    size_t digits = strspn (apn, "0123456789");
    snprintf (text, sizeof text, "%s%s%.*s", strlen (r->series) == 1 ? "0" : "", r->series, (int)(digits > 6 ? 6 : digits), apn);
    if (digits > 0 && tt_form_number ("US", text, false, "", apd, &number))
        r->patent->application = tt_build_reference (&number);
}

static void
take_class (reader *r, const char *value)
{
    if (!tt_build_ipc (r->patent, value) && !tt_build_locarno (r->patent, value + (*value == 'D')))
        tt_buffer_printf (r->notes, "ICL: \"%.40s\" is no class symbol, left out\n", value);
}

static void
section_field (reader *r, const char *tag, const char *value)
{
    if (strcmp (tag, "NAM") == 0)
        set (&r->name, value);
    else if (strcmp (tag, "CNT") == 0)
        set_country (r->country, value);
    else if (strcmp (tag, "PNO") == 0 || (strcmp (tag, "APN") == 0 && strcmp (r->section, "PRIR") == 0))
        set (&r->number, value);
    else if (strcmp (tag, "ISD") == 0 || strcmp (tag, "APD") == 0)
        snprintf (r->date, sizeof r->date, "%.8s", value);
    else if (strcmp (tag, "ICL") == 0 && strcmp (r->section, "CLAS") == 0)
        take_class (r, value);
    else if (strcmp (r->section, "ABST") == 0 && strncmp (tag, "PA", 2) == 0)
        join (&r->text, value);
    else if (strcmp (r->section, "CLMS") == 0 || strcmp (r->section, "DCLM") == 0) {
        if (strcmp (tag, "NUM") == 0)
            end_claim (r);
        else if (strncmp (tag, "PA", 2) == 0)
            join (&r->claim, value);
    }
}

typedef struct {
    char wku[16], issued[12], apn[16], filed[12];
} front;

static void
front_field (reader *r, front *f, const char *tag, const char *value)
{
    if (strcmp (tag, "WKU") == 0)
        snprintf (f->wku, sizeof f->wku, "%s", value);
    else if (strcmp (tag, "ISD") == 0)
        snprintf (f->issued, sizeof f->issued, "%.8s", value);
    else if (strcmp (tag, "APN") == 0)
        snprintf (f->apn, sizeof f->apn, "%s", value);
    else if (strcmp (tag, "APD") == 0)
        snprintf (f->filed, sizeof f->filed, "%.8s", value);
    else if (strcmp (tag, "SRC") == 0)
        snprintf (r->series, sizeof r->series, "%.2s", value);
    else if (strcmp (tag, "TTL") == 0)
        tt_build_text (&r->patent->titles, &r->patent->n_titles, "en", value);
}

static tt_status
greenbook_number (reader *r, const front *f, tt_error *error)
{
    tt_docnum number;
    if (!wku_number (f->wku, &number))
        return tt_fail (error, TT_INVALID_ARGUMENT, "WKU: no document number");
    if (!tt_normal_date (f->issued, number.date))
        number.date[0] = '\0';
    return tt_form_publication (r->patent, &number, f->issued, error);
}

static bool
is_section (const char *tag)
{
    static const char *const names[] = { "INVT", "ASSG", "PRIR", "REIS", "RLAP", "CLAS", "UREF", "FREF", "OREF", "LREP",
                                         "PCTA", "ABST", "GOVT", "PARN", "BSUM", "DRWD", "DETD", "CLMS", "DCLM" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp (tag, names[i]) == 0)
            return true;
    return false;
}

tt_status
tt_patent_of_greenbook (tt_bytes text, tt_patent *patent, tt_buffer *notes, tt_error *error)
{
    reader r = { .patent = patent, .notes = notes };
    front f = { .wku = "" };
    tt_buffer value = { 0 };
    char tag[8];
    for (size_t at = 0; tt_tagged_field (text, &at, tag, &value);) {
        if (is_section (tag))
            begin_section (&r, tag);
        else if (r.section[0] == '\0')
            front_field (&r, &f, tag, tt_buffer_cstr (&value));
        else
            section_field (&r, tag, tt_buffer_cstr (&value));
    }
    begin_section (&r, "");
    end_front (&r, f.apn, f.filed);
    tt_build_text (&patent->abstracts, &patent->n_abstracts, "en", tt_buffer_cstr (&r.text));
    tt_build_set (&patent->source, "uspto");
    tt_status status = greenbook_number (&r, &f, error);
    tt_buffer_free (&value);
    reader_free (&r);
    return status;
}

/* -- BRS -- */

/* The country of a party comes behind its name; "N/A" is none. */
static void
brs_party (reader *r, const char *tag, const char *value)
{
    tt_patent *p = r->patent;
    if (strcmp (tag + 2, "NM") == 0) {
        set (&r->name, value);
        return;
    }
    set_country (r->country, strcmp (value, "N/A") == 0 ? "" : value);
    r->assigned = r->assigned || (strcmp (tag, "ASCO") == 0 && r->name.size > 0);
    if (tag[0] == 'I')
        tt_build_party (&p->inventors, &p->n_inventors, person (&r->name), r->country);
    else
        tt_build_party (&p->applicants, &p->n_applicants, tag[1] == 'A' ? person (&r->name) : tt_buffer_cstr (&r->name),
                        r->country);
    tt_buffer_clear (&r->name);
}

/* "US 2003/0169838 A1 20030900 Greenstreet et al. 375/376 cited by examiner"; the kind may be missing. */
static void
brs_citation (reader *r, const char *value)
{
    char country[3], word[33], kind[5] = "";
    tt_docnum number;
    if (sscanf (value, "%2s %32s %4s", country, word, kind) < 2)
        return;
    if (!isupper ((unsigned char)kind[0]) || (kind[1] && !isdigit ((unsigned char)kind[1])))
        kind[0] = '\0';
    const char *who = strstr (value, "cited by examiner") ? "ex" : strstr (value, "cited by applicant") ? "rf" : NULL;
    if (tt_form_number (country, word, strcmp (country, "US") == 0, kind, "", &number) && number.country[0])
        tt_build_citation (r->patent, &number, who);
}

/* "20060101 A H05K H05K9/00 F I B US H 20151201": level, symbol, value. */
static void
brs_ipc (reader *r, const char *value)
{
    char level[2], symbol[32], kind[2];
    if (sscanf (value, "%*s %1s %*s %31s %*s %1s", level, symbol, kind) == 3 && tt_build_ipc (r->patent, symbol))
        tt_build_role (r->patent, false, symbol, level, kind);
}

static void
brs_cpc (reader *r, const char *tag, const char *value)
{
    char symbol[32];
    if (sscanf (value, "%31s", symbol) == 1 && tt_build_cpc (r->patent, symbol))
        tt_build_role (r->patent, true, symbol, NULL, tag[3] == 'I' ? "I" : "A");
}

static void
brs_priority (reader *r, const char *tag, const char *value)
{
    tt_docnum number;
    if (strcmp (tag, "PRCO") == 0)
        set_country (r->country, value);
    else if (strcmp (tag, "PRAN") == 0)
        set (&r->number, value);
    else if (tt_form_number (r->country, tt_buffer_cstr (&r->number), false, "", value, &number) && number.country[0])
        tt_build_add ((void ***)&r->patent->priorities, &r->patent->n_priorities, tt_build_reference (&number));
}

typedef struct {
    tt_buffer id;
    char issued[12], filed[12], apn[24];
} brs_front;

static bool
brs_front_field (reader *r, brs_front *f, const char *tag, const char *value)
{
    if (strcmp (tag, "DID") == 0)
        set (&f->id, value);
    else if (strcmp (tag, "GISD") == 0 || strcmp (tag, "PGPD") == 0 || strcmp (tag, "PD") == 0)
        snprintf (f->issued, sizeof f->issued, "%.8s", value);
    else if (strcmp (tag, "APNR") == 0)
        snprintf (f->apn, sizeof f->apn, "%.20s", value);
    else if (strcmp (tag, "AFD") == 0)
        snprintf (f->filed, sizeof f->filed, "%.8s", value);
    else if (strcmp (tag, "TTL") == 0)
        tt_build_text (&r->patent->titles, &r->patent->n_titles, "en", value);
    else
        return false;
    return true;
}

static void
brs_field (reader *r, const char *tag, const char *value)
{
    static const char *const parties[] = { "INNM", "INCO", "ASNM", "ASCO", "AANM", "AACO" };
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++)
        if (strcmp (tag, parties[i]) == 0) {
            brs_party (r, tag, value);
            return;
        }
    if (strcmp (tag, "URGP") == 0 || strcmp (tag, "FRGP") == 0)
        brs_citation (r, value);
    else if (strcmp (tag, "IPCG") == 0)
        brs_ipc (r, value);
    else if (strcmp (tag, "CPOI") == 0 || strcmp (tag, "CPOA") == 0)
        brs_cpc (r, tag, value);
    else if (strcmp (tag, "PRCO") == 0 || strcmp (tag, "PRAN") == 0 || strcmp (tag, "PRAD") == 0)
        brs_priority (r, tag, value);
    else if (strcmp (tag, "ABPR") == 0)
        join (&r->text, value);
    else if (strcmp (tag, "CLPR") == 0) {
        end_claim (r);
        join (&r->claim, value);
    } else if (strcmp (tag, "CLPV") == 0)
        join (&r->claim, value);
}

static tt_status
brs_numbers (reader *r, const brs_front *f, tt_error *error)
{
    tt_docnum number;
    if (f->apn[0] && tt_form_number ("US", f->apn, false, "", f->filed, &number))
        r->patent->application = tt_build_reference (&number);
    if (f->id.size == 0 || tt_docnum_parse ((const char *)f->id.data, "US", TT_DOCNUM_PUBLICATION, &number, NULL) != TT_OK)
        return tt_fail (error, TT_INVALID_ARGUMENT, "DID: no document number");
    if (!tt_normal_date (f->issued, number.date))
        number.date[0] = '\0';
    return tt_form_publication (r->patent, &number, f->issued, error);
}

/* With an assignee, those who apply only because they invented are no applicants, as in the office's XML. */
static void
drop_inventors (tt_patent *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_applicants; i++) {
        bool invented = false;
        for (size_t k = 0; k < p->n_inventors && !invented; k++)
            invented = strcmp (p->applicants[i]->name, p->inventors[k]->name) == 0;
        if (invented)
            techtransfer__patent__v1__patent_party__free_unpacked (p->applicants[i], NULL);
        else
            p->applicants[kept++] = p->applicants[i];
    }
    p->n_applicants = kept;
}

tt_status
tt_patent_of_brs (tt_bytes text, tt_patent *patent, tt_error *error)
{
    reader r = { .patent = patent };
    brs_front f = { .issued = "" };
    tt_buffer value = { 0 };
    char tag[8];
    for (size_t at = 0; tt_tagged_field (text, &at, tag, &value);)
        if (!brs_front_field (&r, &f, tag, tt_buffer_cstr (&value)))
            brs_field (&r, tag, tt_buffer_cstr (&value));
    end_claim (&r);
    if (r.assigned)
        drop_inventors (patent);
    tt_build_text (&patent->abstracts, &patent->n_abstracts, "en", tt_buffer_cstr (&r.text));
    tt_build_set (&patent->source, "uspto");
    tt_buffer_cstr (&f.id);
    tt_status status = brs_numbers (&r, &f, error);
    tt_buffer_free (&value);
    tt_buffer_free (&f.id);
    reader_free (&r);
    return status;
}
