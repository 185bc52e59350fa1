/* The commands of rmv, one per file in this folder; main.c lists them. */
#pragma once

#include "cli/command.h"

extern const struct cli_command rmv_command_add;
extern const struct cli_command rmv_command_cat;
extern const struct cli_command rmv_command_check_ignore;
extern const struct cli_command rmv_command_checkout;
extern const struct cli_command rmv_command_commit;
extern const struct cli_command rmv_command_config;
extern const struct cli_command rmv_command_dag;
extern const struct cli_command rmv_command_diff;
extern const struct cli_command rmv_command_du;
extern const struct cli_command rmv_command_exp_apply;
extern const struct cli_command rmv_command_exp_branch;
extern const struct cli_command rmv_command_exp_diff;
extern const struct cli_command rmv_command_exp_list;
extern const struct cli_command rmv_command_exp_pull;
extern const struct cli_command rmv_command_exp_push;
extern const struct cli_command rmv_command_exp_remove;
extern const struct cli_command rmv_command_exp_rename;
extern const struct cli_command rmv_command_exp_run;
extern const struct cli_command rmv_command_exp_save;
extern const struct cli_command rmv_command_exp_show;
extern const struct cli_command rmv_command_freeze;
extern const struct cli_command rmv_command_fsck;
extern const struct cli_command rmv_command_gc;
extern const struct cli_command rmv_command_git_hook_merge;
extern const struct cli_command rmv_command_git_hook_textconv;
extern const struct cli_command rmv_command_init;
extern const struct cli_command rmv_command_install;
extern const struct cli_command rmv_command_lineage;
extern const struct cli_command rmv_command_log;
extern const struct cli_command rmv_command_ls;
extern const struct cli_command rmv_command_metrics_diff;
extern const struct cli_command rmv_command_metrics_show;
extern const struct cli_command rmv_command_move;
extern const struct cli_command rmv_command_params_diff;
extern const struct cli_command rmv_command_queue_kill;
extern const struct cli_command rmv_command_queue_logs;
extern const struct cli_command rmv_command_queue_remove;
extern const struct cli_command rmv_command_queue_start;
extern const struct cli_command rmv_command_queue_status;
extern const struct cli_command rmv_command_queue_stop;
extern const struct cli_command rmv_command_plots_diff;
extern const struct cli_command rmv_command_plots_show;
extern const struct cli_command rmv_command_remove;
extern const struct cli_command rmv_command_repro;
extern const struct cli_command rmv_command_run;
extern const struct cli_command rmv_command_runs;
extern const struct cli_command rmv_command_service_print;
extern const struct cli_command rmv_command_stage_add;
extern const struct cli_command rmv_command_stage_list;
extern const struct cli_command rmv_command_status;
extern const struct cli_command rmv_command_unfreeze;
extern const struct cli_command rmv_command_unprotect;
extern const struct cli_command rmv_command_version;
