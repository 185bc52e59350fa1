/* Walking through a folder of the workspace with all threads of its pool. The work is cut into
 * pieces: to list a folder, to look at some of its items (reading small files on the spot), to read
 * one large file. Whoever finds pieces puts them on a stack, and whoever has time takes them from
 * it, so that the walk goes deep first and few folders are in memory. */
#pragma once

#include <pthread.h>

#include "dataset/examine.h"
#include "rmv/dataset/ignore.h"

/* Walks through the folder open as `*fd`, which is taken over, at the request's path. Sets
 * `*entry`. Errors: see rmv_examine(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine_walk(const struct rmv_examine_request *request, int *fd,
                                         struct rmv_tree_entry *entry);

/* What other parts of examining share with it. */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine_link(const struct rmv_examine_request *request, int folder_fd,
                                         const char *name, const char *path,
                                         struct rmv_tree_entry *entry);

/* What cannot be tracked: an error, or noted where that is asked for. */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine_odd(const struct rmv_examine_request *request, const char *path,
                                        mode_t mode);

/* Notes that an object belongs to what is examined: is it stored, if that is asked? */
void rmv_examine_note(const struct rmv_examine_request *request, const struct rmv_object_id *id);
void rmv_examine_note_all(const struct rmv_examine_request *request,
                          const struct rmv_object_id *const *ids, size_t count);

/* Sets what somebody may want to know of; NULL: nobody does. Thread-safe. */
void rmv_examine_flag(bool *flag);

/* Is what is at `path`, relative to the workspace, left out by .rmvignore? Notes that it was. */
bool rmv_examine_leaves_out(const struct rmv_examine_request *request,
                            const struct rmv_ignore *ignore, const char *path, char type);
