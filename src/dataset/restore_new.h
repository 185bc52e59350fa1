/* Restoring folders in whose place nothing is: nobody else has anything in there, so that nothing
 * has to be compared, asked or kept. Threads take folders and write each alone, since two that
 * create files in one folder mostly wait for each other; only a folder with very many files is
 * shared, when there is nothing else to do. What one does not get done goes into a short queue, so
 * memory does not grow with the number of files. */
#pragma once

#include "dataset/restore.h"

/* Folders that were made and are still empty. */
struct rmv_restore_folder {
    char *path; /* relative to the workspace */
    struct rmv_tree_entry entry;
};

/* Adds a folder, whose path it takes over, and fills those that were added when they are many. */
void rmv_restore_new_add(struct rmv_restore *restore, char *path,
                         const struct rmv_tree_entry *entry);

/* Fills the folders that were added with everything that belongs into them. What cannot be restored
 * is noted with rmv_restore_fail(). */
void rmv_restore_new_fill(struct rmv_restore *restore);

/* Creates a folder, and those above it where they are missing. Errors: DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_make_folder(const struct rmv_restore *restore,
                                                const char *path);
