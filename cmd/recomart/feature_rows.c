#include "recomart/feature_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/csv.h"
#include "rmv/base/mem.h"

void recomart_rows_free(struct recomart_rows *rows)
{
    const size_t columns = rows->table ? rows->table->columns_count : 0;
    for (size_t i = 0; i < rows->count * columns; i++)
        if (rows->values[i].type == RMV_FEATURE_TEXT && !rows->values[i].is_null) {
            char *text = (char *)(uintptr_t)rows->values[i].text;
            rmv_str_free(&text);
        }
    rmv_free(&rows->values);
    *rows = (struct recomart_rows){0};
}

static const struct rmv_error *keep_row(void *context, const struct rmv_feature_value *row)
{
    struct recomart_rows *rows = context;
    const size_t columns = rows->table->columns_count;
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 16;
        rows->values = rmv_realloc(rows->values, rows->capacity * columns * sizeof(*rows->values));
    }
    struct rmv_feature_value *values = rows->values + rows->count * columns;
    for (size_t i = 0; i < columns; i++) {
        values[i] = row[i];
        if (row[i].type == RMV_FEATURE_TEXT && !row[i].is_null)
            values[i].text = rmv_str_copy(row[i].text);
    }
    rows->count++;
    return NULL;
}

const struct rmv_error *recomart_rows_select(struct rmv_feature_store *store,
                                             const struct rmv_feature_query *query,
                                             struct recomart_rows *rows)
{
    rows->table = query->table;
    return rmv_feature_store_select(store, query, keep_row, rows);
}

const struct rmv_error *recomart_rows_join(struct rmv_feature_store *store,
                                           const struct rmv_feature_join *join,
                                           const struct rmv_feature_table *table,
                                           struct recomart_rows *rows)
{
    rows->table = table;
    return rmv_feature_store_join(store, join, keep_row, rows);
}

/* At most six decimals, and none that are zero. */
static char *short_number(double number)
{
    char *text = rmv_str_format("%.6f", number);
    size_t length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    text[text[length - 1] == '.' ? length - 1 : length] = '\0';
    return text;
}

/* The caller frees it. */
static char *text_of(const struct rmv_feature_value *value)
{
    if (value->is_null)
        return rmv_str_copy("");
    if (value->type == RMV_FEATURE_TEXT)
        return rmv_str_copy(value->text);
    if (value->type == RMV_FEATURE_INT)
        return rmv_str_format("%lld", (long long)value->integer);
    return short_number(value->number);
}

static int width_of(const struct recomart_rows *rows, size_t column)
{
    size_t width = strlen(rows->table->columns[column].name);
    for (size_t i = 0; i < rows->count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *text = text_of(&rows->values[i * rows->table->columns_count + column]);
        width = strlen(text) > width ? strlen(text) : width;
    }
    return (int)width;
}

void recomart_rows_print_table(const struct recomart_rows *rows)
{
    const size_t columns = rows->table->columns_count;
    if (rows->count == 0) {
        printf("(no rows)\n");
        return;
    }
    const int numbers_width = snprintf(NULL, 0, "%zu", rows->count - 1);
    int widths[RMV_FEATURE_COLUMNS_MAX];
    printf("%*s", numbers_width, "");
    for (size_t c = 0; c < columns; c++) {
        widths[c] = width_of(rows, c);
        printf(" %*s", widths[c], rows->table->columns[c].name);
    }
    printf("\n");
    for (size_t i = 0; i < rows->count; i++) {
        printf("%-*zu", numbers_width, i);
        for (size_t c = 0; c < columns; c++) {
            RMV_CLEANUP(rmv_str_free) char *text = text_of(&rows->values[i * columns + c]);
            printf(" %*s", widths[c], text);
        }
        printf("\n");
    }
}

void recomart_rows_print_csv(const struct recomart_rows *rows)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const size_t columns = rows->table->columns_count;
    for (size_t c = 0; c < columns; c++)
        rmv_buf_append_format(&out, "%s%s", c ? "," : "", rows->table->columns[c].name);
    rmv_buf_append_string(&out, "\n");
    for (size_t i = 0; i < rows->count * columns; i++) {
        const struct rmv_feature_value *value = &rows->values[i];
        if (value->type == RMV_FEATURE_DOUBLE && !value->is_null) {
            rmv_csv_append_double(&out, value->number);
        } else {
            RMV_CLEANUP(rmv_str_free) char *text = text_of(value);
            rmv_csv_append(&out, text, strlen(text));
        }
        rmv_buf_append_string(&out, (i + 1) % columns ? "," : "\n");
    }
    fputs(rmv_buf_string(&out), stdout);
}

void recomart_rows_to_value(const struct recomart_rows *rows, struct rmv_value *list)
{
    const size_t columns = rows->table->columns_count;
    rmv_value_set_list(list);
    for (size_t i = 0; i < rows->count; i++) {
        struct rmv_value *map = rmv_value_append(list);
        rmv_value_set_map(map);
        for (size_t c = 0; c < columns; c++) {
            const struct rmv_feature_value *value = &rows->values[i * columns + c];
            struct rmv_value *member = rmv_value_add(map, rows->table->columns[c].name);
            if (value->is_null)
                continue;
            if (value->type == RMV_FEATURE_TEXT)
                rmv_value_set_text(member, value->text);
            else if (value->type == RMV_FEATURE_INT)
                rmv_value_set_int(member, value->integer);
            else
                rmv_value_set_double(member, value->number);
        }
    }
}
