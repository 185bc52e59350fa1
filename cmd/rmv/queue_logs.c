#include <stdio.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"

#define LOG_BYTES_MAX ((size_t)1024 * 1024 * 1024)

static const struct rmv_error *queue_logs(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "of which experiment? One name is needed");
    const struct rmv_error *err = rmv_experiment_check_name(argv[0]);
    if (!err)
        err = cli_open_experiments(&workspace);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_experiment_log_path_of(workspace, argv[0]);
    err = rmv_fs_read(path, LOG_BYTES_MAX, &text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no log of an experiment '%s'", argv[0]);
    if (!err)
        fwrite(text.data, 1, text.size, stdout);
    return err;
}

const struct cli_command rmv_command_queue_logs = {
    .name = "queue logs",
    .arguments = "EXPERIMENT",
    .summary = "print what the stages of an experiment printed",
    .help = "Prints the log of the last experiment of that name that ran here, queued or not, or "
            "what\n"
            "there is of it so far.",
    .examples = "rmv queue logs brave-otter\n",
    .run = queue_logs,
};
