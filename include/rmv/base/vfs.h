/* The small table of file functions that everything below objects/ goes through, so that a test can
 * put another filesystem underneath: one that fails or dies at the n-th call, or one that records
 * what was written and what was synced.
 *
 * The table's functions behave like the system calls they are named after: 0 or a count on success,
 * -1 and errno on failure. The functions below it add the loops and turn failures into errors; the
 * store calls only those. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"

struct rmv_vfs_stat {
    uint64_t size; /* bytes */
    uint64_t inode;
    uint64_t links_count;
    int64_t mtime_ns; /* since 1970 */
    int64_t ctime_ns;
    mode_t mode;  /* permissions, without the type */
    bool is_file; /* and no folder, link, FIFO or device */
    bool is_link; /* only where links are not followed */
};

struct rmv_vfs {
    void *state; /* handed to every function; the backend's */
    int (*open)(void *state, const char *path, int flags, mode_t mode); /* flags as in open(2) */
    int (*close)(void *state, int fd);
    ssize_t (*pread)(void *state, int fd, void *bytes, size_t size, uint64_t offset);
    ssize_t (*pwrite)(void *state, int fd, const void *bytes, size_t size, uint64_t offset);
    int (*fsync)(void *state, int fd);
    /* O_DIRECT on or off: do writes go past the page cache? Fails where the filesystem cannot. */
    int (*direct)(void *state, int fd, bool on);
    int (*ftruncate)(void *state, int fd, uint64_t size);
    int (*fchmod)(void *state, int fd, mode_t mode);
    int (*fstat)(void *state, int fd, struct rmv_vfs_stat *stat);
    int (*lock)(void *state, int fd,
                bool exclusive);                    /* F_OFD_SETLK on the whole file, no waiting */
    void *(*map)(void *state, int fd, size_t size); /* read-only; MAP_FAILED on failure */
    int (*unmap)(void *state, void *bytes, size_t size);
    int (*stat)(void *state, const char *path, struct rmv_vfs_stat *stat);
    int (*lstat)(void *state, const char *path, struct rmv_vfs_stat *stat); /* follows no link */
    int (*rename)(void *state, const char *from, const char *to);
    int (*link)(void *state, const char *from, const char *to);
    int (*link_file)(void *state, int fd, const char *to); /* a name more for an open file */
    int (*clone)(void *state, int fd, int from_fd);        /* ioctl FICLONE */
    int (*unlink)(void *state, const char *path);
    int (*touch)(void *state, const char *path); /* modified now: utimensat(2) without times */
    int (*mkdir)(void *state, const char *path, mode_t mode);
    int (*sync_folder)(void *state, const char *path);
    int (*sync_all)(void *state, const char *path); /* syncfs(2) of the filesystem it is on */
    /* Adds the names in a folder, without "." and "..", in any order. */
    int (*list)(void *state, const char *path, struct rmv_strings *names);
};

/* The backend of real system calls. */
const struct rmv_vfs *rmv_vfs_default(void);

/* Sets `*vfs` to the system's functions for folders that several users share: new files and folders
 * get the permissions `bits` (some of 0066) whatever the umask is, as far as they are writable at
 * all, and new folders hand down their group. */
void rmv_vfs_share(mode_t bits, struct rmv_vfs *vfs);

/* What a file or folder with `mode`, type included, should have where `bits` are shared. */
mode_t rmv_vfs_shared_mode(mode_t mode, mode_t bits);

/* An open file; `path` is for messages. */
struct rmv_vfs_file {
    const struct rmv_vfs *vfs;
    char *path;
    int fd; /* -1 is the empty state */
};

#define RMV_VFS_FILE_EMPTY                                                                         \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Opens with the flags of open(2), O_CLOEXEC is added, and mode 0644 for new files before the
 * umask. The caller closes `*file`. Errors: NOT_FOUND, CONFLICT (O_EXCL and it exists), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_open(const struct rmv_vfs *vfs, const char *path, int flags,
                                     struct rmv_vfs_file *file);
void rmv_vfs_close(struct rmv_vfs_file *file);

/* Reads exactly `size` bytes. Errors: CORRUPT (the file ends before), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_read(const struct rmv_vfs_file *file, uint64_t offset, void *bytes,
                                     size_t size);

/* Writes all bytes. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_write(const struct rmv_vfs_file *file, uint64_t offset,
                                      const void *bytes, size_t size);

/* The same, but past the page cache as far as the filesystem goes along with that; the rest goes
 * through it. It makes nothing durable. `offset` and the address of `bytes` are multiples of
 * RMV_VFS_DIRECT_ALIGNMENT, `size` need not be. Nobody else writes to `file` meanwhile. Errors: IO.
 */
#define RMV_VFS_DIRECT_ALIGNMENT ((size_t)4096)
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_write_direct(const struct rmv_vfs_file *file, uint64_t offset,
                                             const void *bytes, size_t size);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_sync(const struct rmv_vfs_file *file);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_truncate(const struct rmv_vfs_file *file, uint64_t size);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_stat_file(const struct rmv_vfs_file *file,
                                          struct rmv_vfs_stat *stat);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_stat(const struct rmv_vfs *vfs, const char *path,
                                     struct rmv_vfs_stat *stat);

/* Takes the lock of the file or fails at once. Errors: LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_lock(const struct rmv_vfs_file *file, bool exclusive);

/* Maps the first `size` bytes (more than 0) for reading; undone with vfs->unmap. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_map(const struct rmv_vfs_file *file, size_t size, void **bytes);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_rename(const struct rmv_vfs *vfs, const char *from, const char *to);

/* Creates one folder; an existing one is fine. Errors: NOT_FOUND (no parent), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_mkdir(const struct rmv_vfs *vfs, const char *path);
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_sync_folder(const struct rmv_vfs *vfs, const char *path);

/* Makes everything durable that is on the filesystem of `path`. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_sync_all(const struct rmv_vfs *vfs, const char *path);

/* Adds the sorted names in a folder; a missing folder has none. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vfs_list(const struct rmv_vfs *vfs, const char *path,
                                     struct rmv_strings *names);
