/* Files. Every loop around read(2) and write(2) outside the object store is in this module. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

void rmv_fd_close(int *fd); /* -1 is the empty state */

bool rmv_fs_exists(const char *path); /* follows links */

/* Appends the whole file to `out`. On failure `out` is unchanged.
 * Errors: NOT_FOUND, LIMIT (longer than max_bytes), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_read(const char *path, size_t max_bytes, struct rmv_buf *out);

/* The same for an open file, from where it stands; `path` is for messages. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fd_read(int fd, const char *path, size_t max_bytes,
                                    struct rmv_buf *out);

/* Writes all of it; `path` is for messages. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fd_write(int fd, const char *path, const void *bytes, size_t size);

/* Creates or replaces a file, and its parent folders. Readers see the old file or the complete new
 * one, also after a power cut. The mode of an existing file is kept. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_write_atomic(const char *path, const void *bytes, size_t size);

/* The same with a mode for new files, relative to the folder `dir_fd`; `path` may have parents,
 * which must exist. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_write_atomic_at(int dir_fd, const char *path, const void *bytes,
                                               size_t size, mode_t mode);

/* The same, but a power cut may take the file away or cut it short until rmv_fs_sync_at() makes it
 * durable, with its name. A kill does no harm. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_write_unsynced_at(int dir_fd, const char *path, const void *bytes,
                                                 size_t size, mode_t mode);
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_sync_at(int dir_fd, const char *path);

/* A path beside `path` that nobody else uses; the caller frees it. */
char *rmv_fs_temporary_of(const char *path);

/* The same with mode 0666, by way of a temporary file in the folder `via_fd` (-1, or one on another
 * disk: beside the file), so that a kill leaves nothing where users look. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_write_atomic_via(int via_fd, int dir_fd, const char *path,
                                                const void *bytes, size_t size);

/* Removes temporary files of processes that died while they replaced a file. Those of living ones
 * are locked. */
void rmv_fs_clear_temporaries(int folder_fd);

/* What the name of a file begins with for as long as it is written; the process's number follows.
 */
#define RMV_FS_TEMPORARY_HEAD ".rmv-tmp-"

/* Is this a name that rmv gives a file for as long as it is written? Nobody else's data has one. */
bool rmv_fs_is_temporary(const char *name);

/* Removes the temporary file or link, if the process that made it does not live any more. For who
 * has the only right to write in the folder. */
void rmv_fs_clear_leftover(int folder_fd, const char *name);

/* Creates a folder and the folders above it; an existing one is fine. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_mkdir_p(const char *path);

/* Makes the names in a folder survive a power cut. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fs_sync_folder(const char *folder);
