#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/pattern.h"
#include "rmv/baselines.h"
#include "rmv/commands.h"
#include "rmv/exp_remote.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_all_commits, option_queue, option_keep;
static struct rmv_strings option_rev;
static int64_t option_num = 1;
static const char *option_git_remote;

static const struct cli_option options[] = {
    CLI_BASELINES_OPTIONS(&option_all_commits, &option_rev, &option_num),
    {.name = "keep",
     .flag = &option_keep,
     .help = "keep those that are named, and remove the others"},
    {.name = "queue", .flag = &option_queue, .help = "what waits in the queue, too"},
    {.name = "git-remote",
     .letter = 'g',
     .text = &option_git_remote,
     .argument = "REMOTE",
     .help = "from a Git remote instead of here"},
    {0},
};

static bool is_in(const struct rmv_experiments *list, const char *reference)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].reference, reference) == 0)
            return true;
    return false;
}

static const struct rmv_error *remove_here(struct rmv_workspace *workspace,
                                           const struct rmv_experiments *doomed)
{
    const struct rmv_error *err = rmv_experiments_remove(workspace, doomed);
    for (size_t i = 0; !err && !cli_quiet && i < doomed->count; i++)
        cli_print("Removed experiment %s\n", doomed->items[i].name);
    return err;
}

/* All of the meant baselines but those that are named. */
static const struct rmv_error *remove_others(struct rmv_workspace *workspace, int argc, char **argv,
                                             const struct cli_baselines_choice *choice)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments kept = {0};
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments doomed = {0};
    size_t count = 0;

    const struct rmv_error *err = cli_experiments_choose(workspace, argc, argv, choice, &kept);
    if (!err)
        err = cli_experiments_choose(workspace, 0, NULL, choice, &doomed);
    if (err)
        return err;
    for (size_t i = 0; i < doomed.count; i++) {
        if (is_in(&kept, doomed.items[i].reference))
            rmv_experiment_free(&doomed.items[i]);
        else
            doomed.items[count++] = doomed.items[i];
    }
    doomed.count = count;
    return remove_here(workspace, &doomed);
}

static const struct rmv_error *remove_waiting(struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};
    const struct rmv_error *err = rmv_experiment_queue_read(workspace, false, &tasks);
    for (size_t i = 0; !err && i < tasks.count; i++) {
        if (tasks.items[i].state != RMV_EXPERIMENT_QUEUED)
            continue;
        err = rmv_experiment_dequeue(workspace, &tasks.items[i]);
        if (!err && !cli_quiet)
            cli_print("Removed %s from the queue\n", tasks.items[i].name);
    }
    return err;
}

static const struct rmv_error *remove_there(struct rmv_workspace *workspace, int argc, char **argv)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments there = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings specifications = {0};

    const struct rmv_error *err = cli_exp_remote_list(workspace, option_git_remote, &there);
    for (int i = 0; !err && i < argc; i++) {
        const size_t before = specifications.count;
        for (size_t k = 0; k < there.count; k++)
            if (rmv_pattern_match(argv[i], there.items[k].name))
                rmv_strings_take(&specifications, rmv_str_format(":%s", there.items[k].reference));
        if (specifications.count == before)
            err = rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no experiment '%s'", option_git_remote,
                            argv[i]);
    }
    for (size_t k = 0; !err && argc == 0 && option_all_commits && k < there.count; k++)
        rmv_strings_take(&specifications, rmv_str_format(":%s", there.items[k].reference));
    if (!err)
        err = cli_exp_remote_move(workspace, "push", option_git_remote, &specifications);
    for (size_t k = 0; !err && !cli_quiet && k < specifications.count; k++)
        cli_print("Removed %s from %s\n", strrchr(specifications.items[k], '/') + 1,
                  option_git_remote);
    return err;
}

static const struct rmv_error *exp_remove(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments doomed = {0};
    const bool is_chosen = argc > 0 || option_all_commits || option_rev.count;
    const struct cli_baselines_choice choice = {
        .revisions = &option_rev, .number = option_num, .all = option_all_commits};

    if (!is_chosen && !option_queue)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "which experiments should be removed?"),
                              "names, --rev, --queue, or -A for all");
    if (option_keep && argc == 0)
        return rmv_error(RMV_ERR_USAGE, "--keep needs the names of those to keep");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err && option_git_remote)
        return remove_there(workspace, argc, argv);
    if (!err && option_queue)
        err = remove_waiting(workspace);
    if (err || !is_chosen)
        return err;
    if (option_keep)
        return remove_others(workspace, argc, argv, &choice);
    err = cli_experiments_choose(workspace, argc, argv, &choice, &doomed);
    return err ? err : remove_here(workspace, &doomed);
}

const struct cli_command rmv_command_exp_remove = {
    .name = "exp remove",
    .arguments = "[EXPERIMENT...]",
    .summary = "remove experiments, here or from a Git remote",
    .help =
        "Removes the references of experiments: those that are named (patterns too, quote them),\n"
        "those that started from --rev, or all with -A. What nothing else leads to any more goes\n"
        "with the next `git gc` and `rmv gc`. `rmv queue status` does not list them any more; "
        "their\n"
        "logs stay. The workspace is not touched.\n"
        "\n"
        "The exit status is 3 if there is no such experiment; nothing is removed then.",
    .examples = "rmv exp remove brave-otter 'rank-*'\n"
                "rmv exp remove -A --keep best     # all but one\n"
                "rmv exp remove -g origin brave-otter\n",
    .options = options,
    .run = exp_remove,
};
