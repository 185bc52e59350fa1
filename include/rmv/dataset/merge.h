/* Merging two versions of a folder that come from the same third one, as Git merges branches: file
 * by file, never inside a file. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"

/* Sets `*merged` to `ours` with everything that `theirs` changed against `base`; what neither has
 * is not in it. A path that both changed, and not in the same way, is added to `conflicts`
 * (relative to the output, "" for itself) and is as in `ours`: then the result is of no use. Trees
 * are put into `batch`. `base` may be MISSING. Errors: NOT_FOUND (a tree is not in the store),
 * CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_merge(struct rmv_workspace *workspace,
                                          struct rmv_store_batch *batch,
                                          const struct rmv_output *const versions[3],
                                          struct rmv_output *merged, struct rmv_strings *conflicts);

/* The order of the versions. */
enum rmv_merge_side { RMV_MERGE_BASE, RMV_MERGE_OURS, RMV_MERGE_THEIRS };
