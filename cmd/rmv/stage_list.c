#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/screen.h"
#include "rmv/commands.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/shared.h"
#include "rmv/table.h"

static bool option_json, option_name_only, option_recursive, option_all, option_fail;

static const struct cli_option options[] = {
    {.name = "all",
     .flag = &option_all,
     .help = "of every rmv.yaml in the workspace, as without a TARGET"},
    {.name = "recursive",
     .letter = 'R',
     .flag = &option_recursive,
     .help = "targets are folders: the stages of every rmv.yaml in and below them, or the current "
             "one"},
    {.name = "fail",
     .flag = &option_fail,
     .help = "fail at a mistake in any rmv.yaml, instead of leaving that file out"},
    {.name = "name-only", .flag = &option_name_only, .help = "print names alone"},
    {.name = "names-only", .flag = &option_name_only, .help = "the same"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static char *first_line_of(const char *text)
{
    RMV_CLEANUP(rmv_str_free) char *line = rmv_str_copy_n(text, strcspn(text, "\n"));
    return rmv_screen_safe(line);
}

/* The description, or else what it makes; the caller frees it. */
static char *describe(const struct rmv_stage *stage)
{
    struct rmv_buf text = {0};
    if (stage->desc)
        return first_line_of(stage->desc);
    for (size_t i = 0; i < stage->outs_count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_quote(stage->outs[i].path);
        rmv_buf_append_format(&text, "%s%s", i ? ", " : "makes ", path);
    }
    if (!text.size)
        rmv_buf_append_string(&text, "has no outputs");
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static void print_text(const struct rmv_pipeline *pipeline, const bool *chosen)
{
    int width = 0;
    for (size_t i = 0; i < pipeline->count; i++) {
        const int columns = (int)cli_text_width(pipeline->stages[i].address);
        width = chosen[i] && columns > width ? columns : width;
    }
    for (size_t i = 0; i < pipeline->count; i++) {
        if (!chosen[i])
            continue;
        if (option_name_only) {
            cli_print("%s\n", pipeline->stages[i].address);
            continue;
        }
        RMV_CLEANUP(rmv_str_free) char *text = describe(&pipeline->stages[i]);
        const char *address = pipeline->stages[i].address;
        cli_print("%s%*s  %s%s\n", address, width - (int)cli_text_width(address), "", text,
                  pipeline->stages[i].frozen ? "  [frozen]" : "");
    }
}

static void set_if(struct rmv_value *map, const char *key, const char *text)
{
    if (text)
        cli_set_text(map, key, text);
}

static void annotation_to_value(const struct rmv_annotation *annotation, struct rmv_value *map)
{
    set_if(map, "desc", annotation->desc);
    set_if(map, "type", annotation->type);
    for (size_t i = 0; i < annotation->labels.count; i++)
        rmv_value_set_text(rmv_value_append(rmv_value_add(map, "labels")),
                           annotation->labels.items[i]);
    if (annotation->meta.kind != RMV_VALUE_NULL)
        rmv_value_copy(rmv_value_add(map, "meta"), &annotation->meta);
}

static void out_to_value(const struct rmv_stage_out *out, struct rmv_value *map)
{
    static const char *const kinds[] = {"data", "metric", "plot"};
    rmv_value_set_map(map);
    cli_set_text(map, "path", out->path);
    cli_set_text(map, "kind", kinds[out->kind]);
    cli_set_bool(map, "cache", !out->no_cache);
    cli_set_bool(map, "persist", out->persist);
    cli_set_bool(map, "push", !out->no_push);
    set_if(map, "remote", out->remote);
    annotation_to_value(&out->annotation, map);
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

/* What happens when the command fails, or takes too long; times in seconds. */
static void limits_to_value(const struct rmv_stage *stage, struct rmv_value *map)
{
    if (stage->timeout_ms)
        rmv_value_set_double(rmv_value_add(map, "timeout"), (double)stage->timeout_ms / 1000);
    if (stage->retry.attempts < 2)
        return;
    struct rmv_value *retry = rmv_value_add(map, "retry");
    rmv_value_set_map(retry);
    cli_set_int(retry, "attempts", stage->retry.attempts);
    rmv_value_set_double(rmv_value_add(retry, "delay"), (double)stage->retry.delay_ms / 1000);
    rmv_value_set_double(rmv_value_add(retry, "backoff"), stage->retry.backoff);
    rmv_value_set_double(rmv_value_add(retry, "max_delay"),
                         (double)stage->retry.max_delay_ms / 1000);
}

/* As it is written in an rmv.yaml, with sizes in bytes and times in seconds. */
static void executor_to_value(const struct rmv_stage_executor *executor, struct rmv_value *map)
{
    const bool is_slurm = executor->kind == RMV_EXECUTOR_SLURM;
    struct rmv_value *kind = rmv_value_add(map, is_slurm ? "slurm" : "local");
    const uint64_t memory_bytes = is_slurm ? executor->job_memory_bytes : executor->memory_bytes;

    rmv_value_set_map(kind);
    if (memory_bytes)
        cli_set_int(kind, "memory", memory_bytes);
    if (!is_slurm)
        return;
    set_if(kind, "partition", executor->partition);
    set_if(kind, "account", executor->account);
    set_if(kind, "qos", executor->qos);
    set_if(kind, "gres", executor->gres);
    set_if(kind, "constraint", executor->constraint);
    if (executor->cpus)
        cli_set_int(kind, "cpus", executor->cpus);
    if (executor->time_ms)
        rmv_value_set_double(rmv_value_add(kind, "time"), (double)executor->time_ms / 1000);
    for (size_t i = 0; i < executor->options.count; i++)
        rmv_value_set_text(rmv_value_append(rmv_value_add(kind, "options")),
                           executor->options.items[i]);
}

/* What all stages that run here may use at once, if anything is said of it. */
static void limits_of_all_to_value(const struct rmv_pipeline *pipeline, struct rmv_value *document)
{
    if (pipeline->jobs_max)
        cli_set_int(rmv_value_add(document, "limits"), "jobs", pipeline->jobs_max);
    if (pipeline->memory_max_bytes)
        cli_set_int(rmv_value_add(document, "limits"), "memory", pipeline->memory_max_bytes);
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
    for (size_t i = 0; i < stage->outside_count; i++)
        rmv_value_set_text(rmv_value_append(deps), stage->outside[i].path);
    params_to_value(stage, rmv_value_add(map, "params"));
    struct rmv_value *outs = rmv_value_add(map, "outs");
    rmv_value_set_list(outs);
    for (size_t i = 0; i < stage->outs_count; i++)
        out_to_value(&stage->outs[i], rmv_value_append(outs));
    if (stage->env.kind == RMV_VALUE_MAP)
        rmv_value_copy(rmv_value_add(map, "env"), &stage->env);
    limits_to_value(stage, map);
    if (stage->executor.kind != RMV_EXECUTOR_NONE)
        executor_to_value(&stage->executor, rmv_value_add(map, "executor"));
    cli_set_bool(map, "frozen", stage->frozen);
    cli_set_bool(map, "always_changed", stage->always_changed);
    if (stage->meta.kind != RMV_VALUE_NULL)
        rmv_value_copy(rmv_value_add(map, "meta"), &stage->meta);
}

/* [{file, column}, …]; no file is that of each y. */
static void columns_to_value(const struct rmv_plot_column *columns, size_t count,
                             struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t i = 0; i < count; i++) {
        struct rmv_value *map = rmv_value_append(list);
        set_if(map, "file", columns[i].file);
        cli_set_text(map, "column", columns[i].name);
    }
}

static void plot_to_value(const struct rmv_plot *plot, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_text(map, "id", plot->id);
    cli_set_text(map, "file", plot->file);
    cli_set_int(map, "line", plot->line);
    cli_set_bool(map, "output", plot->is_out);
    columns_to_value(plot->x, plot->x_count, rmv_value_add(map, "x"));
    columns_to_value(plot->y, plot->y_count, rmv_value_add(map, "y"));
    set_if(map, "title", plot->title);
    set_if(map, "x_label", plot->x_label);
    set_if(map, "y_label", plot->y_label);
    set_if(map, "template", plot->template);
    if (plot->no_header)
        cli_set_bool(map, "header", false);
}

static void artifact_to_value(const struct rmv_artifact *artifact, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_text(map, "name", artifact->name);
    cli_set_text(map, "file", artifact->file);
    cli_set_int(map, "line", artifact->line);
    cli_set_text(map, "path", artifact->path);
    annotation_to_value(&artifact->annotation, map);
}

static void files_to_value(const struct rmv_strings *files, struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t i = 0; i < files->count; i++)
        rmv_value_set_text(rmv_value_append(list), files->items[i]);
}

/* What is declared beside the stages. */
static void parts_to_value(const struct rmv_pipeline *pipeline, struct rmv_value *document)
{
    files_to_value(&pipeline->metrics, rmv_value_add(document, "metrics"));
    files_to_value(&pipeline->params, rmv_value_add(document, "params"));
    struct rmv_value *plots = rmv_value_add(document, "plots");
    rmv_value_set_list(plots);
    for (size_t i = 0; i < pipeline->plots_count; i++)
        plot_to_value(&pipeline->plots[i], rmv_value_append(plots));
    struct rmv_value *artifacts = rmv_value_add(document, "artifacts");
    rmv_value_set_list(artifacts);
    for (size_t i = 0; i < pipeline->artifacts_count; i++)
        artifact_to_value(&pipeline->artifacts[i], rmv_value_append(artifacts));
    struct rmv_value *datasets = rmv_value_add(document, "datasets");
    rmv_value_set_list(datasets);
    for (size_t i = 0; i < pipeline->datasets_count; i++) {
        struct rmv_value *map = rmv_value_append(datasets);
        rmv_value_copy(map, &pipeline->datasets[i].entry);
        cli_set_text(map, "file", pipeline->datasets[i].file);
    }
}

static void print_json(const struct rmv_pipeline *pipeline, const bool *chosen)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    struct rmv_value *stages = rmv_value_add(&document, "stages");
    rmv_value_set_list(stages);
    for (size_t i = 0; i < pipeline->count; i++)
        if (chosen[i])
            stage_to_value(&pipeline->stages[i], rmv_value_append(stages));
    limits_of_all_to_value(pipeline, &document);
    parts_to_value(pipeline, &document);
    cli_print_json(&document);
}

/* One file at a time, so that one that is wrong takes no other with it. */
static const struct rmv_error *read_sound(struct rmv_workspace *workspace,
                                          struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings sound = {0};
    struct rmv_error *first = NULL;

    const struct rmv_error *err = rmv_tracked_pipelines(workspace, NULL, &files);
    for (size_t i = 0; !err && i < files.count; i++) {
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings one = {0};
        RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline scratch = {0};
        rmv_strings_add(&one, files.items[i]);
        const struct rmv_error *problem = rmv_pipeline_read_files(workspace, &one, &scratch);
        if (!problem)
            rmv_strings_add(&sound, files.items[i]);
        else if (files.count > 1)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "left out: %s", problem->message);
        if (problem && !first)
            first = rmv_error_take(problem);
    }
    if (!err && !sound.count && first)
        return rmv_error_raise(&first);
    rmv_error_free(&first);
    return err ? err : rmv_pipeline_read_files(workspace, &sound, pipeline);
}

