/* What has changed since the stages ran last, and why they would run again. Reads rmv.lock, the
 * parameter files and the stat index; data only where the stat index does not know it. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/lock_file.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

/* What a stage was compared with: everything read so far, each path hashed once, each parameter
 * file read once. All-zero is empty. Several stages share one. */
struct rmv_stage_view {
    struct rmv_workspace *workspace; /* borrowed */
    struct rmv_map states;           /* path → struct rmv_output *, owned */
    struct rmv_map lock_files;       /* path → a lock file and what stat(2) said of it, owned */
    struct rmv_params_files params;
    /* Data that is not here is taken for what `known` says of it, or else for what it was: only a
     * stage that has to run for other reasons complains of it. Both borrowed; NULL: it is missed.
     */
    const struct rmv_tracked *known;
};
void rmv_stage_view_free(struct rmv_stage_view *view);

/* What is at `path` now. The result belongs to the view. Errors: those of rmv_dataset_hash(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_view_state(struct rmv_stage_view *view, const char *path,
                                             const struct rmv_output **state);

/* From now on, until it is forgotten, the output is taken to be at its path, as it is given here.
 */
void rmv_stage_view_assume(struct rmv_stage_view *view, const struct rmv_output *output);

/* Forgets `path`, all above and all below it; or all data and parameters, because a command ran
 * that may have changed anything. */
void rmv_stage_view_forget(struct rmv_stage_view *view, const char *path);
void rmv_stage_view_forget_all(struct rmv_stage_view *view);

/* The lock file beside `file`, empty if there is none. It belongs to the view. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_view_lock_file(struct rmv_stage_view *view, const char *file,
                                                 struct rmv_lock_file **lock);

/* Reads the lock file beside `file` again if it is another one now; `*changed` says so. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_view_refresh(struct rmv_stage_view *view, const char *file,
                                               bool *changed);

/* Formats the view's lock file beside `file` and replaces the file with it, atomically. The caller
 * holds the workspace's lock and has refreshed it under that; who has changed a stage in it since
 * an earlier write has said so with rmv_lock_stage_forget(). With an error the view has forgotten
 * it: pointers to it are stale. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_view_write(struct rmv_stage_view *view, const char *file);

enum rmv_stage_change {
    RMV_STAGE_CHANGE_FORCED,
    RMV_STAGE_CHANGE_ALWAYS,  /* always_changed, or neither dependencies nor outputs */
    RMV_STAGE_CHANGE_NEW,     /* not in the lock file */
    RMV_STAGE_CHANGE_COMMAND, /* command or working folder */
    RMV_STAGE_CHANGE_DEP,
    RMV_STAGE_CHANGE_PARAM,
    RMV_STAGE_CHANGE_ENV, /* a variable of the environment */
    RMV_STAGE_CHANGE_OUT, /* an output is missing, was modified, or was not declared before */
};

struct rmv_stage_reason {
    enum rmv_stage_change change;
    char *text; /* "data/raw (2 added, 1 modified)", "params.yaml: train.rank 10 → 20", … */
};

/* All-zero: up to date. */
struct rmv_stage_status {
    struct rmv_stage_reason *reasons;
    size_t count, capacity;
    bool outs_only;          /* outputs alone differ from the lock file: restoring them is enough */
    struct rmv_value params; /* present values, as in the lock file */
};
/* "command", "dependency", … */
const char *rmv_stage_change_name(enum rmv_stage_change change);

void rmv_stage_status_free(struct rmv_stage_status *status);
void rmv_stage_status_add(struct rmv_stage_status *status, enum rmv_stage_change change,
                          char *text_taken);

/* Is a change of this kind among the reasons? */
bool rmv_stage_status_has(const struct rmv_stage_status *status, enum rmv_stage_change change);

/* "changed: data/raw (2 added); params.yaml: train.rank 10 → 20; command changed"; "" if up to
 * date. The caller frees it. */
char *rmv_stage_status_text(const struct rmv_stage_status *status);

/* Compares one stage with its entry in the lock file. A frozen stage's command, dependencies and
 * parameters do not count. Errors: NOT_FOUND (a missing dependency or parameter; the message names
 * the stage), and those of hashing. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_status_of(struct rmv_stage_view *view,
                                            const struct rmv_stage *stage,
                                            struct rmv_stage_status *status);

/* ---- All stages: for `rmv status` ----------------------------------------------------------- */

struct rmv_pipeline_status {
    struct rmv_strings stages;  /* addresses of the stages that are not up to date, in order */
    struct rmv_strings reasons; /* reasons.items[i]: why stages.items[i] is not */
    struct rmv_stage_status *details; /* details[i]: the same in parts; none if something that it
                                         needs is missing */
    size_t details_capacity;
};
void rmv_pipeline_status_free(struct rmv_pipeline_status *status);

/* Looks at the stages for which `chosen` is set; NULL: at all. A missing dependency is a reason
 * here and no error. Errors: those of reading and ordering. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pipeline_status(struct rmv_workspace *workspace,
                                            const struct rmv_pipeline *pipeline, const bool *chosen,
                                            struct rmv_pipeline_status *status);
