/* What happens when bytes on disk change: damage is found, and wrong bytes never come out. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"
#include "store/pack_format.h"
#include "store/segment.h"
#include "support.h"

#define OBJECTS_COUNT 6

static const size_t object_sizes[OBJECTS_COUNT] = {0, 1, 40, 700, 300, 1500};

static void make_object(size_t i, struct rmv_buf *bytes)
{
    make_bytes(i % 2, 50 + i, object_sizes[i], bytes);
}

/* A store of one small pack. */
static void fill_store(struct rmv_object_id ids[OBJECTS_COUNT])
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        make_object(i, &bytes);
        CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &ids[i]));
    }
    CHECK_OK(rmv_store_batch_commit(batch));
}

/* The only file in a folder of the store; the caller frees the path. */
static char *only_file(const char *folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), folder, &names));
    assert_int_equal(names.count, 1);
    return rmv_str_format("%s/%s", folder, names.items[0]);
}

/* Fills the store, and reads the only file in a folder of it, whose path the caller frees. */
static char *fill_and_read(struct rmv_object_id ids[OBJECTS_COUNT], const char *folder,
                           struct rmv_buf *bytes)
{
    fill_store(ids);
    char *path = only_file(folder);
    CHECK_OK(rmv_fs_read(path, 1 << 20, bytes));
    return path;
}

static void replace_file(const char *path, const char *bytes, size_t size)
{
    assert_int_equal(unlink(path), 0);
    CHECK_OK(rmv_fs_write_atomic(path, bytes, size));
}

/* Every object is right or an error. Returns how many are right. */
static size_t count_right(struct rmv_store *store, const struct rmv_object_id ids[OBJECTS_COUNT])
{
    size_t right = 0;
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        make_object(i, &bytes);
        if (rmv_store_get(store, &ids[i], 1 << 20, &content)) {
            assert_int_equal(content.size, 0);
            continue;
        }
        assert_int_equal(content.size, bytes.size);
        if (bytes.size > 0)
            assert_memory_equal(content.data, bytes.data, bytes.size);
        right++;
    }
    return right;
}

static void a_changed_byte_anywhere_in_a_pack_is_found(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "packs", &pack);

    for (size_t at = 0; at < pack.size; at++) {
        const char change = (char)(1 << (at % 8));
        pack.data[at] ^= change;
        replace_file(path, pack.data, pack.size);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        count_right(store, ids);
        if (count_problems(store, false) == 0)
            fail_msg("a change of byte %zu of the pack is not found", at);
        pack.data[at] ^= change;
    }
    replace_file(path, pack.data, pack.size);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_problems(store, true), 0);
    assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
}

/* Of the list that says which pieces an object is put together from, too. */
static void a_changed_byte_in_a_pack_with_a_chunk_list_is_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    make_bytes(PATTERN_TEXT, 7, 70000, &bytes);
    for (size_t at = 50; at < bytes.size; at += 60)
        bytes.data[at] = '\n';
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put_lines(batch, bytes.data, bytes.size, &id));
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    check_stored(store, &id, &bytes);
    RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
    CHECK_OK(rmv_fs_read(path, 1 << 20, &pack));

    /* Every byte of the last 1,200, where lists and footer are; some of the pieces' bytes. */
    for (size_t at = 0; at < pack.size; at += at + 1200 < pack.size ? 97 : 1) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        pack.data[at] ^= 0x04;
        replace_file(path, pack.data, pack.size);
        rmv_store_close(&store);
        store = open_store();
        if (!rmv_store_get(store, &id, bytes.size, &content))
            assert_memory_equal(content.data, bytes.data, bytes.size);
        if (count_problems(store, false) == 0)
            fail_msg("a change of byte %zu of the pack is not found", at);
        pack.data[at] ^= 0x04;
    }
}

/* What does not compress is in raw blocks: most of it has no checksum but the footer's, and the
 * heads of frames and blocks have no other even if the object comes out right. */
static void a_changed_byte_in_the_frames_of_a_large_file_is_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    make_bytes(PATTERN_RANDOM, 8, (size_t)5 << 18, &bytes);
    put_bytes(store, &bytes);
    RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
    CHECK_OK(rmv_fs_read(path, 4 << 20, &pack));
    CHECK_OK(rmv_vfs_open(rmv_vfs_default(), path, O_RDONLY, &file));
    CHECK_OK(rmv_pack_read_footer(&file, &footer));
    assert_true(footer.frames_count > 2);

    for (size_t i = 0; i < 16 * footer.frames_count; i++) {
        const size_t at = footer.frame_offsets[i / 16] + i % 16;
        const char change = (char)(1 << (i % 8));
        pack.data[at] ^= change;
        replace_file(path, pack.data, pack.size);
        rmv_store_close(&store);
        store = open_store();
        if (count_problems(store, false) == 0)
            fail_msg("a change of byte %zu of the pack is not found", at);
        pack.data[at] ^= change;
    }
}

