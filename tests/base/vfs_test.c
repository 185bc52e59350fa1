#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

/* A filesystem that takes O_DIRECT but not what is written then, or stops in the middle of it. */
struct stubborn {
    struct rmv_vfs vfs;
    bool is_direct, refuses_flag;
    size_t most;          /* bytes of one direct write; 0: EINVAL */
    size_t direct_writes; /* that went through */
};

static int stubborn_direct(void *state, int fd, bool on)
{
    struct stubborn *stubborn = state;
    (void)fd;
    if (stubborn->refuses_flag) {
        errno = EINVAL;
        return -1;
    }
    stubborn->is_direct = on;
    return 0;
}

static ssize_t stubborn_pwrite(void *state, int fd, const void *bytes, size_t size, uint64_t offset)
{
    struct stubborn *stubborn = state;
    if (stubborn->is_direct) {
        if (stubborn->most == 0 || size % RMV_VFS_DIRECT_ALIGNMENT ||
            offset % RMV_VFS_DIRECT_ALIGNMENT || (uintptr_t)bytes % RMV_VFS_DIRECT_ALIGNMENT) {
            errno = EINVAL;
            return -1;
        }
        size = size < stubborn->most ? size : stubborn->most;
        stubborn->direct_writes++;
    }
    return pwrite(fd, bytes, size, (off_t)offset);
}

/* Writes and reads back; the first write goes to offset 4096. */
static void check_direct(const struct rmv_vfs *vfs, const char *bytes, size_t size)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    struct rmv_vfs_stat stat;
    CHECK_OK(rmv_vfs_open(vfs, "a", O_RDWR | O_CREAT | O_TRUNC, &file));
    CHECK_OK(rmv_vfs_write_direct(&file, 4096, bytes, size));
    CHECK_OK(rmv_vfs_write(&file, 1, "odd", 3)); /* not direct any more */
    CHECK_OK(rmv_vfs_stat_file(&file, &stat));
    assert_int_equal(stat.size, size > 0 ? 4096 + size : 4);
    rmv_buf_reserve(&content, size + 1);
    CHECK_OK(rmv_vfs_read(&file, 4096, content.data, size));
    assert_memory_equal(content.data, bytes, size);
}

static void what_is_written_past_the_cache_is_all_there(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 1000000};
    (void)state;
    RMV_CLEANUP(rmv_free) char *bytes = rmv_aligned_alloc(4096, (size_t)1 << 20);
    for (size_t i = 0; i < (size_t)1 << 20; i++)
        bytes[i] = (char)(i * 31 / 7);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct stubborn stubborn = {.vfs = *rmv_vfs_default()};
        stubborn.vfs.state = &stubborn;
        stubborn.vfs.direct = stubborn_direct;
        stubborn.vfs.pwrite = stubborn_pwrite;
        check_direct(rmv_vfs_default(), bytes, sizes[i]);
        check_direct(&stubborn.vfs, bytes, sizes[i]); /* refused when it comes to writing */
        stubborn.most = 4096 + 512;
        check_direct(&stubborn.vfs, bytes, sizes[i]); /* cut short in the middle of a unit */
        stubborn.most = 4096;
        stubborn.direct_writes = 0;
        check_direct(&stubborn.vfs, bytes, sizes[i]); /* in pieces */
        assert_int_equal(stubborn.direct_writes, sizes[i] / 4096);
        stubborn.refuses_flag = true;
        stubborn.most = 0;
        check_direct(&stubborn.vfs, bytes, sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read_back_at_its_place),
        TEST(a_file_that_must_be_new_is_a_conflict_if_it_is_not),
        TEST(a_lock_keeps_others_out_until_its_file_is_closed),
        TEST(a_folder_is_listed_in_order_and_a_missing_one_is_empty),
        TEST(folders_are_made_once_and_files_change_their_names),
        TEST(what_is_written_past_the_cache_is_all_there),
        TEST(a_backend_that_fails_is_an_error_that_names_the_file),
    };
    return RUN_TESTS(tests);
}
