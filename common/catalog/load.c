/* The files of the catalogue: which columns they have, and what must hold between them. */
#include "catalog/internal.h"

#include <string.h>

#include "catalog/table.h"

#define COLUMN_COUNT(columns) (sizeof (columns) / sizeof *(columns))
#define TEXT(type, column, member)                                                                                               \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_TEXT, false, NULL                                                             \
    }
#define NAME(type, column, member)                                                                                               \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_TEXT, true, NULL                                                              \
    }
#define NUMBER(type, column, member)                                                                                             \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_NUMBER, true, NULL                                                            \
    }
#define MAYBE(type, column, member)                                                                                              \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_NUMBER, false, NULL                                                           \
    }
#define DECIMAL(type, column, member, required)                                                                                  \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_DECIMAL, required, NULL                                                       \
    }
#define YES_NO(type, column, member)                                                                                             \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_YES_NO, true, NULL                                                            \
    }
#define WORD(type, column, member, words)                                                                                        \
    {                                                                                                                            \
        column, offsetof (type, member), TT_COLUMN_WORD, true, words                                                             \
    }

static const tt_word measure_words[] = { { "ratio", TT_MEASURE_RATIO },
                                         { "level", TT_MEASURE_LEVEL },
                                         { "count", TT_MEASURE_COUNT },
                                         { "index", TT_MEASURE_INDEX },
                                         { NULL, 0 } };
static const tt_word time_words[] = { { "annual flow", TT_TIME_ANNUAL_FLOW },
                                      { "annual flow over annual flow", TT_TIME_ANNUAL_FLOW },
                                      { "year-to-date flow", TT_TIME_YEAR_TO_DATE },
                                      { "year-to-date flow over flow", TT_TIME_YEAR_TO_DATE },
                                      { "stock over stock", TT_TIME_STOCK },
                                      { "cumulative stock", TT_TIME_CUMULATIVE_STOCK },
                                      { "annual", TT_TIME_ANNUAL_INDEX },
                                      { NULL, 0 } };
static const tt_word op_words[] = {
    { "eq", TT_TARGET_EQUAL }, { "ge", TT_TARGET_AT_LEAST }, { "gt", TT_TARGET_ABOVE }, { "range", TT_TARGET_RANGE }, { NULL, 0 }
};

