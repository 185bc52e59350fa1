#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/shared.h"
#include "rmv/values.h"

static bool option_json, option_md, option_all, option_no_path, option_recursive;
static int64_t option_precision = CLI_PRECISION_DEFAULT;
static struct rmv_strings option_targets;

static const struct cli_option options[] = {
    {.name = "targets",
     .list = &option_targets,
     .argument = "FILE",
     .help = "only this file, named by rmv.yaml or not; may be given several times"},
    {.name = "recursive",
     .letter = 'R',
     .flag = &option_recursive,
     .help = "targets are folders: the metrics in and below them"},
    {.name = "all", .flag = &option_all, .help = "print values that are equal too"},
    {.name = "precision",
     .number = &option_precision,
     .argument = "N",
     .help = "round to N digits behind the point (5)"},
    {.name = "no-path", .flag = &option_no_path, .help = "do not print which file it is"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document, with all digits"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

static const struct rmv_error *metrics_diff(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    const char *const revisions[2] = {argc > 0 ? argv[0] : "HEAD", argc > 1 ? argv[1] : NULL};
    const struct cli_differences_style style = {.before = revisions[0],
                                                .after = revisions[1] ? revisions[1] : "workspace",
                                                .name = "Metric",
                                                .precision = option_precision,
                                                .as_markdown = option_md,
                                                .no_path = option_no_path,
                                                .has_change = true};
    const struct cli_values_choice choice = {
        .kind = CLI_VALUES_METRICS, .targets = &targets, .recursive = option_recursive};

    if (argc > 2)
        return rmv_error(RMV_ERR_USAGE, "at most two revisions can be compared: '%s'", argv[2]);
    if (option_recursive && !option_targets.count)
        return rmv_error(RMV_ERR_USAGE, "--recursive needs --targets");
    const struct rmv_error *err = cli_check_precision(option_precision);
    if (!err)
        err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, (int)option_targets.count, option_targets.items, &targets);
    if (!err)
        err = cli_values_compare(workspace, revisions, &choice, option_all, &differences);
    if (err)
        return err;
    if (option_json)
        cli_differences_print_json(&differences, &style);
    else
        cli_differences_print(&differences, &style);
    return NULL;
}

const struct cli_command rmv_command_metrics_diff = {
    .name = "metrics diff",
    .arguments = "[REV [REV]]",
    .summary = "show how metrics changed",
    .help =
        "Compares the metrics of two revisions, or of a revision (default HEAD) and the "
        "workspace,\n"
        "value by value, with how much each number is more or less. '-' stands for none. Nothing\n"
        "is printed if nothing differs. Values of revisions come from Git or, if they are stored\n"
        "by rmv, from the store; the workspace is not touched.\n"
        "\n"
        "Fractions are rounded to 5 digits behind the point, or as --precision says; numbers too\n"
        "small for that keep as many digits. --json has all digits.",
    .examples = "rmv metrics diff                 # what this run changed\n"
                "rmv metrics diff main            # against another branch\n"
                "rmv metrics diff v1 v2 --md      # for a report\n",
    .options = options,
    .run = metrics_diff,
};
