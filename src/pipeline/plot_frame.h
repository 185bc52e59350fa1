/* The frame of a chart: axes with ticks, grid and labels. Coordinates of SVG grow to the right and
 * down, in pixels. */
#pragma once

#include "rmv/pipeline/plots.h"

struct rmv_plot_frame {
    double left, top, width, height; /* of what is inside the axes */
    double x_min, x_max, y_min, y_max;
};

#define RMV_PLOT_WIDTH 640.0
#define RMV_PLOT_HEIGHT 380.0
#define RMV_PLOT_LEFT 76.0
#define RMV_PLOT_RIGHT 20.0
#define RMV_PLOT_TOP 12.0
#define RMV_PLOT_BOTTOM 52.0

/* The frame around all points of a drawing that has some. */
struct rmv_plot_frame rmv_plot_frame_of(const struct rmv_plot_drawing *drawing);

/* From values to places in the picture. */
double rmv_plot_frame_x(const struct rmv_plot_frame *frame, double x);
double rmv_plot_frame_y(const struct rmv_plot_frame *frame, double y);

/* Makes room around a range: a twentieth on each side, and something around a single value. */
void rmv_plot_pad(double *min, double *max);

/* The distance of ticks: 1, 2 or 5 times a power of ten, about `count` of them in the range. */
double rmv_plot_step_of(double min, double max, int count);

/* The first multiple of `step` that is not below `min`. */
double rmv_plot_first_tick(double min, double step);

enum rmv_plot_anchor { RMV_PLOT_START, RMV_PLOT_MIDDLE, RMV_PLOT_END };

/* Appends text of at most `length` characters. */
struct rmv_plot_text {
    double x, y;
    enum rmv_plot_anchor anchor;
    bool is_upright; /* read from below */
    size_t length;   /* 0: no limit */
};
void rmv_plot_text(struct rmv_buf *out, const struct rmv_plot_text *where, const char *text);

/* Starts and ends a picture of that size; `name` is read out to those who cannot see it. */
void rmv_plot_svg_start(struct rmv_buf *out, double width, double height, const char *name);
void rmv_plot_svg_end(struct rmv_buf *out);

/* Appends grid, ticks and their labels: numbers, or the names if there are any. */
void rmv_plot_frame_x_axis(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                           const struct rmv_plot_names *names, const char *label);
void rmv_plot_frame_y_axis(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                           const char *label);
