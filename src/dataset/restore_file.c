#include "dataset/restore_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/links.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define WHOLE_MIN RMV_STORE_CLONE_MIN /* from here on a file gets its name when it is whole */

void rmv_restore_writer_free(struct rmv_restore_writer *writer)
{
    rmv_str_free(&writer->folder);
    rmv_fd_close(&writer->folder_fd);
}

const struct rmv_error *rmv_restore_enter(struct rmv_restore_writer *writer, const char *path,
                                          const char **name)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    *name = rmv_path_name(path);
    if (writer->folder && strcmp(writer->folder, folder) == 0)
        return NULL;
    rmv_str_free(&writer->folder);
    rmv_fd_close(&writer->folder_fd);
    const struct rmv_error *err = rmv_beneath_open_parent(writer->restore->workspace->root_fd, path,
                                                          true, &writer->folder_fd, name);
    if (!err) {
        writer->folder = folder;
        folder = NULL;
    }
    return err;
}

char *rmv_restore_temporary_name(void)
{
    static atomic_uint counter;
    return rmv_str_format(RMV_FS_TEMPORARY_HEAD "%ld-%u", (long)getpid(),
                          atomic_fetch_add(&counter, 1));
}

/* ---- One file or link under a name that is free -----------------------------------------------
 */

static const struct rmv_error *write_link(struct rmv_restore_writer *writer, const char *name,
                                          const char *path, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf target = {0};

    const struct rmv_error *err =
        rmv_store_get(writer->restore->workspace->store, id, RMV_TREE_PATH_SIZE_MAX - 1, &target);
    if (err)
        return err;
    if (target.size == 0 || memchr(target.data, '\0', target.size))
        return rmv_error(RMV_ERR_CORRUPT, "the target of the link '%s' is no path", path);
    if (symlinkat(rmv_buf_string(&target), writer->folder_fd, name) < 0)
        return rmv_error_errno("cannot create the link '%s'", path);
    return NULL;
}

const struct rmv_error *rmv_restore_create(const struct rmv_restore_writer *writer,
                                           const char *name, const char *path, char type, int *fd)
{
    const mode_t mode = type == 'x' ? 0777 : 0666;
    const int created =
        openat(writer->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (created < 0)
        return rmv_error_errno("cannot create '%s'", path);
    *fd = created;
    return NULL;
}

const struct rmv_error *rmv_restore_fill(const struct rmv_restore *restore, const char *path,
                                         const struct rmv_object_id *id, int fd,
                                         struct stat *status)
{
    const struct rmv_error *err = rmv_store_write_to(restore->workspace->store, id, fd, path);
    if (!err && fstat(fd, status) < 0)
        err = rmv_error_errno("cannot stat '%s'", path);
    return err;
}

static const struct rmv_error *write_file(struct rmv_restore_writer *writer, const char *name,
                                          const char *path, const struct rmv_tree_entry *entry,
                                          struct stat *status)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err = rmv_restore_create(writer, name, path, entry->type, &fd);
    if (err)
        return err;
    err = rmv_restore_fill(writer->restore, path, &entry->id, fd, status);
    if (err)
        unlinkat(writer->folder_fd, name, 0);
    return err;
}

/* Writes a file without a name, so that nothing is left of it should we be killed, and then gives
 * it one. `*is_done` is false, without an error, where the filesystem knows no such files. */
