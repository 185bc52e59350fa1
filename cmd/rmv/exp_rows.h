/* What `exp show` shows: the workspace, commits, and under each its experiments. */
#pragma once

#include <stdbool.h>

#include "rmv/base/value.h"
#include "rmv/baselines.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/results.h"

enum cli_exp_kind { CLI_EXP_WORKSPACE, CLI_EXP_BASELINE, CLI_EXP_EXPERIMENT };
enum cli_exp_group { CLI_EXP_METRICS, CLI_EXP_PARAMS, CLI_EXP_DEPS, CLI_EXP_GROUPS };

struct cli_exp_row {
    enum cli_exp_kind kind;
    char *name;
    char id[RMV_VCS_ID_SIZE];       /* "" for the workspace */
    char baseline[RMV_VCS_ID_SIZE]; /* of an experiment */
    int64_t time;                   /* seconds since 1970; 0 if unknown */
    const char *state;              /* "Queued", "Running", "Failed"; NULL for what is done */
    struct rmv_value results;       /* as rmv_experiment_results_get() gives it */
    struct rmv_value flat[CLI_EXP_GROUPS]; /* "FILE:KEY" → value */
    char *error;                           /* why there are no results, or NULL */
};

struct cli_exp_rows {
    struct cli_exp_row *items;
    size_t count, capacity;
};
void cli_exp_rows_free(struct cli_exp_rows *rows);

struct cli_exp_rows_choice {
    struct cli_baselines_choice baselines;
    bool all_commits; /* of the whole history */
    bool hide_workspace, hide_queued, hide_failed;
    bool anew;       /* nothing that was read before counts */
    bool param_deps; /* only parameters that stages depend on */
};

/* Collects the rows: the workspace, then each commit followed by its experiments, by name. What
 * cannot be read has an error. Errors: NOT_FOUND (a revision), IO. */
RMV_MUST_CHECK
const struct rmv_error *cli_exp_rows_read(struct rmv_workspace *workspace,
                                          const struct cli_exp_rows_choice *choice,
                                          struct cli_exp_rows *rows);
