#include "pipeline/plot_thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plot_frame.h"
#include "pipeline/plot_series.h"
#include "pipeline/plot_svg.h"
#include "rmv/base/mem.h"

#define SPOT 3.0 /* pixels, of a dot that is 6 wide: no more shows */
#define SQRT_2 1.4142135623730951
#define SQRT_3 1.7320508075688772

/* Multiples of an irrational number. */
static double jitter_of(size_t i, double step)
{
    const double multiple = (double)(i + 1) * step;
    return multiple - floor(multiple) - 0.5;
}

double rmv_plot_jitter_x(size_t i)
{
    return jitter_of(i, SQRT_2);
}

double rmv_plot_jitter_y(size_t i)
{
    return jitter_of(i, SQRT_3);
}

/* Keeps the points at these indexes, which ascend, and gives the memory of the others back. */
static void keep(struct rmv_plot_series *series, const size_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        series->points[i] = series->points[indexes[i]];
    series->points = rmv_realloc(series->points, (count + 1) * sizeof(*series->points));
    series->count = count;
    series->capacity = count + 1;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

#define STRETCHES ((size_t)RMV_PLOT_WIDTH)

/* Of one stretch of x: indexes of points. */
struct stretch {
    size_t count, first, last, least, greatest;
    double sum_x, sum_y;
};

static size_t stretch_of(const struct rmv_plot_frame *frame, double x)
{
    const double share = (x - frame->x_min) / (frame->x_max - frame->x_min);
    const size_t at = (size_t)(share * (double)STRETCHES);
    return at < STRETCHES ? at : STRETCHES - 1;
}

static struct stretch *find_stretches(const struct rmv_plot_series *series,
                                      const struct rmv_plot_frame *frame)
{
    struct stretch *stretches = rmv_calloc(STRETCHES, sizeof(*stretches));
    const struct rmv_plot_point *points = series->points;

    for (size_t i = 0; i < series->count; i++) {
        struct stretch *stretch = &stretches[stretch_of(frame, points[i].x)];
        if (!stretch->count)
            *stretch = (struct stretch){.first = i, .last = i, .least = i, .greatest = i};
        /* Of the same x, the earlier one is drawn first. */
        if (points[i].x < points[stretch->first].x)
            stretch->first = i;
        if (points[i].x >= points[stretch->last].x)
            stretch->last = i;
        if (points[i].y < points[stretch->least].y)
            stretch->least = i;
        if (points[i].y > points[stretch->greatest].y)
            stretch->greatest = i;
        stretch->count++;
        stretch->sum_x += points[i].x;
        stretch->sum_y += points[i].y;
    }
    return stretches;
}

static void set_means(struct rmv_plot_series *series, const struct stretch *stretches)
{
    series->means = rmv_calloc(STRETCHES, sizeof(*series->means));
    series->means_weights = rmv_calloc(STRETCHES, sizeof(*series->means_weights));
    for (size_t i = 0; i < STRETCHES; i++) {
        const double count = (double)stretches[i].count;
        if (!stretches[i].count)
            continue;
        series->means[series->means_count] =
            (struct rmv_plot_point){stretches[i].sum_x / count, stretches[i].sum_y / count};
        series->means_weights[series->means_count++] = count;
    }
}

static int compare_indexes(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return left < right ? -1 : left > right;
}

static void thin_line(struct rmv_plot_series *series, const struct rmv_plot_frame *frame,
                      bool is_smooth)
{
    RMV_CLEANUP(rmv_free) struct stretch *stretches = find_stretches(series, frame);
    RMV_CLEANUP(rmv_free) size_t *indexes = rmv_calloc(4 * STRETCHES, sizeof(*indexes));
    size_t count = 0, kept = 0;

    if (is_smooth)
        set_means(series, stretches);
    for (size_t i = 0; i < STRETCHES; i++) {
        if (!stretches[i].count)
            continue;
        indexes[count++] = stretches[i].first;
        indexes[count++] = stretches[i].last;
        indexes[count++] = stretches[i].least;
        indexes[count++] = stretches[i].greatest;
    }
    qsort(indexes, count, sizeof(*indexes), compare_indexes);
    for (size_t i = 0; i < count; i++)
        if (!kept || indexes[kept - 1] != indexes[i])
            indexes[kept++] = indexes[i];
    keep(series, indexes, kept);
}

/* ---- Dots ----------------------------------------------------------------------------------- */

static void thin_dots(struct rmv_plot_series *series, const struct rmv_plot_frame *frame,
                      double spread)
{
    const size_t columns = (size_t)((frame->width + RMV_PLOT_JITTER) / SPOT) + 2;
    const size_t rows = (size_t)((frame->height + RMV_PLOT_JITTER) / SPOT) + 2;
    RMV_CLEANUP(rmv_free) bool *taken = rmv_calloc(columns * rows, sizeof(*taken));
    RMV_CLEANUP(rmv_free) size_t *indexes = rmv_calloc(columns * rows, sizeof(*indexes));
    size_t kept = 0;

    for (size_t i = 0; i < series->count; i++) {
        const double x = rmv_plot_frame_x(frame, series->points[i].x) - frame->left;
        const double y = rmv_plot_frame_y(frame, series->points[i].y) - frame->top;
        const double half = RMV_PLOT_JITTER / 2;
        const size_t column = (size_t)((x + spread * rmv_plot_jitter_x(i) + half) / SPOT);
        const size_t row = (size_t)((y + spread * rmv_plot_jitter_y(i) + half) / SPOT);
        if (taken[row * columns + column])
            continue;
        taken[row * columns + column] = true;
        indexes[kept++] = i;
    }
    keep(series, indexes, kept);
}

/* ---- Names ---------------------------------------------------------------------------------- */

static void thin_bars(const struct rmv_plot_drawing *drawing, struct rmv_plot_series *series)
{
    const size_t names = drawing->y_names.count;
    /* The longest to the right and to the left of each name. */
    RMV_CLEANUP(rmv_free) size_t *indexes = rmv_calloc(2 * names + 1, sizeof(*indexes));
    size_t kept = 0;

    for (size_t i = 0; i < series->count; i++) {
        const double x = series->points[i].x;
        size_t *longest = &indexes[2 * (size_t)series->points[i].y + (x < 0)]; /* plus one */
        if (!*longest || fabs(x) > fabs(series->points[*longest - 1].x))
            *longest = i + 1;
    }
    for (size_t i = 0; i < 2 * names; i++)
        if (indexes[i])
            indexes[kept++] = indexes[i] - 1;
    qsort(indexes, kept, sizeof(*indexes), compare_indexes);
    keep(series, indexes, kept);
}

static void thin_pairs(const struct rmv_plot_drawing *drawing, struct rmv_plot_series *series)
{
    const size_t names = drawing->x_names.count;
    RMV_CLEANUP(rmv_free) size_t *indexes = NULL;
    RMV_CLEANUP(rmv_free) double *counts = NULL;
    size_t kept = 0;

    if (names > RMV_PLOT_NAMES_MAX) { /* it will not be drawn */
        keep(series, &kept, 1);
        return;
    }
    indexes = rmv_calloc(names * names, sizeof(*indexes));
    counts = rmv_calloc(names * names, sizeof(*counts));
    for (size_t i = 0; i < series->count; i++) {
        const struct rmv_plot_point *point = &series->points[i];
        double *count = &counts[(size_t)point->y * names + (size_t)point->x];
        if (*count == 0)
            indexes[kept++] = i;
        *count += 1;
    }
    series->weights = rmv_calloc(kept, sizeof(*series->weights));
    for (size_t i = 0; i < kept; i++) {
        const struct rmv_plot_point *point = &series->points[indexes[i]];
        series->weights[i] = counts[(size_t)point->y * names + (size_t)point->x];
    }
    keep(series, indexes, kept);
}

/* ---- All ------------------------------------------------------------------------------------ */

void rmv_plot_thin(struct rmv_plot_drawing *drawing)
{
    const struct rmv_plot_frame frame = rmv_plot_frame_of(drawing);

    for (size_t i = 0; i < drawing->series_count; i++) {
        struct rmv_plot_series *series = &drawing->series[i];
        if (series->count <= RMV_PLOT_POINTS_SHOWN)
            continue;
        if (rmv_plot_is_matrix(drawing))
            thin_pairs(drawing, series);
        else if (rmv_plot_is_bars(drawing))
            thin_bars(drawing, series);
        else if (drawing->template == RMV_PLOT_SCATTER)
            thin_dots(series, &frame, 0);
        else if (drawing->template == RMV_PLOT_SCATTER_JITTER)
            thin_dots(series, &frame, RMV_PLOT_JITTER);
        else
            thin_line(series, &frame, drawing->template == RMV_PLOT_SMOOTH);
    }
}
