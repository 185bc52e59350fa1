#include "pipeline/stage_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/pipeline/repro.h"

#define LINE_SIZE_MAX ((size_t)64 * 1024) /* a longer one is cut into several */
#define TAIL_SIZE ((size_t)4 * 1024)
#define TAIL_LINES 20
#define SEPARATOR " - "

const struct rmv_error *rmv_stage_log_open(const struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage, bool append,
                                           struct rmv_stage_log *log)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    *log = (struct rmv_stage_log){
        .path = rmv_repro_log_path_of(stage), .stage = stage->address, .fd = -1};
    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, log->path, true, &folder_fd, &name);
    if (!err)
        err = rmv_beneath_open(
            folder_fd, name, O_RDWR | O_CREAT | O_APPEND | (append ? 0 : O_TRUNC), 0666, &log->fd);
    return err;
}

void rmv_stage_log_close(struct rmv_stage_log *log)
{
    rmv_stage_log_flush(log);
    rmv_fd_close(&log->fd);
    rmv_str_free(&log->path);
    rmv_buf_free(&log->begun[0]);
    rmv_buf_free(&log->begun[1]);
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* What every line that is written now starts with. */
static void append_head(const struct rmv_stage_log *log, enum rmv_log_level level,
                        struct rmv_buf *head)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    char now[RMV_TIME_TEXT_SIZE];
    rmv_time_format(rmv_time_now_ns(), true, now);
    rmv_buf_append_format(head, "%.10s %.8s,%.3s" SEPARATOR "%s" SEPARATOR "%s" SEPARATOR, now,
                          now + 11, now + 20, log->stage, names[level]);
}

static void append_line(const struct rmv_buf *head, const char *line, size_t size,
                        struct rmv_buf *text)
{
    rmv_buf_append(text, head->data, head->size);
    rmv_buf_append(text, line, size);
    rmv_buf_append(text, "\n", 1);
}

static void write_text(const struct rmv_stage_log *log, const struct rmv_buf *text)
{
    if (log->fd >= 0 && text->size && rmv_fd_write(log->fd, log->path, text->data, text->size))
        errno = 0; /* a full disk must not stop the stage */
}

void rmv_stage_log_print(struct rmv_stage_log *log, bool is_error, const char *bytes, size_t size)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf head = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_buf *begun = &log->begun[is_error];
    const char *end = bytes + size;

    append_head(log, is_error ? RMV_LOG_WARNING : RMV_LOG_INFO, &head);
    for (const char *stop; (stop = memchr(bytes, '\n', (size_t)(end - bytes))); bytes = stop + 1) {
        if (begun->size) {
            rmv_buf_append(begun, bytes, (size_t)(stop - bytes));
            append_line(&head, begun->data, begun->size, &text);
            begun->size = 0;
        } else {
            append_line(&head, bytes, (size_t)(stop - bytes), &text);
        }
    }
    rmv_buf_append(begun, bytes, (size_t)(end - bytes));
    if (begun->size > LINE_SIZE_MAX) {
        append_line(&head, begun->data, begun->size, &text);
        begun->size = 0;
    }
    write_text(log, &text);
}

void rmv_stage_log_flush(struct rmv_stage_log *log)
{
    for (int i = 0; i < 2; i++)
        if (log->begun[i].size)
            rmv_stage_log_print(log, i, "\n", 1);
}

void rmv_stage_log_note(struct rmv_stage_log *log, enum rmv_log_level level, const char *message)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf head = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    append_head(log, level, &head);
    for (const char *stop; (stop = strchr(message, '\n')); message = stop + 1)
        append_line(&head, message, (size_t)(stop - message), &text);
    append_line(&head, message, strlen(message), &text);
    write_text(log, &text);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* What follows the head of a line; all of it if it has none. */
static const char *message_of(const char *line, const char *stage)
{
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format(SEPARATOR "%s" SEPARATOR, stage);
    const char *at = strstr(line, name);
    const char *level_end = at ? strstr(at + strlen(name), SEPARATOR) : NULL;
    return level_end ? level_end + strlen(SEPARATOR) : line;
}

void rmv_stage_log_append_tail(const struct rmv_stage_log *log, struct rmv_buf *message)
{
    char bytes[TAIL_SIZE + 1];
    const off_t end = lseek(log->fd, 0, SEEK_END);
    const off_t from = end > (off_t)TAIL_SIZE ? end - (off_t)TAIL_SIZE : 0;
    const ssize_t size = pread(log->fd, bytes, TAIL_SIZE, from);
    if (size <= 0)
        return;
    bytes[size] = '\0';
    while (*bytes && bytes[strlen(bytes) - 1] == '\n')
        bytes[strlen(bytes) - 1] = '\0';

    char *start = bytes + strlen(bytes);
    for (int lines = 0; start > bytes; start--)
        if (start[-1] == '\n' && ++lines == TAIL_LINES)
            break;
    if (start == bytes && from > 0 && strchr(bytes, '\n'))
        start = strchr(bytes, '\n') + 1; /* the first line is not whole */
    rmv_buf_append_format(message, "\nthe end of %s:", log->path);
    for (char *line = start; line;) {
        char *stop = strchr(line, '\n');
        if (stop)
            *stop = '\0';
        rmv_buf_append_format(message, "\n    %s", message_of(line, log->stage));
        line = stop ? stop + 1 : NULL;
    }
}