static const struct rmv_error *write_nameless(struct rmv_restore_writer *writer, const char *name,
                                              const char *path, const struct rmv_tree_entry *entry,
                                              bool *is_done)
{
    const mode_t mode = entry->type == 'x' ? 0777 : 0666;
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(writer->folder_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    struct stat status;

    *is_done = false;
    if (fd < 0)
        return NULL;
    const struct rmv_error *err = rmv_restore_fill(writer->restore, path, &entry->id, fd, &status);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *nameless = rmv_str_format("/proc/self/fd/%d", fd);
    *is_done = linkat(AT_FDCWD, nameless, writer->folder_fd, name, AT_SYMLINK_FOLLOW) == 0;
    return *is_done || errno != EEXIST ? NULL : rmv_error_errno("cannot create '%s'", path);
}

/* Renames where nothing of that name is, as far as the filesystem lets us say so. */
static bool give_name(const struct rmv_restore_writer *writer, const char *from, const char *name)
{
    struct stat status;
    if (renameat2(writer->folder_fd, from, writer->folder_fd, name, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (fstatat(writer->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return renameat(writer->folder_fd, from, writer->folder_fd, name) == 0;
}

static const struct rmv_error *write_and_rename(struct rmv_restore_writer *writer, const char *name,
                                                const char *path,
                                                const struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_restore_temporary_name();
    struct stat status;
    const struct rmv_error *err = write_file(writer, temporary, path, entry, &status);
    if (err || give_name(writer, temporary, name))
        return err;
    err = rmv_error_errno("cannot create '%s'", path);
    unlinkat(writer->folder_fd, temporary, 0);
    return err;
}

/* The store hashes a large file as a whole when all of it is written. Should that not be reached,
 * what may be wrong must not pass for a file of the user's. A new name changes ctime. */
static const struct rmv_error *write_large(struct rmv_restore_writer *writer, const char *name,
                                           const char *path, const struct rmv_tree_entry *entry,
                                           struct stat *status)
{
    bool is_done = false;
    const struct rmv_error *err = write_nameless(writer, name, path, entry, &is_done);
    if (!err && !is_done)
        err = write_and_rename(writer, name, path, entry);
    if (!err && fstatat(writer->folder_fd, name, status, AT_SYMLINK_NOFOLLOW) < 0)
        err = rmv_error_errno("cannot stat '%s'", path);
    return err;
}

const struct rmv_error *rmv_restore_write_new(struct rmv_restore_writer *writer, const char *name,
                                              const char *path, const struct rmv_tree_entry *entry,
                                              struct stat *status)
{
    if (entry->type == 'l')
        return write_link(writer, name, path, &entry->id);

    struct rmv_workspace *workspace = writer->restore->workspace;
    bool is_made = false;
    const struct rmv_error *err =
        rmv_links_make(workspace, writer->folder_fd, name, entry, &is_made);
    if (!err && is_made)
        err = rmv_links_stat(workspace, writer->folder_fd, name, entry, status);
    if (err || is_made)
        return err;
    return entry->size >= WHOLE_MIN ? write_large(writer, name, path, entry, status)
                                    : write_file(writer, name, path, entry, status);
}

/* Over an existing file or link. Renaming changes ctime, so the status is taken afterwards. */
const struct rmv_error *rmv_restore_write_over(struct rmv_restore_writer *writer, const char *name,
                                               const struct rmv_restore_op *op, struct stat *status)
{
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_restore_temporary_name();
    const char *path = op->path;

    const struct rmv_error *err =
        rmv_restore_write_new(writer, temporary, path, &op->entry, status);
    if (err)
        return err;
    err = rmv_restore_check_still(writer->restore, path, &op->now);
    if (err) {
        unlinkat(writer->folder_fd, temporary, 0);
        return err;
    }
    if (renameat(writer->folder_fd, temporary, writer->folder_fd, name) < 0) {
        err = rmv_error_errno("cannot replace '%s'", path);
        unlinkat(writer->folder_fd, temporary, 0);
        return err;
    }
    /* Renaming does nothing where both are names of one file. */
    if (rmv_links_are_links(writer->restore->workspace))
        unlinkat(writer->folder_fd, temporary, 0);
    return rmv_links_stat(writer->restore->workspace, writer->folder_fd, name, &op->entry, status);
}

/* Only the exec bit is wrong: as the umask would have it for a new file. */
const struct rmv_error *rmv_restore_change_mode(struct rmv_restore_writer *writer, const char *name,
                                                const char *path, char type, struct stat *status)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(writer->folder_fd, name, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err)
        return err;
    if (fstat(fd, status) < 0)
        return rmv_error_errno("cannot stat '%s'", path);

    /* Whoever may read it may execute it. */
    const mode_t may_execute = (status->st_mode & 0444) >> 2;
    const mode_t mode =
        type == 'x' ? (status->st_mode & 07777) | may_execute | S_IXUSR : status->st_mode & 07666;
    if (fchmod(fd, mode) < 0 || fstat(fd, status) < 0)
        return rmv_error_errno("cannot change the mode of '%s'", path);
    return NULL;
}

/* ---- One at a time ----------------------------------------------------------------------------
 */

const struct rmv_error *rmv_restore_write_aside(struct rmv_restore *restore, const char *path,
                                                const struct rmv_tree_entry *entry,
                                                char **temporary)
{
    RMV_CLEANUP(rmv_restore_writer_free)
    struct rmv_restore_writer writer = {.restore = restore, .folder_fd = -1};
    RMV_CLEANUP(rmv_str_free) char *name = rmv_restore_temporary_name();
    struct stat status;
    const char *last;

    const struct rmv_error *err = rmv_restore_enter(&writer, path, &last);
    if (!err)
        err = rmv_restore_write_new(&writer, name, path, entry, &status);
    if (!err) {
        *temporary = name;
        name = NULL;
    }
    return err;
}

const struct rmv_error *rmv_restore_remove(struct rmv_restore *restore, const char *path,
                                           bool is_folder)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(restore->workspace->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err;
    if (unlinkat(folder_fd, name, is_folder ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT ||
        (is_folder && (errno == ENOTEMPTY || errno == EEXIST)))
        return NULL;
    return rmv_error_errno("cannot remove '%s'", path);
}
