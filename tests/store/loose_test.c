/* Objects that lie in the store as plain files. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/loose.h"
#include "store/store_internal.h"
#include "support.h"

static struct rmv_store *open_objects(void)
{
    static const struct rmv_store_options options = {.threads = 2};
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_fs_mkdir_p("objects"));
    CHECK_OK(rmv_store_open("objects", &options, &store));
    return store;
}

static struct rmv_object_id id_of(const char *text)
{
    return rmv_object_id_of(text, strlen(text));
}

/* Stores the file at `path` as a loose object. */
static const struct rmv_error *link_file(struct rmv_store *store, const char *path, bool commit,
                                         struct rmv_store_file *file)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    const struct rmv_store_source source = {.fd = fd, .path = path};
    const struct rmv_error *err = rmv_store_batch_open(store, &batch);
    if (!err)
        err = rmv_store_batch_link_file(batch, &source, false, file);
    return err || !commit ? err : rmv_store_batch_commit(batch);
}

static struct stat status_of(const char *path)
{
    struct stat status = {0};
    assert_int_equal(stat(path, &status), 0);
    return status;
}

static size_t count_temporary(void)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "objects/tmp", &names));
    return names.count;
}

static void a_file_becomes_the_object_itself(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = id_of("content");
    struct rmv_store_file file = {0};
    uint64_t size;

    test_write("data", "content");
    CHECK_OK(link_file(store, "data", true, &file));
    assert_true(rmv_object_id_equal(&file.id, &id));
    assert_false(file.was_stored);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_store_loose_path(store, &id, false);
    assert_int_equal(status_of("data").st_ino, status_of(path).st_ino);
    assert_int_equal(status_of("data").st_mode & 0222, 0);
    assert_true(rmv_store_has(store, &id));
    assert_true(rmv_store_is_saved(store, &id));
    CHECK_OK(rmv_store_size(store, &id, &size));
    assert_int_equal(size, 7);
    CHECK_OK(rmv_store_get(store, &id, 100, &content));
    assert_memory_equal(content.data, "content", 7);
    assert_int_equal(count_temporary(), 0);
    CHECK_OK(link_file(store, "data", true, &file));
    assert_true(file.was_stored);
}

static void what_is_not_committed_leaves_the_file_alone(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    const struct rmv_object_id id = id_of("content");
    struct rmv_store_file file = {0};

    test_write("data", "content");
    CHECK_OK(link_file(store, "data", false, &file));
    assert_false(rmv_store_has(store, &id));
    assert_int_equal(status_of("data").st_nlink, 1);
    assert_int_not_equal(status_of("data").st_mode & 0200, 0);
    assert_int_equal(count_temporary(), 0);
}

static void a_file_that_others_lead_to_is_copied(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    const struct rmv_object_id id = id_of("content");
    struct rmv_store_file file = {0};

    test_write("data", "content");
    assert_int_equal(link("data", "other"), 0);
    CHECK_OK(link_file(store, "data", true, &file));
    RMV_CLEANUP(rmv_str_free) char *path = rmv_store_loose_path(store, &id, false);
    assert_int_not_equal(status_of("data").st_ino, status_of(path).st_ino);
    assert_int_not_equal(status_of("data").st_mode & 0200, 0);
    CHECK_OK(rmv_store_check_loose(store, &id, false));
}

static void a_file_written_to_before_the_commit_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_object_id id = id_of("content");
    struct rmv_store_file file = {0};

    test_write("data", "content");
    RMV_CLEANUP(rmv_fd_close) int fd = open("data", O_RDWR | O_CLOEXEC);
    const struct rmv_store_source source = {.fd = fd, .path = "data"};
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_link_file(batch, &source, false, &file));
    assert_int_equal(pwrite(fd, "longer content", 14, 0), 14);
    CHECK_FAILS(rmv_store_batch_commit(batch), RMV_ERR_CONFLICT);
    assert_false(rmv_store_has(store, &id));
}