/* The footer tells where everything is, so without an index it must not be believed blindly either.
 */
static void a_changed_byte_anywhere_in_a_pack_is_found_without_an_index(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    static const struct rmv_store_options quick = {.no_fsync = true};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "packs", &pack);

    for (size_t at = 0; at < pack.size; at++) {
        pack.data[at] ^= 0x10;
        replace_file(path, pack.data, pack.size);
        assert_int_equal(system("rm -f index/*"), 0);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
        if (!rmv_store_open(".", &quick, &store)) {
            count_right(store, ids);
            assert_true(count_problems(store, false) > 0);
        }
        pack.data[at] ^= 0x10;
    }
}

static void a_pack_that_is_cut_short_is_found(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "packs", &pack);

    for (size_t size = 0; size < pack.size; size += 13) {
        replace_file(path, pack.data, size);
        if (size % 2 == 1)
            assert_int_equal(system("rm -f index/*"), 0);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        count_right(store, ids);
        assert_true(count_problems(store, false) > 0);
    }
}

static void a_changed_byte_anywhere_in_an_index_does_no_harm(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf index = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "index", &index);

    for (size_t at = 0; at < index.size; at++) {
        const char change = (char)(1 << (at % 8));
        index.data[at] ^= change;
        assert_int_equal(system("rm -f index/*"), 0);
        CHECK_OK(rmv_fs_write_atomic(path, index.data, index.size));
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
        index.data[at] ^= change;
    }
}

static void a_check_finds_a_damaged_index_and_makes_it_again(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf index = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "index", &index);
    index.data[index.size - 1] ^= 1;
    replace_file(path, index.data, index.size);

    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_problems(store, false), 1);
    assert_int_equal(count_problems(store, true), 0);
    rmv_store_close(&store);
    store = open_store();
    assert_int_equal(count_problems(store, true), 0);
}

static void an_index_cut_short_or_missing_is_made_again(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf index = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "index", &index);
    for (size_t size = 0; size < index.size; size += 11) {
        assert_int_equal(system("rm -f index/*"), 0);
        if (size % 3 > 0)
            CHECK_OK(rmv_fs_write_atomic(path, index.data, size));
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        for (size_t i = 0; i < OBJECTS_COUNT; i++)
            assert_true(rmv_store_has(store, &ids[i]));
        assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
    }
    RMV_CLEANUP(rmv_str_free) char *made = only_file("index");
    assert_string_equal(made, path);
}

static void an_index_that_cannot_be_saved_works_all_the_same(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    fill_store(ids);
    assert_int_equal(system("rm -rf index/* tmp && : > tmp"), 0);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
}

static void packs_of_a_newer_version_are_refused(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "packs", &pack);
    pack.data[offsetof(struct rmv_pack_header, version)] = 2;
    pack.data[pack.size - sizeof(struct rmv_pack_trailer) +
              offsetof(struct rmv_pack_trailer, version)] = 2;
    replace_file(path, pack.data, pack.size);
    assert_int_equal(system("rm -f index/*"), 0);

    struct rmv_store *store = NULL;
    CHECK_SAYS(rmv_store_open(".", NULL, &store), RMV_ERR_UNSUPPORTED, "version 2");
}

static void an_index_of_a_newer_version_is_left_alone(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf index = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "index", &index);
    index.data[offsetof(struct rmv_segment_header, version)] = RMV_SEGMENT_VERSION + 1;
    assert_int_equal(unlink(path), 0);
    CHECK_OK(rmv_fs_write_atomic("index/seg-of-the-future.idx", index.data, index.size));

    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
    assert_true(rmv_fs_exists("index/seg-of-the-future.idx"));
    assert_int_equal(count_problems(store, true), 0);
}

static void a_pack_under_another_name_is_found(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    fill_store(ids);
    RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
    RMV_CLEANUP(rmv_str_free) char *other = rmv_str_copy(path);
    char *digit = strchr(other, '-') + 1;
    *digit = *digit == '0' ? '1' : '0';
    assert_int_equal(rename(path, other), 0);

    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_true(count_problems(store, false) > 0);
    assert_int_equal(count_right(store, ids), 0);
    rmv_store_close(&store);
    assert_int_equal(rename(other, "packs/notes.txt"), 0);
    store = open_store();
    assert_int_equal(count_problems(store, false), 1);
}

static void an_object_damaged_in_one_pack_is_read_from_another(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    RMV_CLEANUP(rmv_str_free) char *path = fill_and_read(ids, "packs", &pack);

    /* A second pack with the same objects and more: stored while the first is out of the way. */
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    assert_int_equal(rename(path, "aside"), 0);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i <= OBJECTS_COUNT; i++) {
        struct rmv_object_id id;
        make_bytes(PATTERN_TEXT, 999, 5000, &bytes);
        if (i > 0)
            make_object(i - 1, &bytes);
        CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &id));
    }
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);

    for (size_t i = 200; i < pack.size; i++)
        pack.data[i / 5] ^= 1;
    memset(pack.data + sizeof(struct rmv_pack_header), 'x', 60);
    CHECK_OK(rmv_fs_write_atomic(path, pack.data, pack.size));
    store = open_store();
    assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
    assert_int_equal(count_problems(store, true), 0);
}

