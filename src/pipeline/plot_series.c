#include "pipeline/plot_series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/params.h"

#define TABLE_SIZE_MAX ((size_t)256 * 1024 * 1024)

void rmv_plot_collector_free(struct rmv_plot_collector *collector)
{
    for (size_t i = 0; i < collector->raws_count; i++) {
        for (size_t k = 0; k < collector->raws[i].count; k++) {
            rmv_value_free(&collector->raws[i].x[k]);
            rmv_value_free(&collector->raws[i].y[k]);
        }
        free(collector->raws[i].x);
        free(collector->raws[i].y);
    }
    free(collector->raws);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* A file that is not there has no columns. */
static const struct rmv_error *read_table(const struct rmv_plot_collector *collector,
                                          const char *path, const char *column,
                                          struct rmv_plot_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_plot_source source = {.path = path,
                                           .no_header = collector->request->no_header ||
                                                        collector->plot->no_header,
                                           .column = column};

    const struct rmv_error *err = rmv_file_at_read(&collector->place, path, TABLE_SIZE_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    return rmv_plot_table_parse(&source, rmv_buf_string(&text), text.size, table);
}

static const struct rmv_error *find_column(const struct rmv_plot_table *table, const char *path,
                                           const char *name, size_t *column)
{
    if (rmv_plot_table_find(table, name, column))
        return NULL;
    const char *nearest = rmv_strings_nearest(&table->columns, name);
    return rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no column '%s'%s%s%s", path, name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

/* One pair of columns; x may be in another file, row by row. */
struct pair {
    const char *x_file, *x_name; /* no name: rows are counted */
    const char *y_file, *y_name; /* no name: the last column */
};

static void set_labels(struct rmv_plot_drawing *drawing, const struct pair *pair, const char *y)
{
    if (!drawing->x_label)
        drawing->x_label = rmv_str_copy(pair->x_name ? pair->x_name : "step");
    if (!drawing->y_label)
        drawing->y_label = rmv_str_copy(y);
}

static void add_series(struct rmv_plot_collector *collector, const char *name,
                       struct rmv_plot_raw raw)
{
    struct rmv_plot_drawing *drawing = collector->drawing;
    drawing->series = rmv_grow(drawing->series, drawing->series_count, &drawing->series_capacity,
                               sizeof(drawing->series[0]));
    drawing->series[drawing->series_count++] =
        (struct rmv_plot_series){.state = collector->state, .name = rmv_str_copy(name)};
    collector->raws = rmv_grow(collector->raws, collector->raws_count, &collector->raws_capacity,
                               sizeof(collector->raws[0]));
    collector->raws[collector->raws_count++] = raw;
}

static const struct rmv_error *collect_pair(struct rmv_plot_collector *collector,
                                            const struct pair *pair)
{
    RMV_CLEANUP(rmv_plot_table_free) struct rmv_plot_table table = {0};
    RMV_CLEANUP(rmv_plot_table_free) struct rmv_plot_table other = {0};
    const bool is_apart = pair->x_name && strcmp(pair->x_file, pair->y_file) != 0;
    const struct rmv_plot_table *x_table = is_apart ? &other : &table;
    size_t x = 0, y = 0;

    const struct rmv_error *err = read_table(collector, pair->y_file, pair->y_name, &table);
    if (!err && is_apart)
        err = read_table(collector, pair->x_file, pair->x_name, &other);
    if (err || !table.columns.count || !x_table->columns.count)
        return err;
    y = table.columns.count - 1;
    if (pair->y_name)
        err = find_column(&table, pair->y_file, pair->y_name, &y);
    if (!err && pair->x_name)
        err = find_column(x_table, pair->x_file, pair->x_name, &x);
    if (err)
        return err;

    struct rmv_plot_raw raw = {.count = table.rows < x_table->rows ? table.rows : x_table->rows};
    raw.x = rmv_calloc(raw.count + 1, sizeof(*raw.x));
    raw.y = rmv_calloc(raw.count + 1, sizeof(*raw.y));
    for (size_t i = 0; i < raw.count; i++) {
        rmv_value_copy(&raw.y[i], rmv_plot_table_cell(&table, i, y));
        if (pair->x_name)
            rmv_value_copy(&raw.x[i], rmv_plot_table_cell(x_table, i, x));
        else
            rmv_value_set_int(&raw.x[i], (int64_t)i);
    }
    set_labels(collector->drawing, pair, table.columns.items[y]);
    add_series(collector, table.columns.items[y], raw);
    return NULL;
}

/* The x that goes with the y of that index. */
static struct pair pair_of(const struct rmv_plot_collector *collector, size_t index)
{
    const struct rmv_plot *plot = collector->plot;
    const struct rmv_plots_request *request = collector->request;
    struct pair pair = {.y_file = collector->path};

    if (index < plot->y_count) {
        pair.y_name = plot->y[index].name;
        if (!pair.y_file)
            pair.y_file = plot->y[index].file;
    }
    pair.x_file = pair.y_file;
    if (plot->x_count) {
        const struct rmv_plot_column *x = &plot->x[index < plot->x_count ? index : 0];
        pair.x_name = x->name;
        pair.x_file = x->file && !collector->path ? x->file : pair.y_file;
    }
    if (request->x) {
        pair.x_name = request->x;
        pair.x_file = pair.y_file;
    }
    if (request->y)
        pair.y_name = request->y;
    return pair;
}

const struct rmv_error *rmv_plot_collect(struct rmv_plot_collector *collector)
{
    const struct rmv_plot *plot = collector->plot;
    const size_t count = collector->request->y || !plot->y_count ? 1 : plot->y_count;
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < count; i++) {
        const struct pair pair = pair_of(collector, i);
        if (pair.y_file)
            err = collect_pair(collector, &pair);
    }
    return err;
}

/* ---- Points --------------------------------------------------------------------------------- */

static bool is_number(const struct rmv_value *value)
{
    return value->kind == RMV_VALUE_INT || value->kind == RMV_VALUE_DOUBLE;
}

static double number_of(const struct rmv_value *value)
{
    return value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
}

/* Names and their places. */
struct names {
    struct rmv_value places; /* a map: name → place */
    struct rmv_strings *list;
};

static double place_of(struct names *names, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (value->kind == RMV_VALUE_STRING)
        rmv_buf_append_string(&text, value->text);
    else
        rmv_params_format_value(value, &text);
    struct rmv_value *place = rmv_value_add(&names->places, rmv_buf_string(&text));
    if (place->kind == RMV_VALUE_NULL) {
        rmv_value_set_int(place, (int64_t)names->list->count);
        rmv_strings_add(names->list, rmv_buf_string(&text));
    }
    return (double)place->integer;
}

static bool has_text(const struct rmv_plot_collector *collector)
{
    for (size_t i = 0; i < collector->raws_count; i++)
        for (size_t k = 0; k < collector->raws[i].count; k++)
            if (!is_number(&collector->raws[i].x[k]) &&
                collector->raws[i].x[k].kind != RMV_VALUE_NULL)
                return true;
    return false;
}

/* Beyond these, the width of an axis is no number any more. */
#define GREATEST 1e150
#define LEAST 1e-150

static bool coordinate_of(const struct rmv_value *value, struct names *names, double *coordinate)
{
    if (value->kind == RMV_VALUE_NULL || (!names && !is_number(value)))
        return false;
    *coordinate = names ? place_of(names, value) : number_of(value);
    if (fabs(*coordinate) < LEAST)
        *coordinate = 0;
    return fabs(*coordinate) < GREATEST; /* which NaN is not */
}

static void resolve_series(const struct rmv_plot_raw *raw, struct names *x_names,
                           struct names *y_names, struct rmv_plot_series *series)
{
    series->x = rmv_calloc(raw->count + 1, sizeof(double));
    series->y = rmv_calloc(raw->count + 1, sizeof(double));
    series->capacity = raw->count;
    for (size_t k = 0; k < raw->count; k++) {
        double x, y;
        /* Of rows without a y, no x is to be seen either. */
        if (raw->x[k].kind == RMV_VALUE_NULL || !coordinate_of(&raw->y[k], y_names, &y) ||
            !coordinate_of(&raw->x[k], x_names, &x))
            continue;
        series->x[series->count] = x;
        series->y[series->count++] = y;
    }
}

/* Numbers by what they are, in front of other names. */
static int compare_names(const void *a, const void *b)
{
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    double left_number, right_number;
    const bool left_is = rmv_csv_parse_double(
        (struct rmv_csv_field){.text = left, .size = strlen(left)}, &left_number);
    const bool right_is = rmv_csv_parse_double(
        (struct rmv_csv_field){.text = right, .size = strlen(right)}, &right_number);
    if (left_is != right_is)
        return left_is ? -1 : 1;
    if (left_is && (left_number < right_number || left_number > right_number))
        return left_number < right_number ? -1 : 1;
    return strcmp(left, right);
}

/* A matrix has the same classes on both axes, in order, so that what agrees is on the diagonal. */
static void name_classes(const struct rmv_plot_collector *collector, struct names *x_names,
                         struct names *y_names)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings classes = {0};
    struct names all = {.list = &classes};
    rmv_value_set_map(&all.places);
    for (size_t i = 0; i < collector->raws_count; i++)
        for (size_t k = 0; k < collector->raws[i].count; k++) {
            const struct rmv_plot_raw *raw = &collector->raws[i];
            if (raw->x[k].kind == RMV_VALUE_NULL || raw->y[k].kind == RMV_VALUE_NULL)
                continue;
            (void)place_of(&all, &raw->x[k]);
            (void)place_of(&all, &raw->y[k]);
        }
    rmv_value_free(&all.places);
    if (classes.count)
        qsort(classes.items, classes.count, sizeof(char *), compare_names);
    for (size_t i = 0; i < classes.count; i++) {
        const struct rmv_value name = {.kind = RMV_VALUE_STRING, .text = classes.items[i]};
        (void)place_of(x_names, &name);
        (void)place_of(y_names, &name);
    }
}

void rmv_plot_resolve(struct rmv_plot_collector *collector)
{
    struct rmv_plot_drawing *drawing = collector->drawing;
    struct names x_names = {.list = &drawing->x_names}, y_names = {.list = &drawing->y_names};
    const bool is_matrix = drawing->template == RMV_PLOT_CONFUSION ||
                           drawing->template == RMV_PLOT_CONFUSION_NORMALIZED;
    const bool is_bars =
        drawing->template == RMV_PLOT_BARS || drawing->template == RMV_PLOT_BARS_SORTED;
    const bool names_x = is_matrix || (!is_bars && has_text(collector));

    rmv_value_set_map(&x_names.places);
    rmv_value_set_map(&y_names.places);
    if (is_matrix)
        name_classes(collector, &x_names, &y_names);
    for (size_t i = 0; i < collector->raws_count; i++) {
        struct rmv_plot_series *series = &drawing->series[i];
        resolve_series(&collector->raws[i], names_x ? &x_names : NULL,
                       is_matrix || is_bars ? &y_names : NULL, series);
        if (!series->count)
            rmv_strings_take(&drawing->problems,
                             rmv_str_format("column '%s' has nothing that could be drawn%s",
                                            series->name,
                                            is_bars ? "; bars need a number as x" : ""));
    }
    rmv_value_free(&x_names.places);
    rmv_value_free(&y_names.places);
}
