#include "pipeline/plot_frame.h"

#include <math.h>
#include <string.h>

#include "rmv/base/html.h"
#include "rmv/base/mem.h"

double rmv_plot_frame_x(const struct rmv_plot_frame *frame, double x)
{
    return frame->left + (x - frame->x_min) / (frame->x_max - frame->x_min) * frame->width;
}

double rmv_plot_frame_y(const struct rmv_plot_frame *frame, double y)
{
    return frame->top + (frame->y_max - y) / (frame->y_max - frame->y_min) * frame->height;
}

void rmv_plot_pad(double *min, double *max)
{
    const double size = fabs(*min) > fabs(*max) ? fabs(*min) : fabs(*max);
    double extra = (*max - *min) / 20;
    /* Below that, differences are noise of the last digits. */
    if (!(extra > size * 1e-12))
        extra = size > 0 ? size / 20 : 1;
    *min -= extra;
    *max += extra;
}

struct rmv_plot_frame rmv_plot_frame_of(const struct rmv_plot_drawing *drawing)
{
    struct rmv_plot_frame frame = {.left = RMV_PLOT_LEFT,
                                   .top = RMV_PLOT_TOP,
                                   .width = RMV_PLOT_WIDTH - RMV_PLOT_LEFT - RMV_PLOT_RIGHT,
                                   .height = RMV_PLOT_HEIGHT - RMV_PLOT_TOP - RMV_PLOT_BOTTOM,
                                   .x_min = INFINITY,
                                   .x_max = -INFINITY,
                                   .y_min = INFINITY,
                                   .y_max = -INFINITY};
    for (size_t i = 0; i < drawing->series_count; i++)
        for (size_t k = 0; k < drawing->series[i].count; k++) {
            const struct rmv_plot_point point = drawing->series[i].points[k];
            frame.x_min = point.x < frame.x_min ? point.x : frame.x_min;
            frame.x_max = point.x > frame.x_max ? point.x : frame.x_max;
            frame.y_min = point.y < frame.y_min ? point.y : frame.y_min;
            frame.y_max = point.y > frame.y_max ? point.y : frame.y_max;
        }
    rmv_plot_pad(&frame.x_min, &frame.x_max);
    rmv_plot_pad(&frame.y_min, &frame.y_max);
    return frame;
}

double rmv_plot_step_of(double min, double max, int count)
{
    const double raw = (max - min) / count;
    double power = 1;
    while (power > raw)
        power /= 10;
    while (power * 10 <= raw)
        power *= 10;
    return raw < power * 2 ? power * 2 : raw < power * 5 ? power * 5 : power * 10;
}

double rmv_plot_first_tick(double min, double step)
{
    const double whole = (double)(int64_t)(min / step);
    return whole * step < min - step * 1e-9 ? (whole + 1) * step : whole * step;
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* The bytes of the first `length` characters. */
static size_t size_of(const char *text, size_t length)
{
    size_t size = 0;
    for (; text[size]; size++)
        if (((unsigned char)text[size] & 0xc0) != 0x80 && length-- == 0)
            break;
    return size;
}

void rmv_plot_text(struct rmv_buf *out, const struct rmv_plot_text *where, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    const size_t size = where->length ? size_of(text, where->length) : strlen(text);
    RMV_CLEANUP(rmv_str_free) char *start = rmv_str_copy_n(text, size);

    rmv_buf_append_format(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"", where->x, where->y,
                          anchors[where->anchor]);
    if (where->is_upright)
        rmv_buf_append_format(out, " transform=\"rotate(-90 %.1f %.1f)\"", where->x, where->y);
    rmv_buf_append_string(out, ">");
    rmv_html_text(out, start);
    if (text[size]) {
        rmv_buf_append_string(out, "…<title>");
        rmv_html_text(out, text);
        rmv_buf_append_string(out, "</title>");
    }
    rmv_buf_append_string(out, "</text>\n");
}

void rmv_plot_svg_start(struct rmv_buf *out, double width, double height, const char *name)
{
    rmv_buf_append_format(out,
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
                          "width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"",
                          width, height, width, height);
    rmv_html_text(out, name);
    rmv_buf_append_string(out, "\">\n");
}

void rmv_plot_svg_end(struct rmv_buf *out)
{
    rmv_buf_append_string(out, "</svg>\n");
}

/* ---- Axes ----------------------------------------------------------------------------------- */

#define X_TICKS 6
#define Y_TICKS 6
#define NAMES_SHOWN 12
#define NAME_LENGTH 12

static void append_line(struct rmv_buf *out, const double from[2], const double to[2])
{
    rmv_buf_append_format(
        out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", from[0],
        from[1], to[0], to[1]);
}

static void append_number(struct rmv_buf *out, double x, double y, enum rmv_plot_anchor anchor,
                          double number)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%.6g", number);
    rmv_plot_text(out, &(struct rmv_plot_text){.x = x, .y = y, .anchor = anchor}, text);
}

/* Ticks at noise around zero are zero. */
static double clean(double tick, double step)
{
    return fabs(tick) < step * 1e-6 ? 0 : tick;
}

void rmv_plot_frame_x_axis(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                           const struct rmv_plot_names *names, const char *label)
{
    const double bottom = frame->top + frame->height;
    const size_t every = names->count / NAMES_SHOWN + 1;

    for (size_t i = 0; i < names->count; i += every)
        rmv_plot_text(out,
                      &(struct rmv_plot_text){.x = rmv_plot_frame_x(frame, (double)i),
                                              .y = bottom + 18,
                                              .anchor = RMV_PLOT_MIDDLE,
                                              .length = NAME_LENGTH},
                      rmv_plot_name(names, i));
    const double step = rmv_plot_step_of(frame->x_min, frame->x_max, X_TICKS);
    const double first = rmv_plot_first_tick(frame->x_min, step);
    for (int i = 0; !names->count && i < 4 * X_TICKS; i++) {
        const double tick = first + i * step, x = rmv_plot_frame_x(frame, tick);
        if (tick > frame->x_max)
            break;
        append_line(out, (double[]){x, frame->top}, (double[]){x, bottom});
        append_number(out, x, bottom + 18, RMV_PLOT_MIDDLE, clean(tick, step));
    }
    append_line(out, (double[]){frame->left, bottom},
                (double[]){frame->left + frame->width, bottom});
    rmv_plot_text(out,
                  &(struct rmv_plot_text){.x = frame->left + frame->width / 2,
                                          .y = bottom + 40,
                                          .anchor = RMV_PLOT_MIDDLE,
                                          .length = 80},
                  label);
}

void rmv_plot_frame_y_axis(struct rmv_buf *out, const struct rmv_plot_frame *frame,
                           const char *label)
{
    const double step = rmv_plot_step_of(frame->y_min, frame->y_max, Y_TICKS);
    const double first = rmv_plot_first_tick(frame->y_min, step);
    for (int i = 0; i < 4 * Y_TICKS; i++) {
        const double tick = first + i * step, y = rmv_plot_frame_y(frame, tick);
        if (tick > frame->y_max)
            break;
        append_line(out, (double[]){frame->left, y}, (double[]){frame->left + frame->width, y});
        append_number(out, frame->left - 8, y + 4, RMV_PLOT_END, clean(tick, step));
    }
    append_line(out, (double[]){frame->left, frame->top},
                (double[]){frame->left, frame->top + frame->height});
    rmv_plot_text(out,
                  &(struct rmv_plot_text){.x = 16,
                                          .y = frame->top + frame->height / 2,
                                          .anchor = RMV_PLOT_MIDDLE,
                                          .is_upright = true,
                                          .length = 40},
                  label);
}
