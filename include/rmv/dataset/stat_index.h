/* The stat index: which content a file had when it was last hashed, so that an unchanged file is
 * never read again. An entry counts only while size, mtime, ctime, inode and mode are all the same
 * and the file had settled when it was hashed (Git's rule for racily clean entries). A cache:
 * deleting it costs time, never correctness. docs/FORMATS.md has the layout. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "rmv/base/error.h"
#include "rmv/store/object_id.h"

struct rmv_stat_index;

/* Opens the index file at `path`; a missing, damaged or foreign one counts as empty. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stat_index_open(const char *path, struct rmv_stat_index **index);
void rmv_stat_index_close(struct rmv_stat_index **index);

/* Sets `*id` and returns true if the file at `path` (relative to the workspace) is known to have
 * that content. Thread-safe. */
bool rmv_stat_index_find(const struct rmv_stat_index *index, const char *path,
                         const struct stat *status, struct rmv_object_id *id);

/* Remembers a content for rmv_stat_index_write(). `status` is from before the file was read and
 * equal to the one from after. Thread-safe. */
void rmv_stat_index_set(struct rmv_stat_index *index, const char *path, const struct stat *status,
                        const struct rmv_object_id *id);

/* Merges what was set into the file, atomically. Nothing is written if nothing changed. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stat_index_write(struct rmv_stat_index *index);
