/* Leaving out the points of a plot that would not show: what is drawn looks as if all were. */
#pragma once

#include "rmv/pipeline/plots.h"

/* A series of up to so many points stays as it is. */
#define RMV_PLOT_POINTS_SHOWN 1000

/* Of lines, keeps the first, last, least and greatest point of each stretch of x that is narrower
 * than a pixel, which draws the same line (Jugel et al., "M4: A Visualization-Oriented Time Series
 * Data Aggregation", 2014), and, for smooth ones, the averages of these stretches; of dots, one per
 * spot; of bars, the longest of each name to either side; of a matrix, each pair once, with how
 * often it is there. `total` says how many there were. */
void rmv_plot_thin(struct rmv_plot_drawing *drawing);

/* From -0.5 to 0.5, evenly and the same every time: how far the dot of that index is beside its
 * place, in x and y. */
#define RMV_PLOT_JITTER 14.0 /* pixels, left and right and up and down together */
double rmv_plot_jitter_x(size_t i);
double rmv_plot_jitter_y(size_t i);
