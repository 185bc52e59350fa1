#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_force, option_recursive, option_json;
static const char *option_name, *option_message;
static struct rmv_strings option_include_untracked;

static const struct cli_option options[] = {
    {.name = "name", .letter = 'n', .text = &option_name, .argument = "NAME", .help = "its name"},
    {.name = "message",
     .letter = 'm',
     .text = &option_message,
     .argument = "TEXT",
     .help = "what its commit says"},
    {.name = "include-untracked",
     .letter = 'I',
     .list = &option_include_untracked,
     .argument = "PATH",
     .help = "a file or folder that Git does not track, to be part of it"},
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "replace an experiment of the same name"},
    {.name = "recursive",
     .letter = 'r',
     .flag = &option_recursive,
     .help = "has no effect: a folder stands for all that is in it"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void print(const struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    if (!option_json) {
        if (!cli_quiet)
            printf("Experiment %s is saved: %.7s\n", task->name, task->id);
        return;
    }
    rmv_value_set_map(&document);
    cli_set_text(&document, "name", task->name);
    cli_set_text(&document, "rev", task->id);
    cli_set_text(&document, "baseline", task->baseline);
    cli_print_json(&document);
}

/* Added data alone: what stages made is what `rmv.lock` says. */
static const struct rmv_error *check_targets(struct rmv_workspace *workspace,
                                             struct rmv_strings *targets)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    if (!targets->count)
        return NULL;
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    if (!err)
        err = cli_check_tracked(workspace, &tracked, targets);
    for (size_t i = 0; !err && i < tracked.outputs.count; i++)
        if (*tracked.stages.items[i] && rmv_strings_has(targets, tracked.outputs.items[i].path))
            err = rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                           "'%s' is made by stage '%s': what is saved of it is "
                                           "what its lock file says",
                                           tracked.outputs.items[i].path, tracked.stages.items[i]),
                                 "`rmv commit` records what is there now");
    return err;
}

static const struct rmv_error *exp_save(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_task_free) struct rmv_experiment_task task = {0};

    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = cli_paths(workspace, (int)option_include_untracked.count,
                        option_include_untracked.items, &task.copied);
    if (!err)
        err = cli_paths(workspace, argc, argv, &task.targets);
    if (!err)
        err = check_targets(workspace, &task.targets);
    if (err)
        return err;
    task.name = rmv_str_copy(option_name);
    task.message = rmv_str_copy(option_message);
    task.replace = option_force;
    err = rmv_experiment_save(workspace, &task);
    if (!err)
        print(&task);
    return err;
}

const struct cli_command rmv_command_exp_save = {
    .name = "exp save",
    .arguments = "[TARGET...]",
    .summary = "keep the workspace as it is as an experiment",
    .help =
        "Makes an experiment of what is in the workspace, without running anything: files that "
        "Git\n"
        "tracks as they are now, pipelines, lock files, pointers, metrics, and whatever -I names.\n"
        "Added data that changed is stored, but its pointer is only right in the experiment; "
        "outputs\n"
        "of stages are those that rmv.lock names, as `rmv repro` or `rmv commit` left it. The\n"
        "workspace itself does not change. A TARGET is added data or a folder of it: then no "
        "other\n"
        "is looked at, and the experiment has of it what its pointer says.\n"
        "\n"
        "The exit status is 3 if a TARGET is not tracked, 4 if the name is taken.",
    .examples = "rmv exp save -n by-hand -m 'tuned by hand'\n"
                "rmv exp save -I notes.txt\n",
    .options = options,
    .run = exp_save,
};