static const tt_column entry_columns[] = {
    NAME (tt_catalog_entry, "list", list),       NAME (tt_catalog_entry, "code", code),
    TEXT (tt_catalog_entry, "name_zh", name_zh), TEXT (tt_catalog_entry, "name_en", name_en),
    TEXT (tt_catalog_entry, "note", note),       TEXT (tt_catalog_entry, "basis", basis),
};
static const tt_column district_columns[] = {
    NUMBER (tt_catalog_district, "id", id),         NAME (tt_catalog_district, "key", key),
    NAME (tt_catalog_district, "name_zh", name_zh), NAME (tt_catalog_district, "name_en", name_en),
    NAME (tt_catalog_district, "type", type),       TEXT (tt_catalog_district, "focus_zh", focus_zh),
};
static const tt_column special_columns[] = {
    NUMBER (tt_catalog_special, "id", id),
    NAME (tt_catalog_special, "name_zh", name_zh),
    NAME (tt_catalog_special, "name_en", name_en),
    TEXT (tt_catalog_special, "directions_zh", directions_zh),
    NAME (tt_catalog_special, "department_code", department_code),
    YES_NO (tt_catalog_special, "named_in_task_1", named_in_task_1),
};
static const tt_column department_columns[] = {
    NAME (tt_catalog_department, "code", code),
    NAME (tt_catalog_department, "name_zh", name_zh),
    NAME (tt_catalog_department, "name_en", name_en),
};
static const tt_column indicator_columns[] = {
    NUMBER (tt_catalog_indicator, "id", id),
    NAME (tt_catalog_indicator, "key", key),
    NAME (tt_catalog_indicator, "name_zh", name_zh),
    NAME (tt_catalog_indicator, "name_en", name_en),
    TEXT (tt_catalog_indicator, "unit_zh", unit_zh),
    TEXT (tt_catalog_indicator, "unit_en", unit_en),
    DECIMAL (tt_catalog_indicator, "target_2020", target, true),
    NUMBER (tt_catalog_indicator, "target_year", target_year),
    TEXT (tt_catalog_indicator, "responsible_zh", responsible_zh),
    NAME (tt_catalog_indicator, "responsible_code", responsible_code),
};
static const tt_column definition_columns[] = {
    NUMBER (tt_catalog_indicator, "id", id),
    NAME (tt_catalog_indicator, "key", key),
    WORD (tt_catalog_indicator, "measure_kind", measure, measure_words),
    WORD (tt_catalog_indicator, "time_kind", time, time_words),
    NAME (tt_catalog_indicator, "formula", formula),
    TEXT (tt_catalog_indicator, "numerator_zh", numerator_zh),
    TEXT (tt_catalog_indicator, "numerator_en", numerator_en),
    TEXT (tt_catalog_indicator, "denominator_zh", denominator_zh),
    TEXT (tt_catalog_indicator, "denominator_en", denominator_en),
    TEXT (tt_catalog_indicator, "frequency", frequency),
    TEXT (tt_catalog_indicator, "natural_limits", natural_limits),
    TEXT (tt_catalog_indicator, "feed_role", feed_role),
    MAYBE (tt_catalog_indicator, "baseline_year", baseline_year),
    DECIMAL (tt_catalog_indicator, "baseline_value", baseline_value, false),
    TEXT (tt_catalog_indicator, "baseline_note", baseline_note),
    TEXT (tt_catalog_indicator, "baseline_source", baseline_source),
};
static const tt_column target_columns[] = {
    NAME (tt_catalog_target, "target_id", id),
    NUMBER (tt_catalog_target, "task", task),
    NAME (tt_catalog_target, "kind", kind),
    NAME (tt_catalog_target, "metric_zh", metric_zh),
    NAME (tt_catalog_target, "metric_en", metric_en),
    WORD (tt_catalog_target, "op", op, op_words),
    DECIMAL (tt_catalog_target, "value", value, true),
    DECIMAL (tt_catalog_target, "value_max", value_max, false),
    TEXT (tt_catalog_target, "unit_zh", unit_zh),
    TEXT (tt_catalog_target, "unit_en", unit_en),
    TEXT (tt_catalog_target, "qualifier_zh", qualifier_zh),
    YES_NO (tt_catalog_target, "deadline_2020_explicit", deadline_2020_explicit),
    MAYBE (tt_catalog_target, "annex1_indicator", indicator),
    TEXT (tt_catalog_target, "seed_quote_zh", quote_zh),
};
/* Of a task only who answers for it is needed. */
typedef struct {
    uint32_t line;
    uint32_t number;
    const char *kind;
    const char *responsible_code;
} task;

static const tt_column task_columns[] = {
    NUMBER (task, "number", number),
    NAME (task, "kind", kind),
    NAME (task, "responsible_code", responsible_code),
};
static const tt_column platform_columns[] = {
    NUMBER (tt_catalog_platform, "id", id),
    NAME (tt_catalog_platform, "name_zh", name_zh),
    NAME (tt_catalog_platform, "name_en", name_en),
    TEXT (tt_catalog_platform, "tasks_zh", tasks_zh),
    TEXT (tt_catalog_platform, "responsible_zh", responsible_zh),
    NAME (tt_catalog_platform, "responsible_code", responsible_code),
};

static tt_status
wrong (const tt_catalog *catalog, const char *file, uint32_t line, const char *what, const char *value, tt_error *error)
{
    return tt_fail (error, TT_INVALID_ARGUMENT, "%s/%s:%u: %s: \"%.60s\"", catalog->directory, file, line, what, value);
}

static int
compare_runs (const void *a, const void *b)
{
    return strcmp (((const tt_catalog_run *)a)->name, ((const tt_catalog_run *)b)->name);
}

/* Entries of a list stand together in the file, so that a list is a run of the array; a code stands once in its list. */
static tt_status
group_entries (tt_catalog *catalog, tt_error *error)
{
    catalog->runs = tt_alloc_zero (catalog->entry_count, sizeof *catalog->runs);
    tt_catalog_run *run = NULL;
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const tt_catalog_entry *entry = &catalog->entries[i];
        if (run == NULL || strcmp (run->name, entry->list) != 0) {
            for (size_t k = 0; k < catalog->run_count; k++)
                if (strcmp (catalog->runs[k].name, entry->list) == 0)
                    return wrong (catalog, "codelists.csv", entry->line, "the list stands in two places", entry->list, error);
            run = &catalog->runs[catalog->run_count++];
            *run = (tt_catalog_run){ entry->list, i, 0 };
        }
        for (size_t k = run->first; k < i; k++)
            if (strcmp (catalog->entries[k].code, entry->code) == 0)
                return wrong (catalog, "codelists.csv", entry->line, "the code stands twice in its list", entry->code, error);
        run->count++;
    }
    qsort (catalog->runs, catalog->run_count, sizeof *catalog->runs, compare_runs);
    return TT_OK;
}

