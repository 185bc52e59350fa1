#include <string.h>

#include "dataset/restore.h"
#include "dataset/tree_find.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

static bool is_wanted(const struct rmv_restore *restore, const char *path)
{
    const struct rmv_restore_target *target = restore->target;
    const char *inside = path + strlen(target->output->path);
    struct rmv_tree_entry entry = {0};

    const struct rmv_error *err = rmv_tree_find_path(restore->workspace, &target->wanted,
                                                     *inside == '/' ? inside + 1 : inside, &entry);
    /* A tree that cannot be read fails for itself when its turn comes. */
    return !err && entry.type;
}

static const struct rmv_error *remove_odd(struct rmv_restore *restore, struct rmv_map_entry *odd)
{
    bool is_ignored = false;
    const struct rmv_error *err = rmv_restore_is_ignored(restore, odd->key, false, &is_ignored);
    if (!err && !is_ignored)
        err = rmv_restore_remove(restore, odd->key, false);
    if (err || is_ignored)
        return err;
    odd->value = NULL;
    restore->report.deleted += !is_wanted(restore, odd->key);
    return NULL;
}

void rmv_restore_odd(struct rmv_restore *restore)
{
    struct rmv_map *paths = &restore->odd.paths;
    const bool is_behind_link = restore->target->is_link && !restore->options->partial;

    for (size_t i = 0; i < paths->count; i++) {
        struct rmv_map_entry *odd = &paths->entries[i];
        const struct rmv_error *err = NULL;
        if (!odd->value || !rmv_path_is_in(odd->key, restore->target->output->path))
            continue;
        if (is_behind_link)
            odd->value = NULL; /* the link goes, and what it leads to is not ours */
        else if (restore->options->force)
            err = remove_odd(restore, odd);
        else if (!is_wanted(restore, odd->key))
            rmv_strings_add(&restore->report.kept, odd->key);
        if (err)
            rmv_restore_fail(restore, odd->key, err);
    }
}
