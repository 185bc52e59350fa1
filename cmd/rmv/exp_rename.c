#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_force;

static const struct cli_option options[] = {
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "replace an experiment that has the name"},
    {0},
};

static const struct rmv_error *exp_rename(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};

    if (argc != 2)
        return rmv_error(RMV_ERR_USAGE, "an experiment and its new name are needed");
    const struct rmv_error *err = rmv_experiment_check_name(argv[1]);
    if (!err)
        err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_find(workspace, argv[0], &experiment);
    if (!err)
        err = rmv_experiment_rename(workspace, &experiment, argv[1], option_force);
    if (!err && !cli_quiet)
        cli_print("Experiment %s is now %s\n", experiment.name, argv[1]);
    return err;
}

const struct cli_command rmv_command_exp_rename = {
    .name = "exp rename",
    .arguments = "EXPERIMENT NAME",
    .summary = "give an experiment another name",
    .help = "The commit stays what it is; in a remote it keeps its old name until it is pushed "
            "again.\n"
            "Its log, and its place in what `rmv queue status` lists, get the new name.\n"
            "\n"
            "The exit status is 3 if there is no such experiment, and 4 if the name is taken.",
    .examples = "rmv exp rename brave-otter rank-20\n",
    .options = options,
    .run = exp_rename,
};
