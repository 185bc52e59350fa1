#include "test.h"

#include <fcntl.h>

#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"

static void what_was_written_is_read_back_at_its_place(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    struct rmv_vfs_stat stat;
    char bytes[5] = {0};
    CHECK_OK(rmv_vfs_open(rmv_vfs_default(), "a", O_RDWR | O_CREAT | O_EXCL, &file));
    CHECK_OK(rmv_vfs_write(&file, 3, "defgh", 5));
    CHECK_OK(rmv_vfs_write(&file, 0, "abc", 3));
    CHECK_OK(rmv_vfs_sync(&file));
    CHECK_OK(rmv_vfs_read(&file, 1, bytes, 4));
    assert_string_equal(bytes, "bcde");
    CHECK_OK(rmv_vfs_truncate(&file, 6));
    CHECK_OK(rmv_vfs_stat_file(&file, &stat));
    assert_int_equal(stat.size, 6);
    CHECK_SAYS(rmv_vfs_read(&file, 4, bytes, 4), RMV_ERR_CORRUPT, "ends at byte 6");
}

static void a_file_that_must_be_new_is_a_conflict_if_it_is_not(void **state)
{
    (void)state;
    struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    test_write("a", "x");
    CHECK_FAILS(rmv_vfs_open(rmv_vfs_default(), "a", O_RDWR | O_CREAT | O_EXCL, &file),
                RMV_ERR_CONFLICT);
    CHECK_FAILS(rmv_vfs_open(rmv_vfs_default(), "b", O_RDONLY, &file), RMV_ERR_NOT_FOUND);
    assert_int_equal(file.fd, -1);
}

static void a_lock_keeps_others_out_until_its_file_is_closed(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file first = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file second = RMV_VFS_FILE_EMPTY;
    CHECK_OK(rmv_vfs_open(rmv_vfs_default(), "a", O_RDWR | O_CREAT, &first));
    CHECK_OK(rmv_vfs_open(rmv_vfs_default(), "a", O_RDWR | O_CREAT, &second));
    CHECK_OK(rmv_vfs_lock(&first, true));
    CHECK_FAILS(rmv_vfs_lock(&second, true), RMV_ERR_LOCKED);
    CHECK_FAILS(rmv_vfs_lock(&second, false), RMV_ERR_LOCKED);
    rmv_vfs_close(&first);
    CHECK_OK(rmv_vfs_lock(&second, true));
}

static void a_folder_is_listed_in_order_and_a_missing_one_is_empty(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "missing", &names));
    assert_int_equal(names.count, 0);
    test_write("folder/b", "");
    test_write("folder/a", "");
    test_write("folder/.c", "");
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "folder", &names));
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], ".c");
    assert_string_equal(names.items[1], "a");
    assert_string_equal(names.items[2], "b");
    CHECK_FAILS(rmv_vfs_list(rmv_vfs_default(), "folder/a", &names), RMV_ERR_NOT_FOUND);
}

static void folders_are_made_once_and_files_change_their_names(void **state)
{
    (void)state;
    const struct rmv_vfs *vfs = rmv_vfs_default();
    struct rmv_vfs_stat stat;
    CHECK_OK(rmv_vfs_mkdir(vfs, "folder"));
    CHECK_OK(rmv_vfs_mkdir(vfs, "folder"));
    CHECK_FAILS(rmv_vfs_mkdir(vfs, "missing/folder"), RMV_ERR_NOT_FOUND);
    test_write("a", "x");
    CHECK_OK(rmv_vfs_rename(vfs, "a", "folder/b"));
    CHECK_OK(rmv_vfs_sync_folder(vfs, "folder"));
    CHECK_FAILS(rmv_vfs_sync_folder(vfs, "missing"), RMV_ERR_NOT_FOUND);
    CHECK_OK(rmv_vfs_stat(vfs, "folder/b", &stat));
    CHECK_FAILS(rmv_vfs_stat(vfs, "a", &stat), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_vfs_rename(vfs, "a", "c"), RMV_ERR_NOT_FOUND);
    assert_int_equal(vfs->link(vfs->state, "folder/b", "folder/c"), 0);
    assert_int_equal(vfs->unlink(vfs->state, "folder/b"), 0);
    assert_true(rmv_fs_exists("folder/c"));
}

static void a_backend_that_fails_is_an_error_that_names_the_file(void **state)
{
    (void)state;
    struct faulty_vfs faulty;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    faulty_vfs_init(&faulty, 2, false);
    CHECK_OK(rmv_vfs_open(&faulty.vfs, "a", O_RDWR | O_CREAT, &file));
    CHECK_SAYS(rmv_vfs_write(&file, 0, "abcdef", 6), RMV_ERR_IO, "cannot write 'a'");
    CHECK_OK(rmv_vfs_write(&file, 0, "abcdef", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read_back_at_its_place),
        TEST(a_file_that_must_be_new_is_a_conflict_if_it_is_not),
        TEST(a_lock_keeps_others_out_until_its_file_is_closed),
        TEST(a_folder_is_listed_in_order_and_a_missing_one_is_empty),
        TEST(folders_are_made_once_and_files_change_their_names),
        TEST(a_backend_that_fails_is_an_error_that_names_the_file),
    };
    return RUN_TESTS(tests);
}
