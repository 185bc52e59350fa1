/* The stat index: which content a file had when it was last hashed, so that an unchanged file is
 * never read again. An entry counts only while size, mtime, ctime, inode and mode are all the same.
 * A cache: deleting it costs time, never correctness. docs/FORMATS.md has the layout.
 *
 * Clocks tick, and two writes within one tick leave the same times. So a file counts as *settled*
 * only once the filesystem's clock, asked through a temporary file, has moved past its ctime:
 * whatever happens to it from then on shows. Contents are remembered of files that had settled
 * before they were read (the problem Git calls racily clean entries). */
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
bool rmv_stat_index_find(struct rmv_stat_index *index, const char *path, const struct stat *status,
                         struct rmv_object_id *id);

/* Waits, 20 ms at the most, until the file has settled; false if it has not by then (a coarse
 * clock, or a time in the future): such a file is to be read each time. `status` is from before
 * reading, or from after writing. Thread-safe. */
bool rmv_stat_index_settle(struct rmv_stat_index *index, const struct stat *status);

/* Remembers a content, for this process and for rmv_stat_index_write(). Either the file had settled
 * before it was read, and `status` is the same before and after; or this process wrote it, and lets
 * it settle before it hands over control. Thread-safe. */
void rmv_stat_index_set(struct rmv_stat_index *index, const char *path, const struct stat *status,
                        const struct rmv_object_id *id);

/* Everything at `path` and below has been looked at: entries there that nobody asked for and nobody
 * set are of files that are gone, and will not be written again. */
void rmv_stat_index_seen_all(struct rmv_stat_index *index, const char *path);

/* Merges what was set, and has settled, into the file, atomically. Nothing is written if nothing
 * was set. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stat_index_write(struct rmv_stat_index *index);
