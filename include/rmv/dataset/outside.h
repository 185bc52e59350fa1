/* Files and folders outside the workspace, which stages may depend on. They are hashed, never
 * stored and never written to. What was hashed is remembered in `.rmstore/outside`, a stat index
 * whose paths start at the root of the filesystem, so that nothing unchanged is read again. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"

/* Sets `*output` to what is at `path`, which is absolute and normalized, now; kind MISSING if
 * nothing is there. Symbolic links on the way there are followed, those inside a folder are
 * content, and nothing in it is ignored. Not thread-safe. Errors: CONFLICT (a file changed while it
 * was read), DENIED (names that no folder may have, `.git` say), USAGE (a FIFO, socket or device),
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_outside_hash(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_output *output);

/* From now on `to`, which has hashed nothing outside yet, knows what `from` does. */
void rmv_outside_share(const struct rmv_workspace *from, struct rmv_workspace *to);

/* Writes what was hashed. For rmv_workspace_remember(). Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_outside_write(struct rmv_outside *outside);
void rmv_outside_close(struct rmv_outside **outside);
