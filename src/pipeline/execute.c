#include "pipeline/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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
#define NS_PER_MS ((int64_t)1000000)
#define GRACE_MS 5000 /* from asking a command to stop to killing it */
#define TAIL_SIZE ((size_t)2000)
#define TAIL_LINES 20

/* A command on its way: one process, and what its lines have in common. */
struct rmv_execution {
    struct rmv_execution_options options;
    size_t line; /* which one runs */
    char *log_path;
    int log_fd;
    pid_t pid;  /* 0: no line runs */
    int pid_fd; /* readable once it has ended; -1 where the kernel has none */
    int out_fd, err_fd;
    bool has_ended; /* with `status`; others of its group may be there still */
    int status;
    int64_t started_ns;
    int64_t stop_ns; /* when it was asked to stop; 0 if it was not */
    bool is_killed;
};

static void close_process(struct rmv_execution *execution)
{
    rmv_fd_close(&execution->pid_fd);
    rmv_fd_close(&execution->out_fd);
    rmv_fd_close(&execution->err_fd);
    execution->pid = 0;
    execution->has_ended = false;
}

static bool is_interrupted(const struct rmv_execution *execution)
{
    const struct rmv_repro_options *repro = execution->options.repro;
    return repro->interrupted && *repro->interrupted;
}

/* ---- Copying its output --------------------------------------------------------------------- */

/* Copies what there is to read. A log that cannot be written must not stop the stage. */
static bool copy_some(struct rmv_execution *execution, int *fd, bool is_error)
{
    char bytes[READ_SIZE];
    const struct rmv_repro_options *options = execution->options.repro;

    if (*fd < 0)
        return false;
    const ssize_t size = read(*fd, bytes, sizeof(bytes));
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size <= 0) {
        rmv_fd_close(fd);
        return false;
    }
    if (rmv_fd_write(execution->log_fd, execution->log_path, bytes, (size_t)size))
        errno = 0;
    if (options->output)
        options->output(options->context, execution->options.stage, is_error, bytes, (size_t)size);
    return true;
}

/* Takes what the command itself has written. A process that it left behind may hold the other end
 * open, or write for ever: nobody waits for that. */
static void copy_rest(struct rmv_execution *execution)
{
    for (int i = 0; i < 64 && copy_some(execution, &execution->out_fd, false); i++)
        ;
    for (int i = 0; i < 64 && copy_some(execution, &execution->err_fd, true); i++)
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

void rmv_execution_list_env(const struct rmv_execution_options *settings, struct rmv_strings *env)
{
    const struct rmv_stage *stage = settings->stage;
    rmv_strings_take(env, rmv_str_format("RMV_ROOT=%s", settings->workspace->root));
    rmv_strings_take(env, rmv_str_format("RMV_STAGE=%s", stage->address));
    for (size_t i = 0; stage->env.kind == RMV_VALUE_MAP && i < stage->env.map.count; i++) {
        const struct rmv_member *variable = &stage->env.map.members[i];
        rmv_strings_take(env, rmv_str_format("%s=%s", variable->key, variable->value.text));
    }
}

static const struct rmv_error *start(struct rmv_execution *execution, const char *line)
{
    const struct rmv_execution_options *settings = &execution->options;
    RMV_CLEANUP(rmv_fd_close) int out_to = -1;
    RMV_CLEANUP(rmv_fd_close) int err_to = -1;
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(settings->workspace->root, settings->stage->wdir);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings env = {0};
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};

    const struct rmv_error *err = open_pipe(&execution->out_fd, &out_to);
    if (!err)
        err = open_pipe(&execution->err_fd, &err_to);
    if (err)
        return err;
    rmv_execution_list_env(settings, &env);
    rmv_strings_take(&env, NULL); /* ends the list */
    const struct rmv_process_options options = {.argv = argv,
                                                .folder = folder,
                                                .env = (const char *const *)env.items,
                                                .stdout_fd = out_to,
                                                .stderr_fd = err_to,
                                                .new_group = true};
    const int lock_fd = settings->lock->fd;
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, 0) < 0)
        return rmv_error_errno("cannot hand over the lock of stage '%s'", settings->stage->address);
    err = rmv_process_start(&options, &execution->pid);
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, FD_CLOEXEC) < 0 && !err)
        err = rmv_error_errno("cannot take back the lock of stage '%s'", settings->stage->address);
    if (!err)
        execution->pid_fd = (int)syscall(SYS_pidfd_open, execution->pid, 0);
    return err;
}

