#include "pipeline/plot_table.h"

#include <math.h>
#include <string.h>

#include "pipeline/plot_rows.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/params.h"

#define DOCUMENT_SIZE_MAX ((size_t)256 * 1024 * 1024)

static bool is_delimited(const char *path)
{
    return rmv_path_has_suffix(path, ".csv") || rmv_path_has_suffix(path, ".tsv");
}

bool rmv_plot_table_is(const char *path)
{
    return is_delimited(path) || rmv_path_has_suffix(path, ".json") ||
           rmv_path_has_suffix(path, ".yaml") || rmv_path_has_suffix(path, ".yml");
}

const struct rmv_error *rmv_plot_table_read(const struct rmv_plot_table *table,
                                            struct rmv_strings *names)
{
    return is_delimited(table->path) ? rmv_plot_table_read_lines(table, names)
                                     : rmv_plot_table_read_document(table, names);
}

const struct rmv_error *rmv_plot_table_find(const struct rmv_plot_table *table, size_t column,
                                            const struct rmv_strings *names, size_t *index)
{
    const char *name = table->columns[column];
    if (!name) {
        *index = names->count - 1;
        return NULL;
    }
    for (*index = 0; *index < names->count; ++*index)
        if (strcmp(names->items[*index], name) == 0)
            return NULL;
    const char *nearest = rmv_strings_nearest(names, name);
    return rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no column '%s'%s%s%s", table->path, name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

/* ---- JSON and YAML -------------------------------------------------------------------------- */

/* The columns of all rows, in the order of their first appearance. */
static const struct rmv_error *list_columns(struct rmv_plot_rows *rows, struct rmv_strings *columns)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value known = {0}; /* a map: finding is quick */
    RMV_CLEANUP(rmv_value_free) struct rmv_value row = {0};

    rmv_value_set_map(&known);
    const struct rmv_error *err = rmv_plot_rows_next(rows, &row);
    for (; !err && row.kind == RMV_VALUE_MAP; err = rmv_plot_rows_next(rows, &row))
        for (size_t k = 0; k < row.map.count; k++)
            rmv_value_add(&known, row.map.members[k].key);
    for (size_t i = 0; i < known.map.count; i++)
        rmv_strings_add(columns, known.map.members[i].key);
    return err;
}

/* `text` is room for what is no text in the document. */
static struct rmv_plot_cell cell_of(const struct rmv_value *value, struct rmv_buf *text)
{
    struct rmv_plot_cell cell = {.kind = RMV_PLOT_TEXT};
    if (!value || value->kind == RMV_VALUE_NULL ||
        (value->kind == RMV_VALUE_DOUBLE && isnan(value->number)))
        return (struct rmv_plot_cell){.kind = RMV_PLOT_MISSING};
    if (value->kind == RMV_VALUE_INT || value->kind == RMV_VALUE_DOUBLE) {
        cell.kind = RMV_PLOT_NUMBER;
        cell.number = value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
    }
    text->size = 0;
    if (value->kind != RMV_VALUE_STRING)
        rmv_params_format_value(value, text);
    cell.text = value->kind == RMV_VALUE_STRING ? value->text : rmv_buf_string(text);
    cell.size = strlen(cell.text);
    return cell;
}

static const struct rmv_error *read_rows(const struct rmv_plot_table *table,
                                         struct rmv_plot_rows *rows,
                                         const struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf first = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf second = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value row = {0};
    struct rmv_buf *texts[RMV_PLOT_COLUMNS_MAX] = {&first, &second};

    for (;;) {
        struct rmv_plot_cell cells[RMV_PLOT_COLUMNS_MAX] = {0};
        const struct rmv_error *err = rmv_plot_rows_next(rows, &row);
        if (err || row.kind != RMV_VALUE_MAP)
            return err;
        for (size_t k = 0; k < table->columns_count; k++)
            cells[k] = cell_of(rmv_value_find(&row, names->items[k]), texts[k]);
        err = table->row(table->context, cells);
        if (err)
            return err;
    }
}

const struct rmv_error *rmv_plot_table_read_document(const struct rmv_plot_table *table,
                                                     struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_plot_rows_free) struct rmv_plot_rows rows = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings columns = {0};

    const struct rmv_error *err = rmv_fd_read(table->fd, table->path, DOCUMENT_SIZE_MAX, &text);
    if (!err)
        err = rmv_plot_rows_open(table->path, &text, table->columns[0], &rows);
    if (!err)
        err = list_columns(&rows, &columns);
    if (err)
        return err;
    if (!columns.count)
        return rmv_error(RMV_ERR_NOT_FOUND, "the rows of '%s' have no columns", table->path);
    for (size_t i = 0; !err && i < table->columns_count; i++) {
        size_t index = 0;
        err = rmv_plot_table_find(table, i, &columns, &index);
        if (!err)
            rmv_strings_add(names, columns.items[index]);
    }
    return err ? err : read_rows(table, &rows, names);
}
