#include "dataset/earlier.h"

#include <string.h>

#include "dataset/tree_find.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

void rmv_earlier_init(struct rmv_earlier *earlier, const struct rmv_workspace *workspace,
                      const char *path, const struct rmv_tree_entry *entry)
{
    *earlier = (struct rmv_earlier){.store = workspace->store, .path = path, .entry = *entry};
    pthread_mutex_init(&earlier->lock, NULL);
}

void rmv_earlier_free(struct rmv_earlier *earlier)
{
    rmv_str_free(&earlier->folder);
    rmv_buf_free(&earlier->text);
    pthread_mutex_destroy(&earlier->lock);
}

/* Reads the listing of a folder into earlier->text. */
static bool read_tree(struct rmv_earlier *earlier, const struct rmv_object_id *id)
{
    earlier->text.size = 0;
    return !rmv_store_get(earlier->store, id, RMV_TREE_BYTES_MAX, &earlier->text);
}

/* Goes from the top to the folder; called with the lock. */
static bool enter(struct rmv_earlier *earlier, const char *folder)
{
    if (earlier->folder && strcmp(earlier->folder, folder) == 0)
        return true;
    rmv_str_free(&earlier->folder);

    struct rmv_tree_entry at = earlier->entry;
    for (const char *rest = folder;;) {
        if (at.type != 'd' || !read_tree(earlier, &at.id))
            return false;
        if (!*rest)
            break;
        const size_t size = strcspn(rest, "/");
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(rest, size);
        if (rmv_tree_find(&earlier->text, name, &at))
            return false;
        rest += size + (rest[size] == '/');
    }
    earlier->folder = rmv_str_copy(folder);
    return true;
}

bool rmv_earlier_find(struct rmv_earlier *earlier, const char *path, struct rmv_object_id *id)
{
    struct rmv_tree_entry entry = earlier->entry;
    if (strcmp(path, earlier->path) != 0) {
        if (entry.type != 'd' || !rmv_path_is_in(path, earlier->path))
            return false;
        RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_relative(earlier->path, path);
        const char *slash = strrchr(inside, '/');
        RMV_CLEANUP(rmv_str_free)
        char *folder = rmv_str_copy_n(inside, slash ? (size_t)(slash - inside) : 0);

        pthread_mutex_lock(&earlier->lock);
        const bool is_found = enter(earlier, folder) &&
                              !rmv_tree_find(&earlier->text, slash ? slash + 1 : inside, &entry);
        pthread_mutex_unlock(&earlier->lock);
        if (!is_found)
            return false;
    }
    *id = entry.id;
    return entry.type == 'f' || entry.type == 'x';
}
