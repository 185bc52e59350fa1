#include "pipeline/plot_smooth.h"

#include <math.h>
#include <stdbool.h>

#include "rmv/base/mem.h"

#define BANDWIDTH 0.3
#define NEAR_MIN 3

struct points {
    const struct rmv_plot_point *items;
    const double *weights; /* or NULL */
    size_t count;
};

static double weight_of(const struct points *points, size_t i)
{
    return points->weights ? points->weights[i] : 1;
}

/* The line through the points, the nearer to `x` the more they count, at `x`. */
static double estimate(const struct points *points, double x)
{
    const double before = x - points->items[0].x, behind = points->items[points->count - 1].x - x;
    const double reach = (before > behind ? before : behind) * (1 + 1e-9);
    double weight = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;

    for (size_t i = 0; i < points->count; i++) {
        const struct rmv_plot_point *point = &points->items[i];
        const double away = reach > 0 ? fabs(point->x - x) / reach : 0;
        const double rest = 1 - away * away * away;
        const double w = weight_of(points, i) * rest * rest * rest;
        weight += w;
        mean_x += w * (point->x - x);
        mean_y += w * point->y;
        xx += w * (point->x - x) * (point->x - x);
        xy += w * (point->x - x) * point->y;
    }
    mean_x /= weight;
    mean_y /= weight;
    const double variance = xx / weight - mean_x * mean_x;
    /* All at one x: there is no slope. */
    if (!(variance > 1e-12 * (reach > 0 ? reach * reach : 1)))
        return mean_y;
    return mean_y - mean_x * (xy / weight - mean_x * mean_y) / variance;
}

/* The points nearest to the one at `i` that weigh enough, and are enough. */
static struct points near_to(const struct points *points, size_t i, double wanted)
{
    const struct rmv_plot_point *items = points->items;
    double sum = weight_of(points, i);
    size_t first = i, behind = i + 1;

    while ((sum < wanted || behind - first < NEAR_MIN) && (first > 0 || behind < points->count)) {
        const bool to_left =
            first > 0 && (behind == points->count ||
                          items[i].x - items[first - 1].x <= items[behind].x - items[i].x);
        sum += weight_of(points, to_left ? --first : behind++);
    }
    return (struct points){items + first, points->weights ? points->weights + first : NULL,
                           behind - first};
}

void rmv_plot_smooth(struct rmv_plot_point *points, const double *weights, size_t count)
{
    const struct points all = {points, weights, count};
    RMV_CLEANUP(rmv_free) double *estimates = rmv_calloc(count + 1, sizeof(*estimates));
    double total = 0;

    for (size_t i = 0; i < count; i++)
        total += weight_of(&all, i);
    for (size_t i = 0; i < count; i++) {
        const struct points near = near_to(&all, i, floor(BANDWIDTH * total));
        estimates[i] = estimate(&near, points[i].x);
    }
    for (size_t i = 0; i < count; i++)
        points[i].y = estimates[i];
}
