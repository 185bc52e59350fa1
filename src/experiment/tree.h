/* The work tree that an experiment runs in. */
#pragma once

#include <pthread.h>

#include "rmv/base/error.h"
#include "rmv/base/lock.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/run.h"

struct rmv_experiment_tree {
    struct rmv_workspace *owner;     /* the user's; borrowed */
    struct rmv_workspace *workspace; /* in the work tree */
    pthread_mutex_t *mutex; /* while git changes its list of work trees; borrowed, or NULL */
    struct rmv_lock lock;   /* as long as the work tree is used */
    char *path, *lock_path;
};

/* Makes it: what the task's snapshot holds, the data that it names, what the task copies. The run
 * cache is that of the owner. Errors: LOCKED (the experiment runs already), NOT_FOUND (data that is
 * missing in the store), IO, FAILED (git). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_tree_open(struct rmv_workspace *owner,
                                                 const struct rmv_experiment_task *task,
                                                 pthread_mutex_t *mutex,
                                                 struct rmv_experiment_tree *tree);

/* Removes it; what cannot be removed is only warned about. An error on its way up survives this. */
void rmv_experiment_tree_close(struct rmv_experiment_tree *tree);

/* Does anybody run an experiment of that name now? */
bool rmv_experiment_tree_is_used(const struct rmv_workspace *owner, const char *name);

/* Removes what killed processes left. */
void rmv_experiment_trees_clear(struct rmv_workspace *owner);
