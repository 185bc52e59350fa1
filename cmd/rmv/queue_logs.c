#include <stdio.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"

static bool option_follow;
static const char *option_encoding;

static const struct cli_option options[] = {
    {.name = "follow",
     .letter = 'f',
     .flag = &option_follow,
     .help = "go on while the experiment runs, until it has ended"},
    {.name = "encoding",
     .letter = 'e',
     .text = &option_encoding,
     .argument = "NAME",
     .help = "has no effect: bytes are printed as they were"},
    {0},
};

/* Seen at once, also through a pipe. */
static const struct rmv_error *print(void *context, const char *bytes, size_t size)
{
    (void)context;
    if (fwrite(bytes, 1, size, stdout) < size || fflush(stdout) == EOF)
        return rmv_error_errno("cannot write the output");
    return NULL;
}

/* The name of what the user means: of a log that is there, or of a task by its id. */
static const struct rmv_error *find_name(struct rmv_workspace *workspace, const char *typed,
                                         char **name)
{
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_experiment_log_path_of(workspace, typed);

    *name = rmv_str_copy(typed);
    if (rmv_fs_exists(path))
        return NULL;
    const struct rmv_error *err = rmv_experiment_queue_read(workspace, true, &tasks);
    const struct rmv_experiment_task *task = err ? NULL : cli_experiment_task_find(&tasks, typed);
    if (task)
        rmv_str_set(name, task->name);
    return err;
}

static const struct rmv_error *queue_logs(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_str_free) char *name = NULL;
    const struct rmv_experiment_log_options settings = {.follow = option_follow, .print = print};

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "of which experiment? One name is needed");
    const struct rmv_error *err = rmv_experiment_check_name(argv[0]);
    if (!err)
        err = cli_open_experiments(&workspace);
    if (!err)
        err = find_name(workspace, argv[0], &name);
    return err ? err : rmv_experiment_log_read(workspace, name, &settings);
}

const struct cli_command rmv_command_queue_logs = {
    .name = "queue logs",
    .arguments = "EXPERIMENT",
    .summary = "print what the stages of an experiment printed",
    .help =
        "Prints the log of the last experiment of that name that ran here, queued or not, or "
        "what\n"
        "there is of it so far. Of what was queued, 4 digits or more of what `rmv queue status`\n"
        "shows do as well. With --follow it stays until the experiment has ended, however\n"
        "that is; an interrupt ends only this command.\n"
        "\n"
        "The exit status is 3 if there is no log, since it has not started or was removed.",
    .examples = "rmv queue logs brave-otter\n"
                "rmv queue logs -f brave-otter   # while it runs\n",
    .options = options,
    .run = queue_logs,
};
