/* Writing points as JSON without a tree of them: a document is made with marks in their place. */
#pragma once

#include "rmv/pipeline/plots.h"

/* What a mark stands for: the points of a series, or rows for Vega-Lite. */
enum rmv_plot_mark { RMV_PLOT_MARK_POINTS, RMV_PLOT_MARK_ROWS, RMV_PLOT_MARK_ROWS_OF };

/* Makes `value` the mark of the points of series `index`, of all rows (then 0), or of those of the
 * state `index`, of the drawing of that place among the plots. */
void rmv_plot_set_mark(struct rmv_value *value, enum rmv_plot_mark mark, size_t drawing,
                       size_t index);

/* Makes `value` a text, which no mark is. */
void rmv_plot_set_text(struct rmv_value *value, const char *text);

/* Writes the document with what the marks in it stand for. */
void rmv_plot_write_marked(const struct rmv_plots *plots, const struct rmv_value *document,
                           const struct rmv_plots_sink *sink);

/* How the columns are called in rows. */
struct rmv_plot_fields {
    const char *x, *y;
    bool has_files, has_names; /* several: rows say `filename`, and `field` */
};
struct rmv_plot_fields rmv_plot_fields_of(const struct rmv_plot_drawing *drawing);

/* Sets `specification` to what draws the drawing, with `data` in place of its data. Errors: USAGE
 * (the template takes none; it is an image). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_specify(const struct rmv_plots *plots,
                                         const struct rmv_plot_drawing *drawing,
                                         const struct rmv_value *data,
                                         struct rmv_value *specification);
#define RMV_PLOT_DATA_ANCHOR "<DVC_METRIC_DATA>"