static bool is_late(const struct rmv_execution *execution)
{
    const int64_t limit_ms = execution->options.stage->timeout_ms;
    return limit_ms > 0 && rmv_time_monotonic_ns() - execution->started_ns > limit_ms * NS_PER_MS;
}

/* Asks the whole group to stop, and later makes it. */
static void stop_if_asked(struct rmv_execution *execution)
{
    const int64_t now_ns = rmv_time_monotonic_ns();
    if (!execution->stop_ns && !is_interrupted(execution) && !is_late(execution))
        return;
    if (!execution->stop_ns) {
        execution->stop_ns = now_ns;
        kill(-execution->pid, SIGTERM);
    } else if (!execution->is_killed && now_ns - execution->stop_ns > GRACE_MS * NS_PER_MS) {
        execution->is_killed = true;
        kill(-execution->pid, SIGKILL);
    }
}

/* After being told to stop, the rest of the group gets what is left of its time. */
static bool is_group_left(const struct rmv_execution *execution)
{
    if (!execution->stop_ns || kill(-execution->pid, 0) < 0)
        return false;
    if (!execution->is_killed)
        return true;
    kill(-execution->pid, SIGKILL);
    return false;
}

/* Copies what was printed; `*ended` once the process has ended. */
static const struct rmv_error *look(struct rmv_execution *execution,
                                    const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended)
{
    if (watched[0].revents)
        copy_some(execution, &execution->out_fd, false);
    if (watched[1].revents)
        copy_some(execution, &execution->err_fd, true);
    stop_if_asked(execution);

    if (!execution->has_ended) {
        const pid_t pid = waitpid(execution->pid, &execution->status, WNOHANG);
        if (pid < 0 && errno != EINTR)
            return rmv_error_errno("cannot wait for a command");
        execution->has_ended = pid == execution->pid;
    }
    if (!execution->has_ended || is_group_left(execution))
        return NULL;
    copy_rest(execution);
    close_process(execution);
    *ended = true;
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

static const struct rmv_error *failure(const struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
    RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(execution->status);
    const char *address = execution->options.stage->address;

    if (is_interrupted(execution))
        return rmv_error(RMV_ERR_INTERRUPTED,
                         "interrupted; stage '%s' was stopped, and nothing of "
                         "it recorded",
                         address);
    if (execution->stop_ns)
        rmv_buf_append_format(&message, "stage '%s' failed: it ran longer than its timeout of %g s",
                              address, (double)execution->options.stage->timeout_ms / 1000);
    else
        rmv_buf_append_format(&message, "stage '%s' failed: %s", address, how);
    append_tail(execution->log_path, execution->log_fd, &message);
    return rmv_error(RMV_ERR_FAILED, "%s", rmv_buf_string(&message));
}

/* ---- All lines ------------------------------------------------------------------------------ */

static const char *line_at(const struct rmv_stage *stage, size_t line)
{
    if (stage->cmd.kind == RMV_VALUE_STRING)
        return line == 0 ? stage->cmd.text : NULL;
    return line < stage->cmd.list.count ? stage->cmd.list.items[line].text : NULL;
}

static const struct rmv_error *start_line(struct rmv_execution *execution)
{
    const struct rmv_stage *stage = execution->options.stage;
    const struct rmv_repro_options *repro = execution->options.repro;
    const char *line = line_at(stage, execution->line);
    RMV_CLEANUP(rmv_str_free) char *echo = rmv_str_format("> %s\n", line);

    if (repro->report)
        repro->report(repro->context, &(struct rmv_repro_event){
                                          .kind = RMV_REPRO_COMMAND, .stage = stage, .text = line});
    if (is_interrupted(execution))
        return rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    const struct rmv_error *err =
        rmv_fd_write(execution->log_fd, execution->log_path, echo, strlen(echo));
    if (!err)
        err = start(execution, line);
    return err ? rmv_error_context(err, "stage '%s'", stage->address) : NULL;
}

static const struct rmv_error *open_log(struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    const int truncate = execution->options.attempt > 1 ? 0 : O_TRUNC;
    const struct rmv_error *err = rmv_beneath_open_parent(
        execution->options.workspace->root_fd, execution->log_path, true, &folder_fd, &name);
    if (!err)
        err = rmv_beneath_open(folder_fd, name, O_RDWR | O_CREAT | O_APPEND | truncate, 0666,
                               &execution->log_fd);
    return err;
}

/* A working folder behind a symbolic link would run the command elsewhere than it says. */
static const struct rmv_error *check_folder(const struct rmv_execution_options *options)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const char *wdir = options->stage->wdir;
    if (strcmp(wdir, ".") == 0)
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open(options->workspace->root_fd, wdir, O_RDONLY | O_DIRECTORY, 0, &fd);
    return err ? rmv_error_context(err, "working folder of stage '%s'", options->stage->address)
               : NULL;
}

