#include <stdio.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/experiment/apply.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_force, option_json;

static const struct cli_option options[] = {
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "give up changes that nothing else keeps"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void print_path(const char *what, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    printf("%s  %s\n", what, quoted);
}

static void print(const struct rmv_experiment *experiment,
                  const struct rmv_experiment_applied *applied)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    if (option_json) {
        rmv_value_set_map(&document);
        cli_set_text(&document, "name", experiment->name);
        cli_set_text(&document, "rev", experiment->id);
        cli_set_paths(&document, "written", &applied->written);
        cli_set_paths(&document, "removed", &applied->removed);
        cli_print_json(&document);
        return;
    }
    if (cli_quiet)
        return;
    for (size_t i = 0; i < applied->written.count; i++)
        print_path("written", applied->written.items[i]);
    for (size_t i = 0; i < applied->removed.count; i++)
        print_path("removed", applied->removed.items[i]);
    cli_print("The workspace is that of experiment %s; `git commit` keeps it\n", experiment->name);
}

static const struct rmv_error *exp_apply(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};
    RMV_CLEANUP(rmv_experiment_applied_free) struct rmv_experiment_applied applied = {0};
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "which experiment? One name is needed");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_find(workspace, argv[0], &experiment);
    if (err)
        return err;
    rmv_progress_open(cli_quiet ? -1 : STDERR_FILENO, "checking out", &progress);
    const struct rmv_experiment_apply_options apply = {.force = option_force, .progress = progress};
    err = rmv_experiment_apply(workspace, &experiment, &apply, &applied);
    rmv_progress_close(&progress);
    if (!err)
        print(&experiment, &applied);
    return err;
}

const struct cli_command rmv_command_exp_apply = {
    .name = "exp apply",
    .arguments = "EXPERIMENT",
    .summary = "bring an experiment into the workspace",
    .help =
        "Makes the workspace what the experiment was: the files that Git tracks there, "
        "parameters,\n"
        "lock files, metrics and data. HEAD, branches and Git's index stay as they are, so that\n"
        "`git diff` shows what the experiment changed, and `git commit` keeps it.\n"
        "\n"
        "A changed file is only replaced if HEAD or an experiment has it as it is, or if it comes\n"
        "back from the run cache; otherwise nothing is touched and the files are listed. Files "
        "that\n"
        "neither HEAD nor the experiment has stay. EXPERIMENT is a name, or the start of the id "
        "of\n"
        "its commit.\n"
        "\n"
        "The exit status is 3 if there is no such experiment or its data is not in the store, and "
        "4\n"
        "if something is in the way.",
    .examples = "rmv exp apply brave-otter\n",
    .options = options,
    .run = exp_apply,
};
