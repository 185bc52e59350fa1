#include "rmv/pipeline/plots.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/file_at.h"
#include "pipeline/plot_names.h"
#include "pipeline/plot_series.h"
#include "pipeline/plot_table.h"
#include "pipeline/plot_template.h"
#include "pipeline/plot_thin.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/pipeline.h"

#define IMAGE_SIZE_MAX ((size_t)32 * 1024 * 1024)

/* ---- Freeing -------------------------------------------------------------------------------- */

static void drawing_free(struct rmv_plot_drawing *drawing)
{
    for (size_t i = 0; i < drawing->series_count; i++)
        rmv_plot_series_free(&drawing->series[i]);
    for (size_t i = 0; i < drawing->images_count; i++)
        rmv_buf_free(&drawing->images[i].bytes);
    free(drawing->series);
    free(drawing->images);
    rmv_str_free(&drawing->id);
    rmv_str_free(&drawing->title);
    rmv_str_free(&drawing->x_label);
    rmv_str_free(&drawing->y_label);
    rmv_value_free(&drawing->specification);
    rmv_plot_names_free(&drawing->x_names);
    rmv_plot_names_free(&drawing->y_names);
    rmv_strings_free(&drawing->problems);
}

void rmv_plots_free(struct rmv_plots *plots)
{
    for (size_t i = 0; i < plots->count; i++)
        drawing_free(&plots->items[i]);
    free(plots->items);
    rmv_strings_free(&plots->labels);
    *plots = (struct rmv_plots){0};
}

/* ---- Images --------------------------------------------------------------------------------- */

