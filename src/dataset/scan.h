/* Finding the pointer and lock files and the pipelines of a workspace, without walking through the
 * data they track.
 */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

#define RMV_SCAN_PIPELINE_NAME "rmv.yaml"

struct rmv_scan_visitor {
    /* Takes a pointer, a lock file or an rmv.yaml. All of a folder come before the folders below
     * it. */
    const struct rmv_error *(*found)(void *context, const char *path);
    /* Is the folder an output of a file found so far, or for another reason none of the visitor's
     * business? Then it is not looked into. */
    bool (*is_output)(void *context, const char *path);
    void *context;
};

/* Is it the name of a pointer or lock file? */
bool rmv_scan_is_source(const char *path);

/* The innermost folder around `path`, below the root, that is a workspace or a Git repository of
 * its own, so that nothing in it is found; NULL if there is none. The caller frees it. */
char *rmv_scan_find_foreign(const struct rmv_workspace *workspace, const char *path);

/* Is it the name of a pointer or lock file, or of an rmv.yaml? */
bool rmv_scan_is_visited(const char *path);

/* The work tree, uncommitted files included. Left out are links, `.git`, `.rmstore`, workspaces and
 * Git repositories inside this one. Errors: IO, the visitor's own. */
RMV_MUST_CHECK
const struct rmv_error *rmv_scan_workspace(struct rmv_workspace *workspace,
                                           const struct rmv_scan_visitor *visitor);

/* A commit; is_output() is not asked. Errors: NOT_FOUND, IO, the visitor's own. */
RMV_MUST_CHECK
const struct rmv_error *rmv_scan_commit(struct rmv_workspace *workspace, const char *commit_id,
                                        const struct rmv_scan_visitor *visitor);
