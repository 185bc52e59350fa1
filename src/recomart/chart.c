#include "recomart/chart.h"

#include <math.h>
#include <stdio.h>

#include "recomart/html.h"
#include "rmv/base/mem.h"

#define WIDTH 960
#define HEIGHT 540
#define TITLE_Y 34
#define SUBTITLE_Y 60
#define TOP 92
#define BOTTOM 78 /* for ticks and the label of the axis */
#define LEFT 92
#define RIGHT 36
#define TICKS 6
#define TICK_SIZE 13
#define LABEL_SIZE 14

unsigned rmv_chart_colour(size_t index)
{
    static const unsigned colours[] = {0x2f6db3, 0xe08a1e, 0x3a9d6e, 0xb5458f,
                                       0x7a6fd0, 0x8c6d46, 0x4aa3a2, 0x9aa5b1};
    return colours[index % (sizeof(colours) / sizeof(colours[0]))];
}

/* ---- frame and axes ---- */

/* A chart being drawn: where the data goes. */
struct frame {
    struct rmv_canvas *canvas;
    struct rmv_rect area;
};

static void frame_close(struct frame *frame)
{
    rmv_canvas_close(&frame->canvas);
}

static void label_axes(struct frame *frame, const struct rmv_chart *chart)
{
    const struct rmv_rect area = frame->area;
    const struct rmv_text_style below = {
        .size = LABEL_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_CENTRE};
    struct rmv_text_style beside = below;
    beside.is_upright = true;
    if (chart->x_label)
        rmv_canvas_text(frame->canvas, area.x + area.width / 2, HEIGHT - 24, &below,
                        chart->x_label);
    if (chart->y_label)
        rmv_canvas_text(frame->canvas, 24, area.y + area.height / 2, &beside, chart->y_label);
}

static const struct rmv_error *frame_open(const struct rmv_chart *chart, double left,
                                          struct frame *frame)
{
    const struct rmv_error *err = rmv_canvas_open(WIDTH, HEIGHT, &frame->canvas);
    if (err)
        return err;
    frame->area = (struct rmv_rect){left, TOP, WIDTH - left - RIGHT, (double)HEIGHT - TOP - BOTTOM};
    const struct rmv_text_style title = {
        .size = 22, .colour = RMV_INK, .is_bold = true, .width_max = WIDTH - 60};
    const struct rmv_text_style subtitle = {
        .size = 15, .colour = RMV_SOFT, .width_max = WIDTH - 60};
    rmv_canvas_text(frame->canvas, 30, TITLE_Y, &title, chart->title);
    if (chart->subtitle)
        rmv_canvas_text(frame->canvas, 30, SUBTITLE_Y, &subtitle, chart->subtitle);
    label_axes(frame, chart);
    return NULL;
}

/* 1, 2 or 5 times a power of ten, whole, so that about TICKS of them reach `max`. */
static double step_of(double max)
{
    const double rough = max / TICKS;
    const double power = pow(10, floor(log10(rough)));
    const double factor = rough / power <= 1   ? 1
                          : rough / power <= 2 ? 2
                          : rough / power <= 5 ? 5
                                               : 10;
    return fmax(1, factor * power);
}

static void tick_text(double value, struct rmv_buf *out)
{
    out->size = 0;
    rmv_html_count(out, (unsigned long long)value);
}

/* The end of a linear axis for values up to `max`: a whole number of steps, with some room. */
static double axis_end(double max)
{
    const double step = step_of(fmax(max, 1));
    return ceil(max * 1.04 / step) * step;
}

static double y_of(const struct frame *frame, double share)
{
    return frame->area.y + frame->area.height * (1 - share);
}

static void draw_y_axis(struct frame *frame, double end)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_text_style style = {
        .size = TICK_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_RIGHT};
    const struct rmv_rect area = frame->area;
    const double step = step_of(end);
    for (int i = 0; i * step <= end; i++) {
        const double tick = i * step;
        const double y = y_of(frame, tick / end);
        rmv_canvas_line(frame->canvas, (struct rmv_rect){area.x, y, area.width, 1},
                        tick > 0 ? RMV_GRID : RMV_SOFT);
        tick_text(tick, &text);
        rmv_canvas_text(frame->canvas, area.x - 10, y, &style, rmv_buf_string(&text));
    }
}

static void draw_x_axis(struct frame *frame, double end)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_text_style style = {
        .size = TICK_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_CENTRE};
    const struct rmv_rect area = frame->area;
    const double step = step_of(end);
    for (int i = 0; i * step <= end; i++) {
        const double tick = i * step;
        const double x = area.x + area.width * tick / end;
        rmv_canvas_line(frame->canvas, (struct rmv_rect){x, area.y, 1, area.height},
                        tick > 0 ? RMV_GRID : RMV_SOFT);
        tick_text(tick, &text);
        rmv_canvas_text(frame->canvas, x, area.y + area.height + 16, &style, rmv_buf_string(&text));
    }
}

