/* Bringing an experiment into the workspace: its files and its data. HEAD and Git's index stay
 * where they are, so that what it changed can be looked at and committed. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/experiment.h"

struct rmv_experiment_apply_options {
    bool force; /* give up changes that nothing else keeps, and unsaved data */
    struct rmv_progress *progress;
};

struct rmv_experiment_applied {
    struct rmv_strings written, removed; /* from the top of the work tree */
};
void rmv_experiment_applied_free(struct rmv_experiment_applied *applied);

/* A file may be replaced if HEAD or any experiment has it as it is; and so may lock files and
 * outputs that belong to Git, which come back from the run cache. Otherwise nothing is touched.
 * Files that neither HEAD nor the experiment has stay. Interrupted, it can be done again. Errors:
 * CONFLICT (changed files, which are listed; unsaved data), NOT_FOUND (data that is not in the
 * store), FAILED (git), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_apply(struct rmv_workspace *workspace,
                                             const struct rmv_experiment *experiment,
                                             const struct rmv_experiment_apply_options *options,
                                             struct rmv_experiment_applied *applied);
