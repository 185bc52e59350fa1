/* Added data that changed since: what an experiment runs on is what is there. */
#pragma once

#include "rmv/dataset/workspace.h"
#include "rmv/experiment/override.h"

/* Stores it, and adds to `edits` what its pointers would be. Nothing of the workspace changes. Data
 * that is not there stays what its pointer says, and so does what is neither at, in nor around one
 * of the paths `only` (NULL or empty: all counts). */
RMV_MUST_CHECK
const struct rmv_error *rmv_snapshot_save_data(struct rmv_workspace *workspace,
                                               const struct rmv_strings *only,
                                               struct rmv_file_edits *edits);
