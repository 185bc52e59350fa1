#include "pipeline/plot_table.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/csv.h"
#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/params.h"

void rmv_plot_table_free(struct rmv_plot_table *table)
{
    for (size_t i = 0; i < table->rows * table->columns.count; i++)
        rmv_value_free(&table->cells[i]);
    free(table->cells);
    rmv_strings_free(&table->columns);
    *table = (struct rmv_plot_table){0};
}

static bool is_delimited(const char *path)
{
    return rmv_path_has_suffix(path, ".csv") || rmv_path_has_suffix(path, ".tsv");
}

bool rmv_plot_table_is(const char *path)
{
    return is_delimited(path) || rmv_path_has_suffix(path, ".json") ||
           rmv_path_has_suffix(path, ".yaml") || rmv_path_has_suffix(path, ".yml");
}

bool rmv_plot_table_find(const struct rmv_plot_table *table, const char *name, size_t *index)
{
    for (size_t i = 0; i < table->columns.count; i++)
        if (strcmp(table->columns.items[i], name) == 0) {
            *index = i;
            return true;
        }
    return false;
}

const struct rmv_value *rmv_plot_table_cell(const struct rmv_plot_table *table, size_t row,
                                            size_t column)
{
    return &table->cells[row * table->columns.count + column];
}

static const struct rmv_error *add_row(const char *path, struct rmv_plot_table *table,
                                       struct rmv_value **row)
{
    const size_t columns = table->columns.count, used = table->rows * columns;
    if (!columns)
        return rmv_error(RMV_ERR_NOT_FOUND, "the rows of '%s' have no columns", path);
    if (used + columns > RMV_PLOT_CELLS_MAX)
        return rmv_error(RMV_ERR_LIMIT, "'%s' has more than %zu values", path, RMV_PLOT_CELLS_MAX);
    if (!table->cells || used + columns > table->capacity) {
        table->capacity = 2 * (used + columns);
        table->cells = rmv_realloc(table->cells, table->capacity * sizeof(table->cells[0]));
    }
    *row = memset(&table->cells[used], 0, columns * sizeof(table->cells[0]));
    table->rows++;
    return NULL;
}

/* ---- CSV and TSV ---------------------------------------------------------------------------- */

/* Where reading stands. */
struct cursor {
    const char *at, *end;
    char delimiter;
    bool ends_record; /* the field read last was the last one of its line */
};

/* Takes a field without its quotes. */
static void take_field(struct cursor *cursor, struct rmv_buf *field)
{
    bool is_quoted = cursor->at < cursor->end && *cursor->at == '"';
    field->size = 0;
    cursor->at += is_quoted;
    for (; cursor->at < cursor->end; cursor->at++) {
        const char c = *cursor->at;
        const bool is_double =
            c == '"' && cursor->at + 1 < cursor->end && cursor->at[1] == '"' && is_quoted;
        if (is_double)
            cursor->at++;
        else if (is_quoted && c == '"') {
            is_quoted = false;
            continue;
        } else if (!is_quoted && (c == cursor->delimiter || c == '\n'))
            break;
        if (c != '\0' && (is_quoted || c != '\r'))
            rmv_buf_append(field, &c, 1);
    }
    cursor->ends_record = cursor->at >= cursor->end || *cursor->at == '\n';
    cursor->at += cursor->at < cursor->end;
}

static void set_cell(struct rmv_value *cell, struct rmv_buf *field)
{
    double number;
    const struct rmv_csv_field text = {.text = rmv_buf_string(field), .size = field->size};
    if (rmv_csv_parse_double(text, &number))
        rmv_value_set_double(cell, number);
    else if (!rmv_csv_is_missing(text))
        rmv_value_set_text(cell, rmv_buf_string(field));
}

/* The names of the columns, or, without a header, numbers; the cursor then stays. */
static void read_columns(const struct rmv_plot_source *source, struct cursor *cursor,
                         struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf field = {0};
    const char *start = cursor->at;
    do {
        take_field(cursor, &field);
        rmv_strings_take(&table->columns, source->no_header
                                              ? rmv_str_format("%zu", table->columns.count)
                                              : rmv_str_copy(rmv_buf_string(&field)));
    } while (!cursor->ends_record && table->columns.count < RMV_CSV_COLUMNS_MAX);
    if (source->no_header)
        cursor->at = start;
}

