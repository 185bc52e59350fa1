/* Files being written, in objects/tmp/: they get their place and name when they are complete and
 * durable. The writer holds an exclusive lock on its file, so one without a holder was left by a
 * process that died. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"

#define RMV_TEMPORARY_FOLDER "tmp"

/* Creates and locks ROOT/tmp/KIND-…; the caller closes `*file` and renames or unlinks it.
 * Errors: NOT_FOUND (no such folder), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_temporary_create(const struct rmv_vfs *vfs, const char *root,
                                             const char *kind, struct rmv_vfs_file *file);

/* Opens and locks a file that its owner has left. Errors: LOCKED (the owner lives), NOT_FOUND, IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_temporary_adopt(const struct rmv_vfs *vfs, const char *path,
                                            struct rmv_vfs_file *file);

/* Closes and removes; the empty state is fine. */
void rmv_temporary_discard(struct rmv_vfs_file *file);

/* Gives the finished file its mode and final name, after an fsync if `sync`; the folder is not
 * synced. Closes
 * `*file`; on failure the file is removed. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_temporary_publish(struct rmv_vfs_file *file, const char *path,
                                              bool sync);
