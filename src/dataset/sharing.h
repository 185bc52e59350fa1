/* Sharing a store among users: core.shared, or Git's core.sharedRepository, or a store whose folder
 * is made that way (chmod g+ws). Its files and folders then are open to the group whatever
 * anybody's umask is, and new folders hand the group down. */
#pragma once

#include <sys/types.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

/* "group" → 0060, "all" → 0064, "0640" → 0040, "umask" → 0, and the other words of Git. Errors:
 * USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_sharing_parse(const char *text, mode_t *bits);

/* The permissions that all files of the store in `objects` are to have, 0 if it is not shared. What
 * is there without them, and ours, gets them. Uses vcs and config of the workspace. Errors: USAGE
 * (Git's setting is none). */
RMV_MUST_CHECK
const struct rmv_error *rmv_sharing_prepare(const struct rmv_workspace *workspace,
                                            const char *objects, mode_t *bits);
