/* Asking the stat index about the files of one folder in the order of their names: a walk along its
 * entries instead of a search for each file. A cursor belongs to one thread. */
#pragma once

#include "dataset/stat_entry.h"
#include "rmv/base/buf.h"
#include "rmv/dataset/stat_index.h"

struct rmv_stat_cursor {
    struct rmv_stat_index *index;
    bool asks_pending; /* this process may have learnt something about these files */
    struct rmv_buf path;
    size_t folder_size; /* of the folder in the path, with a slash */
    size_t at;          /* in the index's file: no earlier entry is of this file or a later one */
    bool is_pending;    /* what is known of the file is `pending`, not entry `at` */
    struct rmv_stat_entry pending;
};
void rmv_stat_cursor_free(struct rmv_stat_cursor *cursor);

/* Begins with a folder, relative to the workspace. `index` and `asks_pending` are set before. */
void rmv_stat_cursor_enter(struct rmv_stat_cursor *cursor, const char *folder);

/* Goes on to a file of the folder; is anything known about it? Its name comes after the last one.
 */
bool rmv_stat_cursor_next(struct rmv_stat_cursor *cursor, const char *name);

/* Of a file that something is known about: sets `*id` and returns true if it still has the content
 * that it had. */
bool rmv_stat_cursor_matches(struct rmv_stat_cursor *cursor, const struct stat *status,
                             struct rmv_object_id *id);

/* The path of the file that the cursor stands at. */
const char *rmv_stat_cursor_path(struct rmv_stat_cursor *cursor);
