#include <stdio.h>

#include "rmv/commands.h"
#include "rmv/dataset/workspace.h"

static bool option_no_scm;
static bool option_nested;

static const struct cli_option options[] = {
    {.name = "no-scm", .flag = &option_no_scm, .help = "do without a Git repository"},
    {.name = "nested", .flag = &option_nested, .help = "inside another workspace, make one more"},
    {0},
};

static const struct rmv_error *init(int argc, char **argv)
{
    const struct rmv_workspace_init_options wishes = {.no_scm = option_no_scm,
                                                      .nested = option_nested};
    (void)argv;
    if (argc > 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "init takes no arguments"),
                              "--cd FOLDER makes the workspace in another folder");
    const struct rmv_error *err = rmv_workspace_init(".", &wishes);
    if (err)
        return err;
    if (!cli_quiet)
        puts("this folder is an rmv workspace; commit .rmstore/config and .rmstore/.gitignore");
    return NULL;
}

const struct cli_command rmv_command_init = {
    .name = "init",
    .arguments = "",
    .summary = "make this folder a workspace",
    .help =
        "Creates the folder .rmstore/, in which rmv keeps the content of tracked files "
        "(objects/),\n"
        "its settings (config) and what it can rebuild. Only the settings are for Git to track; "
        "the\n"
        ".gitignore that comes with them sees to that.\n\n"
        "Running it again repairs what is missing and changes nothing else. A workspace is part "
        "of\n"
        "a Git repository, since that is where the versions of pointer files live; --no-scm does\n"
        "without. Inside another workspace, but not in a repository of its own, --nested is "
        "needed.",
    .examples = "git init && rmv init         # a new project\n"
                "rmv init --no-scm            # no Git: data is stored, but has no history",
    .options = options,
    .run = init,
};
