#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/pipeline/metrics.h"
#include "rmv/pipeline/params.h"
#include "rmv/shared.h"
#include "rmv/table.h"

static bool option_json, option_md;
static const char *option_rev;

static const struct cli_option options[] = {
    {.name = "rev", .text = &option_rev, .argument = "REV", .help = "as they were at a revision"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

static const struct rmv_error *read_all(struct rmv_workspace *workspace,
                                        const struct rmv_strings *files, bool is_asked,
                                        struct rmv_value *metrics)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct rmv_error *err =
            rmv_metrics_read(workspace, option_rev, files->items[i], metrics);
        if (err && (is_asked || err->code != RMV_ERR_NOT_FOUND))
            return err;
        if (err)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s", err->message);
    }
    if (metrics->map.count)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND, "there are no metrics%s%s", option_rev ? " at revision " : "",
                  option_rev ? option_rev : ""),
        files->count ? "`rmv repro` makes them" : "name them under 'metrics' in rmv.yaml");
}

static void print_table(const struct rmv_workspace *workspace, const struct rmv_value *metrics)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 3};
    cli_table_add(&table, "Path");
    cli_table_add(&table, "Metric");
    cli_table_add(&table, "Value");
    for (size_t i = 0; i < metrics->map.count; i++) {
        const struct rmv_member *file = &metrics->map.members[i];
        RMV_CLEANUP(rmv_value_free) struct rmv_value flat = {0};
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, file->key);
        rmv_value_set_map(&flat);
        rmv_params_flatten(&file->value, &flat);
        for (size_t k = 0; k < flat.map.count; k++) {
            RMV_CLEANUP(rmv_buf_free) struct rmv_buf value = {0};
            rmv_params_format_value(&flat.map.members[k].value, &value);
            cli_table_add(&table, path);
            cli_table_add(&table, flat.map.members[k].key);
            cli_table_add(&table, rmv_buf_string(&value));
        }
    }
    cli_table_print(&table, option_md);
}

static const struct rmv_error *find_files(struct rmv_workspace *workspace, int argc, char **argv,
                                          struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    if (argc > 0)
        return cli_paths(workspace, argc, argv, files);
    const struct rmv_error *err = option_rev
                                      ? rmv_pipeline_read_revision(workspace, option_rev, &pipeline)
                                      : rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        rmv_metrics_files(&pipeline, files);
    return err;
}

static const struct rmv_error *metrics_show(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value metrics = {0};

    rmv_value_set_map(&metrics);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = find_files(workspace, argc, argv, &files);
    if (!err)
        err = read_all(workspace, &files, argc > 0, &metrics);
    if (err)
        return err;
    if (option_json)
        cli_print_json(&metrics);
    else
        print_table(workspace, &metrics);
    return NULL;
}

const struct cli_command rmv_command_metrics_show = {
    .name = "metrics show",
    .arguments = "[FILE...]",
    .summary = "show the numbers that stages wrote",
    .help =
        "Prints what the metrics files hold, one value per line under its dotted name. Without\n"
        "FILE, all that rmv.yaml lists under 'metrics', of stages or at the top, are shown;\n"
        "those that do not exist yet are named in a warning. Files are YAML, or JSON if their\n"
        "name ends in .json. With --rev they come from Git or, if they are stored by rmv, from\n"
        "the store, and the workspace is not touched.",
    .examples = "rmv metrics show                # all of them\n"
                "rmv metrics show --rev HEAD~1   # as they were\n"
                "rmv metrics show --md m.json    # one file, for a report\n",
    .options = options,
    .run = metrics_show,
};
