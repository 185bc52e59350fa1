#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dataset/content.h"
#include "dataset/entry.h"
#include "dataset/links.h"
#include "dataset/restore.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

/* An earlier checkout was killed while it wrote this file: what is there is the beginning of what
 * belongs there, so nothing is lost. */
static bool is_half_written(const struct rmv_restore *restore, const char *path,
                            const struct rmv_tree_entry *now, const struct rmv_tree_entry *wanted)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    bool begins = false;

    if (!rmv_placed_find(restore->interrupted, restore->target->output->path) ||
        !rmv_tree_is_file(now->type) || !rmv_tree_is_file(wanted->type) ||
        now->size >= wanted->size)
        return false;
    return !rmv_beneath_open(restore->workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd) &&
           !rmv_store_begins_with(restore->workspace->store, &wanted->id, fd, &begins) && begins;
}

/* A link into a store, which leads nowhere now, holds nothing. */
static bool is_stale_link(const struct rmv_restore *restore, const char *path)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    return !rmv_beneath_open_parent(restore->workspace->root_fd, path, false, &folder_fd, &name) &&
           rmv_links_find(restore->workspace, folder_fd, name, &link) == RMV_LINK_STALE &&
           rmv_store_has(restore->workspace->store, &link.id);
}

static bool is_saved(const struct rmv_restore *restore, const struct rmv_tree_entry *entry)
{
    return rmv_store_is_saved(restore->workspace->store, &entry->id);
}

/* May the file or link `now` be replaced by `wanted`, or by nothing? */
static bool is_safe(const struct rmv_restore *restore, const struct rmv_tree_visit *visit,
                    const char *path)
{
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];
    const struct rmv_tree_entry *placed = visit->entries[RMV_SIDE_PLACED];

    if (now->type == 'l' && is_stale_link(restore, path))
        return true;
    if (wanted && wanted->type != 'd')
        return rmv_object_id_equal(&now->id, &wanted->id) || is_saved(restore, now) ||
               is_half_written(restore, path, now, wanted);
    if (wanted)
        return is_saved(restore, now);
    if (restore->doomed_size > 0)
        return placed && is_saved(restore, now);
    /* Nothing takes its place: what was not tracked stays. */
    return !placed || is_saved(restore, now);
}

static const struct rmv_error *check(void *context, struct rmv_tree_visit *visit)
{
    struct rmv_restore *restore = context;
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];
    const size_t size = strlen(visit->path) + 1;

    if (visit->is_leaving) {
        restore->doomed_size = restore->doomed_size == size ? 0 : restore->doomed_size;
        return NULL;
    }
    if (!now || rmv_entry_equal(now, wanted)) {
        visit->descend = false;
        return NULL;
    }
    RMV_CLEANUP(rmv_str_free) char *path = rmv_restore_path(restore, visit->path);
    if (now->type == 'd') {
        if (wanted && wanted->type != 'd' && restore->doomed_size == 0)
            restore->doomed_size = size;
        visit->descend = wanted || visit->entries[RMV_SIDE_PLACED] || restore->doomed_size > 0;
        return NULL;
    }
    visit->descend = false;
    const struct rmv_error *err = NULL;
    bool is_ignored = false;
    if (!wanted && restore->doomed_size == 0)
        err = rmv_restore_is_ignored(restore, path, false, &is_ignored);
    if (err)
        return err;
    if (!is_ignored && !is_safe(restore, visit, path))
        rmv_restore_list_add(&restore->unsaved, path);
    return NULL;
}

const struct rmv_error *rmv_restore_check_still(const struct rmv_restore *restore, const char *path,
                                                const struct rmv_tree_entry *now)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    struct rmv_content_source source = {.path = path};
    struct stat status;
    struct rmv_object_id id;

    if (restore->options->force || !rmv_tree_is_file(now->type))
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(restore->workspace->root_fd, path, false, &folder_fd, &source.name);
    if (err)
        return err;
    if (fstatat(folder_fd, source.name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? NULL : rmv_error_errno("cannot stat '%s'", path);
    if (S_ISLNK(status.st_mode))
        rmv_links_follow(restore->workspace, folder_fd, source.name, &status);
    if (rmv_stat_index_find(restore->workspace->stat_index, path, &status, &id) &&
        rmv_object_id_equal(&id, &now->id))
        return NULL;

    RMV_CLEANUP(rmv_content_reader_free)
    struct rmv_content_reader reader = {.workspace = restore->workspace};
    struct rmv_tree_entry entry = {0};
    source.folder_fd = folder_fd;
    err = rmv_content_read(&reader, &source, &entry);
    if (!err && !rmv_object_id_equal(&entry.id, &now->id))
        err = rmv_error(RMV_ERR_CONFLICT, "it was edited meanwhile, and stays as it is");
    return err;
}

/* A tree that is wanted and cannot be read is dealt with when its turn comes; without the placed
 * one less is known, and more is kept. */
static const struct rmv_error *unreadable(void *context, const char *path, size_t side,
                                          const struct rmv_error *err, bool *skip)
{
    (void)context;
    (void)path;
    *skip = side == RMV_SIDE_WANTED;
    return side == RMV_SIDE_NOW ? err : NULL;
}

const struct rmv_error *rmv_restore_check(struct rmv_restore *restore)
{
    const struct rmv_tree_join join = {
        .workspace = restore->workspace,
        .sides_count = RMV_SIDES_COUNT,
        .roots = {restore->target->now, restore->target->wanted, restore->target->placed},
        .visit = check,
        .unreadable = unreadable,
        .context = restore,
    };
    restore->doomed_size = 0;
    return rmv_tree_join(&join);
}