static const struct rmv_error *parse_delimited(const struct rmv_plot_source *source,
                                               const char *text, size_t size,
                                               struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf field = {0};
    struct cursor cursor = {.at = text,
                            .end = text + size,
                            .delimiter = rmv_path_has_suffix(source->path, ".tsv") ? '\t' : ','};

    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        cursor.at += 3;
    if (cursor.at == cursor.end)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is empty", source->path);
    read_columns(source, &cursor, table);
    while (cursor.at < cursor.end) {
        struct rmv_value *row = NULL;
        if (*cursor.at == '\n' ||
            (*cursor.at == '\r' && cursor.at + 1 < cursor.end && cursor.at[1] == '\n')) {
            cursor.at += *cursor.at == '\n' ? 1 : 2;
            continue;
        }
        const struct rmv_error *err = add_row(source->path, table, &row);
        if (err)
            return err;
        size_t column = 0;
        do {
            take_field(&cursor, &field);
            if (column < table->columns.count)
                set_cell(&row[column], &field);
            column++;
        } while (!cursor.ends_record);
    }
    return NULL;
}

/* ---- JSON and YAML -------------------------------------------------------------------------- */

static bool is_table(const struct rmv_value *value)
{
    if (value->kind != RMV_VALUE_LIST || !value->list.count)
        return false;
    for (size_t i = 0; i < value->list.count; i++)
        if (value->list.items[i].kind != RMV_VALUE_MAP)
            return false;
    return true;
}

/* The first list of maps; one whose rows have the column goes first. */
static const struct rmv_value *find_list(const struct rmv_value *value, const char *column)
{
    if (is_table(value))
        return !column || rmv_value_find_path(&value->list.items[0], column) ? value : NULL;
    if (value->kind != RMV_VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < value->map.count; i++) {
        const struct rmv_value *found = find_list(&value->map.members[i].value, column);
        if (found)
            return found;
    }
    return NULL;
}

static const struct rmv_error *fill(const char *path, const struct rmv_value *rows,
                                    struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value columns = {0}; /* a map: finding is quick */

    rmv_value_set_map(&columns);
    for (size_t i = 0; i < rows->list.count; i++)
        for (size_t k = 0; k < rows->list.items[i].map.count; k++)
            rmv_value_add(&columns, rows->list.items[i].map.members[k].key);
    for (size_t i = 0; i < columns.map.count; i++) {
        rmv_value_set_int(&columns.map.members[i].value, (int64_t)i);
        rmv_strings_add(&table->columns, columns.map.members[i].key);
    }
    for (size_t i = 0; i < rows->list.count; i++) {
        struct rmv_value *row = NULL;
        const struct rmv_error *err = add_row(path, table, &row);
        if (err)
            return err;
        for (size_t k = 0; k < rows->list.items[i].map.count; k++) {
            const struct rmv_member *member = &rows->list.items[i].map.members[k];
            rmv_value_copy(&row[rmv_value_find(&columns, member->key)->integer], &member->value);
        }
    }
    return NULL;
}

static const struct rmv_error *parse_document(const struct rmv_plot_source *source,
                                              const char *text, size_t size,
                                              struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value rows = {0};

    const struct rmv_error *err = rmv_document_parse(source->path, text, size, &document);
    if (err)
        return err;
    const struct rmv_value *list = find_list(&document, source->column);
    if (!list)
        list = find_list(&document, NULL);
    rmv_value_set_list(&rows);
    for (size_t i = 0; list && i < list->list.count; i++) {
        struct rmv_value *row = rmv_value_append(&rows);
        rmv_value_set_map(row);
        rmv_params_flatten(&list->list.items[i], row);
    }
    if (!list && document.kind == RMV_VALUE_MAP && document.map.count) {
        struct rmv_value *row = rmv_value_append(&rows);
        rmv_value_set_map(row);
        rmv_params_flatten(&document, row);
    }
    if (!rows.list.count)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no list of maps in '%s' that could be drawn",
                         source->path);
    return fill(source->path, &rows, table);
}

const struct rmv_error *rmv_plot_table_parse(const struct rmv_plot_source *source, const char *text,
                                             size_t size, struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_plot_table_free) struct rmv_plot_table parsed = {0};
    const struct rmv_error *err = is_delimited(source->path)
                                      ? parse_delimited(source, text, size, &parsed)
                                      : parse_document(source, text, size, &parsed);
    if (err)
        return err;
    *table = parsed;
    parsed = (struct rmv_plot_table){0};
    return NULL;
}