/* The definition of an indicator, completed with what indicators.csv says. */
static void
join (tt_catalog_indicator *definition, const tt_catalog_indicator *plan)
{
    definition->line = plan->line;
    definition->name_zh = plan->name_zh;
    definition->name_en = plan->name_en;
    definition->unit_zh = plan->unit_zh;
    definition->unit_en = plan->unit_en;
    definition->target = plan->target;
    definition->target_year = plan->target_year;
    definition->responsible_zh = plan->responsible_zh;
    definition->responsible_code = plan->responsible_code;
    bool from_above = *definition->baseline_value && strtod (definition->baseline_value, NULL) > strtod (plan->target, NULL);
    definition->direction = from_above ? -1 : 1;
}

static tt_status
join_definitions (tt_catalog *catalog, tt_catalog_indicator *definitions, size_t count, tt_error *error)
{
    const char *file = "indicator_definitions.csv";
    for (size_t i = 0; i < count; i++) {
        const tt_catalog_indicator *plan = tt_catalog_indicator_by_id (catalog, definitions[i].id);
        if (plan == NULL || strcmp (plan->key, definitions[i].key) != 0)
            return wrong (catalog, file, definitions[i].line, "no such id and key in indicators.csv", definitions[i].key, error);
        if ((*definitions[i].baseline_value != '\0') != (definitions[i].baseline_year != 0))
            return wrong (catalog, file, definitions[i].line, "a baseline needs year and value", definitions[i].baseline_value,
                          error);
        join (&definitions[i], plan);
    }
    for (size_t i = 0; i < catalog->indicator_count; i++) {
        size_t k = 0;
        while (k < count && definitions[k].id != catalog->indicators[i].id)
            k++;
        if (k == count)
            return wrong (catalog, "indicators.csv", catalog->indicators[i].line, "no definition in indicator_definitions.csv",
                          catalog->indicators[i].key, error);
        catalog->indicators[i] = definitions[k];
    }
    return TT_OK;
}

static tt_status
load_indicators (tt_catalog *catalog, tt_error *error)
{
    void *definitions = NULL;
    size_t count = 0;
    tt_status status
        = tt_table_load (catalog->directory, "indicator_definitions.csv", definition_columns, COLUMN_COUNT (definition_columns),
                         sizeof (tt_catalog_indicator), catalog->arena, &definitions, &count, error);
    if (status == TT_OK)
        status = join_definitions (catalog, definitions, count, error);
    free (definitions);
    return status;
}

static tt_status
join_tasks (tt_catalog *catalog, const task *tasks, size_t count, tt_error *error)
{
    for (size_t i = 0; i < catalog->target_count; i++) {
        tt_catalog_target *target = &catalog->targets[i];
        for (size_t k = 0; k < count && !target->responsible_code; k++)
            if (tasks[k].number == target->task)
                target->responsible_code = tasks[k].responsible_code;
        if (!target->responsible_code)
            return wrong (catalog, "targets.csv", target->line, "its task is not in tasks.csv", target->id, error);
    }
    return TT_OK;
}

static tt_status
load_tasks (tt_catalog *catalog, tt_error *error)
{
    void *tasks = NULL;
    size_t count = 0;
    tt_status status = tt_table_load (catalog->directory, "tasks.csv", task_columns, COLUMN_COUNT (task_columns), sizeof (task),
                                      catalog->arena, &tasks, &count, error);
    if (status == TT_OK)
        status = join_tasks (catalog, tasks, count, error);
    free (tasks);
    return status;
}

/* Keys and ids are unique; with few rows the plain comparison is enough. `key` is the offset of a text, or of the id if `number`.
 */
static tt_status
check_unique (const tt_catalog *catalog, const char *file, const void *rows, size_t count, size_t size, size_t key, bool number,
              tt_error *error)
{
    const uint8_t *base = rows;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const void *a = base + i * size + key, *b = base + k * size + key;
            bool same = number ? *(const uint32_t *)a == *(const uint32_t *)b
                               : strcmp (*(const char *const *)a, *(const char *const *)b) == 0;
            if (same)
                return wrong (catalog, file, ((const tt_table_row *)(const void *)(base + i * size))->line,
                              "stands twice in its file", number ? "id" : *(const char *const *)a, error);
        }
    return TT_OK;
}