static void damage_is_seen_by_readers_and_fsck_and_mended_by_storing_again(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_store_fsck_free) struct rmv_store_fsck report = {0};
    const struct rmv_object_id id = id_of("content");
    struct rmv_store_file file = {0};

    test_write("data", "content");
    CHECK_OK(link_file(store, "data", true, &file));
    assert_int_equal(chmod("data", 0644), 0);
    test_write("again", "content");
    RMV_CLEANUP(rmv_fd_close) int fd = open("data", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "C", 1, 0), 1);

    CHECK_SAYS(rmv_store_get(store, &id, 100, &content), RMV_ERR_CORRUPT, "loose/");
    assert_int_equal(content.size, 0);
    CHECK_SAYS(rmv_store_check_loose(store, &id, false), RMV_ERR_CORRUPT, "loose/");
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    assert_int_equal(report.problems_count, 1);
    assert_true(rmv_object_id_equal(&report.problems[0].id, &id));
    assert_false(rmv_store_is_saved(store, &id));

    CHECK_OK(link_file(store, "again", true, &file));
    assert_false(file.was_stored);
    rmv_store_close(&store);
    store = open_objects();
    assert_true(rmv_store_is_saved(store, &id));
    rmv_store_fsck_free(&report);
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    assert_int_equal(report.problems_count, 0);
}

/* Puts `text` into a pack. */
static void put_packed(struct rmv_store *store, const char *text)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, text, strlen(text), &id));
    CHECK_OK(rmv_store_batch_commit(batch));
}

static void damage_that_packs_make_up_for_is_no_problem(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = id_of("content");

    put_packed(store, "content");
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put_loose(batch, &id, true));
    CHECK_OK(rmv_store_batch_commit(batch));
    RMV_CLEANUP(rmv_str_free) char *path = rmv_store_loose_path(store, &id, true);
    assert_int_equal(status_of(path).st_mode & 0333, 0111);
    assert_int_equal(chmod(path, 0755), 0);
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "C", 1, 0), 1);
    assert_int_equal(count_problems(store, true), 0);
    CHECK_OK(rmv_store_get(store, &id, 100, &content));
    CHECK_OK(rmv_store_batch_put_loose(batch, &id, true));
    CHECK_OK(rmv_store_batch_commit(batch));
    CHECK_OK(rmv_store_check_loose(store, &id, true));
}

static void what_is_planted_in_the_area_is_no_object(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    RMV_CLEANUP(rmv_store_fsck_free) struct rmv_store_fsck report = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id fifo = id_of("fifo");
    const struct rmv_object_id linked = id_of("linked");
    RMV_CLEANUP(rmv_str_free) char *fifo_path = rmv_loose_path("objects", &fifo, false);
    RMV_CLEANUP(rmv_str_free) char *link_path = rmv_loose_path("objects", &linked, false);

    test_write("secret", "linked");
    test_write(fifo_path, "");
    assert_int_equal(unlink(fifo_path), 0);
    assert_int_equal(mkfifo(fifo_path, 0644), 0);
    test_write(link_path, "");
    assert_int_equal(unlink(link_path), 0);
    RMV_CLEANUP(rmv_str_free) char *target = realpath("secret", NULL);
    assert_int_equal(symlink(target, link_path), 0);
    test_write("objects/loose/00/rubbish", "");

    assert_false(rmv_store_has(store, &fifo));
    assert_false(rmv_store_has(store, &linked));
    CHECK_FAILS(rmv_store_get(store, &linked, 100, &content), RMV_ERR_NOT_FOUND);
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    assert_int_equal(report.problems_count, 3);
}

static void gc_takes_what_is_not_in_use(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    const struct rmv_object_id used = id_of("used");
    const struct rmv_object_id unused = id_of("unused");
    struct rmv_store_file file = {0};

    test_write("a", "used");
    test_write("b", "unused");
    CHECK_OK(link_file(store, "a", true, &file));
    CHECK_OK(link_file(store, "b", true, &file));
    for (int round = 0; round < 3; round++) {
        RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
        const struct rmv_store_gc_options options = {
            .dry_run = round == 0, .grace_ns = round == 1 ? RMV_STORE_GRACE_NS : 0};
        struct rmv_store_gc_report report;
        CHECK_OK(rmv_store_gc_open(store, &options, &gc));
        rmv_store_gc_keep(gc, &used, RMV_STORE_GC_BYTES);
        CHECK_OK(rmv_store_gc_lock(gc));
        CHECK_OK(rmv_store_gc_run(gc, &report));
        assert_int_equal(report.loose_removed, round != 1);
        assert_true(rmv_store_has(store, &used));
        assert_int_equal(rmv_store_has(store, &unused), round != 2);
    }
}