/* Of all files, those with mistakes are left out, as long as others are left; where some are named,
 * one that is wrong may be the one that is meant. */
static const struct rmv_error *read_pipeline(struct rmv_workspace *workspace, bool is_of_all,
                                             struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline whole = {0};
    const struct rmv_error *err = rmv_pipeline_read(workspace, &whole);
    if (err)
        return option_fail || !is_of_all ? err : read_sound(workspace, pipeline);
    *pipeline = whole;
    whole = (struct rmv_pipeline){0};
    return NULL;
}

static const struct rmv_error *choose(const struct rmv_workspace *workspace,
                                      const struct rmv_pipeline *pipeline, int argc, char **argv,
                                      bool *chosen)
{
    const struct rmv_error *err = NULL;
    if (argc == 0 && option_recursive)
        return rmv_pipeline_find_below(workspace, pipeline, ".", chosen);
    if (argc == 0)
        memset(chosen, true, pipeline->count * sizeof(*chosen));
    for (int i = 0; !err && i < argc; i++)
        err = option_recursive ? rmv_pipeline_find_below(workspace, pipeline, argv[i], chosen)
                               : rmv_pipeline_find(workspace, pipeline, argv[i], chosen);
    return err;
}

static const struct rmv_error *stage_list(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_free) bool *chosen = NULL;

    if (option_all && argc > 0)
        return rmv_error(RMV_ERR_USAGE, "--all and '%s' exclude each other", argv[0]);
    if (option_all && option_recursive)
        return rmv_error(RMV_ERR_USAGE, "--all and --recursive exclude each other");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = read_pipeline(workspace, argc == 0, &pipeline);
    if (err)
        return err;
    chosen = rmv_calloc(pipeline.count + 1, sizeof(*chosen));
    err = choose(workspace, &pipeline, argc, argv, chosen);
    if (err)
        return err;
    if (option_json)
        print_json(&pipeline, chosen);
    else
        print_text(&pipeline, chosen);
    return NULL;
}

const struct cli_command rmv_command_stage_list = {
    .name = "stage list",
    .arguments = "[TARGET...]",
    .summary = "list the stages of the pipeline",
    .help =
        "Prints the stages of rmv.yaml in the order they are written, one per line: the name, and\n"
        "the description or, without one, the outputs. Stages that are frozen are marked. A "
        "TARGET\n"
        "is a stage, a loop, an output, an rmv.yaml or a pattern (quote it). With --json "
        "everything\n"
        "that is written of them is printed, and the plots, artifacts and the rest of all files:\n"
        "templates are resolved, and paths are relative to the workspace. Nothing is compared or\n"
        "run; `rmv status` says which stages changed.\n"
        "\n"
        "Of several files, one with a mistake is named in a warning and left out, unless --fail "
        "or\n"
        "a TARGET is given. The exit status is then that of the mistake, 2 for most.",
    .examples = "rmv stage list             # names and descriptions\n"
                "rmv stage list 'train*'    # some of them\n"
                "rmv stage list --json      # for other programs\n",
    .options = options,
    .run = stage_list,
};
