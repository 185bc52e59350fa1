/* Several chunk lists for one object, one of which is wrong and does not show it: in a frame of raw
 * blocks nothing but the checksum in the footer tells. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/frame.h"
#include "store/pack_format.h"
#include "store/store_internal.h"
#include "support.h"

#define SIZE ((size_t)3 << 20)
#define NOTE "somewhere in a pack"

/* Where one pack's records stand before those of the others. */
enum order { ORDER_FIRST, ORDER_LAST, ORDERS_COUNT };

static struct rmv_object_id store_large(struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id, note;
    make_bytes(PATTERN_RANDOM, 5, SIZE, bytes);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, NOTE, strlen(NOTE), &note));
    CHECK_OK(rmv_store_batch_put(batch, bytes->data, bytes->size, &id));
    CHECK_OK(rmv_store_batch_commit(batch));
    return id;
}

/* The text of the list that is stored for the object, and the pack it is in. */
static struct rmv_object_id read_list(const struct rmv_object_id *id, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    CHECK_OK(rmv_store_view(store, id, RMV_REPRESENTATION_LIST, NULL, &view));
    text->size = 0;
    rmv_buf_append(text, view.bytes, view.size);
    return view.pack->name;
}

static char *pack_path(const struct rmv_object_id *name)
{
    RMV_CLEANUP(rmv_str_free) char *file_name = rmv_pack_file_name(name);
    return rmv_path_join("packs", file_name);
}

/* Appends a frame of raw blocks. */
static void write_frame(const struct rmv_vfs_file *file, const void *bytes, size_t size,
                        struct rmv_pack_footer *footer)
{
    RMV_CLEANUP(rmv_frame_encoder_free) struct rmv_frame_encoder encoder = {0};
    CHECK_OK(rmv_frame_encode(&encoder, bytes, size, false, &footer->frames[footer->frames_count]));
    for (size_t i = 0; i < encoder.parts.count; i++) {
        const struct iovec *part = &encoder.parts.items[i];
        CHECK_OK(rmv_vfs_write(file, footer->data_size, part->iov_base, part->iov_len));
        footer->data_size += part->iov_len;
    }
    footer->frames_count++;
}

/* Writes a pack with a number and this list, and flips a bit of the last chunk's id in there.
 * Returns the pack's name. */
static struct rmv_object_id write_wrong(const struct rmv_object_id *id, const struct rmv_buf *text,
                                        uint32_t number)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_pack_header header = rmv_pack_make_header(RMV_PACK_KIND_PLAIN);
    struct rmv_pack_frame frames[2] = {0};
    struct rmv_pack_record records[2] = {
        {.id = rmv_object_id_of(&number, sizeof(number)), .size = sizeof(number)},
        {.id = *id,
         .frame = 1,
         .size = (uint32_t)text->size,
         .representation = RMV_REPRESENTATION_LIST},
    };
    struct rmv_pack_footer footer = {
        .data_size = sizeof(header), .frames = frames, .records = records, .records_count = 2};
    char byte;

    CHECK_OK(rmv_vfs_open(rmv_vfs_default(), "pack", O_RDWR | O_CREAT | O_TRUNC, &file));
    CHECK_OK(rmv_vfs_write(&file, 0, &header, sizeof(header)));
    write_frame(&file, &number, sizeof(number), &footer);
    write_frame(&file, text->data, text->size, &footer);
    const uint64_t at = footer.data_size - sizeof(struct rmv_chunk_list_entry);
    qsort(records, 2, sizeof(records[0]), rmv_pack_record_compare);
    CHECK_OK(rmv_pack_write_footer(&file, &footer));
    free(footer.frame_offsets);
    CHECK_OK(rmv_vfs_read(&file, at, &byte, 1));
    byte ^= 8;
    CHECK_OK(rmv_vfs_write(&file, at, &byte, 1));
    RMV_CLEANUP(rmv_str_free) char *path = pack_path(&footer.name);
    assert_int_equal(rename("pack", path), 0);
    return footer.name;
}

/* Adds a pack in which the list for the object is wrong, and which is looked at before or after the
 * other one. */
static struct rmv_object_id add_wrong(const struct rmv_object_id *id, enum order order)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_object_id other = read_list(id, &text);
    for (uint32_t number = 0;; number++) {
        const struct rmv_object_id name = write_wrong(id, &text, number);
        if ((rmv_object_id_compare(&name, &other) < 0) == (order == ORDER_FIRST))
            return name;
        RMV_CLEANUP(rmv_str_free) char *path = pack_path(&name);
        assert_int_equal(unlink(path), 0);
        assert_true(number < 100);
    }
}

static void remove_all(const char *folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), folder, &names));
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, names.items[i]);
        assert_int_equal(unlink(path), 0);
    }
}

