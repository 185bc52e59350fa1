/* What a commit, or the workspace, has to show: metrics, parameters and what it was made of.
 * Commits do not change, so what was read once is remembered in `.rmstore/exps/results`, a cache.
 */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"

struct rmv_experiment_results;

/* Opens the cache, or with `anew` starts another; the caller closes it. */
void rmv_experiment_results_open(struct rmv_workspace *workspace, bool anew,
                                 struct rmv_experiment_results **results);

/* Writes the cache back if something was added; a failure is only a warning. */
void rmv_experiment_results_close(struct rmv_experiment_results **results);

/* Sets `*found`, which lives as long as `results`, to a map of what the commit `id` (NULL: the
 * workspace) has:
 *
 *     metrics, params   file → its content          (files that are missing are left out,
 *                                                    and broken ones with a warning)
 *     param_deps        list of "FILE:KEY" and "FILE:" that stages depend on
 *     deps              path → id, of what no stage makes
 *
 * Errors: those of reading pipelines. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_results_get(struct rmv_experiment_results *results,
                                                   const char *id, const struct rmv_value **found);
