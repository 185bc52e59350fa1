#include "pipeline/plot_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plot_names.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

bool rmv_plot_is_matrix(const struct rmv_plot_drawing *drawing)
{
    return drawing->template == RMV_PLOT_CONFUSION ||
           drawing->template == RMV_PLOT_CONFUSION_NORMALIZED;
}

bool rmv_plot_is_bars(const struct rmv_plot_drawing *drawing)
{
    return drawing->template == RMV_PLOT_BARS || drawing->template == RMV_PLOT_BARS_SORTED;
}

void rmv_plot_series_free(struct rmv_plot_series *series)
{
    rmv_str_free(&series->name);
    rmv_str_free(&series->x_name);
    rmv_str_free(&series->file);
    free(series->points);
    free(series->weights);
    free(series->means);
    free(series->means_weights);
    *series = (struct rmv_plot_series){0};
}

/* ---- Coordinates ---------------------------------------------------------------------------- */

/* Beyond these, the width of an axis is no number any more. */
#define GREATEST 1e150
#define LEAST 1e-150
#define WHOLE_MAX 9007199254740992.0 /* 2^53: below it, a double is a whole number exactly */
#define NUMBER_SIZE 40
#define CLASSES_MAX 20000 /* of a matrix, and bars; far more than are drawn */

/* The name of a number is the same however it is written: 1, 1.0 and 1e0. */
static size_t format_number(double number, char text[NUMBER_SIZE])
{
    const bool is_whole = fabs(number) < WHOLE_MAX && floor(number) == number;
    int size = snprintf(text, NUMBER_SIZE, is_whole ? "%.0f" : "%.15g", number);
    if (!is_whole && strtod(text, NULL) != number)
        size = snprintf(text, NUMBER_SIZE, "%.17g", number);
    return (size_t)size;
}

static const struct rmv_error *name_cell(struct rmv_plot_names *names,
                                         const struct rmv_plot_cell *cell, double *coordinate)
{
    char number[NUMBER_SIZE];
    size_t index = 0;
    const struct rmv_error *err = NULL;

    /* Of long whole numbers, which are ids, no digit may be lost. */
    if (cell->kind == RMV_PLOT_NUMBER &&
        !(fabs(cell->number) >= WHOLE_MAX && floor(cell->number) == cell->number))
        err = rmv_plot_names_add(names, number, format_number(cell->number, number), &index);
    else
        err = rmv_plot_names_add(names, cell->text, cell->size, &index);
    *coordinate = (double)index;
    return err;
}

static bool is_drawable(double number)
{
    return fabs(number) < GREATEST;
}

static double without_dust(double number)
{
    return fabs(number) < LEAST ? 0 : number;
}

/* ---- Filling a series ----------------------------------------------------------------------- */

/* A column of another file, by row: numbers, or places among the names plus one. */
struct other {
    struct other_cell {
        double number;
        uint32_t name; /* 0: it is the number */
        bool is_missing;
    } * cells;
    size_t count, capacity;
    struct rmv_plot_names names;
};

static void other_free(struct other *other)
{
    free(other->cells);
    rmv_plot_names_free(&other->names);
}

/* Where rows go. */
struct filling {
    struct rmv_plot_collector *collector;
    struct rmv_plot_series *series;
    const struct other *other; /* where the x of each row is; or NULL */
    bool has_x;                /* it is the second cell; neither: rows are counted */
    size_t rows;
};

static void add_point(struct rmv_plot_series *series, double x, double y)
{
    series->points =
        rmv_grow(series->points, series->count, &series->capacity, sizeof(*series->points));
    series->points[series->count++] = (struct rmv_plot_point){x, y};
}

/* From the first text on, an x is a name, and those so far were too. */
static const struct rmv_error *name_series(struct rmv_plot_names *names,
                                           struct rmv_plot_series *series)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < series->count; i++) {
        char text[NUMBER_SIZE];
        size_t index = 0;
        const size_t size = format_number(series->points[i].x, text);
        err = rmv_plot_names_add(names, text, size, &index);
        series->points[i].x = (double)index;
    }
    return err;
}

static const struct rmv_error *start_names(const struct filling *filling)
{
    struct rmv_plot_drawing *drawing = filling->collector->drawing;
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < drawing->series_count; i++)
        err = name_series(&drawing->x_names, &drawing->series[i]);
    return err ? err : name_series(&drawing->x_names, filling->series);
}

