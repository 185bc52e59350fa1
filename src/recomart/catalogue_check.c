/* A catalogue as rows: one per product, nested members by their dotted names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/lake_check.h"
#include "rmv/base/csv.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/catalogue.h"

static const char *const usual_columns[] = {"id",       "title", "price",       "description",
                                            "category", "image", "rating.rate", "rating.count"};

/* The usual columns that any product has, and what else the suite asks about. */
static void find_columns(const struct rmv_value *list, const struct rmv_suite *suite,
                         struct rmv_strings *columns)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    for (size_t i = 0; i < sizeof(usual_columns) / sizeof(usual_columns[0]); i++)
        rmv_strings_add(&names, usual_columns[i]);
    for (size_t i = 0; i < suite->count; i++)
        for (size_t k = 0; k < suite->items[i].columns.count; k++)
            if (!rmv_strings_has(&names, suite->items[i].columns.items[k]))
                rmv_strings_add(&names, suite->items[i].columns.items[k]);

    for (size_t i = 0; i < names.count; i++)
        for (size_t k = 0; k < list->list.count; k++)
            if (rmv_value_find_path(&list->list.items[k], names.items[i])) {
                rmv_strings_add(columns, names.items[i]);
                break;
            }
}

/* Texts of numbers go into `room`, which has space for one. */
static struct rmv_cell cell_of(const struct rmv_value *value, struct rmv_buf *room)
{
    room->size = 0;
    if (!value || value->kind == RMV_VALUE_NULL)
        return (struct rmv_cell){.kind = RMV_CELL_MISSING, .text = ""};
    if (value->kind == RMV_VALUE_STRING)
        return (struct rmv_cell){.kind = *value->text ? RMV_CELL_STRING : RMV_CELL_MISSING,
                                 .text = value->text,
                                 .size = strlen(value->text)};
    enum rmv_cell_kind kind = RMV_CELL_NUMBER;
    if (value->kind == RMV_VALUE_INT)
        rmv_buf_append_format(room, "%lld", (long long)value->integer);
    else if (value->kind == RMV_VALUE_DOUBLE)
        rmv_csv_append_double(room, value->number);
    else {
        kind = RMV_CELL_OTHER;
        rmv_json_format(value, false, room);
    }
    return (struct rmv_cell){.kind = kind, .text = rmv_buf_string(room), .size = room->size};
}

struct product_rows {
    struct rmv_strings columns;
    struct rmv_cell *cells;
    struct rmv_buf *rooms; /* one per column */
    struct rmv_value kept; /* accepted products */
};

static void product_rows_free(struct product_rows *rows)
{
    for (size_t i = 0; rows->rooms && i < rows->columns.count; i++)
        rmv_buf_free(&rows->rooms[i]);
    rmv_strings_free(&rows->columns);
    rmv_value_free(&rows->kept);
    free(rows->cells);
    free(rows->rooms);
}

static void remember_id(struct rmv_lake_check *lake, const struct product_rows *rows)
{
    for (size_t i = 0; i < rows->columns.count; i++)
        if (strcmp(rows->columns.items[i], "id") == 0)
            rmv_intern_add(&lake->products, rows->cells[i].text, rows->cells[i].size);
}

/* Products have no lines: their number in the list stands in. */
static const struct rmv_error *check_product(struct rmv_lake_check *lake,
                                             struct rmv_file_check *check,
                                             struct product_rows *rows,
                                             const struct rmv_value *product)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf raw = {0};
    const bool is_object = product->kind == RMV_VALUE_MAP;
    rmv_json_format(product, false, &raw);
    for (size_t i = 0; i < rows->columns.count; i++)
        rows->cells[i] =
            cell_of(rmv_value_find_path(product, rows->columns.items[i]), &rows->rooms[i]);
    const struct rmv_file_row row = {.line = check->report->rows + 1,
                                     .raw = rmv_buf_string(&raw),
                                     .raw_size = raw.size,
                                     .damage = is_object ? NULL : "not an object",
                                     .cells = rows->cells};
    bool is_accepted;
    const struct rmv_error *err = rmv_file_check_row(check, &row, &is_accepted);
    if (!err && is_accepted) {
        remember_id(lake, rows);
        rmv_value_copy(rmv_value_append(&rows->kept), product);
    }
    return err;
}

/* An untouched catalogue keeps its bytes. */
static const struct rmv_error *write_kept(const struct rmv_file_check *check,
                                          const struct product_rows *rows,
                                          const struct rmv_buf *bytes, const char *target)
{
    RMV_CLEANUP(rmv_output_close) struct rmv_output output = RMV_OUTPUT_EMPTY;
    const struct rmv_error *err = rmv_output_open(target, &output);
    if (err)
        return err;
    output.is_lazy = true;
    if (check->report->rejected == 0)
        rmv_buf_append(&output.pending, bytes->data, bytes->size);
    else
        rmv_json_format(&rows->kept, true, &output.pending);
    return rmv_output_finish(&output);
}

const struct rmv_error *rmv_catalogue_check_file(struct rmv_lake_check *lake,
                                                 struct rmv_file_check *check, const char *target)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(product_rows_free) struct product_rows rows = {0};
    const struct rmv_suite *suite = &lake->suites.suites[RMV_LAKE_PRODUCTS];
    const char *path = check->report->path;

    const struct rmv_error *err = rmv_fs_read(path, RMV_CATALOGUE_BYTES_MAX, &bytes);
    if (!err)
        err = rmv_catalogue_parse_list(path, rmv_buf_string(&bytes), bytes.size, &document);
    if (err)
        return err;
    rmv_value_set_list(&rows.kept);
    find_columns(&document, suite, &rows.columns);
    rows.cells = rmv_calloc(rows.columns.count, sizeof(*rows.cells));
    rows.rooms = rmv_calloc(rows.columns.count, sizeof(*rows.rooms));
    rmv_file_check_start(check, suite, &rows.columns);
    for (size_t i = 0; !err && i < document.list.count; i++)
        err = check_product(lake, check, &rows, &document.list.items[i]);
    if (err || check->report->lacks_columns)
        return err;
    lake->has_products = true;
    return write_kept(check, &rows, &bytes, target);
}