static const char *image_type_of(const char *path)
{
    static const char *const types[][2] = {
        {".png", "image/png"}, {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"},
        {".gif", "image/gif"}, {".svg", "image/svg+xml"}, {".webp", "image/webp"},
        {".bmp", "image/bmp"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (rmv_path_has_suffix(path, types[i][0]))
            return types[i][1];
    return NULL;
}

/* ---- Drawings ------------------------------------------------------------------------------- */

struct reading {
    struct rmv_workspace *workspace;
    const struct rmv_plots_request *request;
    struct rmv_plots *plots;
    struct rmv_strings ids; /* of the plots dealt with */
};

static void reading_free(struct reading *reading)
{
    rmv_strings_free(&reading->ids);
}

static struct rmv_file_place place_of(const struct reading *reading, size_t state)
{
    const char *revision = reading->request->revisions->items[state];
    return (struct rmv_file_place){.workspace = reading->workspace,
                                   .revision = *revision ? revision : NULL};
}

static char *copy_first(const char *asked, const char *declared)
{
    return rmv_str_copy(asked ? asked : declared);
}

/* One that is not to be had must not keep the data from being drawn. */
static void choose_template(const struct reading *reading, const struct rmv_plot *plot,
                            const char *name, struct rmv_plot_drawing *drawing)
{
    RMV_CLEANUP(rmv_plot_choice_free) struct rmv_plot_choice choice = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = plot->file ? rmv_path_parent(plot->file) : NULL;
    const bool is_asked = reading->request->template != NULL || !folder;
    const struct rmv_error *err = rmv_plot_template_find(
        reading->workspace, is_asked ? reading->workspace->prefix : folder, name, &choice);
    if (err)
        rmv_strings_take(&drawing->problems,
                         rmv_str_format("%.*s; drawn as 'linear'", (int)strcspn(err->message, "\n"),
                                        err->message));
    else if (choice.remark && !reading->request->is_specified)
        rmv_strings_add(&drawing->problems, choice.remark);
    drawing->template = choice.template;
    drawing->specification = choice.specification;
    choice.specification = (struct rmv_value){0};
}

static struct rmv_plot_drawing *add_drawing(const struct reading *reading, const char *id,
                                            const struct rmv_plot *plot)
{
    const struct rmv_plots_request *request = reading->request;
    struct rmv_plots *plots = reading->plots;
    const char *template = request->template ? request->template : plot->template;

    plots->items = rmv_grow(plots->items, plots->count, &plots->capacity, sizeof(plots->items[0]));
    struct rmv_plot_drawing *drawing = &plots->items[plots->count++];
    *drawing = (struct rmv_plot_drawing){.id = rmv_str_copy(id),
                                         .title = copy_first(request->title, plot->title),
                                         .x_label = copy_first(request->x_label, plot->x_label),
                                         .y_label = copy_first(request->y_label, plot->y_label)};
    if (template)
        choose_template(reading, plot, template, drawing);
    return drawing;
}

static void add_problem(struct rmv_plot_drawing *drawing, const char *label,
                        const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_str_free)
    char *line = rmv_str_copy_n(err->message, strcspn(err->message, "\n"));
    rmv_strings_take(&drawing->problems, rmv_str_format("%s: %s", label, line));
}

static void draw_image(const struct reading *reading, const char *path, const struct rmv_plot *plot)
{
    struct rmv_plot_drawing *drawing = add_drawing(reading, path, plot);
    for (size_t state = 0; state < reading->request->labels->count; state++) {
        const struct rmv_file_place place = place_of(reading, state);
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        const struct rmv_error *err = rmv_file_at_read(&place, path, IMAGE_SIZE_MAX, &bytes);
        if (err && err->code != RMV_ERR_NOT_FOUND)
            add_problem(drawing, reading->request->labels->items[state], err);
        if (err)
            continue;
        drawing->images = rmv_grow(drawing->images, drawing->images_count,
                                   &drawing->images_capacity, sizeof(drawing->images[0]));
        struct rmv_plot_image *image = &drawing->images[drawing->images_count++];
        *image = (struct rmv_plot_image){.state = state, .type = image_type_of(path)};
        rmv_buf_swap(&image->bytes, &bytes);
    }
}

/* An axis is called as its columns, if they all have one name. */
static void name_axes(struct rmv_plot_drawing *drawing)
{
    const char *x = NULL, *y = NULL;
    for (size_t i = 0; i < drawing->series_count; i++) {
        const struct rmv_plot_series *series = &drawing->series[i];
        const char *counted = series->x_name ? series->x_name : "step";
        x = !x || strcmp(x, counted) == 0 ? counted : "x";
        y = !y || strcmp(y, series->name) == 0 ? series->name : "y";
    }
    if (!drawing->x_label)
        drawing->x_label = rmv_str_copy(x);
    if (!drawing->y_label)
        drawing->y_label = rmv_str_copy(y);
}

/* Draws the columns of the plot, those of one file if `path` is set. */
static void draw_columns(const struct reading *reading, const char *id, const char *path,
                         const struct rmv_plot *plot)
{
    struct rmv_plot_drawing *drawing = add_drawing(reading, id, plot);
    struct rmv_plot_collector collector = {
        .drawing = drawing, .request = reading->request, .plot = plot, .path = path};
    for (size_t state = 0; state < reading->request->labels->count; state++) {
        collector.place = place_of(reading, state);
        collector.state = state;
        const struct rmv_error *err = rmv_plot_collect(&collector);
        if (err)
            add_problem(drawing, reading->request->labels->items[state], err);
    }
    name_axes(drawing);
    rmv_plot_finish(drawing);
    if (reading->request->is_page)
        rmv_plot_thin(drawing);
    if (!drawing->series_count && !drawing->problems.count)
        rmv_strings_take(&drawing->problems, rmv_str_format("there is no data for '%s'", id));
}

static void draw_file(const struct reading *reading, const char *path, const struct rmv_plot *plot,
                      bool is_named)
{
    if (image_type_of(path)) {
        draw_image(reading, path, plot);
    } else if (rmv_plot_table_is(path)) {
        draw_columns(reading, path, path, plot);
    } else if (is_named) {
        struct rmv_plot_drawing *drawing = add_drawing(reading, path, plot);
        rmv_strings_take(&drawing->problems,
                         rmv_str_format("'%s' is neither a table (.csv, .tsv, .json, .yaml) nor "
                                        "an image (.png, .jpg, .gif, .svg, .webp, .bmp)",
                                        path));
    }
}

/* Everything at the path, in whatever state: a file, or all files in a folder. */
static const struct rmv_error *draw_path(const struct reading *reading, const struct rmv_plot *plot,
                                         bool *found)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    for (size_t state = 0; state < reading->request->labels->count; state++) {
        const struct rmv_file_place place = place_of(reading, state);
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings here = {0};
        const struct rmv_error *err = rmv_file_at_list(&place, plot->id, &here);
        if (err)
            return err;
        for (size_t i = 0; i < here.count; i++)
            if (!rmv_strings_has(&files, here.items[i]))
                rmv_strings_add(&files, here.items[i]);
    }
    rmv_strings_sort(&files);
    *found = files.count > 0;
    for (size_t i = 0; i < files.count; i++)
        draw_file(reading, files.items[i], plot, strcmp(files.items[i], plot->id) == 0);
    return NULL;
}

static const struct rmv_error *draw(struct reading *reading, const struct rmv_plot *plot)
{
    bool found = true;
    const struct rmv_error *err = NULL;

    if (rmv_strings_has(&reading->ids, plot->id))
        return NULL;
    rmv_strings_add(&reading->ids, plot->id);
    if (plot->has_path)
        err = draw_path(reading, plot, &found);
    else
        draw_columns(reading, plot->id, NULL, plot);
    if (err || found)
        return err;
    struct rmv_plot_drawing *drawing = add_drawing(reading, plot->id, plot);
    rmv_strings_take(&drawing->problems, rmv_str_format("'%s' does not exist", plot->id));
    return NULL;
}

/* ---- Which plots ---------------------------------------------------------------------------- */

/* A target is the id of a plot, its path, or a folder that plots are in. */
static bool is_wanted(const struct reading *reading, const struct rmv_plot *plot, bool *used)
{
    const struct rmv_strings *targets = reading->request->targets;
    bool wanted = !targets || !targets->count;
    for (size_t i = 0; targets && i < targets->count; i++)
        if (strcmp(targets->items[i], plot->id) == 0 ||
            (plot->has_path && rmv_path_is_in(plot->id, targets->items[i])))
            wanted = used[i] = true;
    return wanted;
}

/* What is declared at the top level says more than the output of the same path. */
static const struct rmv_error *draw_declared(struct reading *reading, size_t state, bool *used)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_file_place place = place_of(reading, state);
    const struct rmv_error *err =
        place.revision ? rmv_pipeline_read_revision(reading->workspace, place.revision, &pipeline)
                       : rmv_pipeline_read(reading->workspace, &pipeline);
    for (int is_out = 0; is_out <= 1; is_out++)
        for (size_t i = 0; !err && i < pipeline.plots_count; i++)
            if (pipeline.plots[i].is_out == is_out && is_wanted(reading, &pipeline.plots[i], used))
                err = draw(reading, &pipeline.plots[i]);
    return err;
}

