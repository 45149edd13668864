#include "legal.h"

#include <string.h>
#include <xxhash.h>

#include "catalog/legal.h"
#include "document.h"
#include "wire/topic.h"

#define CODE_MAX 32
#define TEXT_MAX 100000
#define PARTIES_MAX 100
#define NAME_MAX_CHARACTERS 1000
#define HASH_DIGITS 16

/* -- numbers -- */

void
alert_publication_key (const DocumentReference *publication, tt_buffer *out)
{
    tt_buffer_printf (out, "p.%s%s", publication->country, publication->number);
}

void
alert_application_key (const DocumentReference *application, tt_buffer *out)
{
    size_t size = strlen (application->number);
    if (strcmp (application->country, "CN") == 0 && (size == 9 || size == 13))
        size--;
    tt_buffer_printf (out, "a.%s%.*s", application->country, (int)size, application->number);
}

/* -- identity -- */

static void
hash_text (XXH3_state_t *state, const char *text)
{
    (void)XXH3_64bits_update (state, text, strlen (text) + 1);
}

const char *
alert_legal_date (const LegalEvent *event)
{
    return event->effective_date[0] ? event->effective_date : event->announced_date;
}

void
alert_legal_id (const LegalEvent *event, tt_buffer *out)
{
    tt_bytes corrected = alert_legal_key (event->corrects);
    if (corrected.size > 0)
        tt_buffer_append (out, corrected.data, corrected.size);
    else if (event->publication)
        alert_publication_key (event->publication, out);
    else
        alert_application_key (event->application, out);
    XXH3_state_t *state = XXH3_createState ();
    (void)XXH3_64bits_reset (state);
    hash_text (state, event->office);
    hash_text (state, event->code);
    hash_text (state, alert_legal_date (event));
    hash_text (state, event->corrects);
    for (size_t i = 0; i < event->n_parties; i++)
        hash_text (state, event->parties[i]->name);
    tt_buffer_printf (out, "-%016llx", (unsigned long long)XXH3_64bits_digest (state));
    XXH3_freeState (state);
}

tt_bytes
alert_legal_key (const char *event_id)
{
    const char *dash = strrchr (event_id, '-');
    bool good = dash && dash - event_id > 4 && strlen (dash + 1) == HASH_DIGITS
                && strspn (dash + 1, "0123456789abcdef") == HASH_DIGITS && (event_id[0] == 'p' || event_id[0] == 'a')
                && event_id[1] == '.';
    return good ? (tt_bytes){ (const uint8_t *)event_id, (size_t)(dash - event_id) } : TT_BYTES_NONE;
}

bool
alert_legal_same (const LegalEvent *a, const LegalEvent *b)
{
    tt_buffer packed[2] = { { 0 }, { 0 } };
    const LegalEvent *events[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        LegalEvent content = *events[i]; /* shallow: only scalars are changed */
        content.source = (char *)"";
        content.event_id = (char *)"";
        content.category = (char *)"";
        content.revision = 0;
        size_t size = techtransfer__patent__v1__legal_event__get_packed_size (&content);
        packed[i].size = techtransfer__patent__v1__legal_event__pack (&content, tt_buffer_reserve (&packed[i], size + 1));
    }
    bool same = packed[0].size == packed[1].size && memcmp (packed[0].data, packed[1].data, packed[0].size) == 0;
    tt_buffer_free (&packed[0]);
    tt_buffer_free (&packed[1]);
    return same;
}

/* -- form -- */

static bool
check_number (tt_violations *v, const char *field, const DocumentReference *reference)
{
    if (reference == NULL)
        return true;
    size_t mark = tt_violations_enter (v, "%s", field);
    bool ok = alert_reference_check (reference, v);
    tt_violations_leave (v, mark);
    return ok;
}

static bool
check_category (tt_violations *v, const char *category)
{
    if (category[0] == '\0' || (strlen (category) == 1 && category[0] >= 'A' && category[0] <= 'Z'))
        return true;
    tt_violate (v, "category", "expected one capital letter (WIPO ST.27) or nothing, got \"%.16s\"", category);
    return false;
}

