/* Taking the columns of a plot out of its files, state by state, and turning them into points. */
#pragma once

#include "pipeline/file_at.h"
#include "pipeline/plot_table.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/pipeline/plots.h"

/* Values as they were read, of the series of the same index. */
struct rmv_plot_raw {
    struct rmv_value *x, *y;
    size_t count;
};

struct rmv_plot_collector {
    struct rmv_plot_drawing *drawing;
    const struct rmv_plots_request *request;
    const struct rmv_plot *plot;
    const char *path; /* the file that columns without a file of their own are in; or NULL */
    struct rmv_file_place place;
    size_t state;
    struct rmv_plot_raw *raws;
    size_t raws_count, raws_capacity;
};
void rmv_plot_collector_free(struct rmv_plot_collector *collector);

/* Adds the series of one state; a file that is not there adds none. Errors: CORRUPT, LIMIT,
 * NOT_FOUND (a column). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_collect(struct rmv_plot_collector *collector);

/* Sets the points of all series: numbers, or places in the lists of names. */
void rmv_plot_resolve(struct rmv_plot_collector *collector);
