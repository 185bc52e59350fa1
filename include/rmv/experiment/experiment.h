/* Experiments: variations of a project that are kept without a branch. Each is one commit whose
 * parent is the commit that it started from, its *baseline*, under the reference
 *
 *     refs/exps/<2 digits of the baseline>/<the others>/NAME
 *
 * so that Git and `rmv gc` keep what it leads to. What waits to be run is under
 * refs/exps/queue/NAME, what failed under refs/exps/failed/NAME, what of it is done under
 * refs/exps/done/NAME. Data travels with the store, not with the reference. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/vcs/vcs.h"

#define RMV_EXPERIMENT_REFERENCES "refs/exps/"

struct rmv_experiment {
    char *name;
    char *reference;
    char baseline[RMV_VCS_ID_SIZE];
    char id[RMV_VCS_ID_SIZE]; /* its commit */
};

struct rmv_experiments {
    struct rmv_experiment *items; /* by baseline, then name */
    size_t count, capacity;
};
void rmv_experiment_free(struct rmv_experiment *experiment);
void rmv_experiments_free(struct rmv_experiments *experiments);

/* Adds all experiments of the repository. Errors: USAGE (no Git repository), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiments_list(struct rmv_workspace *workspace,
                                             struct rmv_experiments *experiments);

/* Reads a reference's name; false if it is not that of an experiment. */
bool rmv_experiment_parse_reference(const char *reference, struct rmv_experiment *experiment);

/* The reference of an experiment; the caller frees it. */
char *rmv_experiment_reference_of(const char *baseline, const char *name);

/* Finds an experiment by its name (of several, that of HEAD), its reference or the start of its
 * commit's id. Errors: NOT_FOUND (with the nearest name), CONFLICT (several). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_find(struct rmv_workspace *workspace, const char *typed,
                                            struct rmv_experiment *experiment);

/* Removes experiments, and what the queue lists of them as done: all or none. Errors: FAILED (one
 * of them is not what was expected any more). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiments_remove(struct rmv_workspace *workspace,
                                               const struct rmv_experiments *experiments);

/* Gives an experiment another name, in the queue's list and for its log, too. `replace`: whatever
 * has that name. Errors: CONFLICT (it is taken). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_rename(struct rmv_workspace *workspace,
                                              const struct rmv_experiment *experiment,
                                              const char *name, bool replace);

/* Errors: USAGE (not a name that a reference can have). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_check_name(const char *name);

/* The id of HEAD's commit. Errors: USAGE (no Git repository), NOT_FOUND (no commit yet). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_head(struct rmv_workspace *workspace,
                                            char id[RMV_VCS_ID_SIZE]);

/* Names that no experiment of the repository has, nor one that waits: two words, "brave-otter". */
struct rmv_experiment_names {
    struct rmv_map taken; /* name → anything */
};
void rmv_experiment_names_free(struct rmv_experiment_names *names);
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_names_read(struct rmv_workspace *workspace,
                                                  struct rmv_experiment_names *names);

/* A new one, which is taken then; the caller frees it. */
char *rmv_experiment_names_invent(struct rmv_experiment_names *names);

/* Changes references, all or none: each line is a command of `git update-ref --stdin`. Errors:
 * FAILED (one of them is not what was expected any more). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_update_references(struct rmv_workspace *workspace,
                                                         const struct rmv_strings *commands);