/* Sets `*is_point` to whether the row can be drawn. */
static const struct rmv_error *place_of(const struct filling *filling,
                                        const struct rmv_plot_cell cells[2], double place[2],
                                        bool *is_point)
{
    struct rmv_plot_drawing *drawing = filling->collector->drawing;
    const bool is_matrix = rmv_plot_is_matrix(drawing), is_bars = rmv_plot_is_bars(drawing);
    const struct rmv_plot_cell *y = &cells[0], *x = &cells[1];
    const struct rmv_error *err = NULL;

    *is_point = x->kind != RMV_PLOT_MISSING && y->kind != RMV_PLOT_MISSING &&
                (is_matrix || is_bars || (y->kind == RMV_PLOT_NUMBER && is_drawable(y->number))) &&
                (!is_bars || x->kind == RMV_PLOT_NUMBER) &&
                (x->kind == RMV_PLOT_TEXT || is_matrix || is_drawable(x->number));
    if (!*is_point)
        return NULL;
    if (!is_matrix && x->kind == RMV_PLOT_TEXT && !drawing->x_names.count)
        err = start_names(filling);
    place[0] = without_dust(x->number);
    place[1] = without_dust(y->number);
    /* The classes of a matrix are those of both axes. */
    if (!err && (is_matrix || x->kind == RMV_PLOT_TEXT || drawing->x_names.count))
        err = name_cell(&drawing->x_names, x, &place[0]);
    if (!err && (is_matrix || is_bars))
        err = name_cell(is_matrix ? &drawing->x_names : &drawing->y_names, y, &place[1]);
    if (!err && (is_matrix ? drawing->x_names.count : drawing->y_names.count) > CLASSES_MAX)
        err = rmv_error(RMV_ERR_LIMIT, "there are more than %d classes: are these numbers?",
                        CLASSES_MAX);
    return err;
}

/* The x of the row; `text` is room for a number's. */
static struct rmv_plot_cell x_of(const struct filling *filling, const struct rmv_plot_cell *cells,
                                 char text[NUMBER_SIZE])
{
    struct rmv_plot_cell x = {.kind = RMV_PLOT_NUMBER, .number = (double)filling->rows};
    if (filling->has_x)
        return cells[1];
    if (!filling->other)
        return x;
    if (filling->rows >= filling->other->count || filling->other->cells[filling->rows].is_missing)
        return (struct rmv_plot_cell){.kind = RMV_PLOT_MISSING};
    const struct other_cell *cell = &filling->other->cells[filling->rows];
    x.number = cell->number;
    x.kind = cell->name ? RMV_PLOT_TEXT : RMV_PLOT_NUMBER;
    x.text = cell->name ? rmv_plot_name(&filling->other->names, cell->name - 1) : text;
    x.size = cell->name ? strlen(x.text) : format_number(cell->number, text);
    return x;
}

static const struct rmv_error *add_row(void *context, const struct rmv_plot_cell *cells)
{
    struct filling *filling = context;
    char text[NUMBER_SIZE];
    const struct rmv_plot_cell pair[2] = {cells[0], x_of(filling, cells, text)};
    double place[2];
    bool is_point = false;

    filling->rows++;
    const struct rmv_error *err = place_of(filling, pair, place, &is_point);
    if (err || !is_point)
        return err;
    if (filling->collector->points_count + filling->series->count >= RMV_PLOT_POINTS_MAX)
        return rmv_error(RMV_ERR_LIMIT, "there are more than %zu points in a plot",
                         RMV_PLOT_POINTS_MAX);
    add_point(filling->series, place[0], place[1]);
    return NULL;
}

static const struct rmv_error *add_other_row(void *context, const struct rmv_plot_cell *cells)
{
    struct other *other = context;
    size_t index = 0;
    const struct rmv_error *err = NULL;

    if (other->count >= RMV_PLOT_POINTS_MAX)
        return rmv_error(RMV_ERR_LIMIT, "there are more than %zu points in a plot",
                         RMV_PLOT_POINTS_MAX);
    other->cells = rmv_grow(other->cells, other->count, &other->capacity, sizeof(*other->cells));
    struct other_cell *cell = &other->cells[other->count++];
    *cell =
        (struct other_cell){.number = cells->number, .is_missing = cells->kind == RMV_PLOT_MISSING};
    if (cells->kind == RMV_PLOT_TEXT)
        err = rmv_plot_names_add(&other->names, cells->text, cells->size, &index);
    if (!err && cells->kind == RMV_PLOT_TEXT)
        cell->name = (uint32_t)index + 1;
    return err;
}

