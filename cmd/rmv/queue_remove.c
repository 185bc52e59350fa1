#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_queued, option_failed, option_success, option_all;

static const struct cli_option options[] = {
    {.name = "queued", .flag = &option_queued, .help = "all that wait"},
    {.name = "failed", .flag = &option_failed, .help = "all that failed, with their logs"},
    {.name = "success", .flag = &option_success, .help = "all that are done, with their logs"},
    {.name = "all", .flag = &option_all, .help = "all but what runs, and every log"},
    {0},
};

/* What runs is left out where it is not named, and refused where it is. So is an earlier one of the
 * same name: its log is being written anew. */
static bool is_chosen(const struct rmv_experiment_tasks *tasks,
                      const struct rmv_experiment_task *task)
{
    const bool chosen = task->queued                           ? option_queued
                        : task->state == RMV_EXPERIMENT_FAILED ? option_failed
                                                               : option_success;
    return cli_experiment_task_find(tasks, task->name)->state != RMV_EXPERIMENT_RUNNING &&
           (option_all || chosen);
}

static const struct rmv_error *choose(const struct rmv_experiment_tasks *tasks, int argc,
                                      char **argv, bool *chosen)
{
    for (size_t i = 0; i < tasks->count; i++)
        chosen[i] = is_chosen(tasks, &tasks->items[i]);
    for (int i = 0; i < argc; i++) {
        const struct rmv_experiment_task *task = cli_experiment_task_find(tasks, argv[i]);
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(argv[i]);
        if (!task)
            return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in the queue", quoted),
                                  "`rmv queue status` lists it");
        if (task->state == RMV_EXPERIMENT_RUNNING)
            return rmv_error_hint(
                rmv_error(RMV_ERR_LOCKED, "experiment '%s' is being run", task->name),
                "`rmv queue kill %s` stops it", task->name);
        chosen[task - tasks->items] = true;
    }
    return NULL;
}

static const struct rmv_error *remove_chosen(struct rmv_workspace *workspace,
                                             const struct rmv_experiment_tasks *tasks,
                                             const bool *chosen)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < tasks->count; i++) {
        if (!chosen[i])
            continue;
        err = rmv_experiment_dequeue(workspace, &tasks->items[i]);
        if (!err && !cli_quiet)
            cli_print("Removed %s\n", tasks->items[i].name);
    }
    return err;
}

static const struct rmv_error *remove_logs(struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    if (!option_success && !option_all)
        return NULL;
    const struct rmv_error *err = rmv_experiment_logs_remove(workspace, option_all, &names);
    for (size_t i = 0; i < names.count && !cli_quiet; i++) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_path_quote(names.items[i]);
        printf("Removed the log of %s\n", name);
    }
    return err;
}

static const struct rmv_error *queue_remove(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};

    if (argc == 0 && !option_queued && !option_failed && !option_success && !option_all)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "what should be removed?"),
                              "names, --queued, --failed, --success or --all");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_read(workspace, true, &tasks);
    if (err)
        return err;
    RMV_CLEANUP(rmv_free) bool *chosen = rmv_calloc(tasks.count + 1, sizeof(*chosen));
    err = choose(&tasks, argc, argv, chosen);
    if (!err)
        err = remove_chosen(workspace, &tasks, chosen);
    return err ? err : remove_logs(workspace);
}

const struct cli_command rmv_command_queue_remove = {
    .name = "queue remove",
    .arguments = "[EXPERIMENT...]",
    .summary = "take experiments off the queue",
    .help = "Takes what waits, failed or is done off the list of `rmv queue status`; what has\n"
            "ended with its log. The experiments themselves stay: `rmv exp remove` removes those.\n"
            "What runs stays too, and is refused where it is named. An EXPERIMENT is a name, or 4\n"
            "digits or more of what `rmv queue status` shows. --success and --all remove the logs\n"
            "of experiments that were not queued, too.\n"
            "\n"
            "The exit status is 3 if one is not there, 8 if one runs; then none is removed.",
    .examples = "rmv queue remove brave-otter\n"
                "rmv queue remove --failed --success   # all that has ended\n",
    .options = options,
    .run = queue_remove,
};
