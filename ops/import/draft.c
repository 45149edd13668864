#include "import/draft.h"

#include <string.h>
#include <strings.h>

#include "import/build.h"
#include "import/normal.h"

/* Of the contract, in characters and entries. */
#define TITLE_MOST 512
#define ABSTRACT_MOST 20000
#define KEYWORD_MOST 128
#define OWNER_MOST 256
#define NAME_MOST 128
#define LIST_MOST 64

/* Bytes of at most so many characters. */
static size_t
fitting (const char *text, size_t characters)
{
    size_t at = 0;
    while (text[at] && (((unsigned char)text[at] & 0xc0) == 0x80 || characters-- > 0))
        at++;
    return at;
}

/* A copy that fits; what was cut is noted. */
static char *
cut (tt_draft *draft, const char *field, const char *text, size_t most)
{
    size_t size = fitting (text, most);
    if (text[size])
        tt_buffer_printf (draft->notes, "%s: cut to %zu characters\n", field, most);
    return tt_strndup (text, size);
}

static void
set (tt_draft *draft, char **field, const char *name, const char *text, size_t most)
{
    char *fits = cut (draft, name, text, most);
    tt_build_set (field, fits);
    free (fits);
}

static bool
is_english (const char *language)
{
    return strncasecmp (language, "en", 2) == 0 && (language[2] == '\0' || language[2] == '-' || strcasecmp (language, "eng") == 0);
}

void
tt_draft_title (tt_draft *draft, const char *text, const char *language)
{
    tt_achievement *record = draft->record;
    if (*text == '\0')
        return;
    if (record->title[0] == '\0') {
        set (draft, &record->title, "title", text, TITLE_MOST);
        draft->english = draft->english || is_english (language);
    } else if (record->title_en[0] == '\0' && is_english (language)) {
        set (draft, &record->title_en, "title_en", text, TITLE_MOST);
    } else {
        tt_buffer_text (draft->notes, "title: a further one is left out\n");
    }
}

void
tt_draft_abstract (tt_draft *draft, const char *text)
{
    tt_buffer whole = { 0 };
    if (*text == '\0' || draft->abstract_cut)
        return;
    tt_buffer_printf (&whole, "%s%s%s", draft->record->abstract, draft->record->abstract[0] ? "\n" : "", text);
    const char *joined = tt_buffer_cstr (&whole);
    draft->abstract_cut = joined[fitting (joined, ABSTRACT_MOST)] != '\0';
    set (draft, &draft->record->abstract, "abstract", joined, ABSTRACT_MOST);
    tt_buffer_free (&whole);
}

static bool
has_room (tt_draft *draft, const char *field, size_t count)
{
    if (count == LIST_MOST)
        tt_buffer_printf (draft->notes, "%s: more than %d, the rest is left out\n", field, LIST_MOST);
    return count < LIST_MOST;
}

/* The list ends one past what it may hold, so that its overflow is noted once. */
static void
add (tt_draft *draft, const char *field, char ***list, size_t *count, const char *text, size_t most)
{
    if (*text == '\0' || !has_room (draft, field, *count))
        return;
    char *fits = cut (draft, field, text, most);
    tt_build_add_unique (list, count, fits);
    free (fits);
}

void
tt_draft_person (tt_draft *draft, const char *name, const char *organisation)
{
    tt_achievement *record = draft->record;
    if (*name == '\0' || !has_room (draft, "people", record->n_people))
        return;
    for (size_t i = 0; i < record->n_people; i++)
        if (strcmp (record->people[i]->name, name) == 0)
            return;
    Techtransfer__Achievement__V1__Person *person = tt_alloc (sizeof *person);
    techtransfer__achievement__v1__person__init (person);
    set (draft, &person->name, "people.name", name, NAME_MOST);
    set (draft, &person->organisation, "people.organisation", organisation, OWNER_MOST);
    tt_build_add ((void ***)&record->people, &record->n_people, person);
}

void
tt_draft_owner (tt_draft *draft, const char *name)
{
    add (draft, "owners", &draft->record->owners, &draft->record->n_owners, name, OWNER_MOST);
}

void
tt_draft_keywords (tt_draft *draft, const char *text)
{
    static const char wide[] = "\xef\xbc\x9b"; /* the ideographic semicolon */
    tt_achievement *record = draft->record;
    tt_buffer word = { 0 };
    while (*text) {
        const char *narrow = strchr (text, ';'), *end = strstr (text, wide);
        size_t skip = end ? sizeof wide - 1 : 0;
        if (narrow && (end == NULL || narrow < end)) {
            end = narrow;
            skip = 1;
        }
        size_t size = end ? (size_t)(end - text) : strlen (text);
        tt_buffer_clear (&word);
        tt_normal_fold ((tt_bytes){ (const uint8_t *)text, size }, false, &word);
        add (draft, "keywords", &record->keywords, &record->n_keywords, tt_buffer_cstr (&word), KEYWORD_MOST);
        text += size + skip;
    }
    tt_buffer_free (&word);
}

void
tt_draft_date (tt_draft *draft, const char *text)
{
    char day[11];
    if (*text == '\0' || draft->record->completed_date[0])
        return;
    if (tt_normal_date (text, day))
        tt_build_set (&draft->record->completed_date, day);
    else
        tt_buffer_printf (draft->notes, "date: \"%.40s\" is not a day, left out\n", text);
}

void
tt_draft_language (tt_draft *draft, const char *code)
{
    draft->english = draft->english || is_english (code);
}

void
tt_draft_finish (tt_draft *draft, const char *owner)
{
    tt_achievement *record = draft->record;
    if (draft->english && record->title_en[0] == '\0')
        tt_build_set (&record->title_en, record->title);
    if (record->n_owners > 0)
        return;
    if (owner && *owner) {
        tt_draft_owner (draft, owner);
        tt_buffer_text (draft->notes, "owners: no publisher, the repository is taken\n");
        return;
    }
    for (size_t i = 0; i < record->n_people; i++)
        tt_draft_owner (draft, record->people[i]->name);
    if (record->n_people > 0)
        tt_buffer_text (draft->notes, "owners: no publisher, the people are taken\n");
}
