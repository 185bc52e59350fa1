#include "rmv/commands.h"
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
    const struct cli_values_diff diff = {
        .choice = {.kind = CLI_VALUES_METRICS, .recursive = option_recursive},
        .targets = &option_targets,
        .all = option_all,
        .as_json = option_json,
        .style = {.name = "Metric",
                  .precision = option_precision,
                  .as_markdown = option_md,
                  .no_path = option_no_path,
                  .has_change = true}};
    return cli_values_diff(&diff, argc, argv);
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
