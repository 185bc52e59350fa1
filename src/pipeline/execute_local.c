#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/execution.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"

#define READ_SIZE ((size_t)64 * 1024)

/* The line that runs, a process on this machine. */
struct rmv_local_run {
    size_t line;
    pid_t pid;  /* 0: no line runs */
    int pid_fd; /* readable once it has ended; -1 where the kernel has none */
    int out_fd, err_fd;
    bool has_ended; /* others of its group may be there still */
};

static void close_process(struct rmv_local_run *run)
{
    rmv_fd_close(&run->pid_fd);
    rmv_fd_close(&run->out_fd);
    rmv_fd_close(&run->err_fd);
    run->pid = 0;
    run->has_ended = false;
}

/* ---- Copying its output --------------------------------------------------------------------- */

static bool copy_some(struct rmv_execution *execution, int *fd, bool is_error)
{
    char bytes[READ_SIZE];
    if (*fd < 0)
        return false;
    const ssize_t size = read(*fd, bytes, sizeof(bytes));
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size <= 0) {
        rmv_fd_close(fd);
        return false;
    }
    rmv_execution_print(execution, is_error, bytes, (size_t)size);
    return true;
}

/* Takes what the command itself has written. A process that it left behind may hold the other end
 * open, or write for ever: nobody waits for that. */
static void copy_rest(struct rmv_execution *execution)
{
    for (int i = 0; i < 64 && copy_some(execution, &execution->local->out_fd, false); i++)
        ;
    for (int i = 0; i < 64 && copy_some(execution, &execution->local->err_fd, true); i++)
        ;
}

/* ---- Starting ------------------------------------------------------------------------------- */

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

static const struct rmv_error *start_process(struct rmv_execution *execution,
                                             const struct rmv_process_options *options)
{
    const int lock_fd = execution->options.lock->fd;
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, 0) < 0)
        return rmv_error_errno("cannot hand over the lock");
    const struct rmv_error *err = rmv_process_start(options, &execution->local->pid);
    if (lock_fd >= 0 && fcntl(lock_fd, F_SETFD, FD_CLOEXEC) < 0 && !err)
        err = rmv_error_errno("cannot take back the lock");
    return err;
}

static const struct rmv_error *start(struct rmv_execution *execution, const char *line)
{
    const struct rmv_execution_options *settings = &execution->options;
    struct rmv_local_run *run = execution->local;
    RMV_CLEANUP(rmv_fd_close) int out_to = -1;
    RMV_CLEANUP(rmv_fd_close) int err_to = -1;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings env = {0};
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(settings->workspace->root, settings->stage->wdir);
    const uint64_t memory = settings->stage->executor.memory_bytes;
    RMV_CLEANUP(rmv_str_free)
    char *limit =
        rmv_str_format("ulimit -d %" PRIu64 " && exec /bin/sh -c \"$1\"", (memory + 1023) / 1024);
    const char *const plain[] = {"/bin/sh", "-c", line, NULL};
    const char *const limited[] = {"/bin/sh", "-c", limit, "sh", line, NULL};

    rmv_execution_list_env(settings, &env);
    rmv_strings_take(&env, NULL); /* ends the list */
    const struct rmv_error *err = open_pipe(&run->out_fd, &out_to);
    if (!err)
        err = open_pipe(&run->err_fd, &err_to);
    if (err)
        return err;
    const struct rmv_process_options options = {.argv = memory ? limited : plain,
                                                .folder = folder,
                                                .env = (const char *const *)env.items,
                                                .stdout_fd = out_to,
                                                .stderr_fd = err_to,
                                                .new_group = true};
    err = start_process(execution, &options);
    if (!err)
        run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    return err;
}

static const struct rmv_error *start_line(struct rmv_execution *execution)
{
    const char *line = rmv_execution_line(execution, execution->local->line);
    RMV_CLEANUP(rmv_str_free) char *echo = rmv_str_format("> %s", line);

    rmv_execution_report(execution, RMV_REPRO_COMMAND, line);
    if (rmv_execution_is_interrupted(execution))
        return rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    rmv_stage_log_note(&execution->log, RMV_LOG_INFO, echo);
    return start(execution, line);
}

static const struct rmv_error *start_first(struct rmv_execution *execution)
{
    execution->local = rmv_calloc(1, sizeof(*execution->local));
    *execution->local = (struct rmv_local_run){.pid_fd = -1, .out_fd = -1, .err_fd = -1};
    execution->started_ns = rmv_time_monotonic_ns();
    return start_line(execution);
}

/* ---- Waiting -------------------------------------------------------------------------------- */

static void watch(const struct rmv_execution *execution, struct pollfd watched[RMV_EXECUTION_FDS])
{
    const struct rmv_local_run *run = execution->local;
    watched[0] = (struct pollfd){.fd = run->out_fd, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = run->err_fd, .events = POLLIN};
    watched[2] = (struct pollfd){.fd = run->pid_fd, .events = POLLIN};
}

static void send_signal(struct rmv_execution *execution, int number)
{
    if (execution->local->pid > 0)
        kill(-execution->local->pid, number);
}

/* After being told to stop, the rest of the group gets what is left of its time. */
static bool is_group_left(const struct rmv_execution *execution)
{
    if (!execution->stop_ns || kill(-execution->local->pid, 0) < 0)
        return false;
    if (!execution->is_killed)
        return true;
    kill(-execution->local->pid, SIGKILL);
    return false;
}

/* Copies what was printed; `*ended` once the process has ended. */
static const struct rmv_error *look(struct rmv_execution *execution,
                                    const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended)
{
    struct rmv_local_run *run = execution->local;
    if (watched[0].revents)
        copy_some(execution, &run->out_fd, false);
    if (watched[1].revents)
        copy_some(execution, &run->err_fd, true);
    if (!run->has_ended) {
        const pid_t pid = waitpid(run->pid, &execution->status, WNOHANG);
        if (pid < 0 && errno != EINTR)
            return rmv_error_errno("cannot wait for a command");
        run->has_ended = pid == run->pid;
    }
    if (!run->has_ended || is_group_left(execution))
        return NULL;
    copy_rest(execution);
    close_process(run);
    *ended = true;
    return NULL;
}

static const struct rmv_error *step(struct rmv_execution *execution,
                                    const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended)
{
    bool has_ended = false;
    const struct rmv_error *err = look(execution, watched, &has_ended);
    if (err || !has_ended)
        return err;
    *ended = execution->status != 0 || execution->stop_ns ||
             !rmv_execution_line(execution, ++execution->local->line);
    return *ended ? NULL : start_line(execution);
}

static void close_local(struct rmv_execution *execution)
{
    struct rmv_local_run *run = execution->local;
    if (run && run->pid > 0) {
        kill(-run->pid, SIGKILL);
        while (!run->has_ended && waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (run)
        close_process(run);
    free(run);
    execution->local = NULL;
}

const struct rmv_execution_kind rmv_execution_local = {.start = start_first,
                                                       .watch = watch,
                                                       .signal = send_signal,
                                                       .step = step,
                                                       .close = close_local};
