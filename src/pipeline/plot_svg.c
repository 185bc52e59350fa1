#include "pipeline/plot_svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plot_frame.h"
#include "pipeline/plot_smooth.h"
#include "pipeline/plot_thin.h"
#include "rmv/base/html.h"
#include "rmv/base/mem.h"

#define DOTS_MAX 300 /* of a line that has more, single points are not to be seen */

static const char *const colours[] = {"#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2",
                                      "#b279a2", "#eeca3b", "#9d755d", "#ff9da6", "#79706e"};

const char *rmv_plot_colour(size_t series)
{
    return colours[series % (sizeof(colours) / sizeof(colours[0]))];
}

void rmv_plot_append_name(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                          const struct rmv_plot_series *series, struct rmv_buf *out)
{
    bool has_states = false, has_files = false, has_names = false;
    const struct rmv_plot_series *first = drawing->series;
    for (size_t i = 1; i < drawing->series_count; i++) {
        has_states |= drawing->series[i].state != first->state;
        has_files |= strcmp(drawing->series[i].file, first->file) != 0;
        has_names |= strcmp(drawing->series[i].name, first->name) != 0;
    }
    if (has_states || (!has_files && !has_names))
        rmv_html_text(out, plots->labels.items[series->state]);
    if (has_states && (has_files || has_names))
        rmv_buf_append_string(out, " · ");
    if (has_files)
        rmv_html_text(out, series->file);
    if (has_files && has_names)
        rmv_buf_append_string(out, ": ");
    if (has_names)
        rmv_html_text(out, series->name);
}