static double largest(const struct rmv_bar *bars, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++)
        max = fmax(max, bars[i].value);
    return max;
}

/* ---- bars ---- */

const struct rmv_error *rmv_chart_columns(const struct rmv_chart *chart, const struct rmv_bar *bars,
                                          size_t count, struct rmv_buf *png)
{
    RMV_CLEANUP(frame_close) struct frame frame = {0};
    const struct rmv_error *err = frame_open(chart, LEFT, &frame);
    if (err)
        return err;

    const struct rmv_rect area = frame.area;
    const double end = axis_end(largest(bars, count));
    const double slot = area.width / (double)count;
    const double width = fmin(slot * 0.72, 150);
    const struct rmv_text_style label = {.size = count > 12 ? TICK_SIZE : LABEL_SIZE,
                                         .colour = RMV_INK,
                                         .align = RMV_ALIGN_CENTRE,
                                         .width_max = slot};
    struct rmv_text_style note = label;
    note.colour = RMV_SOFT;
    note.size = TICK_SIZE;
    note.has_ground = true;
    draw_y_axis(&frame, end);
    for (size_t i = 0; i < count; i++) {
        const double x = area.x + slot * ((double)i + 0.5);
        const double y = y_of(&frame, bars[i].value / end);
        rmv_canvas_fill(frame.canvas,
                        (struct rmv_rect){x - width / 2, y, width, area.y + area.height - y},
                        bars[i].colour);
        rmv_canvas_text(frame.canvas, x, area.y + area.height + 18, &label, bars[i].label);
        if (bars[i].note)
            rmv_canvas_text(frame.canvas, x, y - 12, &note, bars[i].note);
    }
    return rmv_canvas_png(frame.canvas, png);
}

#define ROW_LABELS 270 /* their width */
#define NOTE_WIDTH 120

const struct rmv_error *rmv_chart_rows(const struct rmv_chart *chart, const struct rmv_bar *bars,
                                       size_t count, struct rmv_buf *png)
{
    RMV_CLEANUP(frame_close) struct frame frame = {0};
    const struct rmv_error *err = frame_open(chart, ROW_LABELS + 60, &frame);
    if (err)
        return err;

    frame.area.width -= NOTE_WIDTH; /* notes may stand to the right of the longest bar */
    const struct rmv_rect area = frame.area;
    const double end = axis_end(largest(bars, count));
    const double slot = area.height / (double)count;
    const double height = fmin(slot * 0.68, 46);
    const struct rmv_text_style label = {
        .size = LABEL_SIZE, .colour = RMV_INK, .align = RMV_ALIGN_RIGHT, .width_max = ROW_LABELS};
    const struct rmv_text_style note = {.size = TICK_SIZE, .colour = RMV_SOFT, .has_ground = true};
    draw_x_axis(&frame, end);
    for (size_t i = 0; i < count; i++) {
        const double y = area.y + slot * ((double)i + 0.5);
        const double width = area.width * bars[i].value / end;
        rmv_canvas_fill(frame.canvas, (struct rmv_rect){area.x + 1, y - height / 2, width, height},
                        bars[i].colour);
        rmv_canvas_text(frame.canvas, area.x - 12, y, &label, bars[i].label);
        if (bars[i].note)
            rmv_canvas_text(frame.canvas, area.x + width + 8, y, &note, bars[i].note);
    }
    return rmv_canvas_png(frame.canvas, png);
}

/* ---- points ---- */

/* Where a logarithmic axis ends: the next 1, 2 or 5 times a power of ten, and beyond 1. */
static double log_end(double max)
{
    static const double factors[] = {1, 2, 5, 10};
    const double power = pow(10, floor(log10(fmax(max, 1))));
    for (size_t i = 0; i < 4; i++)
        if (factors[i] * power > max)
            return factors[i] * power;
    return 20 * power;
}

static double log_share(double value, double end)
{
    return log(value) / log(end);
}

/* Ticks at 1, 2, 5 of each power of ten; of powers alone where there would be too many. */
static bool is_tick(double end, int factor)
{
    return factor == 1 || (end <= 2000 && (factor == 2 || factor == 5));
}

