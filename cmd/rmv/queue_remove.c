#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"

static bool option_queued, option_failed, option_all;

static const struct cli_option options[] = {
    {.name = "queued", .flag = &option_queued, .help = "all that wait"},
    {.name = "failed", .flag = &option_failed, .help = "all that failed"},
    {.name = "all", .flag = &option_all, .help = "both"},
    {0},
};

static bool is_chosen(const struct rmv_experiment_task *task, int argc, char **argv, bool *found)
{
    bool chosen = option_all || (task->queued ? option_queued : option_failed);
    for (int i = 0; i < argc; i++)
        if (strcmp(task->name, argv[i]) == 0 ||
            (strlen(argv[i]) >= 4 && strncmp(task->snapshot, argv[i], strlen(argv[i])) == 0))
            chosen = found[i] = true;
    return chosen;
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
            printf("Removed %s\n", tasks->items[i].name);
    }
    return err;
}

static const struct rmv_error *queue_remove(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};
    RMV_CLEANUP(rmv_free) bool *found = rmv_calloc((size_t)argc + 1, sizeof(*found));

    if (argc == 0 && !option_queued && !option_failed && !option_all)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "what should be removed?"),
                              "names, --queued, --failed or --all");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_read(workspace, &tasks);
    if (err)
        return err;
    RMV_CLEANUP(rmv_free) bool *chosen = rmv_calloc(tasks.count + 1, sizeof(*chosen));
    for (size_t i = 0; i < tasks.count; i++)
        chosen[i] = is_chosen(&tasks.items[i], argc, argv, found);
    for (int i = 0; i < argc; i++)
        if (!found[i])
            return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in the queue", argv[i]),
                                  "`rmv queue status` lists it");
    return remove_chosen(workspace, &tasks, chosen);
}

const struct cli_command rmv_command_queue_remove = {
    .name = "queue remove",
    .arguments = "[EXPERIMENT...]",
    .summary = "take experiments off the queue",
    .help = "Takes experiments that wait, or failed, off the list. One that runs is refused.\n"
            "\n"
            "The exit status is 3 if one is not there, 8 if one runs.",
    .examples = "rmv queue remove brave-otter\n"
                "rmv queue remove --failed\n",
    .options = options,
    .run = queue_remove,
};
