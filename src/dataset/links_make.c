/* Making links to loose objects, which are looked at first: somebody may have written to them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dataset/links_internal.h"
#include "dataset/restore_file.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

/* No file of the workspace can have such a path. */
#define KEY_HEAD RMV_WORKSPACE_FOLDER "/loose/"

char *rmv_links_path(const struct rmv_links *links, const struct rmv_object_id *id,
                     bool is_executable)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_str_format("%s/%.2s/%s%s", links->area, hex, hex, is_executable ? ".x" : "");
}

static char *key_of(const struct rmv_object_id *id, bool is_executable)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_str_format(KEY_HEAD "%s%s", hex, is_executable ? ".x" : "");
}

void rmv_links_note(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                    bool is_executable, const struct stat *status)
{
    RMV_CLEANUP(rmv_str_free) char *key = key_of(id, is_executable);
    rmv_stat_index_set(workspace->stat_index, key, status, id);
}

static bool is_known(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                     bool is_executable, const struct stat *status)
{
    RMV_CLEANUP(rmv_str_free) char *key = key_of(id, is_executable);
    struct rmv_object_id found;
    return rmv_stat_index_find(workspace->stat_index, key, status, &found) &&
           rmv_object_id_equal(&found, id);
}

/* Is the object's file there, with the right bytes? They are read unless it is known that nobody
 * has written to it since they were read last. */
static bool is_sound(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                     bool is_executable)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_links_path(rmv_links_of(workspace), id, is_executable);
    struct stat before;
    struct stat after;

    if (lstat(path, &before) < 0 || !S_ISREG(before.st_mode))
        return false;
    if (is_known(workspace, id, is_executable, &before))
        return true;
    const bool is_settled = rmv_stat_index_settle(workspace->stat_index, &before);
    if (rmv_store_check_loose(workspace->store, id, is_executable))
        return false;
    if (is_settled && lstat(path, &after) == 0 && after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
        after.st_ctim.tv_nsec == before.st_ctim.tv_nsec)
        rmv_links_note(workspace, id, is_executable, &after);
    return true;
}

void rmv_links_prepare(struct rmv_workspace *workspace, struct rmv_store_batch *batch,
                       const struct rmv_tree_entry *entry)
{
    const bool is_executable = entry->type == 'x';

    if (!rmv_tree_is_file(entry->type) || entry->size == 0 ||
        is_sound(workspace, &entry->id, is_executable))
        return;
    const struct rmv_error *err = rmv_store_batch_put_loose(batch, &entry->id, is_executable);
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_DEBUG, "%s", err->message);
}

/* Once, since it would be the same for every file. */
static void warn(struct rmv_workspace *workspace, const char *name, int number)
{
    struct rmv_links *links = rmv_links_of(workspace);
    pthread_mutex_lock(&links->lock);
    const bool is_first = !links->has_warned;
    links->has_warned = true;
    pthread_mutex_unlock(&links->lock);
    if (is_first)
        rmv_log_write(workspace->log, RMV_LOG_WARNING,
                      "'%s' cannot be a link (%s): the next type of cache.type is used", name,
                      strerror(number));
}

/* Creates a link of one type; false, and errno, if that cannot be. */
static bool make_one(struct rmv_workspace *workspace, int folder_fd, const char *name,
                     const struct rmv_tree_entry *entry, enum rmv_link_type type)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_links_path(rmv_links_of(workspace), &entry->id, entry->type == 'x');
    if (type == RMV_LINK_SYMLINK)
        return symlinkat(path, folder_fd, name) == 0;
    return linkat(AT_FDCWD, path, folder_fd, name, 0) == 0;
}

/* A file of its own that shares blocks with a loose object. */
static const struct rmv_error *make_clone(struct rmv_workspace *workspace, int folder_fd,
                                          const char *name, const struct rmv_tree_entry *entry,
                                          bool *is_made)
{
    const mode_t mode = entry->type == 'x' ? 0777 : 0666;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_store_loose_path(workspace->store, &entry->id, false);
    if (!path)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_restore_temporary_name();
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(folder_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", temporary);
    const struct rmv_error *err =
        rmv_store_clone_to(workspace->store, &entry->id, fd, name, is_made);
    /* Its name, which is free, comes when it has been hashed. */
    if (!err && *is_made && linkat(folder_fd, temporary, folder_fd, name, 0) < 0)
        err = rmv_error_errno("cannot create '%s'", name);
    unlinkat(folder_fd, temporary, 0);
    return err;
}

const struct rmv_error *rmv_links_make(struct rmv_workspace *workspace, int folder_fd,
                                       const char *name, const struct rmv_tree_entry *entry,
                                       bool *is_made)
{
    const struct rmv_links *links = rmv_links_of(workspace);

    *is_made = false;
    if (entry->size == 0)
        return NULL;
    if (!rmv_links_are_links(workspace))
        return entry->size >= RMV_STORE_CLONE_MIN && rmv_links_type(workspace) == RMV_LINK_REFLINK
                   ? make_clone(workspace, folder_fd, name, entry, is_made)
                   : NULL;
    if (!is_sound(workspace, &entry->id, entry->type == 'x'))
        return NULL;
    for (size_t i = 0; i < links->types.count && links->types.items[i] != RMV_LINK_COPY; i++) {
        if (links->types.items[i] == RMV_LINK_REFLINK)
            continue;
        *is_made = make_one(workspace, folder_fd, name, entry, links->types.items[i]);
        if (*is_made)
            return NULL;
        if (errno == EEXIST)
            return rmv_error(RMV_ERR_CONFLICT, "'%s' exists already", name);
        warn(workspace, name, errno);
    }
    return NULL;
}

const struct rmv_error *rmv_links_stat(struct rmv_workspace *workspace, int folder_fd,
                                       const char *name, const struct rmv_tree_entry *entry,
                                       struct stat *status)
{
    if (fstatat(folder_fd, name, status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", name);
    if (S_ISLNK(status->st_mode))
        rmv_links_follow(workspace, folder_fd, name, status);
    else if (S_ISREG(status->st_mode) && status->st_nlink > 1)
        rmv_links_note(workspace, &entry->id, entry->type == 'x', status);
    return NULL;
}
