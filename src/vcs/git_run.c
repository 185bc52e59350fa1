#include "rmv/vcs/git_run.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/process.h"

#define ARGUMENTS_MAX 60
#define OUTPUT_BYTES_MAX ((size_t)1024 * 1024 * 1024)
#define COMPLAINT_SIZE ((size_t)1500)

static const struct rmv_error *open_memory(const char *name, int *fd)
{
    *fd = memfd_create(name, MFD_CLOEXEC);
    return *fd < 0 ? rmv_error_errno("cannot make room for what git reads and writes") : NULL;
}

/* What git complained about, without the last newline. */
static void read_complaint(int fd, char complaint[COMPLAINT_SIZE + 1])
{
    const ssize_t size = pread(fd, complaint, COMPLAINT_SIZE, 0);
    complaint[size > 0 ? size : 0] = '\0';
    for (size_t end = strlen(complaint); end > 0 && complaint[end - 1] == '\n'; end--)
        complaint[end - 1] = '\0';
}

static const struct rmv_error *give_input(const struct rmv_git_run *run, int *fd)
{
    if (!run->input)
        return NULL;
    const struct rmv_error *err = open_memory("input", fd);
    if (!err)
        err = rmv_fd_write(*fd, "git's input", run->input, run->input_size);
    if (!err && lseek(*fd, 0, SEEK_SET) < 0)
        err = rmv_error_errno("cannot rewind git's input");
    return err;
}

static const struct rmv_error *run_git(const struct rmv_git_run *run, int complaint_fd,
                                       struct rmv_buf *out, int *status)
{
    static const char *const head[] = {"git",
                                       "-c",
                                       "core.hooksPath=/dev/null",
                                       "-c",
                                       "core.fsync=committed,loose-object",
                                       "-c",
                                       "gc.auto=0",
                                       "-c",
                                       "advice.detachedHead=false"};
    const size_t head_count = sizeof(head) / sizeof(head[0]);
    const char *argv[sizeof(head) / sizeof(head[0]) + ARGUMENTS_MAX + 3];
    RMV_CLEANUP(rmv_str_free)
    char *index = run->index ? rmv_str_format("GIT_INDEX_FILE=%s", run->index) : NULL;
    const char *const env[] = {"GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C", index,
                               NULL};
    RMV_CLEANUP(rmv_fd_close) int input_fd = -1;
    size_t count = head_count;

    memcpy(argv, head, sizeof(head));
    if (run->config) {
        argv[count++] = "-c";
        argv[count++] = run->config;
    }
    for (size_t i = 0; run->argv[i] && i < ARGUMENTS_MAX; i++)
        argv[count++] = run->argv[i];
    argv[count] = NULL;
    const struct rmv_error *err = give_input(run, &input_fd);
    if (err)
        return err;
    const struct rmv_process_options options = {.argv = argv,
                                                .folder = run->folder,
                                                .env = env,
                                                .stdin_fd = input_fd > 0 ? input_fd : 0,
                                                .stderr_fd = complaint_fd,
                                                .new_group = !run->may_ask};
    return rmv_process_output(&options, OUTPUT_BYTES_MAX, out, status);
}

const struct rmv_error *rmv_git_try(const struct rmv_git_run *run, struct rmv_buf *out, int *status)
{
    RMV_CLEANUP(rmv_fd_close) int complaint_fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf dropped = {0};

    const struct rmv_error *err = open_memory("complaint", &complaint_fd);
    return err ? err : run_git(run, complaint_fd, out ? out : &dropped, status);
}

const struct rmv_error *rmv_git_run(const struct rmv_git_run *run, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_fd_close) int complaint_fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf dropped = {0};
    char complaint[COMPLAINT_SIZE + 1];
    int status = 0;

    const struct rmv_error *err = open_memory("complaint", &complaint_fd);
    if (!err)
        err = run_git(run, complaint_fd, out ? out : &dropped, &status);
    if (err || status == 0)
        return err;
    read_complaint(complaint_fd, complaint);
    RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(status);
    return rmv_error(RMV_ERR_FAILED, "`git %s` failed: %s", run->argv[0],
                     *complaint ? complaint : how);
}

const struct rmv_error *rmv_git_ask(const struct rmv_git_run *run, char **line)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const struct rmv_error *err = rmv_git_run(run, &out);
    if (err)
        return err;
    const char *text = rmv_buf_string(&out);
    *line = rmv_str_copy_n(text, strcspn(text, "\n"));
    return NULL;
}
