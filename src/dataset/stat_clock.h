/* The clock of the filesystem that a folder is on, read off a temporary file there: only its ticks
 * can be compared with the times of files. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct rmv_stat_clock {
    pthread_mutex_t lock;
    char *folder;
    int fd;       /* of the temporary file; -1 until it is needed */
    bool is_dead; /* no file can be made there */
    dev_t device;
    int64_t now_ns; /* when it was last read; atomic */
};

/* When a clock was last read, for files of its device. */
struct rmv_stat_moment {
    dev_t device;
    int64_t now_ns;
};

void rmv_stat_clock_open(struct rmv_stat_clock *clock, const char *folder);
void rmv_stat_clock_close(struct rmv_stat_clock *clock);

/* A moment that lies before this call; before all others if the clock was not read yet. */
struct rmv_stat_moment rmv_stat_clock_moment(const struct rmv_stat_clock *clock);

/* Was the file, as `status` says, last changed before that moment? */
bool rmv_stat_moment_is_past(const struct rmv_stat_moment *moment, const struct stat *status);

/* Did the clock, when it was last read, stand past the time of the file's last change? */
bool rmv_stat_clock_is_past(const struct rmv_stat_clock *clock, int64_t ctime_ns);

/* The same, reading the clock again for up to 20 ms. Files of other devices have to be two seconds
 * old, since their clock may be another. */
bool rmv_stat_clock_wait(struct rmv_stat_clock *clock, const struct stat *status);
