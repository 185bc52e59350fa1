#include <assert.h>
#include <string.h>

#include "pipeline/parse.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* What an rmv.yaml declares at the top level beside its stages. */

static bool is_url(const char *text)
{
    return strstr(text, "://") != NULL;
}

/* ---- Plots ---------------------------------------------------------------------------------- */

static struct rmv_plot *add_plot(const struct rmv_stage_parser *parser, const struct rmv_value *at)
{
    struct rmv_pipeline *pipeline = parser->pipeline;
    pipeline->plots = rmv_grow(pipeline->plots, pipeline->plots_count, &pipeline->plots_capacity,
                               sizeof(pipeline->plots[0]));
    struct rmv_plot *plot = &pipeline->plots[pipeline->plots_count++];
    *plot = (struct rmv_plot){
        .file = rmv_str_copy(parser->file), .line = at->line, .column = at->column};
    return plot;
}

/* The columns of one axis on their way. */
struct axis {
    const struct rmv_stage_parser *parser;
    const char *key;  /* "x" or "y" */
    const char *path; /* of the plot, where the columns are in that; or NULL */
    struct rmv_plot_column *columns;
    size_t count, capacity;
};

static void add_column(struct axis *axis, const char *file, const char *name)
{
    axis->columns = rmv_grow(axis->columns, axis->count, &axis->capacity, sizeof(axis->columns[0]));
    axis->columns[axis->count++] =
        (struct rmv_plot_column){.file = rmv_str_copy(file), .name = rmv_str_copy(name)};
}

/* A column of `file`, or, on the y axis, a list of them. */
static const struct rmv_error *add_columns(struct axis *axis, const char *file,
                                           const struct rmv_value *names)
{
    const bool takes_list = strcmp(axis->key, "y") == 0;
    if (names->kind == RMV_VALUE_STRING) {
        add_column(axis, file, names->text);
        return NULL;
    }
    if (names->kind != RMV_VALUE_LIST || !takes_list)
        return rmv_value_error(
            axis->parser->file, names, "'%s' is the name of a column%s, or {file: name}, not %s",
            axis->key, takes_list ? " or a list of them" : "", rmv_value_kind_name(names->kind));
    for (size_t i = 0; i < names->list.count; i++) {
        const struct rmv_error *err = rmv_value_expect(axis->parser->file, &names->list.items[i],
                                                       RMV_VALUE_STRING, "a column");
        if (err)
            return err;
        add_column(axis, file, names->list.items[i].text);
    }
    return NULL;
}

static const struct rmv_error *parse_axis(struct axis *axis, const struct rmv_value *value)
{
    const struct rmv_stage_parser *parser = axis->parser;
    const struct rmv_error *err = NULL;

    if (value->kind != RMV_VALUE_MAP)
        return add_columns(axis, axis->path, value);
    for (size_t i = 0; !err && i < value->map.count; i++) {
        const struct rmv_member *member = &value->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        RMV_CLEANUP(rmv_str_free) char *path = NULL;
        err = rmv_parse_path(parser, parser->folder, &place, member->key, &path);
        if (!err)
            err = add_columns(axis, path, &member->value);
    }
    return err;
}

static const struct rmv_error *parse_axes(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *options, struct rmv_plot *plot)
{
    const struct rmv_value *x = rmv_value_find(options, "x");
    const struct rmv_value *y = rmv_value_find(options, "y");
    struct axis of_x = {.parser = parser, .key = "x"};
    struct axis of_y = {.parser = parser, .key = "y", .path = plot->has_path ? plot->id : NULL};

    const struct rmv_error *err = x ? parse_axis(&of_x, x) : NULL;
    if (!err && y)
        err = parse_axis(&of_y, y);
    plot->x = of_x.columns;
    plot->x_count = of_x.count;
    plot->x_capacity = of_x.capacity;
    plot->y = of_y.columns;
    plot->y_count = of_y.count;
    plot->y_capacity = of_y.capacity;
    return err;
}

