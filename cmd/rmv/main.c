#include <stddef.h>

#include "cli/command.h"
#include "rmv/commands.h"

static const struct cli_command *const commands[] = {
    /* clang-format off */
    &rmv_command_init,
    &rmv_command_add,
    &rmv_command_status,
    &rmv_command_diff,
    &rmv_command_checkout,
    &rmv_command_commit,
    &rmv_command_remove,
    &rmv_command_move,
    &rmv_command_unprotect,
    &rmv_command_log,
    &rmv_command_cat,
    &rmv_command_ls,
    &rmv_command_du,
    &rmv_command_fsck,
    &rmv_command_gc,
    &rmv_command_check_ignore,
    &rmv_command_config,
    &rmv_command_repro,
    &rmv_command_runs,
    &rmv_command_service_print,
    &rmv_command_run,
    &rmv_command_dag,
    &rmv_command_stage_add,
    &rmv_command_stage_list,
    &rmv_command_freeze,
    &rmv_command_unfreeze,
    &rmv_command_metrics_show,
    &rmv_command_metrics_diff,
    &rmv_command_plots_show,
    &rmv_command_plots_diff,
    &rmv_command_plots_modify,
    &rmv_command_plots_templates,
    &rmv_command_params_diff,
    &rmv_command_exp_run,
    &rmv_command_exp_show,
    &rmv_command_exp_diff,
    &rmv_command_exp_list,
    &rmv_command_exp_apply,
    &rmv_command_exp_branch,
    &rmv_command_exp_save,
    &rmv_command_exp_rename,
    &rmv_command_exp_remove,
    &rmv_command_exp_push,
    &rmv_command_exp_pull,
    &rmv_command_queue_start,
    &rmv_command_queue_status,
    &rmv_command_queue_stop,
    &rmv_command_queue_kill,
    &rmv_command_queue_remove,
    &rmv_command_queue_logs,
    &rmv_command_lineage,
    &rmv_command_install,
    &rmv_command_git_hook_textconv,
    &rmv_command_git_hook_merge,
    &cli_command_completion,
    &rmv_command_version,
    /* clang-format on */
    NULL,
};

static const struct cli_program program = {
    .name = "rmv",
    .summary = "versions data, runs pipelines and proves where every file came from",
    .help =
        "rmv stores every version of every dataset as objects named by the SHA-256 of their\n"
        "content, beside the Git repository of the code. Pipelines are declared in rmv.yaml; only\n"
        "the stages whose inputs changed run again, and each run leaves a record, so that the\n"
        "lineage of any file can be followed back to its sources and checked.",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
