/* Files of the workspace as they are now or were at a revision: from the work tree; or from Git or,
 * by the pointers and lock files of that revision, from the store. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

struct rmv_file_place {
    struct rmv_workspace *workspace;
    const char *revision; /* NULL: now */
};

/* Appends the content of the file at `path`. Errors: NOT_FOUND, LIMIT, those of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_file_at_read(const struct rmv_file_place *place, const char *path,
                                         size_t size_max, struct rmv_buf *text);

/* Opens the file at `path`, whatever its size; the caller closes it. One that is not in the work
 * tree is brought into a file without a name first. Errors: NOT_FOUND, those of Git and the store.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_file_at_open(const struct rmv_file_place *place, const char *path,
                                         int *fd);

/* Adds the paths of all files below the folder at `path`, or `path` itself if that is a file,
 * sorted; nothing if nothing is there. Links are left out. Errors: those of Git and the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_file_at_list(const struct rmv_file_place *place, const char *path,
                                         struct rmv_strings *paths);
