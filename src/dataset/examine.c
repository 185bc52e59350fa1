#include "dataset/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/content.h"
#include "dataset/examine_walk.h"
#include "dataset/links.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

const struct rmv_error *rmv_examine_odd(const struct rmv_examine_request *request, const char *path,
                                        mode_t mode)
{
    static char fifo[] = "a FIFO", socket[] = "a socket", device[] = "a device";
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    char *what = S_ISFIFO(mode) ? fifo : S_ISSOCK(mode) ? socket : device;

    if (request->odd) {
        pthread_mutex_lock(&request->odd->lock);
        rmv_map_set(&request->odd->paths, path, what);
        pthread_mutex_unlock(&request->odd->lock);
        return NULL;
    }
    return rmv_error(RMV_ERR_USAGE, "'%s' is %s; only files, folders and links can be tracked",
                     quoted, what);
}

void rmv_examine_note_all(const struct rmv_examine_request *request,
                          const struct rmv_object_id *const *ids, size_t count)
{
    if (request->is_stored && atomic_load_explicit(request->is_stored, memory_order_relaxed) &&
        !rmv_store_has_all(request->workspace->store, ids, count))
        atomic_store_explicit(request->is_stored, false, memory_order_relaxed);
}

void rmv_examine_note(const struct rmv_examine_request *request, const struct rmv_object_id *id)
{
    rmv_examine_note_all(request, &id, 1);
}

void rmv_examine_flag(bool *flag)
{
    if (flag)
        __atomic_store_n(flag, true, __ATOMIC_RELAXED);
}

bool rmv_examine_leaves_out(const struct rmv_examine_request *request,
                            const struct rmv_ignore *ignore, const char *path, char type)
{
    if (request->take_ignored || !rmv_ignore_covers(ignore, path, type == 'd'))
        return false;
    rmv_examine_flag(request->has_ignored);
    if (type == 'd')
        rmv_examine_flag(request->has_sources);
    return true;
}

const struct rmv_error *rmv_examine_link(const struct rmv_examine_request *request, int folder_fd,
                                         const char *name, const char *path,
                                         struct rmv_tree_entry *entry)
{
    char target[RMV_TREE_PATH_SIZE_MAX];
    const ssize_t size = readlinkat(folder_fd, name, target, sizeof(target));
    if (size < 0)
        return rmv_error_errno("cannot read the link '%s'", path);

    *entry = (struct rmv_tree_entry){.type = 'l', .size = (uint64_t)size, .nfiles = 1};
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    if (request->batch &&
        rmv_links_find(request->workspace, folder_fd, name, &link) == RMV_LINK_STALE)
        return rmv_links_refuse(path, &link);
    if (request->batch)
        return rmv_store_batch_put_lines(request->batch, target, (size_t)size, &entry->id);
    entry->id = rmv_object_id_of(target, (size_t)size);
    rmv_examine_note(request, &entry->id);
    return NULL;
}

/* Is the file's content known, and stored where that is asked for? */
static bool is_known(const struct rmv_examine_request *request, const struct stat *status,
                     struct rmv_object_id *id)
{
    struct rmv_workspace *workspace = request->workspace;
    return rmv_stat_index_find(workspace->stat_index, request->path, status, id) &&
           (!request->batch || rmv_store_was_saved(workspace->store, id));
}

static const struct rmv_error *examine_file(const struct rmv_examine_request *request,
                                            int folder_fd, const char *name,
                                            const struct stat *status, struct rmv_tree_entry *entry)
{
    const struct rmv_content_source source = {
        .folder_fd = folder_fd,
        .name = name,
        .follow_link = request->follow_link,
        .path = request->path,
    };
    RMV_CLEANUP(rmv_content_reader_free)
    struct rmv_content_reader reader = {
        .workspace = request->workspace,
        .batch = request->batch,
        .progress = request->progress,
        .keeps_files = request->keeps_files,
        .earlier = request->earlier,
    };
    const struct rmv_error *err = NULL;

    *entry = (struct rmv_tree_entry){
        .type = rmv_content_type(status->st_mode),
        .size = (uint64_t)status->st_size,
        .nfiles = 1,
    };
    if (!is_known(request, status, &entry->id)) {
        rmv_progress_expect(request->progress, 1, entry->size);
        err = rmv_content_read(&reader, &source, entry);
    }
    if (!err)
        rmv_examine_note(request, &entry->id);
    return err;
}

static const struct rmv_error *examine_folder(const struct rmv_examine_request *request,
                                              int folder_fd, const char *name,
                                              struct rmv_tree_entry *entry)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (request->follow_link ? 0 : O_NOFOLLOW);
    RMV_CLEANUP(rmv_fd_close) int fd = openat(folder_fd, name, flags);
    if (fd < 0)
        return rmv_error_errno("cannot open folder '%s'", request->path);
    return rmv_examine_walk(request, &fd, entry);
}

/* A link to a loose object of the store stands for a file. */
static const struct rmv_error *examine_symlink(const struct rmv_examine_request *request,
                                               int folder_fd, const char *name,
                                               struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    if (rmv_links_find(request->workspace, folder_fd, name, &link) == RMV_LINK_LIVE)
        return examine_file(request, folder_fd, name, &link.status, entry);
    return rmv_examine_link(request, folder_fd, name, request->path, entry);
}

static const struct rmv_error *examine_name(const struct rmv_examine_request *request,
                                            int folder_fd, const char *name,
                                            struct rmv_tree_entry *entry)
{
    struct stat status;

    *entry = (struct rmv_tree_entry){0};
    if (fstatat(folder_fd, name, &status, request->follow_link ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? NULL : rmv_error_errno("cannot stat '%s'", request->path);
    switch (rmv_content_type(status.st_mode)) {
    case 'd':
        return examine_folder(request, folder_fd, name, entry);
    case 'l':
        return examine_symlink(request, folder_fd, name, entry);
    case 0:
        return rmv_examine_odd(request, request->path, status.st_mode);
    default:
        return examine_file(request, folder_fd, name, &status, entry);
    }
}

const struct rmv_error *rmv_examine(const struct rmv_examine_request *request,
                                    struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    struct rmv_tree_entry found;

    const struct rmv_error *err = rmv_beneath_open_parent(request->workspace->root_fd,
                                                          request->path, false, &folder_fd, &name);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        *entry = (struct rmv_tree_entry){0};
        return NULL;
    }
    if (!err)
        err = examine_name(request, folder_fd, name, &found);
    if (!err)
        *entry = found;
    return err;
}
