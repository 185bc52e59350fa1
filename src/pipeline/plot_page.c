#include <string.h>

#include "pipeline/plot_svg.h"
#include "rmv/base/html.h"
#include "rmv/base/mem.h"
#include "rmv/pipeline/plots.h"

/* Nothing is loaded and nothing runs, whatever is in the files that are shown: images are of the
 * kind that cannot run scripts (that of an SVG in an <img>), and the policy forbids the rest. */
static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";

static const char style[] =
    ":root{--ink:#1d2733;--soft:#5b6875;--line:#e1e6eb;--paper:#fff;--ground:#f4f6f8;"
    "--warn:#a15c00}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--ground);color:var(--ink);"
    "font:15px/1.5 system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
    "main{max-width:1440px;margin:0 auto;padding:24px}"
    "h1{font-size:24px;margin:0 0 16px}h2{font-size:17px;margin:0 0 8px;overflow-wrap:anywhere}"
    ".plots{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start}"
    "section{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:16px;"
    "max-width:100%;overflow-x:auto}"
    ".states{display:flex;flex-wrap:wrap;gap:16px}"
    "figure{margin:0}figcaption{color:var(--soft);font-size:13px;margin-bottom:4px}"
    "figure img{display:block;max-width:640px;width:auto;border:1px solid var(--line)}"
    "svg{display:block;max-width:100%;height:auto}"
    "svg text{font:12px system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif;fill:var(--soft)}"
    "svg .grid{stroke:var(--line)}svg .cell{stroke:var(--line)}"
    "svg .on-dark text{fill:#fff}svg .on-light text{fill:var(--ink)}"
    "ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;margin:4px 0 0;padding:0;"
    "font-size:13px}"
    ".legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px}"
    ".problem{color:var(--warn);margin:4px 0}.none{color:var(--soft)}"
    "@media print{body{background:#fff}section{break-inside:avoid}}";

static void append_legend(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                          struct rmv_buf *out)
{
    rmv_buf_append_string(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < drawing->series_count; i++) {
        rmv_buf_append_format(out, "<li><i style=\"background:%s\"></i>", rmv_plot_colour(i));
        rmv_plot_append_name(plots, drawing, &drawing->series[i], out);
        rmv_buf_append_string(out, "</li>");
    }
    rmv_buf_append_string(out, "</ul>\n");
}

static void append_matrices(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                            struct rmv_buf *out)
{
    if (drawing->x_names.count > RMV_PLOT_NAMES_MAX ||
        drawing->y_names.count > RMV_PLOT_NAMES_MAX) {
        rmv_buf_append_format(out,
                              "<p class=\"problem\">%zu × %zu classes are too many to be drawn: "
                              "the most are %d.</p>\n",
                              drawing->y_names.count, drawing->x_names.count, RMV_PLOT_NAMES_MAX);
        return;
    }
    rmv_buf_append_string(out, "<div class=\"states\">\n");
    for (size_t i = 0; i < drawing->series_count; i++) {
        rmv_buf_append_string(out, "<figure><figcaption>");
        rmv_plot_append_name(plots, drawing, &drawing->series[i], out);
        rmv_buf_append_string(out, "</figcaption>\n");
        rmv_plot_svg_matrix(drawing, &drawing->series[i], out);
        rmv_buf_append_string(out, "</figure>\n");
    }
    rmv_buf_append_string(out, "</div>\n");
}

static void append_chart(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                         struct rmv_buf *out)
{
    bool has_points = false;
    for (size_t i = 0; i < drawing->series_count; i++)
        has_points = has_points || drawing->series[i].count > 0;
    if (!has_points)
        return;
    switch (drawing->template) {
    case RMV_PLOT_CONFUSION:
    case RMV_PLOT_CONFUSION_NORMALIZED:
        append_matrices(plots, drawing, out);
        return;
    case RMV_PLOT_BARS:
    case RMV_PLOT_BARS_SORTED:
        rmv_plot_svg_bars(plots, drawing, out);
        break;
    default:
        rmv_plot_svg_points(plots, drawing, out);
    }
    append_legend(plots, drawing, out);
}

static void append_images(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                          struct rmv_buf *out)
{
    rmv_buf_append_string(out, "<div class=\"states\">\n");
    for (size_t i = 0; i < drawing->images_count; i++) {
        const struct rmv_plot_image *image = &drawing->images[i];
        const char *label = plots->labels.items[image->state];
        rmv_buf_append_string(out, "<figure><figcaption>");
        rmv_html_text(out, label);
        rmv_buf_append_string(out, "</figcaption><img alt=\"");
        rmv_html_text(out, drawing->id);
        rmv_buf_append_format(out, "\" src=\"data:%s;base64,", image->type);
        rmv_html_base64(out, image->bytes.data, image->bytes.size);
        rmv_buf_append_string(out, "\"></figure>\n");
    }
    rmv_buf_append_string(out, "</div>\n");
}

