/* Experiments in Git remotes. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/experiment.h"

/* Adds the experiments that a remote has, by baseline and name. Errors: FAILED (git). */
RMV_MUST_CHECK
const struct rmv_error *cli_exp_remote_list(const struct rmv_workspace *workspace,
                                            const char *remote,
                                            struct rmv_experiments *experiments);

/* Runs `git push` or `git fetch` with these specifications of references. Errors: FAILED (git),
 * USAGE (no name of a remote). */
RMV_MUST_CHECK
const struct rmv_error *cli_exp_remote_move(const struct rmv_workspace *workspace,
                                            const char *command, const char *remote,
                                            const struct rmv_strings *specifications);
