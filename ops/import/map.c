#include "import/map.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "import/map_expr.h"

#define MAX_STEPS 4
#define MAX_INDEX 63

/* One step of a target's path: "legs[0]" or "amount_fen". */
typedef struct {
    const char *name;
    int index;     /* -1: none written */
    bool repeated; /* a list */
} step;

typedef struct rule {
    const char *target; /* as written */
    step steps[MAX_STEPS];
    size_t step_count;
    const tt_expr *expr;
    struct rule *next;
} rule;

struct tt_map {
    tt_arena *arena;
    rule *rules;
    rule **last;
    const char *when[16];
    size_t when_count;
};

typedef struct {
    tt_map *map;
    const char *name;
    unsigned line;
    const ProtobufCMessageDescriptor *type;
    tt_error *error;
} loader;

static const char *const short_keys[]
    = { "pn", "apn", "country", "kind", "pd",  "ad", "pr",   "prd",    "ti",     "ab",      "claims",
        "pa", "in",  "ic",      "cpc",  "loc", "ct", "lang", "family", "source", "revision" };

static tt_status
refuse (loader *l, const char *what, const char *detail)
{
    return tt_fail (l->error, TT_INVALID_ARGUMENT, "%s:%u: %s%s", l->name, l->line, what, detail);
}

static bool
is_short_key (const char *name)
{
    for (size_t i = 0; i < sizeof short_keys / sizeof short_keys[0]; i++)
        if (strcmp (short_keys[i], name) == 0)
            return true;
    return false;
}

static bool
is_list_key (const char *name)
{
    static const char *const lists[] = { "pr", "ti", "ab", "claims", "pa", "in", "ic", "cpc", "loc", "ct" };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp (lists[i], name) == 0)
            return true;
    return false;
}

/* "legs[0]" into name and index. */
static bool
cut_step (loader *l, const char *text, size_t size, step *out)
{
    const char *bracket = memchr (text, '[', size);
    size_t name_size = bracket ? (size_t)(bracket - text) : size;
    int used = 0;
    *out = (step){ .name = tt_arena_strndup (l->map->arena, text, name_size), .index = -1 };
    if (bracket
        && (sscanf (bracket, "[%2d]%n", &out->index, &used) != 1 || bracket + used != text + size || out->index < 0
            || out->index > MAX_INDEX))
        return false;
    return name_size > 0;
}

/* Checks a step against the message it belongs to; *type becomes the message of the next step. */
static tt_status
check_step (loader *l, step *s, bool last, const ProtobufCMessageDescriptor **type)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (*type, s->name);
    if (field == NULL)
        return refuse (l, "there is no field ", tt_arena_printf (l->map->arena, "\"%s\" in %s", s->name, (*type)->short_name));
    bool message = field->type == PROTOBUF_C_TYPE_MESSAGE;
    s->repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (last == message)
        return refuse (l, last ? "a field inside it must be named: " : "it has no fields inside: ", s->name);
    if (s->index >= 0 && !s->repeated)
        return refuse (l, "it is no list: ", s->name);
    if (message && s->repeated && s->index < 0)
        return refuse (l, "it is a list, an index is wanted, as in [0]: ", s->name);
    *type = message ? field->descriptor : NULL;
    return TT_OK;
}

static tt_status
parse_target (loader *l, rule *r)
{
    const ProtobufCMessageDescriptor *type = l->type;
    for (const char *at = r->target; at;) {
        const char *point = strchr (at, '.');
        step *s = &r->steps[r->step_count];
        if (r->step_count == MAX_STEPS || !cut_step (l, at, point ? (size_t)(point - at) : strlen (at), s))
            return refuse (l, "no field can be called so: ", r->target);
        r->step_count++;
        at = point ? point + 1 : NULL;
        if (l->type) {
            tt_status status = check_step (l, s, at == NULL, &type);
            if (status != TT_OK)
                return status;
        } else if (at || s->index >= 0 || !is_short_key (s->name)) {
            return refuse (l, "there is no short key ", r->target);
        } else {
            s->repeated = is_list_key (s->name);
        }
    }
    return TT_OK;
}

static tt_status
new_rule (loader *l, const char *target, size_t size, rule **out)
{
    rule *r = tt_arena_zero (l->map->arena, sizeof *r);
    r->target = tt_arena_strndup (l->map->arena, target, size);
    *l->map->last = r;
    l->map->last = &r->next;
    *out = r;
    return parse_target (l, r);
}

static tt_status
parse_rule (loader *l, char *line)
{
    rule *r;
    char *equals = strchr (line, '=');
    if (equals == NULL)
        return refuse (l, "\"target = expression\" is expected", "");
    tt_status status = new_rule (l, line, strcspn (line, " \t="), &r);
    if (status != TT_OK)
        return status;
    status = tt_expr_parse (l->map->arena, equals + 1, &r->expr, l->error);
    return status == TT_OK ? status : tt_fail_prefix (l->error, "%s:%u: %s", l->name, l->line, r->target);
}

static tt_status
parse_directive (loader *l, char *line)
{
    char *rest = NULL, *word = strtok_r (line, " \t", &rest);
    if (strcmp (word, "@kind") == 0 || strcmp (word, "@title") == 0)
        return TT_OK;
    if (strcmp (word, "@when") != 0)
        return refuse (l, "no directive is called ", word);
    while ((word = strtok_r (NULL, " \t", &rest))) {
        if (l->map->when_count == sizeof l->map->when / sizeof l->map->when[0])
            return refuse (l, "too many columns in @when", "");
        l->map->when[l->map->when_count++] = tt_arena_strndup (l->map->arena, word, strlen (word));
    }
    return TT_OK;
}

