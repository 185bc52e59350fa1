/* Charts: axes with their labels and ticks, and bars, points or cells in them. */
#pragma once

#include "recomart/canvas.h"

/* A colour per kind, in the order in which kinds come. */
unsigned rmv_chart_colour(size_t index);

struct rmv_chart {
    const char *title, *subtitle;
    const char *x_label, *y_label;
};

struct rmv_bar {
    const char *label;
    double value;
    const char *note; /* beside or above the bar: "48 (78.7 %)" */
    unsigned colour;
};

/* Upright bars with labels below. */
RMV_MUST_CHECK
const struct rmv_error *rmv_chart_columns(const struct rmv_chart *chart, const struct rmv_bar *bars,
                                          size_t count, struct rmv_buf *png);

/* Lying bars with labels to their left, the first on top; for long names. */
RMV_MUST_CHECK
const struct rmv_error *rmv_chart_rows(const struct rmv_chart *chart, const struct rmv_bar *bars,
                                       size_t count, struct rmv_buf *png);

/* Points on two logarithmic axes; coordinates are 1 or more. */
struct rmv_point {
    double x, y;
};
RMV_MUST_CHECK
const struct rmv_error *rmv_chart_points(const struct rmv_chart *chart,
                                         const struct rmv_point *points, size_t count,
                                         struct rmv_buf *png);

/* A matrix of shares 0 … 1, row-major, at most RMV_CHART_CELLS_MAX in each direction: the darker,
 * the more. `rows` and `columns` are what the axes say. */
#define RMV_CHART_CELLS_MAX 200
struct rmv_chart_matrix {
    const double *shares;
    size_t rows_count, columns_count; /* of cells */
    size_t rows, columns;             /* that they stand for */
};
RMV_MUST_CHECK
const struct rmv_error *rmv_chart_cells(const struct rmv_chart *chart,
                                        const struct rmv_chart_matrix *matrix, struct rmv_buf *png);
