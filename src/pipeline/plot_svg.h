/* Charts as SVG. */
#pragma once

#include "rmv/pipeline/plots.h"

/* The colour of a series, "#4c78a8". */
const char *rmv_plot_colour(size_t series);

/* Appends how a series is called among the others: by its state, its file and its column, as far as
 * they differ; escaped. */
void rmv_plot_append_name(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                          const struct rmv_plot_series *series, struct rmv_buf *out);

/* Appends lines or points of all series on common axes. */
void rmv_plot_svg_points(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                         struct rmv_buf *out);

/* Appends lying bars, those of the series side by side, of as many names at most. */
#define RMV_PLOT_BARS_SHOWN 300
void rmv_plot_svg_bars(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                       struct rmv_buf *out);

/* Appends the matrix of one series: a row per y, a column per x. At most RMV_PLOT_NAMES_MAX of
 * each. */
#define RMV_PLOT_NAMES_MAX 100
void rmv_plot_svg_matrix(const struct rmv_plot_drawing *drawing,
                         const struct rmv_plot_series *series, struct rmv_buf *out);
