#include "pipeline/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"

#define READ_SIZE ((size_t)64 * 1024)
#define POLL_MS 100   /* how long a signal that came between two looks may wait */
#define GRACE_MS 5000 /* from asking a command to stop to killing it */
#define TAIL_SIZE ((size_t)2000)
#define TAIL_LINES 20

/* One line of a command while it runs. */
struct child {
    const struct rmv_execution *execution;
    const char *log_path;
    int log_fd;
    pid_t pid;
    int pid_fd; /* readable once it has ended; -1 where the kernel has none */
    int out_fd, err_fd;
    int64_t stop_ns; /* when it was asked to stop; 0 if it was not */
    bool is_killed;
};

static void child_free(struct child *child)
{
    rmv_fd_close(&child->pid_fd);
    rmv_fd_close(&child->out_fd);
    rmv_fd_close(&child->err_fd);
}

static bool is_interrupted(const struct rmv_execution *execution)
{
    return execution->options->interrupted && *execution->options->interrupted;
}

/* ---- Copying its output --------------------------------------------------------------------- */

/* Copies what there is to read. A log that cannot be written must not stop the stage. */
static bool copy_some(struct child *child, int *fd, bool is_error)
{
    char bytes[READ_SIZE];
    const struct rmv_repro_options *options = child->execution->options;

    if (*fd < 0)
        return false;
    const ssize_t size = read(*fd, bytes, sizeof(bytes));
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size <= 0) {
        rmv_fd_close(fd);
        return false;
    }
    if (rmv_fd_write(child->log_fd, child->log_path, bytes, (size_t)size))
        errno = 0;
    if (options->output)
        options->output(options->context, is_error, bytes, (size_t)size);
    return true;
}

/* Takes what the command itself has written. A process that it left behind may hold the other end
 * open, or write for ever: nobody waits for that. */
static void copy_rest(struct child *child)
{
    for (int i = 0; i < 64 && copy_some(child, &child->out_fd, false); i++)
        ;
    for (int i = 0; i < 64 && copy_some(child, &child->err_fd, true); i++)
        ;
}

/* ---- Starting, stopping --------------------------------------------------------------------- */

static const struct rmv_error *open_pipe(int *from, int *to)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rmv_error_errno("cannot make a pipe");
    *from = ends[0];
    *to = ends[1];
    if (fcntl(*from, F_SETFL, O_NONBLOCK) < 0)
        return rmv_error_errno("cannot set up a pipe");
    return NULL;
}

static const struct rmv_error *start(struct child *child, const char *line)
{
    const struct rmv_execution *execution = child->execution;
    RMV_CLEANUP(rmv_fd_close) int out_to = -1;
    RMV_CLEANUP(rmv_fd_close) int err_to = -1;
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(execution->workspace->root, execution->stage->wdir);
    RMV_CLEANUP(rmv_str_free)
    char *root = rmv_str_format("RMV_ROOT=%s", execution->workspace->root);
    RMV_CLEANUP(rmv_str_free)
    char *stage = rmv_str_format("RMV_STAGE=%s", execution->stage->address);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const char *const env[] = {root, stage, NULL};

    const struct rmv_error *err = open_pipe(&child->out_fd, &out_to);
    if (!err)
        err = open_pipe(&child->err_fd, &err_to);
    if (err)
        return err;
    const struct rmv_process_options options = {.argv = argv,
                                                .folder = folder,
                                                .env = env,
                                                .stdout_fd = out_to,
                                                .stderr_fd = err_to,
                                                .new_group = true};
    const int lock_fd = execution->lock->fd;
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, 0) < 0)
        return rmv_error_errno("cannot hand over the lock of stage '%s'",
                               execution->stage->address);
    err = rmv_process_start(&options, &child->pid);
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, FD_CLOEXEC) < 0 && !err)
        err = rmv_error_errno("cannot take back the lock of stage '%s'", execution->stage->address);
    if (!err)
        child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    return err;
}

/* Asks the whole group to stop, and later makes it. */
static void stop_if_asked(struct child *child)
{
    const int64_t now_ns = rmv_time_monotonic_ns();
    if (!is_interrupted(child->execution))
        return;
    if (!child->stop_ns) {
        child->stop_ns = now_ns;
        kill(-child->pid, SIGTERM);
    } else if (!child->is_killed && now_ns - child->stop_ns > (int64_t)GRACE_MS * 1000000) {
        child->is_killed = true;
        kill(-child->pid, SIGKILL);
    }
}

/* After an interrupt: the rest of the group gets what is left of its time. */
static void end_group(struct child *child)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    while (kill(-child->pid, 0) == 0) {
        if (child->is_killed) {
            kill(-child->pid, SIGKILL);
            return;
        }
        stop_if_asked(child);
        nanosleep(&pause, NULL);
    }
}

