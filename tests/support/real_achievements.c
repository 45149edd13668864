#include "real_achievements.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static char *
text_at (tt_arena *arena, const json_t *line, const char *name)
{
    const char *text = json_string_value (json_object_get (line, name));
    return tt_arena_strndup (arena, text ? text : "", text ? strlen (text) : 0);
}

static void
fill (ingest_record *r, tt_arena *arena, const json_t *line)
{
    const json_t *keywords = json_object_get (line, "keywords");
    r->title = text_at (arena, line, "title");
    r->abstract = text_at (arena, line, "abstract");
    r->keywords = tt_arena_alloc (arena, (json_array_size (keywords) + 1) * sizeof *r->keywords);
    for (size_t i = 0; i < json_array_size (keywords); i++) {
        const char *word = json_string_value (json_array_get (keywords, i));
        if (word)
            r->keywords[r->n_keywords++] = tt_arena_strndup (arena, word, strlen (word));
    }
    r->owners = tt_arena_alloc (arena, sizeof *r->owners);
    r->owners[0] = text_at (arena, line, "center");
    r->n_owners = 1;
}

static size_t
read_file (const char *source, const char *name, void (*take) (void *, const ingest_record *), void *context)
{
    static char text[1 << 20];
    char path[1024];
    const char *data = getenv ("TT_REAL_DATA");
    snprintf (path, sizeof path, "%s/achievements/%s", data ? data : TT_SOURCE_DIR "/../shared/data", name);
    gzFile file = gzopen (path, "rb");
    size_t count = 0;
    if (file == NULL) {
        printf ("no real records: %s cannot be read (set TT_REAL_DATA)\n", path);
        return 0;
    }
    tt_arena *arena = tt_arena_new (0);
    while (gzgets (file, text, sizeof text)) {
        json_t *line = json_loads (text, 0, NULL);
        tt_arena_reset (arena);
        if (line) {
            ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
            fill (&r, arena, line);
            r.source = tt_arena_strndup (arena, source, strlen (source));
            r.source_id = tt_arena_printf (arena, "G-%08zu", count++);
            r.revision = 1;
            take (context, &r);
        }
        json_decref (line);
    }
    tt_arena_destroy (&arena);
    gzclose (file);
    return count;
}

size_t
real_achievements (void (*take) (void *, const ingest_record *), void *context)
{
    size_t count = read_file ("nasa", "nasa_t2_technologies.jsonl.gz", take, context);
    return count + read_file ("csl", "csl_papers_zh.jsonl.gz", take, context);
}
