#include "rmv/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"

#define WAIT_SHORTEST_MS 1
#define WAIT_LONGEST_MS 50
#define HOLDER_SIZE (HOST_NAME_MAX + 32)

/* Opened only to read for a shared lock, which works in a store that belongs to somebody else. A
 * link is not followed, since the holder's name will be written into the file. */
static const struct rmv_error *open_file(const char *path, bool exclusive, int *fd)
{
    struct stat status;
    const int access = exclusive ? O_RDWR : O_RDONLY;
    *fd = open(path, access | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (*fd < 0 && errno == ELOOP)
        return rmv_error(RMV_ERR_DENIED, "the lock '%s' is a symbolic link", path);
    if (*fd < 0 || fstat(*fd, &status) < 0)
        return rmv_error_errno("cannot open the lock '%s'", path);
    if (!S_ISREG(status.st_mode))
        return rmv_error(RMV_ERR_DENIED, "the lock '%s' is not a regular file", path);
    return NULL;
}

/* Somebody may have removed the file between our opening and locking it: then another process can
 * lock its successor. */
static bool is_still_there(int fd, const char *path)
{
    struct stat ours, theirs;
    return fstat(fd, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
           ours.st_ino == theirs.st_ino;
}

static void write_holder(int fd)
{
    char text[HOLDER_SIZE], host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof(host) - 1);
    const int n = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), host);
    /* Only for messages: the lock holds without it, on a full disk say. */
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
        return;
}

/* Says who holds the lock, as far as the file tells: one that crashed left its name there, and
 * those that share it write nothing. */
static const struct rmv_error *locked_error(int fd, const char *path)
{
    char text[HOLDER_SIZE] = "", host[HOST_NAME_MAX + 1] = "", ours[HOST_NAME_MAX + 1] = "";
    long pid = 0;

    if (pread(fd, text, sizeof(text) - 1, 0) > 0) {
        char *end;
        pid = strtol(text, &end, 10);
        snprintf(host, sizeof(host), "%.*s", (int)strcspn(end + (*end == ' '), "\n"),
                 end + (*end == ' '));
    }
    gethostname(ours, sizeof(ours) - 1);
    const bool is_here = strcmp(host, ours) == 0;
    if (pid <= 0 || (is_here && kill((pid_t)pid, 0) < 0 && errno == ESRCH))
        return rmv_error_hint(rmv_error(RMV_ERR_LOCKED, "'%s' is locked by another process", path),
                              "try again when it has ended");
    return rmv_error_hint(
        rmv_error(RMV_ERR_LOCKED, "'%s' is locked by process %ld on %s", path, pid, host),
        "try again when it has ended");
}

/* Tries until the deadline. */
static const struct rmv_error *wait_for(int fd, const char *path, bool exclusive, int timeout_ms)
{
    const int64_t start_ns = rmv_time_monotonic_ns();
    for (int wait_ms = WAIT_SHORTEST_MS;;) {
        struct flock request = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_OFD_SETLK, &request) == 0)
            return NULL;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return rmv_error_errno("cannot lock '%s'", path);

        const int64_t passed_ms = (rmv_time_monotonic_ns() - start_ns) / 1000000;
        if (timeout_ms >= 0 && passed_ms >= timeout_ms)
            return locked_error(fd, path);
        if (timeout_ms >= 0 && wait_ms > timeout_ms - passed_ms)
            wait_ms = (int)(timeout_ms - passed_ms);
        const struct timespec pause = {.tv_nsec = (long)wait_ms * 1000000};
        nanosleep(&pause, NULL);
        wait_ms = 2 * wait_ms < WAIT_LONGEST_MS ? 2 * wait_ms : WAIT_LONGEST_MS;
    }
}

const struct rmv_error *rmv_lock_take(const char *path, bool exclusive, int timeout_ms,
                                      struct rmv_lock *lock)
{
    for (;;) {
        RMV_CLEANUP(rmv_fd_close) int fd = -1;

        const struct rmv_error *err = open_file(path, exclusive, &fd);
        if (!err)
            err = wait_for(fd, path, exclusive, timeout_ms);
        if (err)
            return err;
        if (!is_still_there(fd, path))
            continue;
        if (exclusive)
            write_holder(fd);
        lock->fd = fd;
        fd = -1;
        return NULL;
    }
}

void rmv_lock_release(struct rmv_lock *lock)
{
    /* Our name goes before the lock does, or it could be the next holder's that we wipe. Nothing
     * hangs on it, and a shared lock, open for reading, has none there. */
    if (lock->fd >= 0 && ftruncate(lock->fd, 0) < 0)
        errno = 0;
    rmv_fd_close(&lock->fd);
}

bool rmv_lock_is_held(const char *path)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
