/* A picture being drawn: text and rectangles on a white ground, finished as PNG. The only module
 * that knows cairo and pango; with the same fonts installed the same picture has the same bytes. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

struct rmv_canvas;

enum rmv_align { RMV_ALIGN_LEFT, RMV_ALIGN_CENTRE, RMV_ALIGN_RIGHT };

/* 0xRRGGBB */
#define RMV_INK 0x1d2733
#define RMV_SOFT 0x5b6875
#define RMV_GRID 0xe1e6eb

/* How a text is set. */
struct rmv_text_style {
    double size; /* in pixels */
    unsigned colour;
    enum rmv_align align;     /* what of the text is at x; its middle is at y */
    bool is_bold, is_upright; /* upright: turned by 90° to read from below */
    bool has_ground;          /* white behind it, over lines that would cross it */
    double width_max;         /* cut with an ellipsis beyond; 0 for no limit */
};

/* Starts a picture of so many pixels. Errors: NOT_FOUND (no font is installed). */
RMV_MUST_CHECK
const struct rmv_error *rmv_canvas_open(int width, int height, struct rmv_canvas **canvas);
void rmv_canvas_close(struct rmv_canvas **canvas);

/* Gives back the fonts that are kept from one picture to the next, when no canvas is open. */
void rmv_canvas_forget_fonts(void);

void rmv_canvas_text(struct rmv_canvas *canvas, double x, double y,
                     const struct rmv_text_style *style, const char *text);

struct rmv_rect {
    double x, y, width, height;
};

void rmv_canvas_fill(struct rmv_canvas *canvas, struct rmv_rect rect, unsigned colour);
void rmv_canvas_dot(struct rmv_canvas *canvas, double x, double y, double radius, unsigned colour);

/* A horizontal or vertical line, one pixel wide and sharp. */
void rmv_canvas_line(struct rmv_canvas *canvas, struct rmv_rect from_and_extent, unsigned colour);

/* Appends the picture as PNG. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_canvas_png(struct rmv_canvas *canvas, struct rmv_buf *out);
