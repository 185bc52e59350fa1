#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"

static bool option_all, option_force;

static const struct cli_option options[] = {
    {.name = "all", .flag = &option_all, .help = "all that run"},
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "kill at once what runs, without the seconds to end by itself"},
    {0},
};

static const struct rmv_error *check_running(const struct rmv_experiment_tasks *tasks,
                                             const char *typed)
{
    const struct rmv_experiment_task *task = cli_experiment_task_find(tasks, typed);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(typed);
    if (!task)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in the queue", quoted),
                              "`rmv queue status` lists it");
    if (task->state == RMV_EXPERIMENT_RUNNING)
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "experiment '%s' does not run", task->name),
                          "`rmv queue remove %s` takes it off the queue", task->name);
}

static bool is_named(const struct rmv_experiment_tasks *tasks,
                     const struct rmv_experiment_task *task, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (cli_experiment_task_find(tasks, argv[i]) == task)
            return true;
    return false;
}

/* Keeps those that are to be killed. */
static void keep_chosen(struct rmv_experiment_tasks *tasks, int argc, char **argv)
{
    RMV_CLEANUP(rmv_free) bool *chosen = rmv_calloc(tasks->count + 1, sizeof(*chosen));
    size_t kept = 0;
    for (size_t i = 0; i < tasks->count; i++)
        chosen[i] = tasks->items[i].state == RMV_EXPERIMENT_RUNNING &&
                    (option_all || is_named(tasks, &tasks->items[i], argc, argv));
    for (size_t i = 0; i < tasks->count; i++) {
        const struct rmv_experiment_task task = tasks->items[i];
        tasks->items[i] = tasks->items[kept];
        tasks->items[kept] = task;
        kept += chosen[i];
    }
    while (tasks->count > kept)
        rmv_experiment_task_free(&tasks->items[--tasks->count]);
}

static void print(const struct rmv_experiment_tasks *tasks)
{
    for (size_t i = 0; i < tasks->count && !cli_quiet; i++) {
        const struct rmv_experiment_task *task = &tasks->items[i];
        if (task->state == RMV_EXPERIMENT_FAILED)
            printf("Killed %s\n", task->name);
        else if (task->state == RMV_EXPERIMENT_DONE)
            printf("%s had come to its end\n", task->name);
        else
            printf("%s waits again: what ran it is gone\n", task->name);
    }
    if (!tasks->count && !cli_quiet)
        puts("Nothing runs.");
}

static const struct rmv_error *queue_kill(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};

    if (argc == 0 && !option_all)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "what should be killed?"),
                              "names, or --all");
    if (argc > 0 && option_all)
        return rmv_error(RMV_ERR_USAGE, "--all and '%s' exclude each other", argv[0]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_read(workspace, true, &tasks);
    for (int i = 0; !err && i < argc; i++)
        err = check_running(&tasks, argv[i]);
    if (err)
        return err;
    keep_chosen(&tasks, argc, argv);
    err = rmv_experiment_queue_kill(workspace, &tasks, option_force);
    if (!err)
        print(&tasks);
    return err;
}

const struct cli_command rmv_command_queue_kill = {
    .name = "queue kill",
    .arguments = "[EXPERIMENT...]",
    .summary = "kill experiments of the queue that run",
    .help =
        "Stops experiments that `rmv queue start` or `rmv exp run --run-all` runs now, and waits\n"
        "until they have ended. Their commands and all these started are asked to end with\n"
        "SIGTERM, and killed 5 seconds later if they have not; with --force, at once. Nothing is\n"
        "recorded of them but their logs: they are listed as failed, and do not run again. The\n"
        "others of the queue go on. Whoever may write to the workspace may kill.\n"
        "\n"
        "An EXPERIMENT is a name, or 4 digits or more of what `rmv queue status` shows. If one of\n"
        "them does not run, none is killed. `rmv queue stop --kill` stops the queue itself, and\n"
        "what it runs then waits again.\n"
        "\n"
        "The exit status is 3 if one does not run, 1 if one does not end within a minute.",
    .examples = "rmv queue kill brave-otter\n"
                "rmv queue kill --all --force\n",
    .options = options,
    .run = queue_kill,
};
