#include "import/map_expr.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "import/normal.h"

typedef enum { EXPR_CONSTANT, EXPR_COLUMN, EXPR_JOIN, EXPR_CALL } expr_kind;

typedef tt_status (*expr_function) (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target,
                                    tt_error *error);

struct tt_expr {
    expr_kind kind;
    const char *text;       /* constant or column */
    const tt_expr *first;   /* JOIN: its parts; CALL: its argument */
    const tt_expr *next;    /* the next part of the JOIN that this belongs to */
    expr_function function; /* NULL in a CALL: split */
    const char *option;     /* second argument of a call */
};

static tt_status
apply_lower (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target, (void)error;
    for (; *value; value++)
        tt_buffer_append (out, &(char){ (char)tolower ((unsigned char)*value) }, 1);
    return TT_OK;
}

static tt_status
apply_key (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target, (void)error;
    for (; *value; value++) {
        char c = (char)tolower ((unsigned char)*value);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr ("-_.", c) != NULL;
        if (plain || (out->size > 0 && out->data[out->size - 1] != '-'))
            tt_buffer_append (out, plain ? &c : "-", 1);
    }
    return TT_OK;
}

static tt_status
apply_cut (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)error;
    size_t left = strtoul (call->option, NULL, 10), i = 0;
    for (; value[i]; i++) {
        bool begins = ((unsigned char)value[i] & 0xc0) != 0x80;
        if (begins && left-- == 0)
            break;
    }
    tt_buffer_append (out, value, i);
    if (value[i])
        tt_buffer_printf (notes, "%s: cut to %s characters\n", target, call->option);
    return TT_OK;
}

static tt_status
apply_hash (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target, (void)error;
    tt_buffer_printf (out, "%016llx", (unsigned long long)XXH3_64bits (value, strlen (value)));
    return TT_OK;
}

static tt_status
apply_date (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target;
    char date[11];
    if (!tt_normal_date (value, date))
        return tt_fail (error, TT_INVALID_ARGUMENT, "\"%.40s\" is not a day", value);
    tt_buffer_text (out, date);
    return TT_OK;
}

static tt_status
apply_money (const char *value, int digits, tt_buffer *out, tt_error *error)
{
    int64_t amount;
    if (!tt_normal_money (value, digits, &amount))
        return tt_fail (error, TT_INVALID_ARGUMENT, "\"%.40s\" is no amount of money in whole fen", value);
    tt_buffer_printf (out, "%lld", (long long)amount);
    return TT_OK;
}

static tt_status
apply_fen (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target;
    return apply_money (value, 2, out, error);
}

static tt_status
apply_wan (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)call, (void)notes, (void)target;
    return apply_money (value, 6, out, error);
}

/* Entries "from=to", separated by ";"; "*=*" leaves alone what has no entry, and without it that is an error. */
static tt_status
apply_lookup (const tt_expr *call, const char *value, tt_buffer *out, tt_buffer *notes, const char *target, tt_error *error)
{
    (void)notes, (void)target;
    size_t size = strlen (value);
    for (const char *at = call->option; *at;) {
        size_t length = strcspn (at, ";"), from = strcspn (at, "=;");
        if (from == size && memcmp (at, value, size) == 0 && from < length) {
            tt_buffer_append (out, at + from + 1, length - from - 1);
            return TT_OK;
        }
        if (length == 3 && memcmp (at, "*=*", 3) == 0) {
            tt_buffer_text (out, value);
            return TT_OK;
        }
        at += length + (at[length] == ';');
    }
    return tt_fail (error, TT_INVALID_ARGUMENT, "the map has no entry for \"%.80s\"", value);
}

static const struct {
    const char *name;
    expr_function function;
    bool option; /* it has a second argument */
} functions[] = {
    { "lower", apply_lower, false }, { "key", apply_key, false }, { "cut", apply_cut, true },  { "hash", apply_hash, false },
    { "date", apply_date, false },   { "fen", apply_fen, false }, { "wan", apply_wan, false }, { "split", NULL, true },
    { "lookup", apply_lookup, true },
};

/* Parsing. */

typedef struct {
    tt_arena *arena;
    const char *text;
    const char *at;
    int depth;
    tt_error *error;
} parser;

static tt_status parse_join (parser *p, const tt_expr **out);

static tt_status
syntax (parser *p, const char *what)
{
    return tt_fail (p->error, TT_INVALID_ARGUMENT, "column %d: %s", (int)(p->at - p->text) + 1, what);
}

