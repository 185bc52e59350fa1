#include "dataset/stat_cursor.h"

#include <string.h>

#include "dataset/stat_internal.h"

void rmv_stat_cursor_free(struct rmv_stat_cursor *cursor)
{
    rmv_buf_free(&cursor->path);
}

void rmv_stat_cursor_enter(struct rmv_stat_cursor *cursor, const char *folder)
{
    cursor->path.size = 0;
    rmv_buf_append_string(&cursor->path, folder);
    rmv_buf_append(&cursor->path, "/", 1);
    cursor->folder_size = cursor->path.size;
    cursor->at =
        rmv_stat_file_find_from(&cursor->index->file, 0, cursor->path.data, cursor->path.size);
}

bool rmv_stat_cursor_next(struct rmv_stat_cursor *cursor, const char *name)
{
    const struct rmv_stat_file *file = &cursor->index->file;

    cursor->path.size = cursor->folder_size;
    rmv_buf_append_string(&cursor->path, name);
    const char *path = rmv_buf_string(&cursor->path);
    cursor->at = rmv_stat_file_find_from(file, cursor->at, path, cursor->path.size);
    cursor->is_pending =
        cursor->asks_pending && rmv_stat_index_find_pending(cursor->index, path, &cursor->pending);
    return cursor->is_pending || rmv_stat_file_is_at(file, cursor->at, path, cursor->path.size);
}

bool rmv_stat_cursor_matches(struct rmv_stat_cursor *cursor, const struct stat *status,
                             struct rmv_object_id *id)
{
    struct rmv_stat_index *index = cursor->index;
    const bool is_same = cursor->is_pending ? rmv_stat_index_trusts(index, &cursor->pending, status)
                                            : rmv_stat_index_trusts_file(index, cursor->at, status);
    if (is_same)
        *id = cursor->is_pending ? cursor->pending.id : index->file.entries[cursor->at].id;
    return is_same;
}

const char *rmv_stat_cursor_path(struct rmv_stat_cursor *cursor)
{
    return rmv_buf_string(&cursor->path);
}
