#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"
#include "store/store_internal.h"
#include "support.h"

static const size_t sizes[] = {0,       1,       2,       255,     256,     4096,   65536,
                               131071,  131072,  262143,  262144,  262145,  900000, 1048575,
                               1048576, 1048577, 1300000, 3000001, 6291456, 9000000};

#define SIZES_COUNT (sizeof(sizes) / sizeof(sizes[0]))

static void objects_of_any_size_come_back_also_after_reopening(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id ids[2][SIZES_COUNT];

    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t pattern = 0; pattern < 2; pattern++)
        for (size_t i = 0; i < SIZES_COUNT; i++) {
            make_bytes(pattern, i, sizes[i], &bytes);
            CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &ids[pattern][i]));
            const struct rmv_object_id expected = rmv_object_id_of(bytes.data, bytes.size);
            assert_true(rmv_object_id_equal(&ids[pattern][i], &expected));
        }
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);

    for (int round = 0; round < 2; round++) {
        for (size_t pattern = 0; pattern < 2; pattern++)
            for (size_t i = 0; i < SIZES_COUNT; i++) {
                make_bytes(pattern, i, sizes[i], &bytes);
                check_stored(store, &ids[pattern][i], &bytes);
            }
        assert_int_equal(count_problems(store, true), 0);
        rmv_store_close(&store);
        store = open_store();
    }
}

static void an_unknown_object_is_not_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = rmv_object_id_of("x", 1);
    uint64_t size;

    assert_false(rmv_store_has(store, &id));
    CHECK_SAYS(rmv_store_get(store, &id, 10, &content), RMV_ERR_NOT_FOUND, "2d711642b726b044");
    CHECK_FAILS(rmv_store_size(store, &id, &size), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_store_write_to(store, &id, 1, "stdout"), RMV_ERR_NOT_FOUND);
}

static void a_store_needs_its_folder(void **state)
{
    (void)state;
    struct rmv_store *store = NULL;
    CHECK_SAYS(rmv_store_open("missing", NULL, &store), RMV_ERR_NOT_FOUND, "missing");
    assert_null(store);
}

static void an_object_longer_than_expected_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};

    make_bytes(PATTERN_TEXT, 1, 2000000, &bytes);
    const struct rmv_object_id id = put_bytes(store, &bytes);
    rmv_buf_append_string(&content, "before");
    CHECK_FAILS(rmv_store_get(store, &id, 1999999, &content), RMV_ERR_LIMIT);
    assert_int_equal(content.size, 6);
    CHECK_OK(rmv_store_get(store, &id, 2000000, &content));
    assert_int_equal(content.size, 2000006);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static struct rmv_store_file put_file(struct rmv_store *store, const struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_store_file file = {0};
    CHECK_OK(rmv_fs_write_atomic("input", bytes->data, bytes->size));
    RMV_CLEANUP(rmv_fd_close) int fd = open("input", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const struct rmv_store_source source = {.fd = fd, .path = "input"};
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put_file(batch, &source, &file));
    CHECK_OK(rmv_store_batch_commit(batch));
    return file;
}

static void a_file_is_stored_under_the_id_of_its_bytes_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES_COUNT; i++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        make_bytes(i % 2, 100 + i, sizes[i], &bytes);
        const struct rmv_store_file file = put_file(store, &bytes);
        const struct rmv_object_id expected = rmv_object_id_of(bytes.data, bytes.size);
        assert_true(rmv_object_id_equal(&file.id, &expected));
        assert_int_equal(file.size, sizes[i]);
        assert_false(file.was_stored);

        RMV_CLEANUP(rmv_fd_close)
        int fd = open("output", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CHECK_OK(rmv_store_write_to(store, &file.id, fd, "output"));
        CHECK_OK(rmv_fs_read("output", SIZE_MAX / 4, &content));
        assert_int_equal(content.size, bytes.size);
        if (bytes.size > 0)
            assert_memory_equal(content.data, bytes.data, bytes.size);

        assert_true(put_file(store, &bytes).was_stored);
    }
}

static bool begins_with(struct rmv_store *store, const struct rmv_object_id *id, const char *bytes,
                        size_t size)
{
    bool begins = false;
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    CHECK_OK(rmv_fs_write_atomic("part", bytes, size));
    fd = open("part", O_RDONLY | O_CLOEXEC);
    CHECK_OK(rmv_store_begins_with(store, id, fd, &begins));
    return begins;
}

static void an_object_begins_with_what_was_written_of_it_before_a_death(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES_COUNT; i++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        make_bytes(i % 2, 200 + i, sizes[i] + 1, &bytes);
        bytes.size--;
        const size_t parts[] = {0, 1, bytes.size / 2, bytes.size};
        const struct rmv_object_id id = put_file(store, &bytes).id;
        for (size_t k = 0; k < 4; k++) {
            const size_t size = parts[k] < bytes.size ? parts[k] : bytes.size;
            assert_true(begins_with(store, &id, bytes.data, size));
            if (size == 0)
                continue;
            bytes.data[size - 1] ^= 1;
            assert_false(begins_with(store, &id, bytes.data, size));
            bytes.data[size - 1] ^= 1;
        }
        assert_false(begins_with(store, &id, bytes.data, bytes.size + 1));
    }
}

