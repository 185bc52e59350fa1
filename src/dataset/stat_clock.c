#include "dataset/stat_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dataset/stat_entry.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"

#define WAIT_NS_MAX 20000000
#define POLL_NS 1000000
#define OTHER_DEVICE_AGE_NS 2000000000

void rmv_stat_clock_open(struct rmv_stat_clock *clock, const char *folder)
{
    *clock = (struct rmv_stat_clock){.folder = rmv_str_copy(folder), .fd = -1};
    pthread_mutex_init(&clock->lock, NULL);
}

void rmv_stat_clock_close(struct rmv_stat_clock *clock)
{
    rmv_fd_close(&clock->fd);
    rmv_str_free(&clock->folder);
    pthread_mutex_destroy(&clock->lock);
}

bool rmv_stat_clock_is_past(const struct rmv_stat_clock *clock, int64_t ctime_ns)
{
    return ctime_ns < __atomic_load_n(&clock->now_ns, __ATOMIC_ACQUIRE);
}

struct rmv_stat_moment rmv_stat_clock_moment(const struct rmv_stat_clock *clock)
{
    const int64_t now_ns = __atomic_load_n(&clock->now_ns, __ATOMIC_ACQUIRE);
    return (struct rmv_stat_moment){
        .device = __atomic_load_n(&clock->device, __ATOMIC_RELAXED),
        .now_ns = now_ns,
    };
}

bool rmv_stat_moment_is_past(const struct rmv_stat_moment *moment, const struct stat *status)
{
    return status->st_dev == moment->device && rmv_stat_entry_ns(&status->st_ctim) < moment->now_ns;
}

static int open_temporary(const char *folder)
{
    const int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;

    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/clock.%d", folder, (int)getpid());
    const int named = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (named >= 0)
        unlink(path);
    return named;
}

/* Reads the clock: changes the temporary file and looks which time that left. */
static bool read_clock(struct rmv_stat_clock *clock)
{
    struct stat status;
    if (clock->fd < 0 && !clock->is_dead) {
        clock->fd = open_temporary(clock->folder);
        clock->is_dead = clock->fd < 0;
    }
    if (clock->is_dead || futimens(clock->fd, NULL) < 0 || fstat(clock->fd, &status) < 0)
        return false;
    __atomic_store_n(&clock->device, status.st_dev, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->now_ns, rmv_stat_entry_ns(&status.st_ctim), __ATOMIC_RELEASE);
    return true;
}

static bool wait_locked(struct rmv_stat_clock *clock, const struct stat *status)
{
    const int64_t start_ns = rmv_time_monotonic_ns();
    const int64_t changed_ns = rmv_stat_entry_ns(&status->st_ctim);
    const struct timespec poll = {.tv_nsec = POLL_NS};

    while (read_clock(clock)) {
        if (status->st_dev != clock->device)
            return rmv_stat_clock_is_past(clock, changed_ns + OTHER_DEVICE_AGE_NS);
        if (rmv_stat_clock_is_past(clock, changed_ns))
            return true;
        if (rmv_time_monotonic_ns() - start_ns > WAIT_NS_MAX)
            return false;
        nanosleep(&poll, NULL);
    }
    return false;
}

bool rmv_stat_clock_wait(struct rmv_stat_clock *clock, const struct stat *status)
{
    if (rmv_stat_clock_is_past(clock, rmv_stat_entry_ns(&status->st_ctim)) &&
        status->st_dev == __atomic_load_n(&clock->device, __ATOMIC_RELAXED))
        return true;
    pthread_mutex_lock(&clock->lock);
    const bool is_past = wait_locked(clock, status);
    pthread_mutex_unlock(&clock->lock);
    return is_past;
}
