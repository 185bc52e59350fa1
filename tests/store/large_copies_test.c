/* Large files of which there are two copies, written out where one of them is damaged. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "support.h"

#define MIB ((size_t)1 << 20)
#define FILE_SIZE (5 * MIB + 12345)

/* Makes a pack with the file and moves it to a folder `aside`, as if it had never been. With more
 * in it, another one has another name. */
static void make_pack(const struct rmv_buf *bytes, uint64_t extra, const char *aside,
                      struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id other;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, &extra, sizeof(extra), &other));
    CHECK_OK(rmv_store_batch_put(batch, bytes->data, bytes->size, id));
    CHECK_OK(rmv_store_batch_commit(batch));
    assert_int_equal(rename("packs", aside), 0);
    assert_int_equal(mkdir("packs", 0777), 0);
}

/* Puts the pack back, one byte of its content changed where that is asked for: what is random is
 * stored as it is. */
static void take_pack(const char *aside, const struct rmv_buf *bytes, size_t changed)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), aside, &names));
    assert_int_equal(names.count, 1);
    RMV_CLEANUP(rmv_str_free) char *from = rmv_str_format("%s/%s", aside, names.items[0]);
    RMV_CLEANUP(rmv_str_free) char *to = rmv_str_format("packs/%s", names.items[0]);
    CHECK_OK(rmv_fs_read(from, 16 * MIB, &pack));
    if (changed > 0) {
        char *found = memmem(pack.data, pack.size, bytes->data + changed, 16);
        assert_non_null(found);
        *found ^= 1;
    }
    CHECK_OK(rmv_fs_write_atomic(to, pack.data, pack.size));
    assert_int_equal(unlink(from), 0);
    assert_int_equal(rmdir(aside), 0);
}

static void check_written(const struct rmv_object_id *id, const struct rmv_buf *expected)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf written = {0};
    RMV_CLEANUP(rmv_fd_close)
    int fd = open("output", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    CHECK_OK(rmv_fd_write(fd, "output", "head", 4));
    CHECK_OK(rmv_store_write_to(store, id, fd, "output"));
    CHECK_OK(rmv_fs_read("output", 16 * MIB, &written));
    assert_int_equal(written.size, expected->size + 4);
    assert_memory_equal(written.data, "head", 4);
    assert_memory_equal(written.data + 4, expected->data, expected->size);
}

/* A chunk that is wrong shows only when the whole has been hashed: then all is written again. */
static void a_file_is_written_right_where_a_chunk_is_damaged_in_one_of_two_packs(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id id;
    make_bytes(PATTERN_RANDOM, 8, FILE_SIZE, &bytes);
    for (int damaged = 0; damaged < 3; damaged++) {
        make_pack(&bytes, 1, "first", &id);
        make_pack(&bytes, 2, "second", &id);
        take_pack("first", &bytes, damaged == 0 ? 2 * MIB : 0);
        take_pack("second", &bytes, damaged == 1 ? 3 * MIB : 0);
        check_written(&id, &bytes);
        assert_int_equal(system("rm -rf packs/* index/*"), 0);
    }
}

/* Writes the file, damaged in the pack that is read first or in the other, into a file
 * with other bytes before its place and behind it, which are to stay. */
static void check_kept(int flags, size_t before, size_t behind)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0}, others = {0}, written = {0};
    struct rmv_object_id id;
    make_bytes(PATTERN_RANDOM, 8, FILE_SIZE, &bytes);
    make_bytes(PATTERN_TEXT, 8, before + FILE_SIZE + behind, &others);
    const size_t there = behind > 0 ? others.size : before;
    for (int damaged = 0; damaged < 2; damaged++) {
        make_pack(&bytes, 1, "first", &id);
        make_pack(&bytes, 2, "second", &id);
        take_pack("first", &bytes, damaged == 0 ? 2 * MIB : 0);
        take_pack("second", &bytes, damaged == 1 ? 3 * MIB : 0);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        CHECK_OK(rmv_fs_write_atomic("output", others.data, there));
        RMV_CLEANUP(rmv_fd_close) int fd = open("output", O_RDWR | O_CLOEXEC | flags);
        if (!(flags & O_APPEND))
            assert_int_equal(lseek(fd, (off_t)before, SEEK_SET), before);
        CHECK_OK(rmv_store_write_to(store, &id, fd, "output"));
        written.size = 0;
        CHECK_OK(rmv_fs_read("output", 16 * MIB, &written));
        assert_int_equal(written.size, before + bytes.size + behind);
        assert_memory_equal(written.data, others.data, before);
        assert_memory_equal(written.data + before, bytes.data, bytes.size);
        assert_memory_equal(written.data + before + bytes.size, others.data + before + FILE_SIZE,
                            behind);
        assert_int_equal(system("rm -rf packs/* index/*"), 0);
    }
}

static void what_lies_around_the_place_where_a_file_is_written_stays(void **state)
{
    (void)state;
    check_kept(0, 1000, 4 * MIB);
    check_kept(0, 0, 4 * MIB);
    check_kept(O_APPEND, 1000, 0);
}

static void a_file_whose_only_copy_is_damaged_is_an_error_also_where_it_is_written(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_object_id id;
    make_bytes(PATTERN_RANDOM, 9, FILE_SIZE, &bytes);
    make_pack(&bytes, 1, "first", &id);
    take_pack("first", &bytes, 2 * MIB);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fd = open("output", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    CHECK_SAYS(rmv_store_write_to(store, &id, fd, "output"), RMV_ERR_CORRUPT, "damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_written_right_where_a_chunk_is_damaged_in_one_of_two_packs),
        TEST(what_lies_around_the_place_where_a_file_is_written_stays),
        TEST(a_file_whose_only_copy_is_damaged_is_an_error_also_where_it_is_written),
    };
    return RUN_TESTS(tests);
}