static void nothing_is_said_of_how_a_missing_object_begins(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    const struct rmv_object_id id = {.sha256 = {1}};
    RMV_CLEANUP(rmv_fd_close) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool begins = false;
    CHECK_FAILS(rmv_store_begins_with(store, &id, fd, &begins), RMV_ERR_NOT_FOUND);
}

static void reading_a_folder_as_a_file_is_an_error(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_fd_close) int fd = open(".", O_RDONLY | O_CLOEXEC);
    const struct rmv_store_source source = {.fd = fd, .path = "some/folder"};
    struct rmv_store_file file;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_SAYS(rmv_store_batch_put_file(batch, &source, &file), RMV_ERR_IO, "some/folder");
    CHECK_OK(rmv_store_batch_commit(batch));
}

/* ---- Storing once ---------------------------------------------------------------------------- */

static void the_same_content_is_stored_once(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf small = {0}, middle = {0}, large = {0};
    struct rmv_object_id id;
    make_bytes(PATTERN_RANDOM, 1, 10000, &small);
    make_bytes(PATTERN_RANDOM, 2, 700000, &middle);
    make_bytes(PATTERN_RANDOM, 3, 5000000, &large);

    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rmv_store_batch_put(batch, small.data, small.size, &id));
        CHECK_OK(rmv_store_batch_put(batch, middle.data, middle.size, &id));
        CHECK_OK(rmv_store_batch_put(batch, large.data, large.size, &id));
        if (i > 0)
            CHECK_OK(rmv_store_batch_commit(batch));
    }
    const uint64_t before = stored_bytes();
    assert_in_range(before, 5710000, 5725000);
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);

    store = open_store();
    put_bytes(store, &small);
    put_bytes(store, &middle);
    put_bytes(store, &large);
    assert_int_equal(stored_bytes(), before);
}

static void small_objects_share_frames_and_so_compress(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id ids[2000];
    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i < 2000; i++) {
        make_bytes(PATTERN_TEXT, i, 1000, &bytes);
        CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &ids[i]));
    }
    CHECK_OK(rmv_store_batch_commit(batch));
    assert_in_range(stored_bytes(), 100000, 1000000);
    for (size_t i = 0; i < 2000; i += 7) {
        make_bytes(PATTERN_TEXT, i, 1000, &bytes);
        check_stored(store, &ids[i], &bytes);
    }
    assert_int_equal(count_problems(store, true), 0);
}

/* A group of `count` objects of every length from 0, the last two of them the same. */
static void put_group(struct rmv_store_batch *batch, const struct rmv_buf *bytes, size_t count,
                      struct rmv_object_bytes *objects)
{
    for (size_t i = 0; i < count; i++)
        objects[i] = (struct rmv_object_bytes){.bytes = bytes->data + i, .size = 37 * i};
    if (count > 1)
        objects[count - 1] = objects[count - 2];
    CHECK_OK(rmv_store_batch_put_small(batch, objects, count));
}

static void a_group_of_small_objects_is_stored_as_if_one_by_one(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_bytes objects[RMV_STORE_GROUP_MAX];
    make_bytes(PATTERN_RANDOM, 5, 10000, &bytes);

    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t count = 0; count <= RMV_STORE_GROUP_MAX; count++) {
        put_group(batch, &bytes, count, objects);
        for (size_t i = 0; i < count; i++) {
            const struct rmv_object_id id = rmv_object_id_of(objects[i].bytes, objects[i].size);
            assert_true(rmv_object_id_equal(&id, &objects[i].id));
        }
    }
    CHECK_OK(rmv_store_batch_commit(batch));
    const uint64_t before = stored_bytes();
    put_group(batch, &bytes, RMV_STORE_GROUP_MAX, objects);
    CHECK_OK(rmv_store_batch_commit(batch));
    assert_int_equal(stored_bytes(), before);
    for (size_t i = 0; i < RMV_STORE_GROUP_MAX; i++) {
        const struct rmv_buf expected = {.data = (char *)(uintptr_t)objects[i].bytes,
                                         .size = objects[i].size};
        check_stored(store, &objects[i].id, &expected);
    }
    assert_int_equal(count_problems(store, true), 0);
}

static void a_commit_of_nothing_writes_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_commit(batch));
    CHECK_OK(rmv_store_batch_commit(batch));
    assert_int_equal(stored_bytes(), 0);
}

static void many_small_commits_leave_few_index_segments(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings segments = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings left = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id ids[100];
    for (size_t i = 0; i < 100; i++) {
        make_bytes(PATTERN_TEXT, i, 100, &bytes);
        ids[i] = put_bytes(store, &bytes);
    }
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "index", &segments));
    assert_in_range(segments.count, 1, 8);
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "tmp", &left));
    assert_int_equal(left.count, 0);
    rmv_store_close(&store);
    store = open_store();
    for (size_t i = 0; i < 100; i++) {
        make_bytes(PATTERN_TEXT, i, 100, &bytes);
        check_stored(store, &ids[i], &bytes);
    }
}

