/* What makes Git work with rmv in one clone: hooks, and drivers that show and merge pointer files.
 * All of it is local: settings in the clone's config, lines in its info/attributes, files in its
 * folder of hooks. A hook that was there before is kept as NAME.before-rmv and called first. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

/* Adds the paths of the hooks to `hooks`. Doing it again changes nothing. Errors: USAGE (no Git),
 * CONFLICT (the hooks are another workspace's or kept outside the repository, or something is in
 * the way), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_setup_install(const struct rmv_workspace *workspace,
                                              struct rmv_strings *hooks);

/* Takes all of it away, and puts hooks that were there before back. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_setup_uninstall(const struct rmv_workspace *workspace,
                                                struct rmv_strings *hooks);
