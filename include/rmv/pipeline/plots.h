/* Plots: what rmv.yaml and users want drawn, the data of it at several revisions, and one page of
 * HTML that shows it. The page needs nothing but itself: charts are SVG inside it, images are data
 * URLs, and there are no scripts. Templates are called as DVC's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/pipeline.h"

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

/* Sets `*template` to the built-in one of that name. Errors: USAGE, with the names there are. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_template_named(const char *name, enum rmv_plot_template *template);

/* What was asked for. NULL leaves things as rmv.yaml has them. */
struct rmv_plots_request {
    const struct rmv_strings *labels;    /* of the states, as shown */
    const struct rmv_strings *revisions; /* "" is the workspace */
    const struct rmv_strings *targets;   /* paths, or ids of plots; none: all of rmv.yaml's */
    const char *x, *y, *template, *title, *x_label, *y_label;
    bool no_header;
    bool is_page;      /* for a page: of many points, keep those that show */
    bool is_specified; /* for Vega-Lite, which follows a user's own template */
};

/* Texts, each once, in little memory. All-zero is the empty list. */
struct rmv_plot_names {
    struct rmv_buf text; /* one behind the other, each with its NUL */
    uint32_t *starts;    /* in the text */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: index plus one, 0 is free */
    size_t slots_count;
};
const char *rmv_plot_name(const struct rmv_plot_names *names, size_t index);

struct rmv_plot_point {
    double x, y;
};

/* Points in a colour of their own. */
struct rmv_plot_series {
    size_t state; /* which label it belongs to */
    char *name;   /* of the column */
    char *x_name; /* of the other one; NULL: rows are counted */
    char *file;
    struct rmv_plot_point *points;
    size_t count, capacity;       /* points */
    size_t total;                 /* points there were; more than `count` if some do not show */
    double *weights;              /* of matrices: how often each point is there; NULL: once */
    struct rmv_plot_point *means; /* of smooth lines that were thinned: local averages, by x */
    double *means_weights;        /* the points in each */
    size_t means_count;
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
    struct rmv_value specification; /* of a template of the user's, for Vega-Lite; or null */
    struct rmv_plot_names x_names, y_names; /* coordinates are indexes of these; none: numbers */
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

/* Appends a page of the user's with the plots, and their style, in place of "{plot_divs}". DVC's
 * "{scripts}" and "{refresh_tag}" become nothing, everything else stays. `name` is for messages.
 * Errors: USAGE (there is no place for the plots). */
#define RMV_PLOTS_PAGE_SIZE_MAX ((size_t)4 * 1024 * 1024)
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_fill_html(const struct rmv_plots *plots, const char *name,
                                            const struct rmv_buf *page, struct rmv_buf *out);

/* Where text goes, piece by piece. */
struct rmv_plots_sink {
    void (*write)(void *context, const char *bytes, size_t size);
    void *context;
};

/* Writes a JSON document, a map: id → title, template, labels, series with their points, images.
 * With `splits`, charts also have `content`, the specification for Vega-Lite with DVC's
 * "<DVC_METRIC_DATA>" in place of the data, and `datapoints`: revision → rows. Errors: USAGE (a
 * template without that). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_write_json(const struct rmv_plots *plots, bool splits,
                                             const struct rmv_plots_sink *sink);

/* Writes the specification for Vega-Lite of one chart, with its data: a row per point, with the two
 * columns that are drawn and `rev`, the revision; where there are several y, also their `filename`
 * and `field`. Errors: USAGE (it is an image; the template takes no data). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_write_vega(const struct rmv_plots *plots,
                                             const struct rmv_plot_drawing *drawing,
                                             const struct rmv_plots_sink *sink);

/* Sets `specification`, which the caller frees, to that of a built-in template, with DVC's anchors
 * for what is to be filled in. */
void rmv_plot_template_specification(enum rmv_plot_template template,
                                     struct rmv_value *specification);

/* ---- Editing -------------------------------------------------------------------------------- */

/* Where an rmv.yaml says a thing. */
struct rmv_plot_target {
    const char *file; /* of the pipeline, as long as that is there */
    uint32_t line, column;
    bool is_plot; /* otherwise it is another output of a stage */
};

/* Finds the plot by its name, or the output of a stage or the plot by its path, as typed. Errors:
 * NOT_FOUND, DENIED (outside the workspace). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_find_target(struct rmv_workspace *workspace,
                                              const struct rmv_pipeline *pipeline,
                                              const char *typed, struct rmv_plot_target *target);

struct rmv_plots_edit {
    const char *file; /* the rmv.yaml, relative to the workspace */
    const struct rmv_pipeline_reader *reader;
    struct rmv_plot_target target;
    const struct rmv_value *set;     /* a map of options as in rmv.yaml: x, title, … */
    const struct rmv_strings *unset; /* those to be taken out; may be NULL */
};

/* Sets `new_text` to `text`, the content of the file, with these options of the plot changed; every
 * other byte stays. Another output of a stage becomes a plot. The result has been parsed and
 * checked. Errors: NOT_FOUND (nothing to unset), USAGE (no such option; the result is none),
 * UNSUPPORTED (it is written so that other things would change too). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_modify(const struct rmv_plots_edit *edit,
                                         const struct rmv_buf *text, struct rmv_buf *new_text);

/* Is there such a template, built in, at that path seen from `folder`, or where those of the user
 * are? Errors: USAGE, CORRUPT, DENIED, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plots_check_template(struct rmv_workspace *workspace,
                                                 const char *folder, const char *name);
