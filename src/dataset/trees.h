/* Where the texts of trees come from: the store, or, for folders of the workspace that were hashed
 * but not stored, this process's memory. Hangs on the workspace as `trees`; for one thread at a
 * time. */
#pragma once

#include "dataset/tree.h"
#include "rmv/dataset/workspace.h"

struct rmv_trees;
void rmv_trees_free(struct rmv_trees **trees);

/* Keeps a tree that the store does not have; takes the content of `text`. */
void rmv_trees_remember(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                        struct rmv_buf *text);

/* Appends the text of tree `id` to `out`. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trees_get(struct rmv_workspace *workspace,
                                      const struct rmv_object_id *id, struct rmv_buf *out);

/* Is the tree in the store, whatever is in memory? */
bool rmv_trees_is_stored(const struct rmv_workspace *workspace, const struct rmv_object_id *id);
