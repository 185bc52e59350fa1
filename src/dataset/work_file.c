#include "rmv/dataset/work_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

const struct rmv_error *rmv_work_file_read(const struct rmv_workspace *workspace, const char *path,
                                           size_t max_bytes, bool *found, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    *found = !err;
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    return rmv_fd_read(fd, path, max_bytes, text);
}

const struct rmv_error *rmv_work_file_write(const struct rmv_workspace *workspace, const char *path,
                                            const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, true, &folder_fd, &name);
    if (err)
        return err;
    RMV_CLEANUP(rmv_fd_close) int via_fd = rmv_workspace_open_temporary(workspace);
    return rmv_fs_write_atomic_via(via_fd, folder_fd, name, text->size ? text->data : "",
                                   text->size);
}

const struct rmv_error *rmv_work_file_prepare(const struct rmv_workspace *workspace,
                                              const char *path, const struct rmv_buf *text,
                                              struct rmv_replacements *replacements)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, true, &folder_fd, &name);
    return err ? err
               : rmv_replacements_add(replacements, path, text->size ? text->data : "", text->size);
}

/* Adds the folder to those that are to be synced. */
static const struct rmv_error *remove_one(const struct rmv_workspace *workspace, const char *path,
                                          struct rmv_strings *folders)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", path);
    rmv_strings_take(folders, rmv_path_parent(path));
    return NULL;
}

static const struct rmv_error *sync_folder(const struct rmv_workspace *workspace,
                                           const char *folder)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, folder, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (!err && fsync(fd) < 0)
        err = rmv_error_errno("cannot make the removal of files in '%s' last", folder);
    return err;
}

const struct rmv_error *rmv_work_files_remove(const struct rmv_workspace *workspace,
                                              const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings folders = {0};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < paths->count; i++)
        err = remove_one(workspace, paths->items[i], &folders);
    rmv_strings_sort(&folders);
    for (size_t i = 0; !err && i < folders.count; i++)
        if (i == 0 || strcmp(folders.items[i - 1], folders.items[i]) != 0)
            err = sync_folder(workspace, folders.items[i]);
    return err;
}

const struct rmv_error *rmv_work_file_remove(const struct rmv_workspace *workspace,
                                             const char *path)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    rmv_strings_add(&paths, path);
    return rmv_work_files_remove(workspace, &paths);
}
