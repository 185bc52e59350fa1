#include "rmv/base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

/* What the shell prints when it runs `script` with the other options. */
static void check_output(struct rmv_process_options options, const char *script,
                         const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const char *const argv[] = {"sh", "-c", script, NULL};
    int status;

    options.argv = argv;
    CHECK_OK(rmv_process_output(&options, 1 << 20, &out, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(rmv_buf_string(&out), expected);
}

static void output_is_collected_and_errors_are_dropped(void **state)
{
    (void)state;
    check_output((struct rmv_process_options){0}, "echo out; echo err >&2", "out\n");
}

static void standard_error_can_be_kept(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int fd = open("err", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf err = {0};
    check_output((struct rmv_process_options){.stderr_fd = fd}, "echo out; echo err >&2", "out\n");
    CHECK_OK(rmv_fs_read("err", 100, &err));
    assert_string_equal(rmv_buf_string(&err), "err\n");
}

static void standard_output_and_error_can_change_places(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
    const struct rmv_process_options options = {.argv = argv, .stdout_fd = 2, .stderr_fd = 1};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0}, err = {0};
    int status;
    pid_t pid;

    const int saved_out = dup(1), saved_err = dup(2);
    const int out_fd = open("out", O_WRONLY | O_CREAT, 0666);
    const int err_fd = open("err", O_WRONLY | O_CREAT, 0666);
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    const struct rmv_error *failed = rmv_process_start(&options, &pid);
    dup2(saved_out, 1);
    dup2(saved_err, 2);
    for (int i = 0; i < 4; i++)
        close((int[]){saved_out, saved_err, out_fd, err_fd}[i]);

    CHECK_OK(failed);
    CHECK_OK(rmv_process_wait(pid, &status));
    CHECK_OK(rmv_fs_read("out", 100, &out));
    CHECK_OK(rmv_fs_read("err", 100, &err));
    assert_string_equal(rmv_buf_string(&out), "err\n");
    assert_string_equal(rmv_buf_string(&err), "out\n");
}

static void it_runs_in_the_folder_it_is_given(void **state)
{
    (void)state;
    CHECK_OK(rmv_fs_mkdir_p("a/b"));
    check_output((struct rmv_process_options){.folder = "a/b"}, "basename \"$PWD\"", "b\n");
}

static void variables_replace_ours_and_leave_the_others(void **state)
{
    (void)state;
    const char *const env[] = {"RMV_A=1", "RMV_B=x=y", NULL};
    setenv("RMV_A", "old", 1);
    setenv("RMV_C", "kept", 1);
    check_output((struct rmv_process_options){.env = env}, "env | grep '^RMV_[ABC]=' | sort",
                 "RMV_A=1\nRMV_B=x=y\nRMV_C=kept\n");
}

static void standard_input_is_empty_unless_given(void **state)
{
    (void)state;
    check_output((struct rmv_process_options){0}, "cat", "");
    test_write("input", "hello");
    RMV_CLEANUP(rmv_fd_close) int fd = open("input", O_RDONLY | O_CLOEXEC);
    check_output((struct rmv_process_options){.stdin_fd = fd}, "cat", "hello");
}

static void no_descriptor_of_ours_leaks_into_it(void **state)
{
    (void)state;
    for (int fd = 3; fd < 256; fd++) /* those that we inherited ourselves */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* ls opens the folder itself: one more than the three standard ones. */
    check_output((struct rmv_process_options){0}, "ls /proc/self/fd | wc -l", "4\n");
}

static void a_blocked_or_ignored_signal_is_usual_again_in_it(void **state)
{
    (void)state;
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
    check_output((struct rmv_process_options){0},
                 "awk '/^SigBlk/ { print $2 } /^SigIgn/ { print substr($2, 13, 1) }' "
                 "/proc/self/status",
                 "0000000000000000\n0\n");
    signal(SIGPIPE, handler);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void a_program_that_does_not_exist_is_not_found(void **state)
{
    (void)state;
    const char *const argv[] = {"no-such-program-at-all", NULL};
    const char *const shell[] = {"sh", NULL};
    pid_t pid;
    CHECK_SAYS(rmv_process_start(&(struct rmv_process_options){.argv = argv}, &pid),
               RMV_ERR_NOT_FOUND, "no-such-program-at-all");
    CHECK_SAYS(
        rmv_process_start(&(struct rmv_process_options){.argv = shell, .folder = "gone"}, &pid),
        RMV_ERR_NOT_FOUND, "'gone'");
}

static void a_file_that_is_no_program_is_another_error(void **state)
{
    (void)state;
    const char *const argv[] = {"./text", NULL};
    pid_t pid;
    test_write("text", "hello");
    CHECK_SAYS(rmv_process_start(&(struct rmv_process_options){.argv = argv}, &pid), RMV_ERR_IO,
               "Permission denied");
}

static void endless_output_ends_at_the_limit(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const char *const argv[] = {"sh", "-c", "trap '' PIPE; while :; do echo y; done 2>&-", NULL};
    const struct rmv_process_options options = {.argv = argv, .new_group = true};
    int status;
    CHECK_SAYS(rmv_process_output(&options, 100000, &out, &status), RMV_ERR_LIMIT, "sh");
    assert_int_equal(out.size, 0);
}

static void more_output_than_a_pipe_holds_is_no_deadlock(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const char *const argv[] = {"head", "-c", "1000000", "/dev/zero", NULL};
    const struct rmv_process_options options = {.argv = argv};
    int status;
    CHECK_OK(rmv_process_output(&options, 1000000, &out, &status));
    assert_int_equal(out.size, 1000000);
}

static void check_description(const char *script, const char *expected)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    int status;
    pid_t pid;
    CHECK_OK(rmv_process_start(&(struct rmv_process_options){.argv = argv}, &pid));
    CHECK_OK(rmv_process_wait(pid, &status));
    RMV_CLEANUP(rmv_str_free) char *text = rmv_process_describe(status);
    assert_string_equal(text, expected);
}

static void its_end_is_described(void **state)
{
    (void)state;
    check_description("exit 3", "exit status 3");
    check_description("kill -9 $$", "killed by signal 9 (Killed)");
}

static void it_can_lead_a_group_of_its_own(void **state)
{
    (void)state;
    const char *const argv[] = {"sleep", "100", NULL};
    int status;
    pid_t pid;
    CHECK_OK(
        rmv_process_start(&(struct rmv_process_options){.argv = argv, .new_group = true}, &pid));
    assert_int_equal(getpgid(pid), pid);
    assert_int_equal(kill(-pid, SIGTERM), 0);
    CHECK_OK(rmv_process_wait(pid, &status));
    assert_true(WIFSIGNALED(status));
}

static void waiting_for_a_stranger_is_an_error(void **state)
{
    int status;
    (void)state;
    CHECK_FAILS(rmv_process_wait(getppid(), &status), RMV_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_is_collected_and_errors_are_dropped),
        TEST(standard_error_can_be_kept),
        TEST(standard_output_and_error_can_change_places),
        TEST(it_runs_in_the_folder_it_is_given),
        TEST(variables_replace_ours_and_leave_the_others),
        TEST(standard_input_is_empty_unless_given),
        TEST(no_descriptor_of_ours_leaks_into_it),
        TEST(a_blocked_or_ignored_signal_is_usual_again_in_it),
        TEST(a_program_that_does_not_exist_is_not_found),
        TEST(a_file_that_is_no_program_is_another_error),
        TEST(endless_output_ends_at_the_limit),
        TEST(more_output_than_a_pipe_holds_is_no_deadlock),
        TEST(its_end_is_described),
        TEST(it_can_lead_a_group_of_its_own),
        TEST(waiting_for_a_stranger_is_an_error),
    };
    return RUN_TESTS(tests);
}
