/* Taking the columns of a plot out of its files, state by state, as points. */
#pragma once

#include "pipeline/file_at.h"
#include "pipeline/plot_table.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/pipeline/plots.h"

/* Of all series of a plot. */
#define RMV_PLOT_POINTS_MAX ((size_t)6 * 1024 * 1024)

struct rmv_plot_collector {
    struct rmv_plot_drawing *drawing;
    const struct rmv_plots_request *request;
    const struct rmv_plot *plot;
    const char *path; /* the file that columns without a file of their own are in; or NULL */
    struct rmv_file_place place;
    size_t state;
    size_t points_count; /* so far */
};

/* Adds the series of one state; a file that is not there adds none. Errors: CORRUPT, LIMIT,
 * NOT_FOUND (a column). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_collect(struct rmv_plot_collector *collector);

/* Sorts classes, and says what cannot be drawn, once all states are collected. */
void rmv_plot_finish(struct rmv_plot_drawing *drawing);

bool rmv_plot_is_matrix(const struct rmv_plot_drawing *drawing);
bool rmv_plot_is_bars(const struct rmv_plot_drawing *drawing);

void rmv_plot_series_free(struct rmv_plot_series *series);
