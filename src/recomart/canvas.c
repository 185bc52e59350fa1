#include "recomart/canvas.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>

#include "rmv/base/mem.h"

#define FONT "DejaVu Sans"

struct rmv_canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoLayout *layout;
};

/* Pango gives up the whole process where there is no font at all, so ask first. */
static const struct rmv_error *check_fonts(PangoLayout *layout)
{
    PangoFontFamily **families = NULL;
    int count = 0;
    pango_context_list_families(pango_layout_get_context(layout), &families, &count);
    g_free(families);
    if (count > 0)
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "no font is installed to draw plots with"),
                          "install the package fonts-dejavu-core");
}

const struct rmv_error *rmv_canvas_open(int width, int height, struct rmv_canvas **canvas)
{
    RMV_CLEANUP(rmv_canvas_close) struct rmv_canvas *opened = rmv_calloc(1, sizeof(*opened));
    opened->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    opened->cairo = cairo_create(opened->surface);
    opened->layout = pango_cairo_create_layout(opened->cairo);
    const struct rmv_error *err = check_fonts(opened->layout);
    if (err)
        return err;

    /* Not the settings of whoever runs it: the picture is to be the same for everybody. */
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(pango_layout_get_context(opened->layout), options);
    pango_cairo_context_set_resolution(pango_layout_get_context(opened->layout), 96);
    cairo_font_options_destroy(options);

    rmv_canvas_fill(opened, (struct rmv_rect){0, 0, width, height}, 0xffffff);
    *canvas = opened;
    opened = NULL;
    return NULL;
}

void rmv_canvas_close(struct rmv_canvas **canvas)
{
    struct rmv_canvas *closed = *canvas;
    if (!closed)
        return;
    g_object_unref(closed->layout);
    cairo_destroy(closed->cairo);
    cairo_surface_destroy(closed->surface);
    free(closed);
    *canvas = NULL;
}

void rmv_canvas_forget_fonts(void)
{
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
}

static void set_colour(struct rmv_canvas *canvas, unsigned colour)
{
    cairo_set_source_rgb(canvas->cairo, (colour >> 16 & 0xff) / 255.0, (colour >> 8 & 0xff) / 255.0,
                         (colour & 0xff) / 255.0);
}

void rmv_canvas_text(struct rmv_canvas *canvas, double x, double y,
                     const struct rmv_text_style *style, const char *text)
{
    static const double shares[] = {0, 0.5, 1};
    PangoFontDescription *font = pango_font_description_from_string(FONT);
    int width, height;

    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    pango_font_description_set_weight(font,
                                      style->is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(canvas->layout, font);
    pango_layout_set_single_paragraph_mode(canvas->layout, TRUE);
    pango_layout_set_ellipsize(canvas->layout, PANGO_ELLIPSIZE_NONE);
    pango_layout_set_width(canvas->layout, -1);
    pango_layout_set_text(canvas->layout, text, -1);
    pango_layout_get_size(canvas->layout, &width, &height);
    if (style->width_max > 0 && width > style->width_max * PANGO_SCALE) {
        pango_layout_set_ellipsize(canvas->layout, PANGO_ELLIPSIZE_END);
        pango_layout_set_width(canvas->layout, (int)(style->width_max * PANGO_SCALE));
        pango_layout_get_size(canvas->layout, &width, &height);
    }

    const double left = -shares[style->align] * width / PANGO_SCALE;
    const double top = -0.5 * height / PANGO_SCALE;
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, x, y);
    if (style->is_upright)
        cairo_rotate(canvas->cairo, -M_PI / 2);
    if (style->has_ground)
        rmv_canvas_fill(canvas,
                        (struct rmv_rect){left - 2, top, (double)width / PANGO_SCALE + 4,
                                          (double)height / PANGO_SCALE},
                        0xffffff);
    set_colour(canvas, style->colour);
    cairo_move_to(canvas->cairo, left, top);
    pango_cairo_show_layout(canvas->cairo, canvas->layout);
    cairo_restore(canvas->cairo);
    pango_font_description_free(font);
}

void rmv_canvas_fill(struct rmv_canvas *canvas, struct rmv_rect rect, unsigned colour)
{
    set_colour(canvas, colour);
    cairo_rectangle(canvas->cairo, rect.x, rect.y, rect.width, rect.height);
    cairo_fill(canvas->cairo);
}

void rmv_canvas_dot(struct rmv_canvas *canvas, double x, double y, double radius, unsigned colour)
{
    set_colour(canvas, colour);
    cairo_new_path(canvas->cairo);
    cairo_arc(canvas->cairo, x, y, radius, 0, 2 * M_PI);
    cairo_fill(canvas->cairo);
}

void rmv_canvas_line(struct rmv_canvas *canvas, struct rmv_rect from_and_extent, unsigned colour)
{
    struct rmv_rect line = {floor(from_and_extent.x), floor(from_and_extent.y),
                            from_and_extent.width, from_and_extent.height};
    if (line.width < 1)
        line.width = 1;
    if (line.height < 1)
        line.height = 1;
    rmv_canvas_fill(canvas, line, colour);
}

static cairo_status_t take_bytes(void *context, const unsigned char *bytes, unsigned size)
{
    rmv_buf_append(context, bytes, size);
    return CAIRO_STATUS_SUCCESS;
}

const struct rmv_error *rmv_canvas_png(struct rmv_canvas *canvas, struct rmv_buf *out)
{
    const cairo_status_t status =
        cairo_surface_write_to_png_stream(canvas->surface, take_bytes, out);
    if (status != CAIRO_STATUS_SUCCESS)
        return rmv_error(RMV_ERR_IO, "cannot make a PNG: %s", cairo_status_to_string(status));
    return NULL;
}
