/* Every test runs as it is, and again in a process to which the kernel refuses openat2(2). */
#include "rmv/base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

/* inside/ is the root; outside/ is what nobody may reach from there. */
static int open_root(void)
{
    test_write("outside/secret", "secret");
    test_write("inside/a/file", "hello");
    const int fd = open("inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void files_below_are_opened_and_created(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root = open_root(), fd = -1, made = -1, here = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    CHECK_OK(rmv_beneath_open(root, "a/file", O_RDONLY, 0, &fd));
    CHECK_OK(rmv_fd_read(fd, "a/file", 100, &content));
    assert_string_equal(rmv_buf_string(&content), "hello");
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK_OK(rmv_beneath_open(root, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &made));
    CHECK_FAILS(rmv_beneath_open(root, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &made),
                RMV_ERR_IO);
    assert_true(rmv_fs_exists("inside/a/new"));
    CHECK_OK(rmv_beneath_open(root, ".", O_RDONLY | O_DIRECTORY, 0, &here));
}

static void what_is_missing_is_not_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root = open_root(), fd = -1;
    CHECK_SAYS(rmv_beneath_open(root, "a/none", O_RDONLY, 0, &fd), RMV_ERR_NOT_FOUND, "'a/none'");
    CHECK_FAILS(rmv_beneath_open(root, "none/file", O_RDONLY, 0, &fd), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_beneath_open(root, "a/file/x", O_RDONLY, 0, &fd), RMV_ERR_NOT_FOUND);
    assert_int_equal(fd, -1);
}

static void paths_that_lead_out_are_refused(void **state)
{
    static const char *const hostile[] = {
        "..", "../outside/secret", "a/../../outside/secret", "a/..", "/etc/passwd", "", "a//file",
        "a/"};
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root = open_root(), fd = -1;
    const char *name;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        CHECK_FAILS(rmv_beneath_open(root, hostile[i], O_RDONLY, 0, &fd), RMV_ERR_DENIED);
        CHECK_FAILS(rmv_beneath_open_parent(root, hostile[i], true, &fd, &name), RMV_ERR_DENIED);
    }
    CHECK_FAILS(rmv_beneath_open_parent(root, ".", true, &fd, &name), RMV_ERR_DENIED);
    assert_int_equal(fd, -1);
}

static void planted_links_are_refused_wherever_they_stand(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root = open_root(), fd = -1;
    const char *name;
    assert_int_equal(symlink("../outside", "inside/folder"), 0);
    assert_int_equal(symlink("../outside/secret", "inside/last"), 0);
    assert_int_equal(symlink("a", "inside/harmless"), 0);
    assert_int_equal(symlink("../outside/made", "inside/dangling"), 0);
    CHECK_SAYS(rmv_beneath_open(root, "folder/secret", O_RDONLY, 0, &fd), RMV_ERR_DENIED,
               "symbolic link");
    CHECK_FAILS(rmv_beneath_open(root, "last", O_RDONLY, 0, &fd), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open(root, "folder", O_RDONLY | O_DIRECTORY, 0, &fd), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open(root, "harmless/file", O_RDONLY, 0, &fd), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open(root, "dangling", O_WRONLY | O_CREAT, 0666, &fd), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open_parent(root, "folder/new", false, &fd, &name), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open_parent(root, "folder/deep/new", true, &fd, &name), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_beneath_open_parent(root, "dangling/new", true, &fd, &name), RMV_ERR_DENIED);
    assert_int_equal(fd, -1);
    assert_false(rmv_fs_exists("outside/made") || rmv_fs_exists("outside/deep"));
}

static void parents_are_opened_and_made_on_request(void **state)
{
    struct stat status;
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root = open_root(), fd = -1, deep = -1, here = -1;
    const char *name;
    CHECK_OK(rmv_beneath_open_parent(root, "a/file", false, &fd, &name));
    assert_string_equal(name, "file");
    assert_int_equal(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_FAILS(rmv_beneath_open_parent(root, "x/y/z", false, &deep, &name), RMV_ERR_NOT_FOUND);
    CHECK_OK(rmv_beneath_open_parent(root, "x/y/z", true, &deep, &name));
    assert_string_equal(name, "z");
    assert_true(rmv_fs_exists("inside/x/y"));
    assert_false(rmv_fs_exists("inside/x/y/z"));
    CHECK_OK(rmv_beneath_open_parent(root, "new", true, &here, &name));
    assert_int_equal(fstatat(here, "a", &status, 0), 0);
    int none = -1;
    assert_non_null(rmv_beneath_open_parent(root, "a/file/x/y", true, &none, &name));
    assert_int_equal(none, -1);
}

static bool refuse_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void all_of_it_holds_without_openat2(void **state)
{
    static void (*const tests[])(void **) = {
        files_below_are_opened_and_created,     what_is_missing_is_not_found,
        paths_that_lead_out_are_refused,        planted_links_are_refused_wherever_they_stand,
        parents_are_opened_and_made_on_request,
    };
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        int status;
        const pid_t pid = fork();
        if (pid == 0) { /* a failed assertion jumps out of here and ends with another status */
            if (!refuse_openat2() || test_enter(state) != 0)
                _exit(1);
            tests[i](state);
            _exit(test_leave(state) == 0 ? 42 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_below_are_opened_and_created),
        TEST(what_is_missing_is_not_found),
        TEST(paths_that_lead_out_are_refused),
        TEST(planted_links_are_refused_wherever_they_stand),
        TEST(parents_are_opened_and_made_on_request),
        TEST(all_of_it_holds_without_openat2),
    };
    return RUN_TESTS(tests);
}
