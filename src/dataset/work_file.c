#include "rmv/dataset/work_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

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

const struct rmv_error *rmv_work_file_remove(const struct rmv_workspace *workspace,
                                             const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", path);
    if (fsync(folder_fd) < 0)
        return rmv_error_errno("cannot make the removal of '%s' last", path);
    return NULL;
}
