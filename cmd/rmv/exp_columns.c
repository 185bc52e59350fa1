#include "rmv/exp_columns.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/pipeline/params.h"

void cli_exp_columns_free(struct cli_exp_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        rmv_str_free(&columns->items[i].name);
        rmv_str_free(&columns->items[i].title);
    }
    free(columns->items);
    *columns = (struct cli_exp_columns){0};
}

const struct rmv_value *cli_exp_columns_value(const struct cli_exp_row *row,
                                              const struct cli_exp_column *column)
{
    return rmv_value_find(&row->flat[column->group], column->name);
}

/* ---- Which there are ------------------------------------------------------------------------- */

static const char *key_of(const struct cli_exp_column *column)
{
    const char *colon = strchr(column->name, ':');
    return column->group != CLI_EXP_DEPS && colon ? colon + 1 : column->name;
}

static void add_columns(const struct cli_exp_row *row, enum cli_exp_group group,
                        struct rmv_map *seen, struct cli_exp_columns *columns)
{
    const struct rmv_value *flat = &row->flat[group];
    if (flat->kind != RMV_VALUE_MAP)
        return;
    for (size_t i = 0; i < flat->map.count; i++) {
        if (rmv_map_find(seen, flat->map.members[i].key))
            continue;
        rmv_map_set(seen, flat->map.members[i].key, seen);
        columns->items =
            rmv_grow(columns->items, columns->count, &columns->capacity, sizeof(columns->items[0]));
        columns->items[columns->count++] =
            (struct cli_exp_column){.group = group, .name = rmv_str_copy(flat->map.members[i].key)};
    }
}

/* A key alone is enough where no other column has it. */
static void set_titles(struct cli_exp_columns *columns)
{
    RMV_CLEANUP(rmv_map_free) struct rmv_map once = {0};
    RMV_CLEANUP(rmv_map_free) struct rmv_map twice = {0};
    for (size_t i = 0; i < columns->count; i++) {
        const char *key = key_of(&columns->items[i]);
        if (rmv_map_set(&once, key, columns))
            rmv_map_set(&twice, key, columns);
    }
    for (size_t i = 0; i < columns->count; i++) {
        const char *key = key_of(&columns->items[i]);
        columns->items[i].title =
            rmv_str_copy(rmv_map_find(&twice, key) ? columns->items[i].name : key);
    }
}

/* ---- Which are shown ------------------------------------------------------------------------- */

/* Does one of the expressions match the title or the name? */
static const struct rmv_error *matches(const struct rmv_strings *expressions,
                                       const struct cli_exp_column *column, bool *found)
{
    *found = false;
    for (size_t i = 0; expressions && i < expressions->count; i++) {
        regex_t expression;
        char problem[200];
        const int status = regcomp(&expression, expressions->items[i], REG_EXTENDED | REG_NOSUB);
        if (status) {
            regerror(status, &expression, problem, sizeof(problem));
            return rmv_error(RMV_ERR_USAGE, "'%s' is no regular expression: %s",
                             expressions->items[i], problem);
        }
        *found = *found || regexec(&expression, column->title, 0, NULL, 0) == 0 ||
                 regexec(&expression, column->name, 0, NULL, 0) == 0;
        regfree(&expression);
    }
    return NULL;
}

static bool has_changed(const struct cli_exp_rows *rows, const struct cli_exp_column *column)
{
    const struct rmv_value *first = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        const struct rmv_value *value = cli_exp_columns_value(&rows->items[i], column);
        if (value && first && !rmv_value_equal(value, first))
            return true;
        first = first ? first : value;
    }
    return false;
}

static const struct rmv_error *is_shown(const struct cli_exp_rows *rows,
                                        const struct cli_exp_columns_choice *choice,
                                        const struct cli_exp_column *column, bool *shown)
{
    bool dropped = false;
    const struct rmv_error *err = matches(choice->keep, column, shown);
    if (err || *shown)
        return err;
    err = matches(choice->drop, column, &dropped);
    *shown = !dropped && (!choice->only_changed || has_changed(rows, column));
    return err;
}

