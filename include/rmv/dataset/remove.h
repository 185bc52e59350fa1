/* Letting go of tracked data: its pointer goes, and perhaps the data itself. In an order in which a
 * kill leaves the pointer until everything else is done, so that doing it again goes on from there.
 */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/workspace.h"

/* Removes what is at the paths of `outputs` from the workspace, unless something there is not saved
 * in the store: then nothing is touched. `force` removes it all the same, untracked files in
 * tracked folders included. Outputs that belong to Git (`cache: false`) stay. Errors: CONFLICT
 * (unsaved data), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_remove_data(struct rmv_workspace *workspace,
                                        const struct rmv_outputs *outputs, bool force,
                                        struct rmv_restore_report *report);

/* From now on the path of the output is nothing that rmv put there: its line leaves .gitignore, and
 * no checkout takes the data away. The caller holds the workspace's lock. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_remove_claim(struct rmv_workspace *workspace,
                                         const struct rmv_output *output);

/* Removes the pointer file at `path` and the claim of its output, which still has to be `output`.
 * The caller holds the workspace's lock. Errors: CONFLICT (it changed meanwhile), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_remove_pointer(struct rmv_workspace *workspace, const char *path,
                                           const struct rmv_output *output);
