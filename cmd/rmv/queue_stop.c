#include "rmv/base/mem.h"
#include <stdio.h>

#include "rmv/commands.h"
#include "rmv/experiments.h"

static bool option_kill;

static const struct cli_option options[] = {
    {.name = "kill", .flag = &option_kill, .help = "stop those that run, too; they wait again"},
    {0},
};

static const struct rmv_error *queue_stop(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    bool is_running = false;

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_stop(workspace, option_kill, &is_running);
    if (!err && !cli_quiet)
        puts(!is_running   ? "Nobody works on the queue."
             : option_kill ? "Those that run are stopped."
                           : "No further experiment is started.");
    return err;
}

const struct cli_command rmv_command_queue_stop = {
    .name = "queue stop",
    .arguments = "",
    .summary = "have no further experiment started",
    .help = "Asks the process that works on the queue to end after the experiments that run now, "
            "or,\n"
            "with --kill, at once. What has not ended stays in the queue.",
    .examples = "rmv queue stop --kill\n",
    .options = options,
    .run = queue_stop,
};
