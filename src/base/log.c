#include "rmv/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

struct rmv_log {
    enum rmv_log_level level;
    int fd; /* -1 where a sink takes the messages */
    char *stage;
    void (*sink)(void *context, enum rmv_log_level level, const char *message);
    void *context;
};

const struct rmv_error *rmv_log_open(const char *path, const char *stage, struct rmv_log **log)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return rmv_error_errno("cannot open the log '%s'", path);

    *log = rmv_calloc(1, sizeof(**log));
    **log = (struct rmv_log){.level = RMV_LOG_INFO, .fd = fd, .stage = rmv_str_copy(stage)};
    return NULL;
}

void rmv_log_open_sink(void (*sink)(void *context, enum rmv_log_level level, const char *message),
                       void *context, struct rmv_log **log)
{
    *log = rmv_calloc(1, sizeof(**log));
    **log = (struct rmv_log){.level = RMV_LOG_INFO, .fd = -1, .sink = sink, .context = context};
}

void rmv_log_close(struct rmv_log **log)
{
    if (!*log)
        return;
    rmv_fd_close(&(*log)->fd);
    rmv_str_free(&(*log)->stage);
    free(*log);
    *log = NULL;
}

void rmv_log_set_level(struct rmv_log *log, enum rmv_log_level level)
{
    if (log)
        log->level = level;
}

static void append_message(const char *message, struct rmv_buf *line)
{
    for (; *message; message++) {
        const unsigned char c = (unsigned char)*message;
        if (c == '\n')
            rmv_buf_append_string(line, "\\n");
        else if (iscntrl(c) && c != '\t')
            rmv_buf_append_format(line, "\\x%02x", c);
        else
            rmv_buf_append(line, message, 1);
    }
}

static void write_line(const struct rmv_log *log, enum rmv_log_level level, const char *message)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};

    char now[RMV_TIME_TEXT_SIZE]; /* 2025-01-01T10:30:45.123Z */
    rmv_time_format(rmv_time_now_ns(), true, now);
    rmv_buf_append_format(&line, "%.10s %.8s,%.3s - ", now, now + 11, now + 20);
    if (log->stage)
        rmv_buf_append_format(&line, "%s - ", log->stage);
    rmv_buf_append_format(&line, "%s - ", names[level]);
    append_message(message, &line);
    rmv_buf_append(&line, "\n", 1);

    /* One call, so that lines of several writers do not mix. */
    ssize_t n;
    do
        n = write(log->fd, line.data, line.size);
    while (n < 0 && errno == EINTR);
}

void rmv_log_write(struct rmv_log *log, enum rmv_log_level level, const char *format, ...)
{
    if (!log || level < log->level)
        return;

    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int size = vsnprintf(NULL, 0, format, args);
    RMV_CLEANUP(rmv_str_free) char *message = rmv_calloc(size < 0 ? 1 : (size_t)size + 1, 1);
    if (size > 0)
        vsnprintf(message, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);

    if (log->sink)
        log->sink(log->context, level, message);
    else
        write_line(log, level, message);
}
