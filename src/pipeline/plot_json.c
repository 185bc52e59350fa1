#include "pipeline/plot_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

#define PIECE_SIZE ((size_t)64 * 1024)
#define MARK "\x01"
#define MARK_IN_JSON "\"\\u0001"

/* ---- Marks ---------------------------------------------------------------------------------- */

void rmv_plot_set_mark(struct rmv_value *value, enum rmv_plot_mark mark, size_t drawing,
                       size_t index)
{
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format(MARK "%d %zu %zu", (int)mark, drawing, index);
    rmv_value_set_text(value, text);
}

void rmv_plot_set_text(struct rmv_value *value, const char *text)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf plain = {0};
    for (const char *at = text; *at; at++)
        rmv_buf_append_string(&plain, *at == *MARK ? "\xef\xbf\xbd" : (char[]){*at, '\0'});
    rmv_value_set_text(value, rmv_buf_string(&plain));
}

/* ---- Writing -------------------------------------------------------------------------------- */

struct output {
    const struct rmv_plots *plots;
    const struct rmv_plots_sink *sink;
    struct rmv_buf text; /* not written yet */
    int indent;          /* of the line that the mark is on */
    bool is_first;       /* the next item is the first of its list */
};

static void output_free(struct output *output)
{
    rmv_buf_free(&output->text);
}

static void flush(struct output *output, size_t size_max)
{
    if (output->text.size <= size_max)
        return;
    output->sink->write(output->sink->context, output->text.data, output->text.size);
    output->text.size = 0;
}

static void start_item(struct output *output)
{
    flush(output, PIECE_SIZE);
    rmv_buf_append_format(&output->text, "%s\n%*s", output->is_first ? "" : ",", output->indent + 2,
                          "");
    output->is_first = false;
}

static void end_list(struct output *output)
{
    if (!output->is_first)
        rmv_buf_append_format(&output->text, "\n%*s", output->indent, "");
    rmv_buf_append_string(&output->text, "]");
}

static void append_coordinate(struct output *output, const struct rmv_plot_names *names,
                              double number)
{
    if (names->count)
        rmv_json_format_text(rmv_plot_name(names, (size_t)number), &output->text);
    else if (number == (double)(int64_t)number)
        rmv_buf_append_format(&output->text, "%.0f", number);
    else
        rmv_csv_append_double(&output->text, number);
}

static void append_points(struct output *output, const struct rmv_plot_drawing *drawing,
                          const struct rmv_plot_series *series)
{
    rmv_buf_append_string(&output->text, "[");
    output->is_first = true;
    for (size_t i = 0; i < series->count; i++) {
        start_item(output);
        rmv_buf_append_string(&output->text, "[");
        append_coordinate(output, &drawing->x_names, series->points[i].x);
        rmv_buf_append_string(&output->text, ", ");
        append_coordinate(output, &drawing->y_names, series->points[i].y);
        rmv_buf_append_string(&output->text, "]");
    }
    end_list(output);
}

static void append_member(struct output *output, const char *key, const char *text)
{
    rmv_buf_append_string(&output->text, ", ");
    rmv_json_format_text(key, &output->text);
    rmv_buf_append_string(&output->text, ": ");
    rmv_json_format_text(text, &output->text);
}

static void append_rows_of(struct output *output, const struct rmv_plot_drawing *drawing,
                           const struct rmv_plot_series *series)
{
    const struct rmv_plot_fields fields = rmv_plot_fields_of(drawing);
    RMV_CLEANUP(rmv_str_free) char *both = rmv_str_format("%s::%s", series->file, series->name);

    for (size_t i = 0; i < series->count; i++) {
        start_item(output);
        rmv_buf_append_string(&output->text, "{");
        rmv_json_format_text(fields.x, &output->text);
        rmv_buf_append_string(&output->text, ": ");
        append_coordinate(output, &drawing->x_names, series->points[i].x);
        rmv_buf_append_string(&output->text, ", ");
        if (strcmp(fields.x, fields.y) != 0) { /* one column against itself */
            rmv_json_format_text(fields.y, &output->text);
            rmv_buf_append_string(&output->text, ": ");
            append_coordinate(output, &drawing->y_names, series->points[i].y);
            rmv_buf_append_string(&output->text, ", ");
        }
        output->text.size -= 2;
        append_member(output, "rev", output->plots->labels.items[series->state]);
        if (fields.has_files)
            append_member(output, "filename", series->file);
        if (fields.has_names)
            append_member(output, "field", series->name);
        if (fields.has_files && fields.has_names)
            append_member(output, "filename::field", both);
        rmv_buf_append_string(&output->text, "}");
    }
}

static void append_marked(struct output *output, const char *text)
{
    char *end = NULL;
    const long mark = strtol(text, &end, 10);
    const size_t drawing_index = strtoul(end, &end, 10), index = strtoul(end, &end, 10);
    if (drawing_index >= output->plots->count)
        return;
    const struct rmv_plot_drawing *drawing = &output->plots->items[drawing_index];

    if (mark == RMV_PLOT_MARK_POINTS) {
        if (index < drawing->series_count)
            append_points(output, drawing, &drawing->series[index]);
        return;
    }
    rmv_buf_append_string(&output->text, "[");
    output->is_first = true;
    for (size_t i = 0; i < drawing->series_count; i++)
        if (mark == RMV_PLOT_MARK_ROWS || drawing->series[i].state == index)
            append_rows_of(output, drawing, &drawing->series[i]);
    end_list(output);
}

