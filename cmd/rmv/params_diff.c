#include "rmv/commands.h"
#include "rmv/values.h"

static bool option_json, option_md, option_all, option_no_path, option_deps;
static struct rmv_strings option_targets;

static const struct cli_option options[] = {
    {.name = "targets",
     .list = &option_targets,
     .argument = "FILE",
     .help = "only this file, named by rmv.yaml or not; may be given several times"},
    {.name = "deps", .flag = &option_deps, .help = "only parameters that stages depend on"},
    {.name = "all", .flag = &option_all, .help = "print values that are equal too"},
    {.name = "no-path", .flag = &option_no_path, .help = "do not print which file it is"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

static const struct rmv_error *params_diff(int argc, char **argv)
{
    const struct cli_values_diff diff = {
        .choice = {.kind = CLI_VALUES_PARAMS},
        .targets = &option_targets,
        .all = option_all,
        .only_deps = option_deps,
        .as_json = option_json,
        .style = {
            .name = "Param", .precision = -1, .as_markdown = option_md, .no_path = option_no_path}};
    return cli_values_diff(&diff, argc, argv);
}

const struct cli_command rmv_command_params_diff = {
    .name = "params diff",
    .arguments = "[REV [REV]]",
    .summary = "show which parameters changed",
    .help =
        "Compares the parameter files of two revisions, or of a revision (default HEAD) and the\n"
        "workspace, value by value: params.yaml and every file that rmv.yaml names under\n"
        "'params' or 'vars'. Values are shown under their dotted names; '-' stands for none. "
        "Nothing is\n"
        "printed if nothing differs. Formatting, comments and the order of keys do not count.\n"
        "With --deps only what stages depend on counts.",
    .examples = "rmv params diff                # what was changed since the last commit\n"
                "rmv params diff v1.0 v2.0      # between two revisions\n"
                "rmv params diff --all --md     # everything, for a report\n",
    .options = options,
    .run = params_diff,
};