static const struct rmv_error *parse_words(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *options, struct rmv_plot *plot)
{
    const struct rmv_error *err = rmv_parse_text(parser, options, "title", &plot->title);
    if (!err)
        err = rmv_parse_text(parser, options, "x_label", &plot->x_label);
    if (!err)
        err = rmv_parse_text(parser, options, "y_label", &plot->y_label);
    return err ? err : rmv_parse_text(parser, options, "template", &plot->template);
}

const struct rmv_error *rmv_parse_out_plot(const struct rmv_stage_parser *parser,
                                           const struct rmv_stage_out *out,
                                           const struct rmv_value *options)
{
    RMV_CLEANUP(rmv_str_free) char *x = NULL;
    RMV_CLEANUP(rmv_str_free) char *y = NULL;
    bool has_header = true;
    struct rmv_plot *plot =
        add_plot(parser, &(struct rmv_value){.line = out->line, .column = out->column});
    plot->id = rmv_str_copy(out->path);
    plot->has_path = plot->is_out = true;

    /* Here each axis is one column. */
    const struct rmv_error *err = rmv_parse_text(parser, options, "x", &x);
    if (!err)
        err = rmv_parse_text(parser, options, "y", &y);
    if (!err)
        err = parse_axes(parser, options, plot);
    if (!err)
        err = parse_words(parser, options, plot);
    if (!err)
        err = rmv_parse_flag(parser, options, "header", &has_header);
    plot->no_header = !has_header;
    return err;
}

/* A top-level plot called `id`; its files are in `y` if that is a map. */
static const struct rmv_error *parse_plot(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *at, const char *id,
                                          const struct rmv_value *options)
{
    static const char *const keys[] = {"x", "y", "x_label", "y_label", "title", "template", NULL};
    const struct rmv_value *y = rmv_value_find(options, "y");
    struct rmv_plot *plot = add_plot(parser, at);

    plot->has_path = !y || y->kind != RMV_VALUE_MAP;
    const struct rmv_error *err = NULL;
    if (plot->has_path)
        err = rmv_parse_path(parser, parser->folder, at, id, &plot->id);
    else
        plot->id = rmv_str_copy(id);
    if (err || options->kind == RMV_VALUE_NULL)
        return err;
    err = rmv_value_expect(parser->file, options, RMV_VALUE_MAP, "a plot");
    if (!err)
        err = rmv_value_check_keys(parser->file, options, keys, NULL);
    if (!err)
        err = parse_axes(parser, options, plot);
    return err ? err : parse_words(parser, options, plot);
}

static const struct rmv_error *parse_plot_map(const struct rmv_stage_parser *parser,
                                              const struct rmv_value *map)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < map->map.count; i++) {
        const struct rmv_member *member = &map->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        err = parse_plot(parser, &place, member->key, &member->value);
    }
    return err;
}

/* DVC 2 wrote a map, DVC 3 writes a list. */
static const struct rmv_error *parse_plots(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *plots)
{
    static const struct rmv_value none;
    if (plots->kind == RMV_VALUE_MAP)
        return parse_plot_map(parser, plots);
    const struct rmv_error *err = rmv_value_expect(parser->file, plots, RMV_VALUE_LIST, "'plots'");
    for (size_t i = 0; !err && i < plots->list.count; i++) {
        const struct rmv_value *item = &plots->list.items[i];
        if (item->kind == RMV_VALUE_STRING)
            err = parse_plot(parser, item, item->text, &none);
        else if (item->kind == RMV_VALUE_MAP)
            err = parse_plot_map(parser, item);
        else
            err = rmv_value_error(parser->file, item, "a plot is a path or {id: {options}}, not %s",
                                  rmv_value_kind_name(item->kind));
    }
    return err;
}

/* ---- Files, artifacts, datasets ------------------------------------------------------------- */

static const struct rmv_error *parse_files(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *list, const char *what,
                                           struct rmv_strings *files)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, what);
    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        char *path = NULL;
        err = rmv_value_expect(parser->file, item, RMV_VALUE_STRING, "a file");
        if (!err)
            err = rmv_parse_path(parser, parser->folder, item, item->text, &path);
        if (!err && !rmv_strings_has(files, path))
            rmv_strings_take(files, path);
        else
            rmv_str_free(&path);
    }
    return err;
}