static bool
check_parties (tt_violations *v, const LegalEvent *event)
{
    bool ok = tt_check_count (v, "parties", event->n_parties, 0, PARTIES_MAX);
    for (size_t i = 0; ok && i < event->n_parties; i++) {
        size_t mark = tt_violations_enter (v, "parties[%zu]", i);
        ok = tt_check_text (v, "name", event->parties[i]->name, 1, NAME_MAX_CHARACTERS);
        ok = alert_country_check (event->parties[i]->country, false, v) && ok;
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_code (tt_violations *v, const char *code)
{
    if (!tt_check_text (v, "code", code, 1, CODE_MAX))
        return false;
    for (const char *c = code; *c; c++)
        if ((unsigned char)*c <= ' ') {
            tt_violate (v, "code", "no spaces or control characters, got \"%.40s\"", code);
            return false;
        }
    return true;
}

bool
alert_legal_check (const LegalEvent *event, tt_violations *v)
{
    bool ok = check_number (v, "publication", event->publication);
    ok = check_number (v, "application", event->application) && ok;
    if (event->publication == NULL && event->application == NULL) {
        tt_violate (v, "publication", "required, or application");
        ok = false;
    }
    if (event->corrects[0] && alert_legal_key (event->corrects).size == 0) {
        tt_violate (v, "corrects", "expected the event_id of a legal event, got \"%.80s\"", event->corrects);
        ok = false;
    }
    size_t mark = tt_violations_enter (v, "office");
    ok = alert_country_check (event->office, true, v) && ok;
    tt_violations_leave (v, mark);
    ok = check_code (v, event->code) && ok;
    ok = check_category (v, event->category) && ok;
    ok = tt_check_text (v, "family_id", event->family_id, 0, 64) && ok;
    ok = tt_check_date (v, "effective_date", event->effective_date, false) && ok;
    ok = tt_check_date (v, "announced_date", event->announced_date, false) && ok;
    ok = tt_check_text (v, "text", event->text, 0, TEXT_MAX) && ok;
    ok = check_parties (v, event) && ok;
    return tt_check_text (v, "source", event->source, 0, 128) && ok;
}

/* -- meaning -- */

/* Of an ST.27 category alone. E and L: a review was asked for; V: an appeal; M: kept, but changed, so limited. D, A, G, P, Q, T, U, W, Y
 * and Z set off nothing. */
static Trigger
trigger_of_category (char category)
{
    switch (category) {
    case 'F': return TRIGGER (GRANT);
    case 'B':
    case 'H':
    case 'N': return TRIGGER (LAPSE);
    case 'C':
    case 'K': return TRIGGER (RESTORATION);
    case 'E':
    case 'L': return TRIGGER (OPPOSITION);
    case 'M': return TRIGGER (INVALIDATION);
    case 'R': return TRIGGER (TRANSFER);
    case 'S': return TRIGGER (LICENCE);
    case 'V': return TRIGGER (LITIGATION);
    default: return TRIGGER (TRIGGER_UNSPECIFIED);
    }
}

const char *
alert_trigger_name (Trigger trigger)
{
    static const char *const names[ALERT_TRIGGERS]
        = { "other",        "publication", "grant",      "lapse",      "expiry",   "transfer", "licence", "pledge",
            "preservation", "invalidation", "restoration", "opposition", "litigation", "citation", "surge",    "due",
            "overseas-family" };
    return (unsigned)trigger < ALERT_TRIGGERS ? names[trigger] : names[0];
}

/* By its name in the catalogue. */
static Trigger
trigger_of_name (const char *name)
{
    for (unsigned t = 1; t < ALERT_TRIGGERS; t++)
        if (strcmp (name, alert_trigger_name ((Trigger)t)) == 0)
            return (Trigger)t;
    return TRIGGER (TRIGGER_UNSPECIFIED);
}

Trigger
alert_legal_classify (const tt_catalog *catalog, const LegalEvent *event, const char **category)
{
    const tt_legal_code *known = catalog ? tt_catalog_legal_code (catalog, event->office, event->code) : NULL;
    *category = event->category[0] || known == NULL ? event->category : known->category;
    if (event->category[0] == 'Y') /* what takes another back sets off nothing itself, whatever its code */
        return TRIGGER (TRIGGER_UNSPECIFIED);
    return known ? trigger_of_name (known->trigger) : trigger_of_category ((*category)[0]);
}

void
alert_legal_topic (const LegalEvent *event, Trigger trigger, tt_buffer *out)
{
    tt_topic_build (out, "patent", "legal", alert_trigger_name (trigger), event->office, NULL);
}
