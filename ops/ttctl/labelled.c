#include "labelled.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "import/lines.h"

static const char *
text_at (const json_t *object, const char *name, const char *other)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text || !other ? text : json_string_value (json_object_get (object, other));
}

static char *const *
texts_at (const json_t *object, const char *name, const char *other, tt_arena *arena, size_t *count)
{
    const json_t *list = json_object_get (object, name);
    if (!list)
        list = json_object_get (object, other);
    char **texts = tt_arena_alloc (arena, (json_array_size (list) + 1) * sizeof *texts);
    *count = 0;
    for (size_t i = 0; i < json_array_size (list); i++) {
        const char *text = json_string_value (json_array_get (list, i));
        if (text)
            texts[(*count)++] = tt_arena_strndup (arena, text, strlen (text));
    }
    return texts;
}

void
ctl_class_text_of (const json_t *object, tt_arena *arena, tt_class_text *text)
{
    *text = (tt_class_text){ .title = text_at (object, "title", "ti"),
                             .title_en = text_at (object, "titleEn", "title_en"),
                             .abstract = text_at (object, "abstract", "ab") };
    text->keywords = texts_at (object, "keywords", "kw", arena, &text->keyword_count);
    text->ipc = texts_at (object, "ipc", "ic", arena, &text->ipc_count);
    json_int_t trl = json_integer_value (json_object_get (object, "trl"));
    text->trl = trl > 0 && trl <= 13 ? (uint32_t)trl : 0;
}

bool
ctl_label_of (const json_t *object, const char *path, size_t size, char *label, size_t room)
{
    const json_t *value = ctl_at (object, path);
    if (json_is_array (value))
        value = json_array_get (value, 0);
    if (json_is_integer (value))
        snprintf (label, room, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_string (value) && json_string_length (value) < room)
        snprintf (label, room, "%s", json_string_value (value));
    else
        return false;
    if (size > 0 && size < strlen (label))
        label[size] = '\0';
    return label[0] != '\0';
}

tt_status
ctl_labelled_read (const char *path, tt_status (*take) (void *context, json_t *object, tt_error *error), void *context, uint64_t *wrong,
                   tt_error *error)
{
    tt_source *source = NULL;
    tt_line line;
    bool more = true;
    tt_status status = tt_source_open (&source, path, error);
    if (status != TT_OK)
        return status;
    tt_lines *lines = tt_lines_new (source, 0);
    while ((status = tt_lines_next (lines, &line, &more, error)) == TT_OK && more) {
        json_t *object = line.too_long ? NULL : json_loadb ((const char *)line.text.data, line.text.size, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object (object))
            status = take (context, object, error);
        else
            ++*wrong;
        json_decref (object);
        if (status != TT_OK) {
            tt_fail_prefix (error, "%s:%" PRIu64, path, line.number);
            break;
        }
    }
    tt_lines_close (&lines);
    tt_source_close (&source);
    return status;
}