/* ---- Files ---------------------------------------------------------------------------------- */

/* One pair of columns; x may be in another file, row by row. */
struct pair {
    const char *x_file, *x_name; /* no name: rows are counted */
    const char *y_file, *y_name; /* no name: the last column */
};

/* Reads the table at its path. Sets `*found` to whether there is such a file. */
static const struct rmv_error *read_table(const struct rmv_plot_collector *collector,
                                          struct rmv_plot_table *table, struct rmv_strings *names,
                                          bool *found)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err = rmv_file_at_open(&collector->place, table->path, &fd);
    *found = !err;
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    table->fd = fd;
    table->no_header = collector->request->no_header || collector->plot->no_header;
    return rmv_plot_table_read(table, names);
}

static void add_series(struct rmv_plot_collector *collector, const struct pair *pair,
                       const char *name, struct rmv_plot_series *series)
{
    struct rmv_plot_drawing *drawing = collector->drawing;
    series->state = collector->state;
    series->name = rmv_str_copy(name);
    series->x_name = rmv_str_copy(pair->x_name);
    series->file = rmv_str_copy(pair->y_file);
    series->total = series->count;
    collector->points_count += series->count;
    drawing->series = rmv_grow(drawing->series, drawing->series_count, &drawing->series_capacity,
                               sizeof(drawing->series[0]));
    drawing->series[drawing->series_count++] = *series;
    *series = (struct rmv_plot_series){0};
}

static const struct rmv_error *collect_pair(struct rmv_plot_collector *collector,
                                            const struct pair *pair)
{
    RMV_CLEANUP(other_free) struct other other = {0};
    RMV_CLEANUP(rmv_plot_series_free) struct rmv_plot_series series = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings other_names = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const bool is_apart = pair->x_name && strcmp(pair->x_file, pair->y_file) != 0;
    struct filling filling = {.collector = collector,
                              .series = &series,
                              .other = is_apart ? &other : NULL,
                              .has_x = pair->x_name && !is_apart};
    struct rmv_plot_table x_table = {.path = pair->x_file,
                                     .columns = {pair->x_name},
                                     .columns_count = 1,
                                     .row = add_other_row,
                                     .context = &other};
    struct rmv_plot_table table = {.path = pair->y_file,
                                   .columns = {pair->y_name, pair->x_name},
                                   .columns_count = filling.has_x ? 2 : 1,
                                   .row = add_row,
                                   .context = &filling};
    bool found = true;

    const struct rmv_error *err =
        is_apart ? read_table(collector, &x_table, &other_names, &found) : NULL;
    if (!err && found)
        err = read_table(collector, &table, &names, &found);
    if (!err && found)
        add_series(collector, pair, names.items[0], &series);
    return err;
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

/* ---- All states ----------------------------------------------------------------------------- */

/* A matrix has the same classes on both axes, in order, so that what agrees is on the diagonal. */
static void sort_classes(struct rmv_plot_drawing *drawing)
{
    RMV_CLEANUP(rmv_free) uint32_t *places = NULL;

    rmv_plot_names_sort(&drawing->x_names, &places);
    rmv_plot_names_copy(&drawing->y_names, &drawing->x_names);
    for (size_t i = 0; i < drawing->series_count; i++)
        for (size_t k = 0; k < drawing->series[i].count; k++) {
            struct rmv_plot_point *point = &drawing->series[i].points[k];
            *point = (struct rmv_plot_point){places[(size_t)point->x], places[(size_t)point->y]};
        }
}

void rmv_plot_finish(struct rmv_plot_drawing *drawing)
{
    if (rmv_plot_is_matrix(drawing))
        sort_classes(drawing);
    for (size_t i = 0; i < drawing->series_count; i++)
        if (!drawing->series[i].count)
            rmv_strings_take(
                &drawing->problems,
                rmv_str_format("column '%s' has nothing that could be drawn%s",
                               drawing->series[i].name,
                               rmv_plot_is_bars(drawing) ? "; bars need a number as x" : ""));
}
