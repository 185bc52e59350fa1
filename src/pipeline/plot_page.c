#include <string.h>

#include "pipeline/plot_series.h"
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

static const char page_style[] = "body{margin:0;background:#f4f6f8;color:#1d2733;"
                                 "font:15px/1.5 system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
                                 "main{max-width:1440px;margin:0 auto;padding:24px}"
                                 "h1{font-size:24px;margin:0 0 16px}.none{color:#5b6875}"
                                 "@media print{body{background:#fff}}";

/* It must leave the rest of a page of the user's alone. */
static const char style[] =
    ".plots{--ink:#1d2733;--soft:#5b6875;--line:#e1e6eb;--paper:#fff;--warn:#a15c00;"
    "display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start;color:var(--ink);"
    "font:15px/1.5 system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
    ".plots *{box-sizing:border-box}.plots h2{font-size:17px;margin:0 0 8px;overflow-wrap:anywhere}"
    ".plots section{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "padding:16px;max-width:100%;overflow-x:auto;break-inside:avoid}"
    ".plots .states{display:flex;flex-wrap:wrap;gap:16px}"
    ".plots figure{margin:0}"
    ".plots figcaption{color:var(--soft);font-size:13px;margin-bottom:4px}"
    ".plots figure img{display:block;max-width:640px;width:auto;border:1px solid var(--line)}"
    ".plots svg{display:block;max-width:100%;height:auto}"
    ".plots svg text{font:12px system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif;fill:var(--soft)}"
    ".plots svg .grid,.plots svg .cell{stroke:var(--line)}"
    ".plots svg .on-dark text{fill:#fff}.plots svg .on-light text{fill:var(--ink)}"
    ".plots ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;margin:4px 0 0;"
    "padding:0;font-size:13px}"
    ".plots .legend i{display:inline-block;width:12px;height:12px;border-radius:3px;"
    "margin-right:6px}"
    ".plots .problem{color:var(--warn);margin:4px 0}"
    ".plots .note{color:var(--soft);font-size:13px;max-width:640px;margin:4px 0 0}";

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

/* Says what of many points is drawn. */
static void append_note(const struct rmv_plot_drawing *drawing, struct rmv_buf *out)
{
    const char *how =
        rmv_plot_is_matrix(drawing) ? NULL
        : rmv_plot_is_bars(drawing) ? "of each name, the longest bar to either side is drawn"
        : drawing->template == RMV_PLOT_SCATTER || drawing->template == RMV_PLOT_SCATTER_JITTER
            ? "of those on one spot, one is drawn"
        : drawing->template == RMV_PLOT_SMOOTH
            ? "the curve follows the averages of stretches narrower than a pixel"
            : "of each stretch narrower than a pixel, the first, last, least and "
              "greatest are drawn";
    size_t total = 0, kept = 0;
    for (size_t i = 0; i < drawing->series_count; i++) {
        total += drawing->series[i].total;
        kept += drawing->series[i].count;
    }
    if (how && total > kept)
        rmv_buf_append_format(out, "<p class=\"note\">%zu points: %s.</p>\n", total, how);
    if (rmv_plot_is_bars(drawing) && drawing->y_names.count > RMV_PLOT_BARS_SHOWN)
        rmv_buf_append_format(out, "<p class=\"note\">%zu names: the first %d are drawn.</p>\n",
                              drawing->y_names.count, RMV_PLOT_BARS_SHOWN);
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
    append_note(drawing, out);
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

static void append_drawings(const struct rmv_plots *plots, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "<div class=\"plots\">\n");
    for (size_t i = 0; i < plots->count; i++)
        append_drawing(plots, &plots->items[i], out);
    rmv_buf_append_string(out, "</div>\n");
}

void rmv_plots_format_html(const struct rmv_plots *plots, const char *title, struct rmv_buf *out)
{
    rmv_buf_append_format(out, "%s<title>", head);
    rmv_html_text(out, title);
    rmv_buf_append_format(out, "</title>\n<style>%s%s</style>\n</head>\n<body>\n<main>\n<h1>",
                          page_style, style);
    rmv_html_text(out, title);
    rmv_buf_append_string(out, "</h1>\n");
    append_drawings(plots, out);
    if (!plots->count)
        rmv_buf_append_string(out, "<p class=\"none\">There are no plots.</p>\n");
    rmv_buf_append_string(out, "</main>\n</body>\n</html>\n");
}

/* ---- Pages of the user's -------------------------------------------------------------------- */

#define PLACE "{plot_divs}"

const struct rmv_error *rmv_plots_fill_html(const struct rmv_plots *plots, const char *name,
                                            const struct rmv_buf *page, struct rmv_buf *out)
{
    static const char *const nothing[] = {"{scripts}", "{refresh_tag}"};
    const char *at = page->data, *end = page->data + page->size;

    if (!page->size || !memmem(page->data, page->size, PLACE, strlen(PLACE)))
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' has no place for the plots: it lacks " PLACE, name),
            "write " PLACE " where they go");
    while (at < end) {
        const char *brace = memchr(at, '{', (size_t)(end - at));
        const char *stop = brace ? brace : end;
        const size_t left = (size_t)(end - stop);
        rmv_buf_append(out, at, (size_t)(stop - at));
        at = stop;
        if (left >= strlen(PLACE) && memcmp(stop, PLACE, strlen(PLACE)) == 0) {
            rmv_buf_append_format(out, "<style>%s</style>\n", style);
            append_drawings(plots, out);
            at += strlen(PLACE);
            continue;
        }
        for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
            if (left >= strlen(nothing[i]) && memcmp(stop, nothing[i], strlen(nothing[i])) == 0)
                at += strlen(nothing[i]);
        if (at == stop && at < end)
            rmv_buf_append(out, at++, 1);
    }
    return NULL;
}
