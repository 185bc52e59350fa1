/* What the Git history did to tracked data: each commit's changes to pointer and lock files, output
 * by output. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"

/* One output that a commit changed. */
struct rmv_history_change {
    const char *source;              /* the pointer or lock file */
    const char *stage;               /* the stage's name, "" for a pointer's */
    struct rmv_output before, after; /* kind MISSING where it was added or removed */
};

struct rmv_history_changes {
    struct rmv_history_change *items; /* sorted by path; then by source */
    size_t count, capacity;
    struct rmv_strings names; /* owns what source and stage point at */
};
void rmv_history_changes_free(struct rmv_history_changes *changes);

/* Adds what `commit` changed against its first parent. With `path`, only what is at, above or below
 * it; of an output above it, only if the content at `path` itself differs, as far as the store can
 * tell. A source that cannot be read in one of the two is only warned about, in the workspace's
 * log. Errors: IO, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_history_read(struct rmv_workspace *workspace,
                                         const struct rmv_vcs_commit *commit, const char *path,
                                         struct rmv_history_changes *changes);
