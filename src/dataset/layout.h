/* What lies in `.rmstore/`: config and .gitignore (committed), version, config.local, objects/,
 * index, lock (not committed). docs/FORMATS.md has the list. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

/* Does `folder` have a `.rmstore/` in it? */
bool rmv_layout_is_root(const char *folder);

/* Makes what is missing of `root`/.rmstore/, durably. Errors: UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_layout_create(const char *root);

/* Refuses a `.rmstore` folder that a newer rmv has made. Errors: UNSUPPORTED, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_layout_check(const char *folder);

/* Sets `*objects` to the folder of the store, which exists afterwards: cache.dir if that is set,
 * the main worktree's in a linked one that has none, or `.rmstore/objects`. Uses root, vcs and
 * config of the workspace. The caller frees it. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_layout_find_objects(const struct rmv_workspace *workspace,
                                                char **objects);