static void append_drawing(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                           struct rmv_buf *out)
{
    rmv_buf_append_string(out, "<section><h2>");
    rmv_html_text(out, drawing->title ? drawing->title : drawing->id);
    rmv_buf_append_string(out, "</h2>\n");
    for (size_t i = 0; i < drawing->problems.count; i++) {
        rmv_buf_append_string(out, "<p class=\"problem\">");
        rmv_html_text(out, drawing->problems.items[i]);
        rmv_buf_append_string(out, "</p>\n");
    }
    if (drawing->images_count)
        append_images(plots, drawing, out);
    else
        append_chart(plots, drawing, out);
    rmv_buf_append_string(out, "</section>\n");
}

void rmv_plots_format_html(const struct rmv_plots *plots, const char *title, struct rmv_buf *out)
{
    rmv_buf_append_format(out, "%s<title>", head);
    rmv_html_text(out, title);
    rmv_buf_append_format(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    rmv_html_text(out, title);
    rmv_buf_append_string(out, "</h1>\n<div class=\"plots\">\n");
    for (size_t i = 0; i < plots->count; i++)
        append_drawing(plots, &plots->items[i], out);
    if (!plots->count)
        rmv_buf_append_string(out, "<p class=\"none\">There are no plots.</p>\n");
    rmv_buf_append_string(out, "</div>\n</main>\n</body>\n</html>\n");
}

/* ---- As values ------------------------------------------------------------------------------ */

static void set_coordinate(struct rmv_value *value, const struct rmv_strings *names, double number)
{
    if (names->count)
        rmv_value_set_text(value, names->items[(size_t)number]);
    else
        rmv_value_set_double(value, number);
}

static void series_to_value(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                            const struct rmv_plot_series *series, struct rmv_value *map)
{
    rmv_value_set_map(map);
    rmv_value_set_text(rmv_value_add(map, "revision"), plots->labels.items[series->state]);
    rmv_value_set_text(rmv_value_add(map, "y"), series->name);
    struct rmv_value *points = rmv_value_add(map, "points");
    rmv_value_set_list(points);
    for (size_t k = 0; k < series->count; k++) {
        struct rmv_value *point = rmv_value_append(points);
        rmv_value_set_list(point);
        set_coordinate(rmv_value_append(point), &drawing->x_names, series->x[k]);
        set_coordinate(rmv_value_append(point), &drawing->y_names, series->y[k]);
    }
}

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    if (text)
        rmv_value_set_text(rmv_value_add(map, key), text);
}

static void drawing_to_value(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                             struct rmv_value *map)
{
    rmv_value_set_map(map);
    set_text(map, "title", drawing->title ? drawing->title : drawing->id);
    if (drawing->images_count) {
        struct rmv_value *images = rmv_value_add(map, "images");
        rmv_value_set_list(images);
        for (size_t i = 0; i < drawing->images_count; i++) {
            struct rmv_value *image = rmv_value_append(images);
            set_text(image, "revision", plots->labels.items[drawing->images[i].state]);
            set_text(image, "type", drawing->images[i].type);
            rmv_value_set_int(rmv_value_add(image, "size"), (int64_t)drawing->images[i].bytes.size);
        }
    } else {
        set_text(map, "template", rmv_plot_template_name(drawing->template));
        set_text(map, "x_label", drawing->x_label);
        set_text(map, "y_label", drawing->y_label);
        struct rmv_value *list = rmv_value_add(map, "series");
        rmv_value_set_list(list);
        for (size_t i = 0; i < drawing->series_count; i++)
            series_to_value(plots, drawing, &drawing->series[i], rmv_value_append(list));
    }
    struct rmv_value *problems = rmv_value_add(map, "problems");
    rmv_value_set_list(problems);
    for (size_t i = 0; i < drawing->problems.count; i++)
        rmv_value_set_text(rmv_value_append(problems), drawing->problems.items[i]);
}

void rmv_plots_to_value(const struct rmv_plots *plots, struct rmv_value *value)
{
    rmv_value_set_map(value);
    for (size_t i = 0; i < plots->count; i++)
        drawing_to_value(plots, &plots->items[i], rmv_value_add(value, plots->items[i].id));
}