static const struct rmv_error *draw_targets(struct reading *reading, const bool *used)
{
    const struct rmv_strings *targets = reading->request->targets;
    for (size_t i = 0; targets && i < targets->count; i++) {
        const struct rmv_plot plot = {.id = targets->items[i], .has_path = true};
        bool found = false;
        if (used[i])
            continue;
        const struct rmv_error *err = draw_path(reading, &plot, &found);
        if (err)
            return err;
        if (!found)
            return rmv_error_hint(
                rmv_error(RMV_ERR_NOT_FOUND, "there is no plot and no file '%s'", plot.id),
                "a target is a file, a folder, or the name of a plot in rmv.yaml");
    }
    return NULL;
}

const struct rmv_error *rmv_plots_check_template(struct rmv_workspace *workspace,
                                                 const char *folder, const char *name)
{
    RMV_CLEANUP(rmv_plot_choice_free) struct rmv_plot_choice choice = {0};
    return rmv_plot_template_find(workspace, folder, name, &choice);
}

const struct rmv_error *rmv_plots_read(struct rmv_workspace *workspace,
                                       const struct rmv_plots_request *request,
                                       struct rmv_plots *plots)
{
    RMV_CLEANUP(reading_free)
    struct reading reading = {.workspace = workspace, .request = request, .plots = plots};
    RMV_CLEANUP(rmv_free)
    bool *used = rmv_calloc((request->targets ? request->targets->count : 0) + 1, sizeof(*used));

    const struct rmv_error *err =
        request->template
            ? rmv_plots_check_template(workspace, workspace->prefix, request->template)
            : NULL;
    for (size_t i = 0; i < request->labels->count; i++)
        rmv_strings_add(&plots->labels, request->labels->items[i]);
    for (size_t state = 0; !err && state < request->labels->count; state++) {
        err = draw_declared(&reading, state, used);
        /* Of a long history, one that cannot be read must not hide the rest. */
        if (err && state > 0 && *request->revisions->items[state]) {
            rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s: %s", request->labels->items[state],
                          err->message);
            err = NULL;
        }
    }
    return err ? err : draw_targets(&reading, used);
}
