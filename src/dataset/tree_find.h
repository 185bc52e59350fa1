/* Finding single entries of trees. */
#pragma once

#include "dataset/tree.h"
#include "rmv/dataset/workspace.h"

/* Sets `*entry`, name aside, to what is called `name` in the tree; type 0 if nothing is.
 * Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_find(const struct rmv_buf *text, const char *name,
                                      struct rmv_tree_entry *entry);

/* Follows `path`, relative to the folder `start`; type 0 if there is no such thing inside.
 * Errors: NOT_FOUND and CORRUPT (trees). */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_find_path(struct rmv_workspace *workspace,
                                           const struct rmv_tree_entry *start, const char *path,
                                           struct rmv_tree_entry *entry);