const struct rmv_error *rmv_execution_start(const struct rmv_execution_options *options,
                                            struct rmv_execution **execution)
{
    const struct rmv_error *err = check_folder(options);
    if (err)
        return err;
    struct rmv_execution *started = rmv_calloc(1, sizeof(*started));
    *started = (struct rmv_execution){.options = *options,
                                      .started_ns = rmv_time_monotonic_ns(),
                                      .log_path = rmv_repro_log_path_of(options->stage),
                                      .log_fd = -1,
                                      .pid_fd = -1,
                                      .out_fd = -1,
                                      .err_fd = -1};
    err = open_log(started);
    if (!err)
        err = start_line(started);
    if (err)
        rmv_execution_close(&started);
    else
        *execution = started;
    return err;
}

void rmv_execution_close(struct rmv_execution **execution)
{
    struct rmv_execution *closed = *execution;
    *execution = NULL;
    if (!closed)
        return;
    if (closed->pid > 0) {
        kill(-closed->pid, SIGKILL);
        while (!closed->has_ended && waitpid(closed->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close_process(closed);
    rmv_fd_close(&closed->log_fd);
    rmv_str_free(&closed->log_path);
    free(closed);
}

void rmv_execution_watch(const struct rmv_execution *execution,
                         struct pollfd watched[RMV_EXECUTION_FDS])
{
    watched[0] = (struct pollfd){.fd = execution->out_fd, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = execution->err_fd, .events = POLLIN};
    watched[2] = (struct pollfd){.fd = execution->pid_fd, .events = POLLIN};
}

const struct rmv_error *rmv_execution_step(struct rmv_execution *execution,
                                           const struct pollfd watched[RMV_EXECUTION_FDS],
                                           bool *ended)
{
    const struct rmv_stage *stage = execution->options.stage;
    bool has_ended = false;

    *ended = false;
    const struct rmv_error *err = look(execution, watched, &has_ended);
    if (err)
        err = rmv_error_context(err, "stage '%s'", stage->address);
    else if (!has_ended)
        return NULL;
    else if (execution->status != 0 || execution->stop_ns)
        err = failure(execution);
    else if (line_at(stage, ++execution->line))
        err = start_line(execution);
    else
        *ended = true;
    *ended = *ended || err;
    return err;
}
