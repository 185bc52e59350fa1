/* A store that several workspaces use, through cache.dir or a link in place of `.rmstore/objects`,
 * keeps a register of them: `users/HEX` in it, where HEX is the SHA-256 of the workspace's path,
 * and the content that path. Every workspace enters itself when it is opened. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

/* Adds the roots of the workspaces that use the same store, without our own: those of the register,
 * and the one that the store lies in. Whether they are still there is not looked at. Errors:
 * CORRUPT (an entry that is no path), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_users_list(const struct rmv_workspace *workspace,
                                       struct rmv_strings *roots);

/* Do both use one store? */
bool rmv_users_share(const struct rmv_workspace *a, const struct rmv_workspace *b);

/* The file that enters the workspace at `root`; the caller frees it. */
char *rmv_users_entry(const struct rmv_workspace *workspace, const char *root);
