/* Opening files below a folder without ever leaving it: every component is resolved beneath the
 * folder and no symbolic link is followed, whatever somebody plants there meanwhile (openat2(2)
 * with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or a walk with O_NOFOLLOW where the kernel has no
 * openat2). All work on data named by pointers, trees and lock files goes through here. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "rmv/base/error.h"

/* Opens `path` (relative) with `flags` (O_CLOEXEC and O_NOFOLLOW are added). The caller closes
 * `*fd`. Errors: NOT_FOUND, DENIED (a link is in the way, or the path leaves), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_beneath_open(int root_fd, const char *path, int flags, mode_t mode,
                                         int *fd);

/* Opens the folder that `path` is in, creating missing folders if `create`; `*name` points at the
 * last component inside `path`. Afterwards fstatat, unlinkat, renameat, symlinkat with that single
 * name are safe. "." as parent is a duplicate of root_fd. */
RMV_MUST_CHECK
const struct rmv_error *rmv_beneath_open_parent(int root_fd, const char *path, bool create,
                                                int *dir_fd, const char **name);

/* The folder that `path` is in, as above, and what is there: `*mode` is 0 if nothing is, and
 * `*dir_fd` stays as it was if not even the folder is. */
RMV_MUST_CHECK
const struct rmv_error *rmv_beneath_find(int root_fd, const char *path, int *dir_fd,
                                         const char **name, mode_t *mode);
