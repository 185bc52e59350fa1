#include "rmv/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "test.h"

static void check_content(const char *path, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    CHECK_OK(rmv_fs_read(path, 1 << 20, &content));
    assert_string_equal(rmv_buf_string(&content), expected);
}

static int count_entries(const char *folder)
{
    int count = -2; /* "." and ".." */
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void files_are_appended_to_the_buffer_up_to_a_limit(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    rmv_buf_append_string(&out, "before ");
    test_write("five", "12345");
    CHECK_OK(rmv_fs_read("five", 5, &out));
    assert_string_equal(rmv_buf_string(&out), "before 12345");
    CHECK_SAYS(rmv_fs_read("five", 4, &out), RMV_ERR_LIMIT, "'five'");
    CHECK_SAYS(rmv_fs_read("none", 4, &out), RMV_ERR_NOT_FOUND, "'none'");
    CHECK_FAILS(rmv_fs_read(".", 4, &out), RMV_ERR_IO);
    assert_string_equal(rmv_buf_string(&out), "before 12345");
}

static void large_files_and_pipes_are_read_to_their_end(void **state)
{
    (void)state;
    const size_t size = (size_t)5 << 20;
    RMV_CLEANUP(rmv_free) char *bytes = rmv_calloc(size, 1);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    memset(bytes, 'x', size);
    CHECK_OK(rmv_fs_write_atomic("large", bytes, size));
    CHECK_OK(rmv_fs_read("large", size, &out));
    assert_int_equal(out.size, size);
    assert_memory_equal(out.data, bytes, size);

    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    CHECK_OK(rmv_fd_write(ends[1], "pipe", "abc", 3));
    close(ends[1]);
    out.size = 0;
    CHECK_OK(rmv_fd_read(ends[0], "pipe", 3, &out));
    assert_int_equal(out.size, 3);
    rmv_fd_close(&ends[0]);
    assert_int_equal(ends[0], -1);
    rmv_fd_close(&ends[0]);
}

static void writing_replaces_the_file_and_keeps_its_mode(void **state)
{
    struct stat status;
    (void)state;
    CHECK_OK(rmv_fs_write_atomic("a/b/file", "old", 3));
    assert_int_equal(chmod("a/b/file", 0751), 0);
    CHECK_OK(rmv_fs_write_atomic("a/b/file", "new!", 4));
    check_content("a/b/file", "new!");
    assert_int_equal(stat("a/b/file", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0751);
    assert_int_equal(count_entries("a/b"), 1);
    CHECK_OK(rmv_fs_write_atomic("a/b/file", NULL, 0));
    check_content("a/b/file", "");
}

static void a_link_is_replaced_and_not_followed(void **state)
{
    struct stat status;
    (void)state;
    test_write("precious", "keep");
    assert_int_equal(symlink("precious", "link"), 0);
    CHECK_OK(rmv_fs_write_atomic("link", "new", 3));
    check_content("precious", "keep");
    check_content("link", "new");
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISREG(status.st_mode));
}

static void a_write_that_fails_leaves_the_old_file_alone(void **state)
{
    struct rlimit before, small;
    (void)state;
    RMV_CLEANUP(rmv_free) char *bytes = rmv_calloc(100000, 1);
    test_write("file", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const struct rmv_error *err = rmv_fs_write_atomic("file", bytes, 100000);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    CHECK_SAYS(err, RMV_ERR_IO, "cannot write 'file'");
    check_content("file", "old");
    assert_int_equal(count_entries("."), 1);
}

static void a_folder_in_the_way_is_an_error_and_nothing_is_left(void **state)
{
    (void)state;
    CHECK_OK(rmv_fs_mkdir_p("folder/inside"));
    CHECK_SAYS(rmv_fs_write_atomic("folder", "x", 1), RMV_ERR_IO, "cannot replace 'folder'");
    assert_int_equal(count_entries("."), 1);
    test_write("file", "x");
    CHECK_SAYS(rmv_fs_write_atomic("file/below", "x", 1), RMV_ERR_NOT_FOUND, "'file'");
    CHECK_FAILS(rmv_fs_mkdir_p("file/a/b"), RMV_ERR_NOT_FOUND);
}

static void writing_relative_to_a_folder_sets_the_mode(void **state)
{
    struct stat status;
    (void)state;
    const mode_t mask = umask(022);
    CHECK_OK(rmv_fs_mkdir_p("a/b"));
    RMV_CLEANUP(rmv_fd_close) int fd = open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_OK(rmv_fs_write_atomic_at(fd, "b/secret", "x", 1, 0600));
    assert_int_equal(stat("a/b/secret", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    CHECK_FAILS(rmv_fs_write_atomic_at(fd, "none/x", "x", 1, 0600), RMV_ERR_NOT_FOUND);
    umask(mask);
}

static void folders_are_made_with_their_parents_and_may_exist(void **state)
{
    (void)state;
    CHECK_OK(rmv_fs_mkdir_p("a/b/c"));
    CHECK_OK(rmv_fs_mkdir_p("a/b/c"));
    CHECK_OK(rmv_fs_mkdir_p("."));
    CHECK_OK(rmv_fs_sync_folder("a/b"));
    assert_true(rmv_fs_exists("a/b/c"));
    assert_false(rmv_fs_exists("a/x"));
    CHECK_FAILS(rmv_fs_sync_folder("a/x"), RMV_ERR_NOT_FOUND);
}

struct cleaner {
    int folder_fd;
    atomic_bool ends;
};

static void *clear_all_the_time(void *context)
{
    struct cleaner *cleaner = context;
    while (!atomic_load(&cleaner->ends))
        rmv_fs_clear_temporaries(cleaner->folder_fd);
    return NULL;
}

static void files_are_replaced_while_somebody_clears_up(void **state)
{
    (void)state;
    struct cleaner cleaner = {.folder_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, clear_all_the_time, &cleaner), 0);
    for (int i = 0; i < 5000; i++)
        CHECK_OK(rmv_fs_write_unsynced_at(cleaner.folder_fd, "file", &i, sizeof(i), 0666));
    atomic_store(&cleaner.ends, true);
    pthread_join(thread, NULL);
    rmv_fd_close(&cleaner.folder_fd);
}

static void names_of_temporary_files_are_known(void **state)
{
    (void)state;
    assert_true(rmv_fs_is_temporary(".rmv-tmp-12-0"));
    assert_true(rmv_fs_is_temporary(".rmv-tmp-12-18ea26e9040a99a2-1"));
    assert_true(rmv_fs_is_temporary(".rmv-tmp-7"));
    assert_false(rmv_fs_is_temporary(".rmv-tmp-"));
    assert_false(rmv_fs_is_temporary(".rmv-tmp-notes"));
    assert_false(rmv_fs_is_temporary(".rmv-tmp-1-0.csv"));
    assert_false(rmv_fs_is_temporary("rmv-tmp-1-0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_are_appended_to_the_buffer_up_to_a_limit),
        TEST(large_files_and_pipes_are_read_to_their_end),
        TEST(writing_replaces_the_file_and_keeps_its_mode),
        TEST(a_link_is_replaced_and_not_followed),
        TEST(a_write_that_fails_leaves_the_old_file_alone),
        TEST(a_folder_in_the_way_is_an_error_and_nothing_is_left),
        TEST(writing_relative_to_a_folder_sets_the_mode),
        TEST(folders_are_made_with_their_parents_and_may_exist),
        TEST(files_are_replaced_while_somebody_clears_up),
        TEST(names_of_temporary_files_are_known),
    };
    return RUN_TESTS(tests);
}
