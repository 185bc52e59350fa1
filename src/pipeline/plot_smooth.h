/* Local regression: LOESS (Cleveland, "Robust locally weighted regression and smoothing
 * scatterplots", 1979), of degree 1, with tricube weights over 30 % of the points, unrobust. */
#pragma once

#include <stddef.h>

struct rmv_plot_place {
    double x, y;
    size_t order; /* in the file */
};

/* Replaces each y by its estimate; the places are sorted by x. */
void rmv_plot_smooth(struct rmv_plot_place *places, size_t count);
