/* Moving tracked data: the data, its pointer file and its line in .gitignore go to another path.
 * The new pointer comes first and the old one goes last, so that whatever a kill leaves, both are
 * seen by status and moving again goes on from there. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"

struct rmv_moved {
    char *old_path, *path;       /* of the data, relative to the workspace */
    char *old_pointer, *pointer; /* of the pointer files */
    bool has_data;               /* there was data in the workspace to be moved */
};
void rmv_moved_free(struct rmv_moved *moved);

/* Moves what `from` (the data's path, or its pointer's) tracks to `to`, or into it if `to` is a
 * folder. Data that is not in the workspace need not be: then its pointer moves. Nothing is
 * overwritten. Errors: NOT_FOUND (not tracked), CONFLICT (something is at the new place; and what
 * rmv_add() refuses), USAGE (an output of a stage, a path inside tracked data, into itself),
 * DENIED, IO (another filesystem).
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_move(struct rmv_workspace *workspace, const char *from, const char *to,
                                 struct rmv_moved *moved);