static tt_status
check_references (const tt_catalog *catalog, tt_error *error)
{
    for (size_t i = 0; i < catalog->special_count; i++)
        if (tt_catalog_department_by_code (catalog, catalog->specials[i].department_code) == NULL)
            return wrong (catalog, "specials.csv", catalog->specials[i].line, "no such department",
                          catalog->specials[i].department_code, error);
    for (size_t i = 0; i < catalog->indicator_count; i++)
        if (tt_catalog_department_by_code (catalog, catalog->indicators[i].responsible_code) == NULL)
            return wrong (catalog, "indicators.csv", catalog->indicators[i].line, "no such department",
                          catalog->indicators[i].responsible_code, error);
    for (size_t i = 0; i < catalog->target_count; i++) {
        const tt_catalog_target *target = &catalog->targets[i];
        if (target->indicator != 0 && tt_catalog_indicator_by_id (catalog, target->indicator) == NULL)
            return wrong (catalog, "targets.csv", target->line, "no such indicator for the target", target->id, error);
        if ((target->op == TT_TARGET_RANGE) != (*target->value_max != '\0'))
            return wrong (catalog, "targets.csv", target->line, "value_max goes with op range, and only with it", target->id,
                          error);
    }
    return TT_OK;
}

/* One file of the catalogue and where it goes. */
typedef struct {
    const char *file;
    const tt_column *columns;
    size_t column_count;
    size_t size;
    size_t rows;  /* offset of the array's pointer in tt_catalog */
    size_t count; /* offset of its count */
    size_t key;   /* offset of the key's text in a row */
    bool has_id;
} table;

#define TABLE(file, columns, type, member, count, key, has_id)                                                                   \
    {                                                                                                                            \
        file, columns, COLUMN_COUNT (columns), sizeof (type), offsetof (tt_catalog, member), offsetof (tt_catalog, count),       \
            offsetof (type, key), has_id                                                                                         \
    }

static const table tables[] = {
    TABLE ("districts.csv", district_columns, tt_catalog_district, districts, district_count, key, true),
    TABLE ("specials.csv", special_columns, tt_catalog_special, specials, special_count, name_zh, true),
    TABLE ("departments.csv", department_columns, tt_catalog_department, departments, department_count, code, false),
    TABLE ("indicators.csv", indicator_columns, tt_catalog_indicator, indicators, indicator_count, key, true),
    TABLE ("targets.csv", target_columns, tt_catalog_target, targets, target_count, id, false),
    TABLE ("platforms.csv", platform_columns, tt_catalog_platform, platforms, platform_count, name_zh, true),
};

static tt_status
load_table (tt_catalog *catalog, const table *t, tt_error *error)
{
    uint8_t *base = (uint8_t *)catalog;
    void **rows = (void **)(void *)(base + t->rows);
    size_t *count = (size_t *)(void *)(base + t->count);
    tt_status status
        = tt_table_load (catalog->directory, t->file, t->columns, t->column_count, t->size, catalog->arena, rows, count, error);
    if (status == TT_OK)
        status = check_unique (catalog, t->file, *rows, *count, t->size, t->key, false, error);
    if (status == TT_OK && t->has_id)
        status = check_unique (catalog, t->file, *rows, *count, t->size, offsetof (tt_catalog_district, id), true, error);
    return status;
}

/* Every struct with a number has it in the same place, right behind the line. */
_Static_assert(offsetof (tt_catalog_special, id) == offsetof (tt_catalog_district, id), "id behind line");
_Static_assert(offsetof (tt_catalog_indicator, id) == offsetof (tt_catalog_district, id), "id behind line");
_Static_assert(offsetof (tt_catalog_platform, id) == offsetof (tt_catalog_district, id), "id behind line");

tt_status
tt_catalog_load (tt_catalog *catalog, tt_error *error)
{
    void *entries = NULL;
    tt_status status = tt_table_load (catalog->directory, "codelists.csv", entry_columns, COLUMN_COUNT (entry_columns),
                                      sizeof (tt_catalog_entry), catalog->arena, &entries, &catalog->entry_count, error);
    catalog->entries = entries;
    if (status == TT_OK)
        status = group_entries (catalog, error);
    for (size_t i = 0; status == TT_OK && i < COLUMN_COUNT (tables); i++)
        status = load_table (catalog, &tables[i], error);
    if (status == TT_OK)
        status = load_indicators (catalog, error);
    if (status == TT_OK)
        status = load_tasks (catalog, error);
    if (status == TT_OK)
        status = check_references (catalog, error);
    if (status == TT_OK)
        status = tt_catalog_load_patent (catalog, error);
    return status;
}
