/* Local regression: LOESS (Cleveland, "Robust locally weighted regression and smoothing
 * scatterplots", 1979), of degree 1, with tricube weights over 30 % of the points, unrobust. */
#pragma once

#include <stddef.h>

#include "rmv/pipeline/plots.h"

/* Replaces each y by its estimate. The points are sorted by x; each stands for as many as `weights`
 * says, one each if that is NULL. */
void rmv_plot_smooth(struct rmv_plot_point *points, const double *weights, size_t count);
