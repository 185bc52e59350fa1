#include "rmv/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

extern char **environ;

/* What posix_spawn needs, released together. */
struct launch {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **env;    /* owned; the strings are not */
    int copies[3]; /* descriptors moved out of the way */
};

static const char *name_end(const char *assignment)
{
    return assignment + strcspn(assignment, "=");
}

static bool is_overridden(const char *assignment, const char *const *env)
{
    const size_t size = (size_t)(name_end(assignment) - assignment);
    for (; *env; env++)
        if ((size_t)(name_end(*env) - *env) == size && strncmp(*env, assignment, size) == 0)
            return true;
    return false;
}

/* Our environment with the given assignments in place of those of the same names. */
static char **merge_env(const char *const *added)
{
    static const char *const none[] = {NULL};
    size_t count = 0, used = 0;

    added = added ? added : none;
    for (size_t i = 0; environ && environ[i]; i++)
        count++;
    for (size_t i = 0; added[i]; i++)
        count++;

    const char **env = rmv_calloc(count + 1, sizeof(*env));
    for (size_t i = 0; environ && environ[i]; i++)
        if (!is_overridden(environ[i], added))
            env[used++] = environ[i];
    for (size_t i = 0; added[i]; i++)
        env[used++] = added[i];
    return (char **)(void *)env;
}

static void launch_open(struct launch *launch)
{
    *launch = (struct launch){.copies = {-1, -1, -1}};
    posix_spawn_file_actions_init(&launch->actions);
    posix_spawnattr_init(&launch->attributes);
}

static void launch_close(struct launch *launch)
{
    posix_spawn_file_actions_destroy(&launch->actions);
    posix_spawnattr_destroy(&launch->attributes);
    free(launch->env);
    for (int i = 0; i < 3; i++)
        rmv_fd_close(&launch->copies[i]);
}

/* Makes `fd` the child's descriptor `target`. One of the standard descriptors is duplicated first,
 * so that standard output and error can change places. */
static int redirect(struct launch *launch, int fd, int target)
{
    if (fd <= STDERR_FILENO) {
        launch->copies[target] = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (launch->copies[target] < 0)
            return errno;
        fd = launch->copies[target];
    }
    return posix_spawn_file_actions_adddup2(&launch->actions, fd, target);
}

static int prepare_files(struct launch *launch, const struct rmv_process_options *options)
{
    int problem = 0;
    if (options->stdin_fd > 0)
        problem = redirect(launch, options->stdin_fd, STDIN_FILENO);
    else
        problem = posix_spawn_file_actions_addopen(&launch->actions, STDIN_FILENO, "/dev/null",
                                                   O_RDONLY, 0);
    if (!problem && options->stdout_fd > 0)
        problem = redirect(launch, options->stdout_fd, STDOUT_FILENO);
    if (!problem && options->stderr_fd > 0)
        problem = redirect(launch, options->stderr_fd, STDERR_FILENO);
    if (!problem && options->folder)
        problem = posix_spawn_file_actions_addchdir_np(&launch->actions, options->folder);
    return problem;
}

static int prepare_attributes(struct launch *launch, bool new_group)
{
    sigset_t none, usual;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE); /* which programs like ours ignore, but others end by */
    if (new_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    int problem = posix_spawnattr_setsigmask(&launch->attributes, &none);
    if (!problem)
        problem = posix_spawnattr_setsigdefault(&launch->attributes, &usual);
    if (!problem)
        problem = posix_spawnattr_setpgroup(&launch->attributes, 0);
    if (!problem)
        problem = posix_spawnattr_setflags(&launch->attributes, flags);
    return problem;
}

static const struct rmv_error *start_error(const struct rmv_process_options *options, int problem)
{
    struct stat status;
    if (options->folder && stat(options->folder, &status) < 0)
        return rmv_error_errno("cannot run '%s' in '%s'", options->argv[0], options->folder);
    errno = problem;
    return rmv_error_errno("cannot run '%s'", options->argv[0]);
}

const struct rmv_error *rmv_process_start(const struct rmv_process_options *options, pid_t *pid)
{
    RMV_CLEANUP(launch_close) struct launch launch;
    pid_t child;

    launch_open(&launch);
    launch.env = merge_env(options->env);
    int problem = prepare_files(&launch, options);
    if (!problem)
        problem = prepare_attributes(&launch, options->new_group);
    if (!problem)
        problem = posix_spawnp(&child, options->argv[0], &launch.actions, &launch.attributes,
                               (char *const *)(const void *)options->argv, launch.env);
    if (problem)
        return start_error(options, problem);
    *pid = child;
    return NULL;
}

const struct rmv_error *rmv_process_wait(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return rmv_error_errno("cannot wait for process %ld", (long)pid);
    return NULL;
}

void rmv_process_quote(const char *word, struct rmv_buf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=./:,@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        rmv_buf_append_string(out, word);
        return;
    }
    rmv_buf_append_string(out, "'");
    for (; *word; word++)
        if (*word == '\'')
            rmv_buf_append_string(out, "'\\''");
        else
            rmv_buf_append(out, word, 1);
    rmv_buf_append_string(out, "'");
}

char *rmv_process_describe(int status)
{
    if (WIFEXITED(status))
        return rmv_str_format("exit status %d", WEXITSTATUS(status));
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *name = sigdescr_np(number);
    return rmv_str_format("killed by signal %d (%s)", number, name ? name : "unknown");
}

/* Reads all that the process writes, and ends it if that is too much. */
static const struct rmv_error *collect(const struct rmv_process_options *options, pid_t pid,
                                       int *pipe_fd, size_t max_bytes, struct rmv_buf *out)
{
    const struct rmv_error *err = rmv_fd_read(*pipe_fd, options->argv[0], max_bytes, out);
    if (!err)
        return NULL;
    rmv_fd_close(pipe_fd);
    kill(options->new_group ? -pid : pid, SIGKILL);
    return rmv_error_context(err, "the output of a program");
}

const struct rmv_error *rmv_process_output(const struct rmv_process_options *options,
                                           size_t max_bytes, struct rmv_buf *out, int *status)
{
    int ends[2];
    pid_t pid = -1;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return rmv_error_errno("cannot make a pipe for '%s'", options->argv[0]);
    RMV_CLEANUP(rmv_fd_close) int from = ends[0];
    RMV_CLEANUP(rmv_fd_close) int to = ends[1];
    RMV_CLEANUP(rmv_fd_close) int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0)
        return rmv_error_errno("cannot open '/dev/null'");

    struct rmv_process_options with_pipe = *options;
    with_pipe.stdout_fd = to;
    with_pipe.stderr_fd = options->stderr_fd > 0 ? options->stderr_fd : nowhere;
    const struct rmv_error *err = rmv_process_start(&with_pipe, &pid);
    if (err)
        return err;
    rmv_fd_close(&to); /* or the end of the output would never come */

    const size_t size_before = out->size;
    struct rmv_error *taken = rmv_error_take(collect(options, pid, &from, max_bytes, out));
    err = rmv_process_wait(pid, status);
    if (err)
        out->size = size_before;
    if (!taken)
        return err;
    return rmv_error_raise(&taken);
}