/* ---- Finding by prefix ----------------------------------------------------------------------- */

static void every_one_of_many_objects_of_a_pack_is_found(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id *ids = rmv_calloc(COUNT, sizeof(*ids));

    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i < COUNT; i++)
        CHECK_OK(rmv_store_batch_put(batch, &i, sizeof(i), &ids[i]));
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++)
            assert_true(rmv_store_has(store, &ids[i]));
        assert_int_equal(count_problems(store, true), 0);
        rmv_store_close(&store);
        store = open_store();
    }
    free(ids);
}

static void a_full_pack_is_followed_by_another(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    assert_int_equal(store->pack_size_max, RMV_PACK_SIZE_MAX);
    store->pack_size_max = (uint64_t)1 << 20;
    make_bytes(PATTERN_RANDOM, 3, (size_t)5 << 20, &bytes);
    const struct rmv_object_id id = put_bytes(store, &bytes);

    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    assert_in_range(names.count, 3, 5);
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("packs/%s", names.items[i]);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_in_range(status.st_size, 1, 3 << 20);
    }
    check_stored(store, &id, &bytes);
    assert_int_equal(count_problems(store, true), 0);
}

static void an_object_is_found_by_a_unique_prefix(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id id;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    for (size_t i = 0; i < 20; i++) {
        make_bytes(PATTERN_TEXT, i, 50, &bytes);
        const struct rmv_object_id expected = put_bytes(store, &bytes);
        for (size_t digits = 8; digits <= 64; digits++) {
            rmv_object_id_to_hex(&expected, hex);
            hex[digits] = '\0';
            CHECK_OK(rmv_store_find(store, hex, &id));
            assert_true(rmv_object_id_equal(&id, &expected));
        }
        hex[20] = hex[20] == '0' ? '1' : '0';
        hex[21] = '\0';
        CHECK_FAILS(rmv_store_find(store, hex, &id), RMV_ERR_NOT_FOUND);
    }
}

static void a_bad_prefix_is_a_usage_error(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    struct rmv_object_id id;
    CHECK_FAILS(rmv_store_find(store, "", &id), RMV_ERR_USAGE);
    CHECK_FAILS(rmv_store_find(store, "1234567", &id), RMV_ERR_USAGE);
    CHECK_FAILS(rmv_store_find(store, "1234567g", &id), RMV_ERR_USAGE);
    CHECK_FAILS(rmv_store_find(store, "ABCDEF01", &id), RMV_ERR_USAGE);
    CHECK_FAILS(rmv_store_find(store,
                               "00000000000000000000000000000000000000000000000000000000000000000",
                               &id),
                RMV_ERR_USAGE);
    CHECK_FAILS(rmv_store_find(store, "12345678", &id), RMV_ERR_NOT_FOUND);
}

#define COLLISION_A "69235"
#define COLLISION_B "95303"

/* SHA-256 of these two numbers as text begins with the same 8 hex digits. */
static void a_prefix_of_two_objects_is_ambiguous(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    struct rmv_buf first = {.data = (char[]){COLLISION_A}, .size = sizeof(COLLISION_A) - 1};
    struct rmv_buf second = {.data = (char[]){COLLISION_B}, .size = sizeof(COLLISION_B) - 1};
    struct rmv_object_id id;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const struct rmv_object_id a = put_bytes(store, &first);
    const struct rmv_object_id b = put_bytes(store, &second);

    rmv_object_id_to_hex(&a, hex);
    hex[8] = '\0';
    CHECK_SAYS(rmv_store_find(store, hex, &id), RMV_ERR_CONFLICT, "several");
    rmv_object_id_to_hex(&b, hex);
    hex[20] = '\0';
    CHECK_OK(rmv_store_find(store, hex, &id));
    assert_true(rmv_object_id_equal(&id, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_of_any_size_come_back_also_after_reopening),
        TEST(an_unknown_object_is_not_found),
        TEST(a_store_needs_its_folder),
        TEST(an_object_longer_than_expected_is_refused),
        TEST(a_file_is_stored_under_the_id_of_its_bytes_and_written_back),
        TEST(an_object_begins_with_what_was_written_of_it_before_a_death),
        TEST(nothing_is_said_of_how_a_missing_object_begins),
        TEST(reading_a_folder_as_a_file_is_an_error),
        TEST(the_same_content_is_stored_once),
        TEST(small_objects_share_frames_and_so_compress),
        TEST(a_group_of_small_objects_is_stored_as_if_one_by_one),
        TEST(a_commit_of_nothing_writes_nothing),
        TEST(many_small_commits_leave_few_index_segments),
        TEST(every_one_of_many_objects_of_a_pack_is_found),
        TEST(a_full_pack_is_followed_by_another),
        TEST(an_object_is_found_by_a_unique_prefix),
        TEST(a_bad_prefix_is_a_usage_error),
        TEST(a_prefix_of_two_objects_is_ambiguous),
    };
    return RUN_TESTS(tests);
}