static const struct rmv_error *watch(struct child *child, int *status)
{
    for (;;) {
        struct pollfd watched[] = {{.fd = child->out_fd, .events = POLLIN},
                                   {.fd = child->err_fd, .events = POLLIN},
                                   {.fd = child->pid_fd, .events = POLLIN}};
        if (poll(watched, 3, POLL_MS) < 0 && errno != EINTR)
            return rmv_error_errno("cannot wait for a command");
        if (watched[0].revents)
            copy_some(child, &child->out_fd, false);
        if (watched[1].revents)
            copy_some(child, &child->err_fd, true);
        stop_if_asked(child);

        const pid_t ended = waitpid(child->pid, status, WNOHANG);
        if (ended < 0 && errno != EINTR)
            return rmv_error_errno("cannot wait for a command");
        if (ended == child->pid)
            break;
    }
    copy_rest(child);
    if (child->stop_ns)
        end_group(child);
    return NULL;
}

/* ---- What went wrong ------------------------------------------------------------------------ */

/* The last lines of the log, indented; empty if nothing was printed. */
static void append_tail(const char *log_path, int log_fd, struct rmv_buf *message)
{
    char bytes[TAIL_SIZE + 1];
    const off_t end = lseek(log_fd, 0, SEEK_END);
    const off_t from = end > (off_t)TAIL_SIZE ? end - (off_t)TAIL_SIZE : 0;
    const ssize_t size = pread(log_fd, bytes, TAIL_SIZE, from);
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
    rmv_buf_append_format(message, "\nthe end of %s:", log_path);
    for (char *line = start; line;) {
        char *stop = strchr(line, '\n');
        rmv_buf_append_format(message, "\n    %.*s",
                              (int)(stop ? (size_t)(stop - line) : strlen(line)), line);
        line = stop ? stop + 1 : NULL;
    }
}

static const struct rmv_error *failure(const struct child *child, int status)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
    RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(status);
    const char *address = child->execution->stage->address;

    if (is_interrupted(child->execution))
        return rmv_error(RMV_ERR_INTERRUPTED,
                         "interrupted; stage '%s' was stopped, and nothing of "
                         "it recorded",
                         address);
    rmv_buf_append_format(&message, "stage '%s' failed: %s", address, how);
    append_tail(child->log_path, child->log_fd, &message);
    return rmv_error(RMV_ERR_FAILED, "%s", rmv_buf_string(&message));
}

/* ---- All lines ------------------------------------------------------------------------------ */

static const struct rmv_error *run_line(const struct rmv_execution *execution, const char *log_path,
                                        int log_fd, const char *line)
{
    RMV_CLEANUP(child_free)
    struct child child = {.execution = execution,
                          .log_path = log_path,
                          .log_fd = log_fd,
                          .pid_fd = -1,
                          .out_fd = -1,
                          .err_fd = -1};
    const struct rmv_repro_options *options = execution->options;
    RMV_CLEANUP(rmv_str_free) char *echo = rmv_str_format("> %s\n", line);
    int status = 0;

    if (options->report)
        options->report(options->context, &(struct rmv_repro_event){.kind = RMV_REPRO_COMMAND,
                                                                    .stage = execution->stage,
                                                                    .text = line});
    if (is_interrupted(execution))
        return rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    const struct rmv_error *err = rmv_fd_write(log_fd, log_path, echo, strlen(echo));
    if (!err)
        err = start(&child, line);
    if (err)
        return rmv_error_context(err, "stage '%s'", execution->stage->address);
    err = watch(&child, &status);
    if (err)
        return rmv_error_context(err, "stage '%s'", execution->stage->address);
    return status != 0 || child.stop_ns ? failure(&child, status) : NULL;
}

static const struct rmv_error *open_log(const struct rmv_execution *execution, const char *path,
                                        int *fd)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(execution->workspace->root_fd, path, true, &folder_fd, &name);
    if (!err)
        err = rmv_beneath_open(folder_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0666, fd);
    return err;
}

/* A working folder behind a symbolic link would run the command elsewhere than it says. */
static const struct rmv_error *check_folder(const struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const char *wdir = execution->stage->wdir;
    if (strcmp(wdir, ".") == 0)
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open(execution->workspace->root_fd, wdir, O_RDONLY | O_DIRECTORY, 0, &fd);
    return err ? rmv_error_context(err, "working folder of stage '%s'", execution->stage->address)
               : NULL;
}

const struct rmv_error *rmv_execute(const struct rmv_execution *execution)
{
    const struct rmv_value *cmd = &execution->stage->cmd;
    RMV_CLEANUP(rmv_str_free) char *log_path = rmv_repro_log_path_of(execution->stage);
    RMV_CLEANUP(rmv_fd_close) int log_fd = -1;

    const struct rmv_error *err = check_folder(execution);
    if (!err)
        err = open_log(execution, log_path, &log_fd);
    if (err)
        return err;
    if (cmd->kind == RMV_VALUE_STRING)
        return run_line(execution, log_path, log_fd, cmd->text);
    for (size_t i = 0; !err && i < cmd->list.count; i++)
        err = run_line(execution, log_path, log_fd, cmd->list.items[i].text);
    return err;
}
