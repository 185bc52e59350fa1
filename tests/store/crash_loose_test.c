/* The power fails at any moment while files become loose objects, as they do with links: every
 * state in which that may leave the disk is made and opened. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "crash.h"
#include "rmv/base/fs.h"

/* The user's file with object i, which becomes the object itself, or, if it `is_shared`, is copied.
 */
static const struct rmv_error *put_linked(struct scenario *scenario, struct rmv_store_batch *batch,
                                          size_t i, bool is_shared)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("user-%zu", i);
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_buf *object = &scenario->objects[i];
    struct rmv_store_file file;

    (void)unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const struct rmv_error *err = rmv_fd_write(fd, path, object->data, object->size);
    if (err)
        return err;
    (void)lseek(fd, 0, SEEK_SET);
    const struct rmv_store_source source = {.fd = fd, .path = path, .is_shared = is_shared};
    err = rmv_store_batch_link_file(batch, &source, i % 3 == 0, &file);
    if (!err)
        assert_true(rmv_object_id_equal(&file.id, &scenario->ids[i]));
    return err;
}

/* One run of a program: objects from `first` on become loose, all but the last, which is put into a
 * pack as the text of a folder would be. */
static const struct rmv_error *run_linked(struct scenario *scenario, size_t first, size_t end)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_open(scenario->root, &scenario->options, &store);
    if (!err)
        err = rmv_store_batch_open(store, &batch);
    for (size_t i = first; !err && i + 1 < end; i++)
        err = put_linked(scenario, batch, i, i % 2 == 1);
    return err ? err : put_and_commit(scenario, batch, end - 1, end);
}

static void files_that_become_objects_survive_a_power_cut(void **state)
{
    (void)state;
    static const size_t sizes[] = {700, 2000, 5000, 40};
    struct scenario scenario;
    start(&scenario, sizes, 4);
    CHECK_OK(run_linked(&scenario, 0, 4));
    try_power_cuts(&scenario, 0, 10);
    end(&scenario);
}

static void more_of_them_endanger_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 6);
    CHECK_OK(run_linked(&scenario, 0, 3));
    const size_t first = scenario.recording.count;
    CHECK_OK(run_linked(&scenario, 3, 6));
    try_power_cuts(&scenario, first, 10);
    end(&scenario);
}

/* With so many, the names are made durable all at once. */
static void many_of_them_at_once_endanger_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, SMALL_COUNT);
    CHECK_OK(run_linked(&scenario, 0, SMALL_COUNT));
    try_power_cuts(&scenario, 0, 10);
    end(&scenario);
}

/* As checkout does it: what is in packs is written into a file to link to. */
static const struct rmv_error *make_loose(struct scenario *scenario, size_t count)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_open(scenario->root, &scenario->options, &store);
    if (!err)
        err = rmv_store_batch_open(store, &batch);
    for (size_t i = 0; !err && i < count; i++)
        err = rmv_store_batch_put_loose(batch, &scenario->ids[i], false);
    return err ? err : rmv_store_batch_commit(batch);
}

static void objects_of_packs_that_become_loose_endanger_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 4);
    CHECK_OK(run(&scenario, 0, 4));
    const size_t first = scenario.recording.count;
    CHECK_OK(make_loose(&scenario, 3));
    try_power_cuts(&scenario, first, 10);
    end(&scenario);
}

/* What was promised is right, and nothing is wrong but what is damaged. */
static char *check_promised(void *context, const char *folder, size_t promised)
{
    static const struct rmv_store_options plain = {.threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    const struct rmv_error *err = rmv_store_open(folder, &plain, &store);
    return err ? complaint("opening", 0, err) : check_objects(context, store, promised);
}

/* Somebody wrote through a link; the next who has the content makes the object anew. */
static void a_damaged_one_that_is_mended_endangers_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {700, 2000, 30, 40};
    struct scenario scenario;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    start(&scenario, sizes, 4);
    CHECK_OK(run_linked(&scenario, 0, 3));
    rmv_object_id_to_hex(&scenario.ids[1], hex);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("store/loose/%.2s/%s", hex, hex);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    assert_int_equal(chmod(path, 0644), 0);
    CHECK_OK(rmv_vfs_open(&scenario.recording.vfs, path, O_RDWR, &file));
    CHECK_OK(rmv_vfs_write(&file, 0, "damage", 6));
    CHECK_OK(rmv_vfs_sync(&file));
    recording_vfs_promise(&scenario.recording, 1);
    const size_t first = scenario.recording.count;
    CHECK_OK(run_linked(&scenario, 1, 4));
    scenario.check = check_promised;
    try_power_cuts(&scenario, first, 10);
    CHECK_OK(run_linked(&scenario, 1, 4));
    scenario.check = check_state;
    try_power_cuts(&scenario, scenario.recording.count, 10);
    end(&scenario);
}

/* Does the enumeration find anything at all? */
static void files_that_are_not_synced_would_be_caught(void **state)
{
    (void)state;
    static const enum recorded_kind kinds[] = {RECORDED_SYNC_FILE, RECORDED_SYNC_FOLDER};
    for (size_t i = 0; i < 2; i++) {
        struct scenario scenario;
        start(&scenario, small_sizes, 4);
        CHECK_OK(run(&scenario, 3, 4)); /* the folders are durable, and that is not taken back */
        const size_t first = scenario.recording.count;
        CHECK_OK(run_linked(&scenario, 0, 4));
        recording_vfs_forget(&scenario.recording, first, kinds[i]);
        expect_failure(&scenario, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_that_become_objects_survive_a_power_cut),
        TEST(more_of_them_endanger_nothing),
        TEST(many_of_them_at_once_endanger_nothing),
        TEST(objects_of_packs_that_become_loose_endanger_nothing),
        TEST(a_damaged_one_that_is_mended_endangers_nothing),
        TEST(files_that_are_not_synced_would_be_caught),
    };
    return RUN_TESTS(tests);
}