static tt_status
parse_line (loader *l, char *line)
{
    size_t size = strlen (line);
    while (size > 0 && strchr (" \t\r", line[size - 1]))
        line[--size] = '\0';
    line += strspn (line, " \t");
    if (*line == '\0' || *line == '#')
        return TT_OK;
    return *line == '@' ? parse_directive (l, line) : parse_rule (l, line);
}

static tt_map *
new_map (void)
{
    tt_map *map = tt_alloc_zero (1, sizeof *map);
    map->arena = tt_arena_new (0);
    map->last = &map->rules;
    return map;
}

tt_status
tt_map_parse (const char *name, const char *text, const ProtobufCMessageDescriptor *type, tt_map **out, tt_error *error)
{
    tt_map *map = new_map ();
    loader l = { .map = map, .name = name, .type = type, .error = error };
    char *copy = tt_strdup (text);
    tt_status status = TT_OK;
    for (char *line = copy; line && status == TT_OK;) {
        char *end = strchr (line, '\n');
        if (end)
            *end++ = '\0';
        l.line++;
        status = parse_line (&l, line);
        line = end;
    }
    free (copy);
    if (status == TT_OK && map->rules == NULL)
        status = tt_fail (error, TT_INVALID_ARGUMENT, "%s: holds no \"target = expression\"", name);
    if (status != TT_OK)
        tt_map_free (&map);
    *out = map;
    return status;
}

tt_status
tt_map_of_columns (const char *name, const char *const *columns, size_t count, const ProtobufCMessageDescriptor *type,
                   tt_map **out, tt_error *error)
{
    tt_map *map = new_map ();
    loader l = { .map = map, .name = name, .line = 1, .type = type, .error = error };
    tt_status status = TT_OK;
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        rule *r;
        status = new_rule (&l, columns[i], strlen (columns[i]), &r);
        if (status == TT_OK)
            r->expr = tt_expr_column (map->arena, columns[i], r->steps[r->step_count - 1].repeated ? ";" : NULL);
    }
    if (status != TT_OK)
        tt_map_free (&map);
    *out = map;
    return status;
}

void
tt_map_free (tt_map **map)
{
    if (*map == NULL)
        return;
    tt_arena_destroy (&(*map)->arena);
    free (*map);
    *map = NULL;
}

void
tt_map_kind (const char *text, char out[32])
{
    const char *at = strstr (text, "@kind ");
    out[0] = '\0';
    if (at)
        sscanf (at, "@kind %31s", out);
}

size_t
tt_map_fits (const tt_map *map, const json_t *record)
{
    size_t present = 0;
    for (size_t i = 0; i < map->when_count; i++) {
        bool absent = map->when[i][0] == '!';
        if ((json_object_get (record, map->when[i] + absent) == NULL) != absent)
            return 0;
        present += !absent;
    }
    return present;
}

/* The object or list under a step, made where it is not there yet. */
static json_t *
descend (json_t *at, const step *s)
{
    json_t *child = json_object_get (at, s->name);
    if (child == NULL) {
        child = s->repeated ? json_array () : json_object ();
        json_object_set_new (at, s->name, child);
    }
    if (!s->repeated)
        return child;
    while (json_array_size (child) <= (size_t)s->index)
        json_array_append_new (child, json_object ());
    return json_array_get (child, (size_t)s->index);
}

/* Takes `value`. */
static tt_status
put (json_t *root, const rule *r, json_t *value, tt_error *error)
{
    json_t *at = root;
    const step *last = &r->steps[r->step_count - 1];
    for (size_t i = 0; i + 1 < r->step_count; i++)
        at = descend (at, &r->steps[i]);
    if (last->repeated) {
        json_t *list = json_object_get (at, last->name);
        if (list == NULL)
            json_object_set_new (at, last->name, list = json_array ());
        if (json_is_array (value))
            json_array_extend (list, value);
        else
            json_array_append (list, value);
        json_decref (value);
        return TT_OK;
    }
    if (json_is_array (value)) {
        json_decref (value);
        return tt_fail (error, TT_INVALID_ARGUMENT, "one value is expected, the record gives a list");
    }
    json_object_set_new (at, last->name, value);
    return TT_OK;
}

bool
tt_map_has (const tt_map *map, const char *target)
{
    for (const rule *r = map->rules; r; r = r->next)
        if (strcmp (r->target, target) == 0)
            return true;
    return false;
}

json_t *
tt_map_value (const tt_map *map, const json_t *record, const char *target)
{
    tt_error ignored = { 0 };
    tt_buffer notes = { 0 };
    json_t *found = NULL;
    for (const rule *r = map->rules; r; r = r->next) {
        json_t *value = NULL;
        if (strcmp (r->target, target) != 0)
            continue;
        if (tt_expr_eval (r->expr, record, target, &value, &notes, &ignored) != TT_OK)
            value = json_false ();
        if (value)
            json_decref (found);
        found = value ? value : found;
    }
    tt_buffer_free (&notes);
    return found;
}

tt_status
tt_map_apply (const tt_map *map, const json_t *record, json_t **out, tt_buffer *notes, tt_error *error)
{
    json_t *root = json_object ();
    tt_status status = TT_OK;
    *out = NULL;
    for (const rule *r = map->rules; r; r = r->next) {
        json_t *value;
        status = tt_expr_eval (r->expr, record, r->target, &value, notes, error);
        if (status == TT_OK && value)
            status = put (root, r, value, error);
        if (status != TT_OK) {
            json_decref (root);
            return tt_fail_prefix (error, "%s", r->target);
        }
    }
    *out = root;
    return TT_OK;
}