static void flip(const char *path, size_t at)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    CHECK_OK(rmv_fs_read(path, 8 << 20, &pack));
    assert_true(at < pack.size);
    pack.data[at] ^= 4;
    replace_file(path, pack.data, pack.size);
}

static void putting_an_object_again_mends_what_a_check_found_damaged(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    fill_store(ids);
    RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    flip(path, sizeof(struct rmv_pack_header) + 60);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_true(count_problems(store, false) > 0);
    rmv_store_close(&store);

    /* Another process knows of it. */
    store = open_store();
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        make_object(i, &bytes);
        put_bytes(store, &bytes);
        assert_true(rmv_store_is_saved(store, &ids[i]));
    }
    assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
    assert_int_equal(count_problems(store, true), 0);
    assert_int_equal(count_problems(store, true), 0);
}

/* The list is intact, but what it names is not: it has to be put again, or the chunks never are. */
static void putting_a_large_file_again_mends_its_chunks(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_bytes(PATTERN_RANDOM, 5, 3 << 20, &bytes);
    const struct rmv_object_id id = put_bytes(store, &bytes);
    RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
    rmv_store_close(&store);
    flip(path, 2 << 20);

    store = open_store();
    assert_true(rmv_store_is_saved(store, &id));
    assert_true(count_problems(store, false) > 0);
    assert_false(rmv_store_is_saved(store, &id));
    put_bytes(store, &bytes);
    assert_true(rmv_store_is_saved(store, &id));
    check_stored(store, &id, &bytes);
    assert_int_equal(count_problems(store, true), 0);
}

static void a_list_of_damage_that_is_none_does_no_harm(void **state)
{
    (void)state;
    struct rmv_object_id ids[OBJECTS_COUNT];
    static const char *const texts[] = {"", "rmv-damaged 1\n", "rmv-damaged 1\nabc", "junk"};
    fill_store(ids);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK_OK(rmv_fs_write_atomic("damaged", texts[i], strlen(texts[i])));
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        assert_true(rmv_store_is_saved(store, &ids[0]));
        assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
    }
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_problems(store, true), 0);
    assert_false(rmv_fs_exists("damaged"));
}

/* A copy of the store that was interrupted, say: the index came along whole. */
static void what_is_in_a_pack_that_was_cut_short_does_not_count_as_stored(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 3; cut++) {
        struct rmv_object_id ids[OBJECTS_COUNT];
        struct rmv_object_id id;
        struct stat status;
        assert_int_equal(system("rm -rf packs index tmp lock"), 0);
        fill_store(ids);
        RMV_CLEANUP(rmv_str_free) char *path = only_file("packs");
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(truncate(path, cut == 2 ? 0 : status.st_size / (off_t)(cut + 1) - 1), 0);

        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        assert_false(rmv_store_is_saved(store, &ids[OBJECTS_COUNT - 1]));
        for (size_t i = 0; i < OBJECTS_COUNT; i++) {
            make_object(i, &bytes);
            id = put_bytes(store, &bytes);
            assert_true(rmv_object_id_equal(&id, &ids[i]));
        }
        assert_int_equal(count_right(store, ids), OBJECTS_COUNT);
        assert_true(rmv_store_is_saved(store, &ids[OBJECTS_COUNT - 1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_byte_anywhere_in_a_pack_is_found),
        TEST(a_changed_byte_in_a_pack_with_a_chunk_list_is_found),
        TEST(a_changed_byte_in_the_frames_of_a_large_file_is_found),
        TEST(a_changed_byte_anywhere_in_a_pack_is_found_without_an_index),
        TEST(a_pack_that_is_cut_short_is_found),
        TEST(a_changed_byte_anywhere_in_an_index_does_no_harm),
        TEST(a_check_finds_a_damaged_index_and_makes_it_again),
        TEST(an_index_cut_short_or_missing_is_made_again),
        TEST(an_index_that_cannot_be_saved_works_all_the_same),
        TEST(packs_of_a_newer_version_are_refused),
        TEST(an_index_of_a_newer_version_is_left_alone),
        TEST(a_pack_under_another_name_is_found),
        TEST(an_object_damaged_in_one_pack_is_read_from_another),
        TEST(putting_an_object_again_mends_what_a_check_found_damaged),
        TEST(putting_a_large_file_again_mends_its_chunks),
        TEST(what_is_in_a_pack_that_was_cut_short_does_not_count_as_stored),
        TEST(a_list_of_damage_that_is_none_does_no_harm),
    };
    return RUN_TESTS(tests);
}