static void
skip_blanks (parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

static bool
accept (parser *p, char c)
{
    skip_blanks (p);
    bool there = *p->at == c;
    p->at += there;
    return there;
}

static tt_status
parse_quoted (parser *p, const char **out)
{
    tt_buffer text = { 0 };
    for (p->at++; *p->at && *p->at != '"'; p->at++) {
        char c = *p->at;
        if (c == '\\' && p->at[1]) {
            c = *++p->at;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        tt_buffer_append (&text, &c, 1);
    }
    *out = tt_arena_strndup (p->arena, tt_buffer_cstr (&text), text.size);
    tt_buffer_free (&text);
    return accept (p, '"') ? TT_OK : syntax (p, "a constant without its closing quote");
}

static tt_expr *
new_expr (parser *p, expr_kind kind)
{
    tt_expr *expr = tt_arena_zero (p->arena, sizeof *expr);
    expr->kind = kind;
    return expr;
}

static tt_status
parse_option (parser *p, const char *name, tt_expr *call)
{
    if (!accept (p, ','))
        return syntax (p, "a second argument is expected");
    skip_blanks (p);
    if (call->function == apply_cut) {
        size_t digits = strspn (p->at, "0123456789");
        if (digits == 0 || digits > 9)
            return syntax (p, "a number of characters is expected");
        call->option = tt_arena_strndup (p->arena, p->at, digits);
        p->at += digits;
        return TT_OK;
    }
    if (*p->at != '"')
        return syntax (p, tt_arena_printf (p->arena, "%s wants a quoted separator", name));
    tt_status status = parse_quoted (p, &call->option);
    return status == TT_OK && call->option[0] == '\0' ? syntax (p, "an empty separator") : status;
}

static tt_status
parse_call (parser *p, const char *name, const tt_expr **out)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp (functions[i].name, name) != 0)
            continue;
        tt_expr *call = new_expr (p, EXPR_CALL);
        call->function = functions[i].function;
        *out = call;
        tt_status status = parse_join (p, &call->first);
        if (status == TT_OK && functions[i].option)
            status = parse_option (p, name, call);
        if (status == TT_OK && !accept (p, ')'))
            status = syntax (p, "\")\" is expected");
        return status;
    }
    return syntax (p, tt_arena_printf (p->arena, "no function is called \"%s\"", name));
}

static tt_status
parse_column (parser *p, size_t size, const tt_expr **out)
{
    tt_expr *column = new_expr (p, EXPR_COLUMN);
    column->text = tt_arena_strndup (p->arena, p->at, size);
    p->at += size;
    *out = column;
    return TT_OK;
}

static tt_status
parse_part (parser *p, const tt_expr **out)
{
    skip_blanks (p);
    if (*p->at == '"') {
        tt_expr *constant = new_expr (p, EXPR_CONSTANT);
        *out = constant;
        return parse_quoted (p, &constant->text);
    }
    if (*p->at == '[') {
        p->at++;
        size_t size = strcspn (p->at, "]");
        if (p->at[size] == '\0' || size == 0)
            return syntax (p, "a column in brackets, [name], is expected");
        tt_status status = parse_column (p, size, out);
        p->at++;
        return status;
    }
    size_t size = strcspn (p->at, " \t\"[](),+;");
    if (size == 0)
        return syntax (p, "a column, a \"constant\" or a function is expected");
    if (p->at[size] != '(')
        return parse_column (p, size, out);
    const char *name = tt_arena_strndup (p->arena, p->at, size);
    p->at += size + 1;
    return parse_call (p, name, out);
}

static tt_status
parse_join (parser *p, const tt_expr **out)
{
    tt_expr *join = new_expr (p, EXPR_JOIN);
    const tt_expr **last = &join->first;
    *out = join;
    if (++p->depth > 16)
        return syntax (p, "nested too deeply");
    do {
        const tt_expr *part = NULL;
        tt_status status = parse_part (p, &part);
        if (status != TT_OK)
            return status;
        *last = part;
        last = (const tt_expr **)&((tt_expr *)part)->next;
    } while (accept (p, '+'));
    p->depth--;
    return TT_OK;
}

tt_status
tt_expr_parse (tt_arena *arena, const char *text, const tt_expr **out, tt_error *error)
{
    parser p = { .arena = arena, .text = text, .at = text, .error = error };
    tt_status status = parse_join (&p, out);
    skip_blanks (&p);
    if (status == TT_OK && *p.at)
        return syntax (&p, "\"+\" or the end of the line is expected");
    return status;
}

const tt_expr *
tt_expr_column (tt_arena *arena, const char *name, const char *separator)
{
    parser p = { .arena = arena };
    tt_expr *column = new_expr (&p, EXPR_COLUMN);
    column->text = tt_arena_strndup (arena, name, strlen (name));
    if (separator == NULL)
        return column;
    tt_expr *call = new_expr (&p, EXPR_CALL);
    call->first = column;
    call->option = separator;
    return call;
}

/* Evaluation. */

typedef struct {
    const json_t *record;
    const char *target;
    tt_buffer *notes;
    tt_error *error;
} evaluation;

static tt_status eval (const tt_expr *expr, evaluation *e, json_t **out);

static json_t *
scalar (const json_t *value)
{
    if (json_is_string (value))
        return json_string_length (value) ? json_stringn (json_string_value (value), json_string_length (value)) : NULL;
    if (!json_is_number (value) && !json_is_boolean (value))
        return NULL;
    char *text = json_dumps (value, JSON_ENCODE_ANY);
    json_t *out = json_string (text);
    free (text);
    return out;
}

