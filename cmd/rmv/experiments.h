/* What the commands about experiments do the same way. */
#pragma once

#include "rmv/base/live.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/experiment.h"
#include "rmv/experiment/run.h"

/* Opens the workspace for a command about experiments: one in a Git repository with a commit. A
 * hook of Git's may have started us; its settings are not meant for the work trees that we make. */
RMV_MUST_CHECK
const struct rmv_error *cli_open_experiments(struct rmv_workspace **workspace);

/* The options for rmv_experiment_run(), reporting to the terminal, and to `list` where --json is
 * asked for (else NULL). The caller closes the printer behind the run. */
struct cli_experiment_printer {
    struct rmv_value *list;
    bool many;               /* name the experiment on each line */
    bool is_bare;            /* the last output did not end in a newline */
    bool dry;                /* say what would run, of one experiment after the other */
    struct rmv_value stages; /* those that would, of the one that is looked at now */
    bool would_restore;      /* it has one that would be restored */
    struct rmv_live *live;
};
struct rmv_experiment_run_options cli_experiment_run_options(struct cli_experiment_printer *printer,
                                                             int64_t jobs, int64_t stage_jobs);

void cli_experiment_printer_close(struct cli_experiment_printer *printer);

/* For `confirm` of these. */
RMV_MUST_CHECK
const struct rmv_error *cli_experiment_ask(void *context, const struct rmv_experiment_task *task,
                                           const struct rmv_stage *stage, const char *why,
                                           bool *yes);

/* Runs the queue and reports: `exp run --run-all` and `queue start`. */
RMV_MUST_CHECK
const struct rmv_error *cli_run_queue(struct rmv_workspace *workspace, int64_t jobs, bool as_json);

/* "Queued", "Running", "Failed", "Success". */
const char *cli_experiment_state_name(enum rmv_experiment_state state);

/* The task that a user means by a name, or by 4 digits or more of its snapshot; NULL if there is
 * none. */
const struct rmv_experiment_task *cli_experiment_task_find(const struct rmv_experiment_tasks *tasks,
                                                           const char *typed);

/* Checks a number of jobs. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *cli_check_jobs(const char *option, int64_t jobs);
