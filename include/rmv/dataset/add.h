/* Adding: what is in the workspace becomes saved content that a pointer file names. The order is
 * what makes it safe: content and record durable, then the pointer replaced, then the path
 * git-ignored. A crash in between leaves nothing half done and nothing lost, and adding again goes
 * on from there. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"
#include "rmv/record/record.h"

/* A command that made what is added, and is no stage of an rmv.yaml: the records then say so, and
 * are called "run:FOLDER". All borrowed. */
#define RMV_ADD_RUN_PREFIX "run:"

struct rmv_add_run {
    const char *folder;          /* where it ran, relative to the workspace */
    const struct rmv_value *cmd; /* a string */
    const struct rmv_record_artifacts *deps;
    const struct rmv_buf *definition; /* as of a stage: rmv_stage_format_definition() */
    int64_t started_ns;
};

struct rmv_add_options {
    bool no_commit;                /* hash and write the pointers, but store nothing */
    const char *source;            /* where the data came from, for the record; NULL: here */
    const struct rmv_add_run *run; /* NULL: nobody knows what made it */
    struct rmv_progress *progress; /* may be NULL */
    /* May refuse the paths on account of the pipelines of the workspace. Asked before anything is
     * stored, and again before anything is published if pipelines were found below the paths. NULL:
     * nobody is asked. */
    const struct rmv_error *(*check)(struct rmv_workspace *workspace,
                                     const struct rmv_strings *pipelines,
                                     const struct rmv_strings *paths);
};

/* One pointer file that was written, or that was right already. */
struct rmv_added {
    char *path;               /* what was asked for, relative to the workspace; the first in it */
    char *pointer;            /* its pointer file, or that of the folder it is in */
    struct rmv_output output; /* what the pointer says now */
    bool changed;             /* the pointer was written */
};

struct rmv_added_list {
    struct rmv_added *items; /* in the order of the paths */
    size_t count, capacity;
};
void rmv_added_list_free(struct rmv_added_list *added);

/* Adds `paths` (relative to the workspace). A path inside a tracked folder updates that folder's
 * pointer; where such a path is gone, it is taken out. Nothing is written unless all paths can be
 * added. Errors: NOT_FOUND; CONFLICT (ignored, tracked by Git, output of a stage, overlapping with
 * what is tracked already; or a pointer or file changed meanwhile); DENIED; USAGE; LIMIT (a name
 * too long for a pointer's); IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_add(struct rmv_workspace *workspace, const struct rmv_strings *paths,
                                const struct rmv_add_options *options,
                                struct rmv_added_list *added);