static json_t *
column_value (const json_t *record, const char *name)
{
    const json_t *value = json_object_get (record, name);
    if (!json_is_array (value))
        return scalar (value);
    json_t *list = json_array ();
    for (size_t i = 0; i < json_array_size (value); i++) {
        json_t *item = scalar (json_array_get (value, i));
        if (item)
            json_array_append_new (list, item);
    }
    if (json_array_size (list) > 0)
        return list;
    json_decref (list);
    return NULL;
}

static void
append_value (tt_buffer *out, const json_t *value)
{
    if (json_is_string (value))
        tt_buffer_append (out, json_string_value (value), json_string_length (value));
    for (size_t i = 0; i < json_array_size (value); i++) {
        tt_buffer_text (out, i ? " " : "");
        append_value (out, json_array_get (value, i));
    }
}

/* One part alone keeps its list; several are joined as text, and constants alone say nothing. */
static tt_status
eval_join (const tt_expr *join, evaluation *e, json_t **out)
{
    tt_buffer text = { 0 };
    bool filled = false, constant_only = true;
    tt_status status = TT_OK;
    *out = NULL;
    if (join->first->next == NULL)
        return eval (join->first, e, out);
    for (const tt_expr *part = join->first; part && status == TT_OK; part = part->next) {
        json_t *value = NULL;
        status = eval (part, e, &value);
        append_value (&text, value);
        constant_only = constant_only && part->kind == EXPR_CONSTANT;
        filled = filled || (value && part->kind != EXPR_CONSTANT);
        json_decref (value);
    }
    if (status == TT_OK && (filled || constant_only))
        *out = json_stringn ((const char *)text.data, text.size);
    tt_buffer_free (&text);
    return status;
}

static tt_status
eval_split (const tt_expr *call, const json_t *value, json_t **out)
{
    tt_buffer text = { 0 };
    size_t gap = strlen (call->option);
    append_value (&text, value);
    json_t *list = json_array ();
    for (const char *at = tt_buffer_cstr (&text); at;) {
        const char *end = strstr (at, call->option);
        size_t size = end ? (size_t)(end - at) : strlen (at);
        while (size > 0 && isspace ((unsigned char)*at)) {
            at++;
            size--;
        }
        while (size > 0 && isspace ((unsigned char)at[size - 1]))
            size--;
        if (size > 0)
            json_array_append_new (list, json_stringn (at, size));
        at = end ? end + gap : NULL;
    }
    tt_buffer_free (&text);
    *out = list;
    return TT_OK;
}

static tt_status
eval_one (const tt_expr *call, const json_t *value, evaluation *e, json_t **out)
{
    tt_buffer text = { 0 };
    const char *given = json_string_value (value);
    tt_status status = TT_OK;
    if (given == NULL || strlen (given) != json_string_length (value))
        status = tt_fail (e->error, TT_INVALID_ARGUMENT, "text without NUL is expected");
    else
        status = call->function (call, given, &text, e->notes, e->target, e->error);
    *out = status == TT_OK && text.size > 0 ? json_stringn ((const char *)text.data, text.size) : NULL;
    if (status == TT_OK && text.size > 0 && *out == NULL)
        status = tt_fail (e->error, TT_INVALID_ARGUMENT, "the result is no UTF-8");
    tt_buffer_free (&text);
    return status;
}

/* A function of a list is the list of its results. */
static tt_status
eval_call (const tt_expr *call, evaluation *e, json_t **out)
{
    json_t *value = NULL;
    tt_status status = eval (call->first, e, &value);
    if (status != TT_OK || value == NULL)
        return status;
    if (call->function == NULL)
        status = eval_split (call, value, out);
    else if (json_is_string (value))
        status = eval_one (call, value, e, out);
    else
        *out = json_array ();
    for (size_t i = 0; call->function && status == TT_OK && i < json_array_size (value); i++) {
        json_t *item = NULL;
        status = eval_one (call, json_array_get (value, i), e, &item);
        if (item)
            json_array_append_new (*out, item);
    }
    json_decref (value);
    return status;
}

static tt_status
eval (const tt_expr *expr, evaluation *e, json_t **out)
{
    *out = NULL;
    switch (expr->kind) {
    case EXPR_CONSTANT:
        *out = json_string (expr->text);
        return TT_OK;
    case EXPR_COLUMN:
        *out = column_value (e->record, expr->text);
        return TT_OK;
    case EXPR_JOIN:
        return eval_join (expr, e, out);
    case EXPR_CALL:
        return eval_call (expr, e, out);
    }
    return TT_INTERNAL;
}

tt_status
tt_expr_eval (const tt_expr *expr, const json_t *record, const char *target, json_t **out, tt_buffer *notes, tt_error *error)
{
    evaluation e = { .record = record, .target = target, .notes = notes, .error = error };
    tt_status status = eval (expr, &e, out);
    if (status != TT_OK) {
        json_decref (*out);
        *out = NULL;
    }
    return status;
}
