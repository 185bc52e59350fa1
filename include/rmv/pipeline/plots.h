/* Plots: what rmv.yaml and users want drawn, the data of it at several revisions, and one page of
 * HTML that shows it. The page needs nothing but itself: charts are SVG inside it, images are data
 * URLs, and there are no scripts. Templates are called as DVC's. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"

enum rmv_plot_template {
    RMV_PLOT_LINEAR, /* lines with their points */
    RMV_PLOT_SIMPLE, /* lines */
    RMV_PLOT_SCATTER,
    RMV_PLOT_SCATTER_JITTER,       /* points a little beside their place, so that many show */
    RMV_PLOT_SMOOTH,               /* lines through local averages (LOESS) */
    RMV_PLOT_CONFUSION,            /* how often each x comes with each y */
    RMV_PLOT_CONFUSION_NORMALIZED, /* the same as a share of its y */
    RMV_PLOT_BARS,                 /* lying bars: x is how long, y is which */
    RMV_PLOT_BARS_SORTED,
    RMV_PLOT_TEMPLATES_COUNT,
};
const char *rmv_plot_template_name(enum rmv_plot_template template);

/* What was asked for. NULL leaves things as rmv.yaml has them. */
struct rmv_plots_request {
    const struct rmv_strings *labels;    /* of the states, as shown */
    const struct rmv_strings *revisions; /* "" is the workspace */
    const struct rmv_strings *targets;   /* paths, or ids of plots; none: all of rmv.yaml's */
    const char *x, *y, *template, *title, *x_label, *y_label;
    bool no_header;
};

/* Points in a colour of their own. */
struct rmv_plot_series {
    size_t state; /* which label it belongs to */
    char *name;   /* of the column */
    double *x, *y;
    size_t count, capacity; /* points */
};

struct rmv_plot_image {
    size_t state;
    const char *type; /* "image/png" */
    struct rmv_buf bytes;
};

/* One chart, or one image in each state. */
struct rmv_plot_drawing {
    char *id; /* of rmv.yaml, or a path */
    char *title, *x_label, *y_label;
    enum rmv_plot_template template;
    struct rmv_strings x_names, y_names; /* coordinates are indexes of these; none: numbers */
    struct rmv_plot_series *series;
    size_t series_count, series_capacity;
    struct rmv_plot_image *images;
    size_t images_count, images_capacity;
    struct rmv_strings problems; /* sentences: what could not be read or drawn */
};

struct rmv_plots {
    struct rmv_plot_drawing *items;
    size_t count, capacity;
    struct rmv_strings labels; /* of the states */
};
void rmv_plots_free(struct rmv_plots *plots);

/* Reads everything. A file that one state lacks is missing there; one that no state has, that
 * cannot be parsed or lacks a column is a problem of its drawing. Errors: NOT_FOUND (a target that
 * is nowhere; a revision), USAGE (template), those of reading rmv.yaml. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_read(struct rmv_workspace *workspace,
                                       const struct rmv_plots_request *request,
                                       struct rmv_plots *plots);

/* Appends the page. */
void rmv_plots_format_html(const struct rmv_plots *plots, const char *title, struct rmv_buf *out);

/* Sets `value` to a map: id → title, template, labels, series with their points, images. */
void rmv_plots_to_value(const struct rmv_plots *plots, struct rmv_value *value);
