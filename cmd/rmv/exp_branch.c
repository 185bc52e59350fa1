#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"
#include "rmv/vcs/git_run.h"

static const struct rmv_error *make_branch(const struct rmv_workspace *workspace, const char *name,
                                           const char *id)
{
    const char *const argv[] = {"branch", "--no-track", name, id, NULL};
    const struct rmv_git_run run = {.folder = workspace->root, .argv = argv};
    if (*name == '-')
        return rmv_error(RMV_ERR_USAGE, "'%s' is no name for a branch", name);
    return rmv_git_run(&run, NULL);
}

static const struct rmv_error *exp_branch(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};

    if (argc < 1 || argc > 2)
        return rmv_error(RMV_ERR_USAGE, "an experiment and the name of a branch are needed");
    RMV_CLEANUP(rmv_str_free)
    char *name = argc == 2 ? rmv_str_copy(argv[1]) : rmv_str_format("%s-branch", argv[0]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_find(workspace, argv[0], &experiment);
    if (!err)
        err = make_branch(workspace, name, experiment.id);
    if (!err && !cli_quiet)
        cli_print("Branch %s has experiment %s; `git switch %s` and `rmv checkout` go there\n",
                  name, experiment.name, name);
    return err;
}

const struct cli_command rmv_command_exp_branch = {
    .name = "exp branch",
    .arguments = "EXPERIMENT [BRANCH]",
    .summary = "make a Git branch of an experiment",
    .help = "Makes a branch that leads to the commit of the experiment. The experiment stays, and\n"
            "neither the workspace nor HEAD changes. Without BRANCH it is called\n"
            "EXPERIMENT-branch.\n"
            "\n"
            "The exit status is 1 if there is a branch of that name, 3 if there is no such\n"
            "experiment.",
    .examples = "rmv exp branch brave-otter wider-model\n",
    .run = exp_branch,
};
