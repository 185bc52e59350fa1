/* Copying data from outside into the workspace, before it is added. The copy appears whole or not
 * at all, is made by cp(1), which clones where the filesystem can, and is not durable by itself. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

/* Copies the file or folder `source` (as the user typed it; a link is followed, links inside are
 * kept) to `path` in the workspace, where nothing may be. Missing folders above it are made. The
 * caller frees `*origin`, the absolute path of what was copied. Errors: NOT_FOUND, CONFLICT
 * (something is there), USAGE (the source is in the workspace, or around it), DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_copy_in(struct rmv_workspace *workspace, const char *source,
                                    const char *path, char **origin);

/* Takes the copy at `path` away again, as far as that goes, and passes the failure `err` on. */
RMV_MUST_CHECK
const struct rmv_error *rmv_copy_in_undo(struct rmv_workspace *workspace, const char *path,
                                         const struct rmv_error *err);