static const struct rmv_error *parse_artifact(const struct rmv_stage_parser *parser,
                                              const struct rmv_member *member)
{
    static const char *const known[] = {"path", "type", "desc", "labels", "meta", NULL};
    struct rmv_pipeline *pipeline = parser->pipeline;
    const struct rmv_value *map = &member->value;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    pipeline->artifacts = rmv_grow(pipeline->artifacts, pipeline->artifacts_count,
                                   &pipeline->artifacts_capacity, sizeof(pipeline->artifacts[0]));
    struct rmv_artifact *artifact = &pipeline->artifacts[pipeline->artifacts_count++];
    *artifact = (struct rmv_artifact){.name = rmv_str_copy(member->key),
                                      .file = rmv_str_copy(parser->file),
                                      .line = member->line,
                                      .column = member->column};
    const struct rmv_error *err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "an artifact");
    if (!err)
        err = rmv_value_check_keys(parser->file, map, known, NULL);
    if (!err)
        err = rmv_parse_text(parser, map, "path", &path);
    if (!err && !path) {
        const struct rmv_value place = rmv_value_place_of(member);
        err = rmv_value_error(parser->file, &place, "artifact '%s' has no 'path'", member->key);
    }
    if (err)
        return err;
    assert(path);
    if (is_url(path))
        artifact->path = rmv_str_copy(path);
    else
        err = rmv_parse_path(parser, parser->folder, rmv_value_find(map, "path"), path,
                             &artifact->path);
    return err ? err : rmv_parse_annotation(parser, map, &artifact->annotation);
}

static const struct rmv_error *parse_artifacts(const struct rmv_stage_parser *parser,
                                               const struct rmv_value *artifacts)
{
    const struct rmv_error *err =
        rmv_value_expect(parser->file, artifacts, RMV_VALUE_MAP, "'artifacts'");
    for (size_t i = 0; !err && i < artifacts->map.count; i++)
        err = parse_artifact(parser, &artifacts->map.members[i]);
    return err;
}

static const struct rmv_error *parse_dataset(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *map)
{
    struct rmv_pipeline *pipeline = parser->pipeline;
    const struct rmv_error *err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "a dataset");
    if (err)
        return err;
    pipeline->datasets = rmv_grow(pipeline->datasets, pipeline->datasets_count,
                                  &pipeline->datasets_capacity, sizeof(pipeline->datasets[0]));
    struct rmv_named_dataset *dataset = &pipeline->datasets[pipeline->datasets_count++];
    *dataset = (struct rmv_named_dataset){
        .file = rmv_str_copy(parser->file), .line = map->line, .column = map->column};
    rmv_value_copy(&dataset->entry, map);
    err = rmv_parse_text(parser, map, "name", &dataset->name);
    if (!err)
        err = rmv_parse_text(parser, map, "type", &dataset->type);
    if (!err && (!dataset->name || !dataset->type))
        err = rmv_value_error(parser->file, map, "a dataset needs a 'name' and a 'type'");
    return err;
}

static const struct rmv_error *parse_datasets(const struct rmv_stage_parser *parser,
                                              const struct rmv_value *datasets)
{
    const struct rmv_error *err =
        rmv_value_expect(parser->file, datasets, RMV_VALUE_LIST, "'datasets'");
    for (size_t i = 0; !err && i < datasets->list.count; i++)
        err = parse_dataset(parser, &datasets->list.items[i]);
    return err;
}

const struct rmv_error *rmv_parse_part(const struct rmv_stage_parser *parser,
                                       const struct rmv_member *part)
{
    struct rmv_pipeline *pipeline = parser->pipeline;

    if (part->value.kind == RMV_VALUE_NULL)
        return NULL;
    if (strcmp(part->key, "metrics") == 0)
        return parse_files(parser, &part->value, "'metrics'", &pipeline->metrics);
    if (strcmp(part->key, "params") == 0)
        return parse_files(parser, &part->value, "'params'", &pipeline->params);
    if (strcmp(part->key, "plots") == 0)
        return parse_plots(parser, &part->value);
    if (strcmp(part->key, "artifacts") == 0)
        return parse_artifacts(parser, &part->value);
    if (strcmp(part->key, "datasets") == 0)
        return parse_datasets(parser, &part->value);
    return NULL;
}