const struct rmv_error *cli_exp_columns_find(const struct cli_exp_rows *rows,
                                             const struct cli_exp_columns_choice *choice,
                                             struct cli_exp_columns *columns)
{
    size_t count = 0;
    const struct rmv_error *err = NULL;

    for (enum cli_exp_group group = 0; group < CLI_EXP_GROUPS; group++) {
        RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
        for (size_t i = 0; i < rows->count; i++)
            add_columns(&rows->items[i], group, &seen, columns);
    }
    set_titles(columns);
    for (size_t i = 0; i < columns->count; i++) {
        bool shown = true;
        struct cli_exp_column column = columns->items[i];
        if (!err)
            err = is_shown(rows, choice, &column, &shown);
        if (shown) {
            columns->items[count++] = column;
        } else {
            rmv_str_free(&column.name);
            rmv_str_free(&column.title);
        }
    }
    columns->count = count;
    return err;
}

/* ---- Sorting --------------------------------------------------------------------------------- */

static const struct rmv_error *find_column(const struct cli_exp_columns *columns, const char *by,
                                           const struct cli_exp_column **found)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings titles = {0};
    for (size_t i = 0; i < columns->count; i++) {
        rmv_strings_add(&titles, columns->items[i].title);
        if (strcmp(columns->items[i].title, by) == 0 || strcmp(columns->items[i].name, by) == 0) {
            *found = &columns->items[i];
            return NULL;
        }
    }
    const char *nearest = rmv_strings_nearest(&titles, by);
    return nearest ? rmv_error(RMV_ERR_NOT_FOUND, "there is no column '%s'; did you mean '%s'?", by,
                               nearest)
                   : rmv_error(RMV_ERR_NOT_FOUND, "there is no column '%s'", by);
}

static bool number_of(const struct rmv_value *value, double *number)
{
    *number = value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
    return value->kind == RMV_VALUE_INT || value->kind == RMV_VALUE_DOUBLE;
}

/* Numbers by size, before everything else, which is sorted as it is printed. */
static int compare_values(const struct rmv_value *a, const struct rmv_value *b)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf first = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf second = {0};
    double x, y;
    const bool is_a = number_of(a, &x), is_b = number_of(b, &y);
    if (is_a && is_b)
        return (x > y) - (x < y);
    if (is_a != is_b)
        return is_a ? -1 : 1;
    rmv_params_format_value(a, &first);
    rmv_params_format_value(b, &second);
    return strcmp(rmv_buf_string(&first), rmv_buf_string(&second));
}

struct order {
    const struct cli_exp_column *column;
    bool descending;
};

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    const struct cli_exp_row *first_row = a, *second_row = b;
    const struct rmv_value *first = cli_exp_columns_value(first_row, order->column);
    const struct rmv_value *second = cli_exp_columns_value(second_row, order->column);
    int result = 0;

    if (!first || !second)
        result = (first == NULL) - (second == NULL);
    else
        result = order->descending ? compare_values(second, first) : compare_values(first, second);
    return result ? result : strcmp(first_row->name, second_row->name);
}

const struct rmv_error *cli_exp_rows_sort(struct cli_exp_rows *rows,
                                          const struct cli_exp_columns *columns, const char *by,
                                          bool descending)
{
    struct order order = {.descending = descending};
    const struct rmv_error *err = find_column(columns, by, &order.column);
    if (err)
        return err;
    for (size_t i = 0; i < rows->count;) {
        size_t end = i;
        while (end < rows->count && rows->items[end].kind == CLI_EXP_EXPERIMENT)
            end++;
        if (end > i)
            qsort_r(&rows->items[i], end - i, sizeof(rows->items[0]), compare_rows, &order);
        i = end > i ? end : i + 1;
    }
    return NULL;
}
