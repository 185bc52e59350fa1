#include "recomart/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define FLUSH_BYTES ((size_t)1024 * 1024)

const struct rmv_error *rmv_output_open(const char *path, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;

    RMV_CLEANUP(rmv_str_free)
    char *temporary =
        rmv_str_format("%s/.%s.%ld.part", folder, rmv_path_name(path), (long)getpid());
    (void)unlink(temporary);
    output->fd =
        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)0666);
    if (output->fd < 0)
        return rmv_error_errno("cannot create '%s'", path);
    rmv_str_set(&output->path, path);
    rmv_str_set(&output->temporary, temporary);
    return NULL;
}

static const struct rmv_error *write_pending(struct rmv_output *output)
{
    const struct rmv_error *err =
        rmv_fd_write(output->fd, output->path, output->pending.data, output->pending.size);
    output->pending.size = 0;
    return err;
}

const struct rmv_error *rmv_output_flush(struct rmv_output *output)
{
    return output->pending.size < FLUSH_BYTES ? NULL : write_pending(output);
}

const struct rmv_error *rmv_output_copy(struct rmv_output *output, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return rmv_error_errno("cannot open '%s'", path);
    if (!S_ISREG(status.st_mode))
        return rmv_error(RMV_ERR_IO, "'%s' is not a file", path);

    const struct rmv_error *err = write_pending(output);
    while (!err) {
        char *room = rmv_buf_reserve(&output->pending, FLUSH_BYTES);
        const ssize_t n = read(fd, room, FLUSH_BYTES);
        if (n == 0)
            return NULL;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", path);
        output->pending.size = (size_t)n;
        err = write_pending(output);
    }
    return err;
}

const struct rmv_error *rmv_output_finish(struct rmv_output *output)
{
    const struct rmv_error *err = write_pending(output);
    if (!err && !output->is_lazy && fsync(output->fd) < 0)
        err = rmv_error_errno("cannot sync '%s'", output->path);
    if (!err && rename(output->temporary, output->path) < 0)
        err = rmv_error_errno("cannot replace '%s'", output->path);
    if (err)
        return err;
    rmv_str_free(&output->temporary);
    if (output->is_lazy)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(output->path);
    return rmv_fs_sync_folder(folder);
}

void rmv_output_close(struct rmv_output *output)
{
    rmv_fd_close(&output->fd);
    if (output->temporary)
        (void)unlink(output->temporary);
    rmv_str_free(&output->temporary);
    rmv_str_free(&output->path);
    rmv_buf_free(&output->pending);
}