static const char *name_of(const struct rmv_plot_drawing *drawing)
{
    return drawing->title ? drawing->title : drawing->id;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

/* ---- Points --------------------------------------------------------------------------------- */

struct place {
    struct rmv_plot_point point;
    size_t order; /* in the file */
};

static int compare_x(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->point.x < right->point.x || left->point.x > right->point.x)
        return left->point.x < right->point.x ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* The points from left to right; the caller frees them. */
static struct rmv_plot_point *sort_points(const struct rmv_plot_series *series)
{
    RMV_CLEANUP(rmv_free) struct place *places = rmv_calloc(series->count + 1, sizeof(*places));
    struct rmv_plot_point *points = rmv_calloc(series->count + 1, sizeof(*points));

    for (size_t i = 0; i < series->count; i++)
        places[i] = (struct place){.point = series->points[i], .order = i};
    qsort(places, series->count, sizeof(*places), compare_x);
    for (size_t i = 0; i < series->count; i++)
        points[i] = places[i].point;
    return points;
}

static void append_line(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                        const struct rmv_plot_point *points, size_t count, const char *style)
{
    rmv_buf_append_format(out, "<polyline fill=\"none\" %s points=\"", style);
    for (size_t i = 0; i < count; i++)
        rmv_buf_append_format(out, "%.1f,%.1f ", rmv_plot_frame_x(frame, points[i].x),
                              rmv_plot_frame_y(frame, points[i].y));
    rmv_buf_append_string(out, "\"/>\n");
}

static void append_coordinate(struct rmv_buf *out, const struct rmv_plot_names *names, double value)
{
    if (names->count)
        rmv_html_text(out, rmv_plot_name(names, (size_t)value));
    else
        rmv_buf_append_format(out, "%.6g", value);
}

/* Each says what it is when it is pointed at. */
static void append_dots(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                        const struct rmv_plot_drawing *drawing, const struct rmv_plot_point *points,
                        size_t count)
{
    const double spread = drawing->template == RMV_PLOT_SCATTER_JITTER ? RMV_PLOT_JITTER : 0;
    for (size_t i = 0; i < count; i++) {
        rmv_buf_append_format(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>",
                              rmv_plot_frame_x(frame, points[i].x) + spread * rmv_plot_jitter_x(i),
                              rmv_plot_frame_y(frame, points[i].y) + spread * rmv_plot_jitter_y(i));
        append_coordinate(out, &drawing->x_names, points[i].x);
        rmv_buf_append_string(out, ": ");
        append_coordinate(out, &drawing->y_names, points[i].y);
        rmv_buf_append_string(out, "</title></circle>\n");
    }
}

#define SOLID "stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\""
#define FAINT "stroke=\"currentColor\" stroke-opacity=\"0.25\""

/* The curve, over a faint line of what it is made of; `points` may change. */
static void append_smooth(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                          const struct rmv_plot_series *series, struct rmv_plot_point *points)
{
    const bool is_thin = series->means_count > 0;
    struct rmv_plot_point *places = is_thin ? series->means : points;
    const size_t count = is_thin ? series->means_count : series->count;

    append_line(out, frame, points, series->count, FAINT);
    rmv_plot_smooth(places, series->means_weights, count);
    append_line(out, frame, places, count, SOLID);
}

static void append_series(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                          const struct rmv_plot_drawing *drawing,
                          const struct rmv_plot_series *series)
{
    RMV_CLEANUP(rmv_free) struct rmv_plot_point *points = sort_points(series);

    switch (drawing->template) {
    case RMV_PLOT_SCATTER:
    case RMV_PLOT_SCATTER_JITTER:
        append_dots(out, frame, drawing, points, series->count);
        break;
    case RMV_PLOT_SMOOTH:
        append_smooth(out, frame, series, points);
        break;
    default:
        append_line(out, frame, points, series->count, SOLID);
        if (drawing->template == RMV_PLOT_LINEAR && series->count <= DOTS_MAX)
            append_dots(out, frame, drawing, points, series->count);
    }
}

void rmv_plot_svg_points(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                         struct rmv_buf *out)
{
    const struct rmv_plot_frame frame = rmv_plot_frame_of(drawing);
    (void)plots;
    rmv_plot_svg_start(out, RMV_PLOT_WIDTH, RMV_PLOT_HEIGHT, name_of(drawing));
    rmv_plot_frame_x_axis(out, &frame, &drawing->x_names, or_nothing(drawing->x_label));
    rmv_plot_frame_y_axis(out, &frame, or_nothing(drawing->y_label));
    for (size_t i = 0; i < drawing->series_count; i++) {
        rmv_buf_append_format(out, "<g color=\"%s\" fill=\"%s\">\n", rmv_plot_colour(i),
                              rmv_plot_colour(i));
        append_series(out, &frame, drawing, &drawing->series[i]);
        rmv_buf_append_string(out, "</g>\n");
    }
    rmv_plot_svg_end(out);
}

/* ---- Bars ----------------------------------------------------------------------------------- */

#define BAR_HEIGHT 14.0
#define BARS_GAP 10.0
#define BARS_LEFT 170.0

/* The names in the order in which they are drawn, the longest bar of any series first if sorted;
 * the caller frees it. */
struct bar_row {
    double longest;
    size_t name;
};

static int compare_rows(const void *a, const void *b)
{
    const struct bar_row *left = a, *right = b;
    if (left->longest < right->longest || left->longest > right->longest)
        return left->longest > right->longest ? -1 : 1;
    return left->name < right->name ? -1 : left->name > right->name;
}

static struct bar_row *rows_of(const struct rmv_plot_drawing *drawing)
{
    struct bar_row *rows = rmv_calloc(drawing->y_names.count + 1, sizeof(*rows));
    for (size_t i = 0; i < drawing->y_names.count; i++)
        rows[i] = (struct bar_row){.longest = -INFINITY, .name = i};
    for (size_t i = 0; i < drawing->series_count; i++)
        for (size_t k = 0; k < drawing->series[i].count; k++) {
            const struct rmv_plot_point *point = &drawing->series[i].points[k];
            struct bar_row *row = &rows[(size_t)point->y];
            row->longest = point->x > row->longest ? point->x : row->longest;
        }
    if (drawing->template == RMV_PLOT_BARS_SORTED)
        qsort(rows, drawing->y_names.count, sizeof(*rows), compare_rows);
    return rows;
}

static void append_bars(const struct rmv_plot_drawing *drawing, const struct rmv_plot_frame *frame,
                        const double *tops, struct rmv_buf *out)
{
    const double zero = rmv_plot_frame_x(frame, 0);
    for (size_t i = 0; i < drawing->series_count; i++)
        for (size_t k = 0; k < drawing->series[i].count; k++) {
            const struct rmv_plot_point *point = &drawing->series[i].points[k];
            const double end = rmv_plot_frame_x(frame, point->x);
            const double y = tops[(size_t)point->y] + (double)i * BAR_HEIGHT;
            if (isnan(y))
                continue;
            rmv_buf_append_format(out,
                                  "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                                  "fill=\"%s\"><title>",
                                  end < zero ? end : zero, y, fabs(end - zero), BAR_HEIGHT - 1,
                                  rmv_plot_colour(i));
            rmv_html_text(out, rmv_plot_name(&drawing->y_names, (size_t)point->y));
            rmv_buf_append_format(out, ": %.6g</title></rect>\n", point->x);
        }
}

/* Writes the names of the rows that are drawn and sets where each starts: NaN for the others. The
 * caller frees it. */
static double *append_rows(const struct rmv_plot_drawing *drawing,
                           const struct rmv_plot_frame *frame, double row_height,
                           struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_free) struct bar_row *rows = rows_of(drawing);
    double *tops = rmv_calloc(drawing->y_names.count + 1, sizeof(*tops)); /* per name */
    for (size_t i = 0; i < drawing->y_names.count; i++) {
        tops[rows[i].name] = NAN;
        if (i >= RMV_PLOT_BARS_SHOWN)
            continue;
        tops[rows[i].name] = frame->top + row_height * (double)i + BARS_GAP / 2;
        rmv_plot_text(out,
                      &(struct rmv_plot_text){.x = BARS_LEFT - 8,
                                              .y = frame->top + row_height * ((double)i + 0.5) + 4,
                                              .anchor = RMV_PLOT_END,
                                              .length = 22},
                      rmv_plot_name(&drawing->y_names, rows[i].name));
    }
    return tops;
}