/* The blanks at the start of the line that `at` is on. */
static int indent_of(const char *start, const char *at)
{
    while (at > start && at[-1] != '\n')
        at--;
    return (int)strspn(at, " ");
}

void rmv_plot_write_marked(const struct rmv_plots *plots, const struct rmv_value *document,
                           const struct rmv_plots_sink *sink)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(output_free) struct output output = {.plots = plots, .sink = sink};

    rmv_json_format(document, true, &text);
    const char *all = rmv_buf_string(&text), *at = all;
    for (const char *mark; (mark = strstr(at, MARK_IN_JSON));) {
        rmv_buf_append(&output.text, at, (size_t)(mark - at));
        output.indent = indent_of(all, mark);
        at = mark + strlen(MARK_IN_JSON);
        append_marked(&output, at);
        at += strcspn(at, "\"") + 1;
    }
    rmv_buf_append_string(&output.text, at);
    flush(&output, 0);
}

/* ---- Documents ------------------------------------------------------------------------------ */

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    if (text)
        rmv_plot_set_text(rmv_value_add(map, key), text);
}

static void images_to_value(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                            struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t i = 0; i < drawing->images_count; i++) {
        struct rmv_value *image = rmv_value_append(list);
        set_text(image, "revision", plots->labels.items[drawing->images[i].state]);
        set_text(image, "type", drawing->images[i].type);
        rmv_value_set_int(rmv_value_add(image, "size"), (int64_t)drawing->images[i].bytes.size);
    }
}

static void series_to_value(const struct rmv_plots *plots, size_t index, struct rmv_value *list)
{
    const struct rmv_plot_drawing *drawing = &plots->items[index];
    rmv_value_set_list(list);
    for (size_t i = 0; i < drawing->series_count; i++) {
        struct rmv_value *map = rmv_value_append(list);
        set_text(map, "revision", plots->labels.items[drawing->series[i].state]);
        set_text(map, "file", drawing->series[i].file);
        set_text(map, "y", drawing->series[i].name);
        rmv_plot_set_mark(rmv_value_add(map, "points"), RMV_PLOT_MARK_POINTS, index, i);
    }
}

static const struct rmv_error *split_to_value(const struct rmv_plots *plots, size_t index,
                                              struct rmv_value *map)
{
    const struct rmv_plot_drawing *drawing = &plots->items[index];
    RMV_CLEANUP(rmv_value_free) struct rmv_value anchor = {0};

    rmv_value_set_text(&anchor, RMV_PLOT_DATA_ANCHOR);
    const struct rmv_error *err =
        rmv_plot_specify(plots, drawing, &anchor, rmv_value_add(map, "content"));
    if (err)
        return err;
    struct rmv_value *datapoints = rmv_value_add(map, "datapoints");
    rmv_value_set_map(datapoints);
    for (size_t i = 0; i < drawing->series_count; i++)
        rmv_plot_set_mark(rmv_value_add(datapoints, plots->labels.items[drawing->series[i].state]),
                          RMV_PLOT_MARK_ROWS_OF, index, drawing->series[i].state);
    return NULL;
}

static const struct rmv_error *drawing_to_value(const struct rmv_plots *plots, size_t index,
                                                bool splits, struct rmv_value *map)
{
    const struct rmv_plot_drawing *drawing = &plots->items[index];
    const struct rmv_error *err = NULL;

    rmv_value_set_map(map);
    set_text(map, "title", drawing->title ? drawing->title : drawing->id);
    if (drawing->images_count) {
        images_to_value(plots, drawing, rmv_value_add(map, "images"));
    } else {
        set_text(map, "template", rmv_plot_template_name(drawing->template));
        set_text(map, "x_label", drawing->x_label);
        set_text(map, "y_label", drawing->y_label);
        series_to_value(plots, index, rmv_value_add(map, "series"));
        if (splits && drawing->series_count)
            err = split_to_value(plots, index, map);
    }
    struct rmv_value *problems = rmv_value_add(map, "problems");
    rmv_value_set_list(problems);
    for (size_t i = 0; i < drawing->problems.count; i++)
        rmv_plot_set_text(rmv_value_append(problems), drawing->problems.items[i]);
    return err;
}

const struct rmv_error *rmv_plots_write_json(const struct rmv_plots *plots, bool splits,
                                             const struct rmv_plots_sink *sink)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    const struct rmv_error *err = NULL;

    rmv_value_set_map(&document);
    for (size_t i = 0; !err && i < plots->count; i++)
        err = drawing_to_value(plots, i, splits, rmv_value_add(&document, plots->items[i].id));
    if (!err)
        rmv_plot_write_marked(plots, &document, sink);
    return err;
}

const struct rmv_error *rmv_plots_write_vega(const struct rmv_plots *plots,
                                             const struct rmv_plot_drawing *drawing,
                                             const struct rmv_plots_sink *sink)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value specification = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value rows = {0};

    rmv_plot_set_mark(&rows, RMV_PLOT_MARK_ROWS, (size_t)(drawing - plots->items), 0);
    const struct rmv_error *err = rmv_plot_specify(plots, drawing, &rows, &specification);
    if (!err)
        rmv_plot_write_marked(plots, &specification, sink);
    return err;
}
