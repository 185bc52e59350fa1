#include "rmv/base/progress.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/ticker.h"

#define DRAW_EVERY_MS 100
#define USUAL_COLUMNS 80
#define CLEAR_LINE "\r\033[K"

/* A thread of its own draws, so that counting is nothing but an addition. */
struct rmv_progress {
    int fd;
    char *label;
    _Atomic uint64_t files, bytes, files_expected, bytes_expected;
    struct rmv_ticker *drawer;
};

static void append_bytes(uint64_t bytes, struct rmv_buf *line)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format_size(bytes);
    rmv_buf_append_string(line, text);
}

static void append_counts(struct rmv_progress *progress, struct rmv_buf *line)
{
    const uint64_t files = atomic_load(&progress->files), bytes = atomic_load(&progress->bytes);
    const uint64_t all_files = atomic_load(&progress->files_expected);
    const uint64_t all_bytes = atomic_load(&progress->bytes_expected);

    rmv_buf_append_format(line, "%s: %llu", progress->label, (unsigned long long)files);
    if (all_files > 0)
        rmv_buf_append_format(line, " of %llu", (unsigned long long)all_files);
    rmv_buf_append_string(line, files == 1 && all_files == 0 ? " file, " : " files, ");
    append_bytes(bytes, line);
    if (all_bytes > 0) {
        rmv_buf_append_string(line, " of ");
        append_bytes(all_bytes, line);
        rmv_buf_append_format(line, " (%.0f %%)", 100.0 * (double)bytes / (double)all_bytes);
    }
}

static void write_whole(int fd, const char *text, size_t size)
{
    ssize_t n;
    do
        n = write(fd, text, size);
    while (n < 0 && errno == EINTR); /* a terminal that is gone stops no work */
}

static void draw(void *context)
{
    struct rmv_progress *progress = context;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    struct winsize window = {0};

    rmv_buf_append_string(&line, CLEAR_LINE);
    const size_t start = line.size;
    append_counts(progress, &line);

    /* A line that wraps could not be wiped. Cut inside a character, at worst it looks odd. */
    const bool known = ioctl(progress->fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
    const size_t columns = known ? window.ws_col : USUAL_COLUMNS;
    if (line.size - start > columns - 1)
        line.size = start + columns - 1;
    write_whole(progress->fd, line.data, line.size);
}

static void progress_free(struct rmv_progress *progress)
{
    rmv_str_free(&progress->label);
    free(progress);
}

void rmv_progress_open(int fd, const char *label, struct rmv_progress **progress)
{
    *progress = NULL;
    if (!isatty(fd))
        return;

    struct rmv_progress *opened = rmv_calloc(1, sizeof(*opened));
    opened->fd = fd;
    opened->label = rmv_str_copy(label);
    if (rmv_ticker_start(DRAW_EVERY_MS, draw, opened, &opened->drawer))
        *progress = opened;
    else
        progress_free(opened);
}

void rmv_progress_close(struct rmv_progress **progress)
{
    struct rmv_progress *closing = *progress;
    if (!closing)
        return;
    rmv_ticker_stop(&closing->drawer);
    write_whole(closing->fd, CLEAR_LINE, sizeof(CLEAR_LINE) - 1);
    progress_free(closing);
    *progress = NULL;
}

void rmv_progress_expect(struct rmv_progress *progress, uint64_t files, uint64_t bytes)
{
    if (!progress)
        return;
    atomic_fetch_add_explicit(&progress->files_expected, files, memory_order_relaxed);
    atomic_fetch_add_explicit(&progress->bytes_expected, bytes, memory_order_relaxed);
}

void rmv_progress_add(struct rmv_progress *progress, uint64_t files, uint64_t bytes)
{
    if (!progress)
        return;
    if (files > 0)
        atomic_fetch_add_explicit(&progress->files, files, memory_order_relaxed);
    if (bytes > 0)
        atomic_fetch_add_explicit(&progress->bytes, bytes, memory_order_relaxed);
}