void rmv_plot_svg_bars(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                       struct rmv_buf *out)
{
    static const struct rmv_plot_names none;
    const double row_height = (double)drawing->series_count * BAR_HEIGHT + BARS_GAP;
    const size_t count =
        drawing->y_names.count < RMV_PLOT_BARS_SHOWN ? drawing->y_names.count : RMV_PLOT_BARS_SHOWN;
    struct rmv_plot_frame frame = rmv_plot_frame_of(drawing);

    (void)plots;
    frame.left = BARS_LEFT;
    frame.width = RMV_PLOT_WIDTH - BARS_LEFT - RMV_PLOT_RIGHT;
    frame.height = row_height * (double)count;
    frame.x_min = frame.x_min > 0 && frame.x_max > 0 ? 0 : frame.x_min;
    frame.x_max = frame.x_max < 0 ? 0 : frame.x_max;
    rmv_plot_svg_start(out, RMV_PLOT_WIDTH, frame.height + RMV_PLOT_TOP + RMV_PLOT_BOTTOM,
                       name_of(drawing));
    rmv_plot_frame_x_axis(out, &frame, &none, or_nothing(drawing->x_label));
    RMV_CLEANUP(rmv_free) double *tops = append_rows(drawing, &frame, row_height, out);
    append_bars(drawing, &frame, tops, out);
    rmv_plot_svg_end(out);
}

/* ---- Matrix --------------------------------------------------------------------------------- */

#define MATRIX_LEFT 120.0
#define MATRIX_BOTTOM 60.0

/* How often each pair is there, or what share of its y; rows × columns, row-major. */
static double *count_pairs(const struct rmv_plot_drawing *drawing,
                           const struct rmv_plot_series *series)
{
    const size_t columns = drawing->x_names.count, rows = drawing->y_names.count;
    double *counts = rmv_calloc(rows * columns + 1, sizeof(*counts));
    for (size_t k = 0; k < series->count; k++)
        counts[(size_t)series->points[k].y * columns + (size_t)series->points[k].x] +=
            series->weights ? series->weights[k] : 1;
    for (size_t row = 0; drawing->template == RMV_PLOT_CONFUSION_NORMALIZED && row < rows; row++) {
        double sum = 0;
        for (size_t i = 0; i < columns; i++)
            sum += counts[row * columns + i];
        for (size_t i = 0; sum > 0 && i < columns; i++)
            counts[row * columns + i] /= sum;
    }
    return counts;
}