/* Makes a store with an object, one right list and one wrong one. */
static void fill_store(enum order order, struct rmv_buf *bytes, struct rmv_object_id *id,
                       struct rmv_object_id *wrong)
{
    remove_all("packs");
    *id = store_large(bytes);
    *wrong = add_wrong(id, order);
    remove_all("index"); /* so that one segment has both, in the order of their names */
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void an_object_is_read_by_the_list_that_is_right(void **state)
{
    (void)state;
    for (enum order order = 0; order < ORDERS_COUNT; order++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct rmv_object_id id, wrong, actual;
        fill_store(order, &bytes, &id, &wrong);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        check_stored(store, &id, &bytes);
        FILE *out = fopen("out", "w");
        assert_non_null(out);
        CHECK_OK(rmv_store_write_to(store, &id, fileno(out), "out"));
        fclose(out);
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        CHECK_OK(rmv_fs_read("out", 2 * SIZE, &content));
        actual = rmv_object_id_of(content.data, content.size);
        assert_true(rmv_object_id_equal(&actual, &id));
    }
}

static void a_check_finds_the_copy_that_is_wrong_and_no_other(void **state)
{
    (void)state;
    for (enum order order = 0; order < ORDERS_COUNT; order++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct rmv_object_id id, wrong;
        fill_store(order, &bytes, &id, &wrong);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        assert_int_equal(count_problems(store, true), 0);
        assert_int_equal(store->damage.count, 1);
        assert_true(rmv_object_id_equal(&store->damage.items[0].pack, &wrong));
        assert_true(rmv_object_id_equal(&store->damage.items[0].id, &id));
    }
}

static void a_wrong_list_goes_with_its_pack_when_it_is_repaired(void **state)
{
    (void)state;
    for (enum order order = 0; order < ORDERS_COUNT; order++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct rmv_object_id id, wrong;
        struct rmv_store_repair report;
        fill_store(order, &bytes, &id, &wrong);
        RMV_CLEANUP(rmv_str_free) char *path = pack_path(&wrong);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        count_problems(store, false);
        CHECK_OK(rmv_store_repair(store, &report));
        assert_int_equal(report.packs_removed, 1);
        assert_int_equal(access(path, F_OK), -1);
        rmv_store_close(&store);
        store = open_store();
        assert_int_equal(count_problems(store, true), 0);
        assert_int_equal(store->damage.count, 0);
        check_stored(store, &id, &bytes);
    }
}

/* Removes all packs, and stores what the list names once more, without it. */
static void keep_chunks(const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf chunks = {0};
    CHECK_OK(rmv_chunk_list_parse(text->data, text->size, &list));
    for (size_t i = 0; i < list.count; i++)
        CHECK_OK(rmv_store_get(store, &list.entries[i].id, SIZE, &chunks));
    remove_all("packs");
    rmv_store_close(&store);
    store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    const char *at = chunks.data;
    for (size_t i = 0; i < list.count; i++) {
        struct rmv_object_id id;
        CHECK_OK(rmv_store_batch_put(batch, at, list.entries[i].size, &id));
        assert_true(rmv_object_id_equal(&id, &list.entries[i].id));
        at += list.entries[i].size;
    }
    CHECK_OK(rmv_store_batch_commit(batch));
}

static void a_wrong_list_is_a_problem_where_there_is_no_other(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_store_fsck report = {0};
    const struct rmv_object_id id = store_large(&bytes);
    read_list(&id, &text);
    keep_chunks(&text);
    write_wrong(&id, &text, 1);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    assert_int_equal(report.problems_count, 1);
    assert_true(rmv_object_id_equal(&report.problems[0].id, &id));
    rmv_store_fsck_free(&report);
}

/* Marks the small object in the pack with the right list as damaged. */
static void distrust_note(struct rmv_store *store, const struct rmv_object_id *wrong)
{
    const struct rmv_object_id note = rmv_object_id_of(NOTE, strlen(NOTE));
    struct rmv_damage damage = {0};
    struct rmv_location location;
    assert_true(rmv_index_find(&store->index, &note, 0, &location));
    assert_false(rmv_object_id_equal(&location.pack->name, wrong));
    rmv_damage_add(&damage, &location.pack->name, &note);
    CHECK_OK(rmv_damage_write(rmv_vfs_default(), ".", false, &damage));
    rmv_store_set_damage(store, &damage);
}

/* As after the check of a sample that has not come to it. */
static void a_repair_gives_up_no_list_for_a_wrong_one_that_nobody_has_checked(void **state)
{
    (void)state;
    for (enum order order = 0; order < ORDERS_COUNT; order++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct rmv_object_id id, wrong;
        struct rmv_store_repair report;
        fill_store(order, &bytes, &id, &wrong);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        distrust_note(store, &wrong);
        CHECK_OK(rmv_store_repair(store, &report));
        rmv_store_close(&store);
        store = open_store();
        check_stored(store, &id, &bytes);
        assert_int_equal(count_problems(store, true), 0);
    }
}

/* What cannot be taken back stays, and nothing comes after it. */
static void an_output_that_cannot_be_made_shorter_is_not_started_again(void **state)
{
    (void)state;
    for (enum order order = 0; order < ORDERS_COUNT; order++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        RMV_CLEANUP(rmv_fd_close) int fd = memfd_create("output", MFD_ALLOW_SEALING | MFD_CLOEXEC);
        struct rmv_object_id id, wrong;
        struct stat status;
        fill_store(order, &bytes, &id, &wrong);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
        if (order == ORDER_FIRST)
            CHECK_SAYS(rmv_store_write_to(store, &id, fd, "output"), RMV_ERR_NOT_FOUND,
                       "not in the store");
        else
            CHECK_OK(rmv_store_write_to(store, &id, fd, "output"));
        assert_int_equal(fstat(fd, &status), 0);
        assert_true(order == ORDER_FIRST ? status.st_size < (off_t)SIZE
                                         : status.st_size == (off_t)SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_object_is_read_by_the_list_that_is_right),
        TEST(an_output_that_cannot_be_made_shorter_is_not_started_again),
        TEST(a_check_finds_the_copy_that_is_wrong_and_no_other),
        TEST(a_wrong_list_goes_with_its_pack_when_it_is_repaired),
        TEST(a_wrong_list_is_a_problem_where_there_is_no_other),
        TEST(a_repair_gives_up_no_list_for_a_wrong_one_that_nobody_has_checked),
    };
    return RUN_TESTS(tests);
}