static void an_abbreviated_id_finds_a_loose_object(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_objects();
    struct rmv_store_file file = {0};
    struct rmv_object_id found;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    test_write("data", "content");
    CHECK_OK(link_file(store, "data", true, &file));
    put_packed(store, "content");
    rmv_object_id_to_hex(&file.id, hex);
    hex[9] = '\0';
    CHECK_OK(rmv_store_find(store, hex, &found));
    assert_true(rmv_object_id_equal(&found, &file.id));
}

static void targets_of_links_are_told_apart(void **state)
{
    (void)state;
    const struct rmv_object_id id = id_of("content");
    RMV_CLEANUP(rmv_str_free) char *path = rmv_loose_path("/a/loose/b", &id, true);
    RMV_CLEANUP(rmv_str_free) char *relative = rmv_loose_path("b", &id, true);
    RMV_CLEANUP(rmv_str_free) char *longer = rmv_str_format("%sx", path);
    struct rmv_object_id found;
    bool is_executable = false;

    assert_true(rmv_store_parse_loose(path, &found, &is_executable));
    assert_true(is_executable && rmv_object_id_equal(&found, &id));
    assert_false(rmv_store_parse_loose(relative, &found, &is_executable));
    assert_false(rmv_store_parse_loose(longer, &found, &is_executable));
    assert_false(rmv_store_parse_loose("/a/loose/b", &found, &is_executable));
    path[strlen(path) - 68] ^= 1; /* in the folder's name */
    assert_false(rmv_store_parse_loose(path, &found, &is_executable));
}

static void whatever_fails_what_was_promised_is_kept(void **state)
{
    (void)state;
    const struct rmv_object_id ids[] = {id_of("first"), id_of("second")};
    bool has_failed = true;

    for (int at = 1; has_failed; at++) {
        struct faulty_vfs faulty;
        faulty_vfs_init(&faulty, at, false);
        const struct rmv_store_options options = {.vfs = &faulty.vfs};
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
        struct rmv_store_file file = {0};
        CHECK_OK(rmv_fs_mkdir_p("objects"));
        test_write("first", "first");
        test_write("second", "second");
        has_failed =
            rmv_store_open("objects", &options, &store) || link_file(store, "first", true, &file);
        const bool is_promised = !has_failed;
        has_failed = has_failed || link_file(store, "second", true, &file);
        assert_int_equal(access("first", R_OK) + access("second", R_OK), 0);
        rmv_store_close(&store);
        store = open_objects();
        for (size_t i = 0; i < 2; i++)
            if (rmv_store_has(store, &ids[i]))
                CHECK_OK(rmv_store_check_loose(store, &ids[i], false));
        if (is_promised)
            assert_true(rmv_store_has(store, &ids[0]));
        CHECK_OK(link_file(store, "second", true, &file));
        assert_int_equal(count_temporary(), 0);
        has_failed = has_failed || faulty.calls >= at;
        assert_int_equal(system("rm -rf objects first second"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_becomes_the_object_itself),
        TEST(what_is_not_committed_leaves_the_file_alone),
        TEST(a_file_that_others_lead_to_is_copied),
        TEST(a_file_written_to_before_the_commit_is_refused),
        TEST(damage_is_seen_by_readers_and_fsck_and_mended_by_storing_again),
        TEST(damage_that_packs_make_up_for_is_no_problem),
        TEST(what_is_planted_in_the_area_is_no_object),
        TEST(gc_takes_what_is_not_in_use),
        TEST(an_abbreviated_id_finds_a_loose_object),
        TEST(targets_of_links_are_told_apart),
        TEST(whatever_fails_what_was_promised_is_kept),
    };
    return RUN_TESTS(tests);
}