static double greatest_of(const double *numbers, size_t count)
{
    double greatest = 0;
    for (size_t i = 0; i < count; i++)
        greatest = numbers[i] > greatest ? numbers[i] : greatest;
    return greatest > 0 ? greatest : 1;
}

static void append_cell(struct rmv_buf *out, const double place[2], double size, double value,
                        double share)
{
    RMV_CLEANUP(rmv_str_free)
    char *text = value == (double)(int64_t)value ? rmv_str_format("%.0f", value)
                                                 : rmv_str_format("%.2f", value);
    rmv_buf_append_format(out,
                          "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                          "height=\"%.1f\" fill=\"#4c78a8\" fill-opacity=\"%.3f\"/>\n",
                          place[0], place[1], size, size, 0.04 + 0.96 * share);
    rmv_buf_append_format(out, "<g class=\"%s\">", share > 0.6 ? "on-dark" : "on-light");
    if (size >= 22)
        rmv_plot_text(out,
                      &(struct rmv_plot_text){.x = place[0] + size / 2,
                                              .y = place[1] + size / 2 + 4,
                                              .anchor = RMV_PLOT_MIDDLE},
                      text);
    rmv_buf_append_string(out, "</g>");
}

static void append_matrix_names(const struct rmv_plot_drawing *drawing, double size, double bottom,
                                struct rmv_buf *out)
{
    const size_t every = (size_t)(14 / size) + 1, letters = size >= 40 ? (size_t)(size / 7) : 5;
    for (size_t i = 0; i < drawing->y_names.count; i += every)
        rmv_plot_text(out,
                      &(struct rmv_plot_text){.x = MATRIX_LEFT - 8,
                                              .y = RMV_PLOT_TOP + size * ((double)i + 0.5) + 4,
                                              .anchor = RMV_PLOT_END,
                                              .length = 12},
                      rmv_plot_name(&drawing->y_names, i));
    for (size_t i = 0; i < drawing->x_names.count; i += every)
        rmv_plot_text(out,
                      &(struct rmv_plot_text){.x = MATRIX_LEFT + size * ((double)i + 0.5),
                                              .y = bottom + 18,
                                              .anchor = RMV_PLOT_MIDDLE,
                                              .length = letters},
                      rmv_plot_name(&drawing->x_names, i));
}

void rmv_plot_svg_matrix(const struct rmv_plot_drawing *drawing,
                         const struct rmv_plot_series *series, struct rmv_buf *out)
{
    const size_t columns = drawing->x_names.count, rows = drawing->y_names.count;
    const size_t most = columns > rows ? columns : rows;
    const double size = most <= 5 ? 72 : most <= 36 ? 360.0 / (double)most : 10;
    const double width = size * (double)columns, height = size * (double)rows;
    RMV_CLEANUP(rmv_free) double *counts = count_pairs(drawing, series);
    const double greatest = greatest_of(counts, rows * columns);

    rmv_plot_svg_start(out, MATRIX_LEFT + (width > 200 ? width : 200) + RMV_PLOT_RIGHT,
                       RMV_PLOT_TOP + height + MATRIX_BOTTOM, name_of(drawing));
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < columns; i++)
            append_cell(
                out, (double[]){MATRIX_LEFT + size * (double)i, RMV_PLOT_TOP + size * (double)row},
                size, counts[row * columns + i], counts[row * columns + i] / greatest);
    append_matrix_names(drawing, size, RMV_PLOT_TOP + height, out);
    rmv_plot_text(out,
                  &(struct rmv_plot_text){.x = MATRIX_LEFT + width / 2,
                                          .y = RMV_PLOT_TOP + height + 42,
                                          .anchor = RMV_PLOT_MIDDLE,
                                          .length = 40},
                  or_nothing(drawing->x_label));
    rmv_plot_text(out,
                  &(struct rmv_plot_text){.x = 16,
                                          .y = RMV_PLOT_TOP + height / 2,
                                          .anchor = RMV_PLOT_MIDDLE,
                                          .is_upright = true,
                                          .length = 40},
                  or_nothing(drawing->y_label));
    rmv_plot_svg_end(out);
}
