#include "pipeline/plot_smooth.h"

#include <math.h>

#include "rmv/base/mem.h"

#define BANDWIDTH 0.3

/* The line through `count` places, the nearer to `x` the more they count, at `x`. */
static double estimate(const struct rmv_plot_place *places, size_t count, double x)
{
    const double before = x - places[0].x, behind = places[count - 1].x - x;
    const double reach = (before > behind ? before : behind) * (1 + 1e-9);
    double weight = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;

    for (size_t i = 0; i < count; i++) {
        const double away = reach > 0 ? fabs(places[i].x - x) / reach : 0;
        const double rest = 1 - away * away * away;
        const double w = rest * rest * rest;
        weight += w;
        mean_x += w * (places[i].x - x);
        mean_y += w * places[i].y;
        xx += w * (places[i].x - x) * (places[i].x - x);
        xy += w * (places[i].x - x) * places[i].y;
    }
    mean_x /= weight;
    mean_y /= weight;
    const double variance = xx / weight - mean_x * mean_x;
    /* All at one x: there is no slope. */
    if (!(variance > 1e-12 * (reach > 0 ? reach * reach : 1)))
        return mean_y;
    return mean_y - mean_x * (xy / weight - mean_x * mean_y) / variance;
}

void rmv_plot_smooth(struct rmv_plot_place *places, size_t count)
{
    const size_t wanted = (size_t)(BANDWIDTH * (double)count);
    const size_t near = wanted < 3 ? (count < 3 ? count : 3) : wanted;
    RMV_CLEANUP(rmv_free) double *estimates = rmv_calloc(count + 1, sizeof(*estimates));
    size_t first = 0;

    for (size_t i = 0; i < count; i++) {
        while (first + near < count &&
               places[first + near].x - places[i].x < places[i].x - places[first].x)
            first++;
        estimates[i] = estimate(&places[first], near, places[i].x);
    }
    for (size_t i = 0; i < count; i++)
        places[i].y = estimates[i];
}
