#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/pipeline/metrics.h"
#include "rmv/pipeline/params.h"
#include "rmv/shared.h"
#include "rmv/table.h"

static bool option_json, option_md, option_all;

static const struct cli_option options[] = {
    {.name = "all", .flag = &option_all, .help = "print values that are equal too"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

/* Adds the parameter files of a pipeline to those known. */
static void add_files(const struct rmv_pipeline *pipeline, struct rmv_strings *files)
{
    for (size_t i = 0; i < pipeline->params.count; i++)
        if (!rmv_strings_has(files, pipeline->params.items[i]))
            rmv_strings_add(files, pipeline->params.items[i]);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].params_count; k++)
            if (!rmv_strings_has(files, pipeline->stages[i].params[k].file))
                rmv_strings_add(files, pipeline->stages[i].params[k].file);
}

static const struct rmv_error *find_files(struct rmv_workspace *workspace, const char *revision,
                                          struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_error *err = revision
                                      ? rmv_pipeline_read_revision(workspace, revision, &pipeline)
                                      : rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        add_files(&pipeline, files);
    return err;
}

/* A file that does not exist has no values. */
static const struct rmv_error *read_values(struct rmv_workspace *workspace, const char *revision,
                                           const struct rmv_strings *files,
                                           struct rmv_value *values)
{
    rmv_value_set_map(values);
    for (size_t i = 0; i < files->count; i++) {
        const struct rmv_error *err =
            rmv_metrics_read(workspace, revision, files->items[i], values);
        if (err && err->code != RMV_ERR_NOT_FOUND)
            return err;
    }
    return NULL;
}

static void print_table(const struct rmv_params_differences *differences, const char *before,
                        const char *after)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 4};
    cli_table_add(&table, "Path");
    cli_table_add(&table, "Param");
    cli_table_add(&table, before);
    cli_table_add(&table, after);
    for (size_t i = 0; i < differences->count; i++) {
        const struct rmv_params_difference *difference = &differences->items[i];
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf old_text = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
        if (difference->had)
            rmv_params_format_value(&difference->before, &old_text);
        if (difference->has)
            rmv_params_format_value(&difference->after, &new_text);
        cli_table_add(&table, difference->file);
        cli_table_add(&table, difference->key);
        cli_table_add(&table, difference->had ? rmv_buf_string(&old_text) : "-");
        cli_table_add(&table, difference->has ? rmv_buf_string(&new_text) : "-");
    }
    cli_table_print(&table, option_md);
}

static void print_json(const struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    for (size_t i = 0; i < differences->count; i++) {
        const struct rmv_params_difference *difference = &differences->items[i];
        struct rmv_value *key =
            rmv_value_add(rmv_value_add(&document, difference->file), difference->key);
        if (difference->had)
            rmv_value_copy(rmv_value_add(key, "old"), &difference->before);
        if (difference->has)
            rmv_value_copy(rmv_value_add(key, "new"), &difference->after);
    }
    cli_print_json(&document);
}

static const struct rmv_error *compare(struct rmv_workspace *workspace, const char *before,
                                       const char *after,
                                       struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value old_values = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value new_values = {0};

    rmv_strings_add(&files, RMV_PARAMS_FILE_NAME);
    const struct rmv_error *err = find_files(workspace, before, &files);
    if (!err)
        err = find_files(workspace, after, &files);
    if (!err)
        err = read_values(workspace, before, &files, &old_values);
    if (!err)
        err = read_values(workspace, after, &files, &new_values);
    for (size_t i = 0; !err && i < files.count; i++)
        rmv_params_compare(files.items[i], rmv_value_find(&old_values, files.items[i]),
                           rmv_value_find(&new_values, files.items[i]), option_all, differences);
    return err;
}

static const struct rmv_error *params_diff(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    const char *before = argc > 0 ? argv[0] : "HEAD";
    const char *after = argc > 1 ? argv[1] : NULL;

    if (argc > 2)
        return rmv_error(RMV_ERR_USAGE, "at most two revisions can be compared: '%s'", argv[2]);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = compare(workspace, before, after, &differences);
    if (err)
        return err;
    if (option_json)
        print_json(&differences);
    else if (differences.count)
        print_table(&differences, before, after ? after : "workspace");
    return NULL;
}

const struct cli_command rmv_command_params_diff = {
    .name = "params diff",
    .arguments = "[REV [REV]]",
    .summary = "show which parameters changed",
    .help =
        "Compares the parameter files of two revisions, or of a revision (default HEAD) and the\n"
        "workspace, value by value: params.yaml and every file that rmv.yaml names under\n"
        "'params'. Values are shown under their dotted names; '-' stands for none. Nothing is\n"
        "printed if nothing differs. Formatting, comments and the order of keys do not count.",
    .examples = "rmv params diff                # what was changed since the last commit\n"
                "rmv params diff v1.0 v2.0      # between two revisions\n"
                "rmv params diff --all --md     # everything, for a report\n",
    .options = options,
    .run = params_diff,
};
