#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/shared.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* The description, or else what it makes; the caller frees it. */
static char *describe(const struct rmv_stage *stage)
{
    struct rmv_buf text = {0};
    if (stage->desc)
        return rmv_str_copy_n(stage->desc, strcspn(stage->desc, "\n"));
    for (size_t i = 0; i < stage->outs_count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_quote(stage->outs[i].path);
        rmv_buf_append_format(&text, "%s%s", i ? ", " : "makes ", path);
    }
    if (!text.size)
        rmv_buf_append_string(&text, "has no outputs");
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static void print_text(const struct rmv_pipeline *pipeline)
{
    int width = 0;
    for (size_t i = 0; i < pipeline->count; i++) {
        const int size = (int)strlen(pipeline->stages[i].address);
        width = size > width ? size : width;
    }
    for (size_t i = 0; i < pipeline->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *text = describe(&pipeline->stages[i]);
        printf("%-*s  %s%s\n", width, pipeline->stages[i].address, text,
               pipeline->stages[i].frozen ? "  [frozen]" : "");
    }
}

static void out_to_value(const struct rmv_stage_out *out, struct rmv_value *map)
{
    static const char *const kinds[] = {"data", "metric", "plot"};
    rmv_value_set_map(map);
    cli_set_text(map, "path", out->path);
    cli_set_text(map, "kind", kinds[out->kind]);
    cli_set_bool(map, "cache", !out->no_cache);
    cli_set_bool(map, "persist", out->persist);
    if (out->desc)
        cli_set_text(map, "desc", out->desc);
}

static void params_to_value(const struct rmv_stage *stage, struct rmv_value *map)
{
    rmv_value_set_map(map);
    for (size_t i = 0; i < stage->params_count; i++) {
        struct rmv_value *keys = rmv_value_add(map, stage->params[i].file);
        rmv_value_set_list(keys);
        for (size_t k = 0; k < stage->params[i].keys.count; k++)
            rmv_value_set_text(rmv_value_append(keys), stage->params[i].keys.items[k]);
    }
}

static void stage_to_value(const struct rmv_stage *stage, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_text(map, "name", stage->address);
    cli_set_text(map, "file", stage->file);
    cli_set_int(map, "line", stage->line);
    if (stage->desc)
        cli_set_text(map, "desc", stage->desc);
    rmv_value_copy(rmv_value_add(map, "cmd"), &stage->cmd);
    cli_set_text(map, "wdir", stage->wdir);
    struct rmv_value *deps = rmv_value_add(map, "deps");
    rmv_value_set_list(deps);
    for (size_t i = 0; i < stage->deps_count; i++)
        rmv_value_set_text(rmv_value_append(deps), stage->deps[i].path);
    params_to_value(stage, rmv_value_add(map, "params"));
    struct rmv_value *outs = rmv_value_add(map, "outs");
    rmv_value_set_list(outs);
    for (size_t i = 0; i < stage->outs_count; i++)
        out_to_value(&stage->outs[i], rmv_value_append(outs));
    cli_set_bool(map, "frozen", stage->frozen);
    cli_set_bool(map, "always_changed", stage->always_changed);
    if (stage->meta.kind != RMV_VALUE_NULL)
        rmv_value_copy(rmv_value_add(map, "meta"), &stage->meta);
}

static void print_json(const struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    struct rmv_value *stages = rmv_value_add(&document, "stages");
    rmv_value_set_list(stages);
    for (size_t i = 0; i < pipeline->count; i++)
        stage_to_value(&pipeline->stages[i], rmv_value_append(stages));
    cli_print_json(&document);
}

static const struct rmv_error *stage_list(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'stage list' takes no argument: '%s'", argv[0]);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    if (option_json)
        print_json(&pipeline);
    else
        print_text(&pipeline);
    return NULL;
}

const struct cli_command rmv_command_stage_list = {
    .name = "stage list",
    .arguments = "",
    .summary = "list the stages of the pipeline",
    .help =
        "Prints the stages of rmv.yaml in the order they are written, one per line: the name, and\n"
        "the description or, without one, the outputs. Stages that are frozen are marked. With\n"
        "--json everything that rmv.yaml says of each stage is printed, with all paths relative "
        "to\n"
        "the workspace. Nothing is compared or run; `rmv status` says which stages changed.",
    .examples = "rmv stage list         # names and descriptions\n"
                "rmv stage list --json  # for other programs\n",
    .options = options,
    .run = stage_list,
};
