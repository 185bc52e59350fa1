#include "rmv/base/replace.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

static void check_content(const char *path, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    CHECK_OK(rmv_fs_read(path, 1 << 20, &content));
    assert_string_equal(rmv_buf_string(&content), expected);
}

static size_t count_temporaries(void)
{
    glob_t found;
    const size_t count = glob("*/.rmv-tmp-*", 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void files_keep_their_content_until_all_are_replaced(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RMV_CLEANUP(rmv_replacements_free) struct rmv_replacements files = {.root_fd = root_fd};
    test_write("a/old", "old");
    test_write("b/other", "");

    CHECK_OK(rmv_replacements_add(&files, "a/old", "changed", 7));
    CHECK_OK(rmv_replacements_add(&files, "b/new", "", 0));
    check_content("a/old", "old");
    assert_false(rmv_fs_exists("b/new"));
    CHECK_OK(rmv_replacements_finish(&files));
    check_content("a/old", "changed");
    check_content("b/new", "");
    assert_int_equal(count_temporaries(), 0);
}

static void more_files_than_are_synced_singly_are_replaced_too(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RMV_CLEANUP(rmv_replacements_free) struct rmv_replacements files = {.root_fd = root_fd};
    char path[32];
    test_write("d/0", "old");

    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "d/%d", i);
        CHECK_OK(rmv_replacements_add(&files, path, path, 3));
    }
    CHECK_OK(rmv_replacements_finish(&files));
    check_content("d/0", "d/0");
    check_content("d/9", "d/9");
    check_content("d/99", "d/9");
    assert_int_equal(count_temporaries(), 0);
}

static void what_replaced_nothing_is_removed(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct rmv_replacements files = {.root_fd = root_fd};
    test_write("a/old", "old");
    assert_return_code(mkdir("a/folder", 0777), 0);

    CHECK_OK(rmv_replacements_add(&files, "a/folder", "x", 1));
    CHECK_OK(rmv_replacements_add(&files, "a/old", "changed", 7));
    assert_int_equal(count_temporaries(), 2);
    CHECK_FAILS(rmv_replacements_finish(&files), RMV_ERR_IO);
    rmv_replacements_free(&files);
    check_content("a/old", "old");
    assert_int_equal(count_temporaries(), 0);
    CHECK_OK(rmv_replacements_finish(&files));
}

static void the_mode_of_a_file_is_kept(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RMV_CLEANUP(rmv_replacements_free) struct rmv_replacements files = {.root_fd = root_fd};
    struct stat status;
    test_write("a/old", "old");
    assert_return_code(chmod("a/old", 0640), 0);

    CHECK_OK(rmv_replacements_add(&files, "a/old", "changed", 7));
    CHECK_OK(rmv_replacements_finish(&files));
    assert_return_code(stat("a/old", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

static void nothing_is_written_through_a_link_or_into_no_folder(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RMV_CLEANUP(rmv_replacements_free) struct rmv_replacements files = {.root_fd = root_fd};
    test_write("elsewhere/file", "safe");
    assert_return_code(symlink("elsewhere", "door"), 0);

    CHECK_FAILS(rmv_replacements_add(&files, "door/file", "x", 1), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_replacements_add(&files, "none/file", "x", 1), RMV_ERR_NOT_FOUND);
    CHECK_OK(rmv_replacements_finish(&files));
    check_content("elsewhere/file", "safe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_keep_their_content_until_all_are_replaced),
        TEST(more_files_than_are_synced_singly_are_replaced_too),
        TEST(what_replaced_nothing_is_removed),
        TEST(the_mode_of_a_file_is_kept),
        TEST(nothing_is_written_through_a_link_or_into_no_folder),
    };
    return RUN_TESTS(tests);
}