static void draw_log_axes(struct frame *frame, double x_end, double y_end)
{
    static const int factors[] = {1, 2, 5};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_text_style below = {
        .size = TICK_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_CENTRE};
    const struct rmv_text_style beside = {
        .size = TICK_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_RIGHT};
    const struct rmv_rect area = frame->area;

    for (int i = 0; i < 60; i++) {
        const int factor = factors[i % 3];
        const int power = i / 3;
        const double tick = factor * pow(10, power);
        tick_text(tick, &text);
        if (tick <= x_end && is_tick(x_end, factor)) {
            const double x = area.x + area.width * log_share(tick, x_end);
            rmv_canvas_line(frame->canvas, (struct rmv_rect){x, area.y, 1, area.height},
                            i ? RMV_GRID : RMV_SOFT);
            rmv_canvas_text(frame->canvas, x, area.y + area.height + 16, &below,
                            rmv_buf_string(&text));
        }
        if (tick <= y_end && is_tick(y_end, factor)) {
            const double y = y_of(frame, log_share(tick, y_end));
            rmv_canvas_line(frame->canvas, (struct rmv_rect){area.x, y, area.width, 1},
                            i ? RMV_GRID : RMV_SOFT);
            rmv_canvas_text(frame->canvas, area.x - 10, y, &beside, rmv_buf_string(&text));
        }
    }
}

const struct rmv_error *rmv_chart_points(const struct rmv_chart *chart,
                                         const struct rmv_point *points, size_t count,
                                         struct rmv_buf *png)
{
    RMV_CLEANUP(frame_close) struct frame frame = {0};
    const struct rmv_error *err = frame_open(chart, LEFT, &frame);
    if (err)
        return err;

    double x_max = 1, y_max = 1;
    for (size_t i = 0; i < count; i++) {
        x_max = fmax(x_max, points[i].x);
        y_max = fmax(y_max, points[i].y);
    }
    const double x_end = log_end(x_max), y_end = log_end(y_max);
    const double radius = count > 200 ? 3 : 5.5;
    draw_log_axes(&frame, x_end, y_end);
    for (size_t i = 0; i < count; i++)
        rmv_canvas_dot(frame.canvas,
                       frame.area.x + frame.area.width * log_share(points[i].x, x_end),
                       y_of(&frame, log_share(points[i].y, y_end)), radius, rmv_chart_colour(0));
    return rmv_canvas_png(frame.canvas, png);
}

/* ---- cells ---- */

/* From nearly white to the first colour. The root lets single entries be seen. */
static unsigned shade_of(double share)
{
    const unsigned full = rmv_chart_colour(0);
    const double weight = share > 0 ? 0.06 + 0.94 * sqrt(fmin(share, 1)) : 0;
    unsigned shade = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        const double ground = 0xf2;
        const double part = ground + ((full >> shift & 0xff) - ground) * weight;
        shade |= (unsigned)lround(part) << shift;
    }
    return shade;
}

/* Cells end at whole pixels, so that no ground shines through between them; large ones leave a gap.
 */
static struct rmv_rect cell_rect(struct rmv_rect area, const struct rmv_chart_matrix *matrix,
                                 size_t row, size_t column)
{
    const double width = area.width / (double)matrix->columns_count;
    const double height = area.height / (double)matrix->rows_count;
    const double gap = fmin(width, height) > 8 ? 1 : 0;
    const double left = floor(area.x + width * (double)column);
    const double top = floor(area.y + height * (double)row);
    return (struct rmv_rect){left, top, floor(area.x + width * (double)(column + 1)) - left - gap,
                             floor(area.y + height * (double)(row + 1)) - top - gap};
}

const struct rmv_error *rmv_chart_cells(const struct rmv_chart *chart,
                                        const struct rmv_chart_matrix *matrix, struct rmv_buf *png)
{
    RMV_CLEANUP(frame_close) struct frame frame = {0};
    const struct rmv_error *err = frame_open(chart, LEFT, &frame);
    if (err)
        return err;

    const struct rmv_rect area = frame.area;
    for (size_t row = 0; row < matrix->rows_count; row++)
        for (size_t column = 0; column < matrix->columns_count; column++)
            rmv_canvas_fill(frame.canvas, cell_rect(area, matrix, row, column),
                            shade_of(matrix->shares[row * matrix->columns_count + column]));

    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_text_style beside = {
        .size = TICK_SIZE, .colour = RMV_SOFT, .align = RMV_ALIGN_RIGHT};
    const struct rmv_text_style below = {.size = TICK_SIZE, .colour = RMV_SOFT};
    struct rmv_text_style end = below;
    end.align = RMV_ALIGN_RIGHT;
    const double foot = area.y + area.height + 16;
    rmv_canvas_text(frame.canvas, area.x - 10, area.y + 8, &beside, "1");
    rmv_canvas_text(frame.canvas, area.x, foot, &below, "1");
    tick_text((double)matrix->rows, &text);
    rmv_canvas_text(frame.canvas, area.x - 10, area.y + area.height - 8, &beside,
                    rmv_buf_string(&text));
    tick_text((double)matrix->columns, &text);
    rmv_canvas_text(frame.canvas, area.x + area.width, foot, &end, rmv_buf_string(&text));
    return rmv_canvas_png(frame.canvas, png);
}
