#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"

static bool option_json;
static int64_t option_jobs = 1;

static const struct cli_option options[] = {
    {.name = "jobs",
     .letter = 'j',
     .number = &option_jobs,
     .argument = "N",
     .help = "run up to N experiments at once"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document at the end"},
    {0},
};

static const struct rmv_error *queue_start(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]);
    const struct rmv_error *err = cli_check_jobs("jobs", option_jobs);
    if (!err)
        err = cli_open_experiments(&workspace);
    return err ? err : cli_run_queue(workspace, option_jobs, option_json);
}

const struct cli_command rmv_command_queue_start = {
    .name = "queue start",
    .arguments = "",
    .summary = "run the experiments that wait",
    .help = "Runs what waits in the queue, oldest first, and what is queued meanwhile, until "
            "nothing is\n"
            "left or `rmv queue stop` is called. It stays in the foreground; `nohup rmv queue "
            "start &`\n"
            "does not. One process at a time works on the queue of a workspace.\n"
            "\n"
            "What fails leaves the queue, and is listed as failed. The exit status is 1 if "
            "something\n"
            "failed, 8 if the queue is being worked on, 130 after an interrupt, after which those\n"
            "that ran wait again.",
    .examples = "rmv queue start -j 4\n",
    .options = options,
    .run = queue_start,
};
