/* Many small packs become few, and nothing is lost on the way. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"
#include "store/store_internal.h"
#include "support.h"

#define PACKS_COUNT 20

static void make_object(size_t i, struct rmv_buf *bytes)
{
    make_bytes(i % 2, 500 + i, 1000 + 100 * i, bytes);
}

static void fill(struct rmv_store *store, size_t count)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    for (size_t i = 0; i < count; i++) {
        make_object(i, &bytes);
        put_bytes(store, &bytes);
    }
}

static void check_all(struct rmv_store *store, size_t count)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    for (size_t i = 0; i < count; i++) {
        make_object(i, &bytes);
        const struct rmv_object_id id = rmv_object_id_of(bytes.data, bytes.size);
        check_stored(store, &id, &bytes);
    }
}

/* Everything but the objects from `unused` on is in use. */
static const struct rmv_error *collect(struct rmv_store *store, size_t unused, int64_t grace_ns,
                                       struct rmv_store_gc_report *report)
{
    const struct rmv_store_gc_options options = {.grace_ns = grace_ns};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
    const struct rmv_error *err = rmv_store_gc_open(store, &options, &gc);
    for (size_t i = 0; !err && i < unused; i++) {
        make_object(i, &bytes);
        const struct rmv_object_id id = rmv_object_id_of(bytes.data, bytes.size);
        rmv_store_gc_keep(gc, &id, RMV_STORE_GC_BYTES);
    }
    if (!err)
        err = rmv_store_gc_lock(gc);
    return err ? err : rmv_store_gc_run(gc, report);
}

static size_t count_packs(void)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    return names.count;
}

static void small_packs_become_one(void **state)
{
    (void)state;
    struct rmv_store_gc_report report = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *other = open_store();
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store, PACKS_COUNT);
    check_all(other, PACKS_COUNT);
    assert_int_equal(count_packs(), PACKS_COUNT);
    CHECK_OK(collect(store, PACKS_COUNT, RMV_STORE_GRACE_NS, &report));
    assert_int_equal(report.packs_merged, PACKS_COUNT);
    assert_int_equal(count_packs(), 1);
    check_all(store, PACKS_COUNT);
    check_all(other, PACKS_COUNT);
    assert_int_equal(count_problems(store, true), 0);

    CHECK_OK(collect(store, PACKS_COUNT, RMV_STORE_GRACE_NS, &report));
    assert_int_equal(report.packs_merged, 0);
}

static void few_packs_stay_as_they_are(void **state)
{
    (void)state;
    struct rmv_store_gc_report report = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store, 5);
    CHECK_OK(collect(store, 5, RMV_STORE_GRACE_NS, &report));
    assert_int_equal(report.packs_merged, 0);
    assert_int_equal(count_packs(), 5);
}

/* What nobody uses yet keeps its age. */
static void young_packs_with_something_unused_stay_as_they_are(void **state)
{
    (void)state;
    struct rmv_store_gc_report report = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store, PACKS_COUNT);
    CHECK_OK(collect(store, PACKS_COUNT - 2, RMV_STORE_GRACE_NS, &report));
    assert_int_equal(report.packs_merged, PACKS_COUNT - 2);
    assert_int_equal(count_packs(), 3);
    check_all(store, PACKS_COUNT);
}

/* In a process of its own, which dies at this call. */
static int collect_and_die(int dies_at)
{
    const pid_t child = fork();
    if (child == 0) {
        struct faulty_vfs faulty;
        faulty_vfs_init(&faulty, dies_at, true);
        const struct rmv_store_options options = {.vfs = &faulty.vfs, .threads = 1};
        struct rmv_store_gc_report report = {0};
        struct rmv_store *store = NULL;
        const struct rmv_error *err = rmv_store_open(".", &options, &store);
        if (!err)
            err = collect(store, PACKS_COUNT, RMV_STORE_GRACE_NS, &report);
        _exit(err ? 7 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The second attempt writes the same pack again, under the name that it has already. */
static void a_process_that_dies_at_any_call_loses_nothing(void **state)
{
    (void)state;
    for (int dies_at = 1;; dies_at++) {
        struct rmv_store_gc_report report = {0};
        assert_int_equal(system("rm -rf packs index tmp unsynced damaged"), 0);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        fill(store, PACKS_COUNT);
        rmv_store_close(&store);
        const int status = collect_and_die(dies_at);

        store = open_store();
        check_all(store, PACKS_COUNT);
        assert_int_equal(count_problems(store, true), 0);
        CHECK_OK(collect(store, PACKS_COUNT, RMV_STORE_GRACE_NS, &report));
        check_all(store, PACKS_COUNT);
        assert_int_equal(count_problems(store, true), 0);
        assert_true(count_packs() <= 2);
        if (status == 0)
            break;
        assert_int_equal(status, 9);
    }
}

static void a_damaged_pack_is_not_merged(void **state)
{
    (void)state;
    struct rmv_store_gc_report report = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store, PACKS_COUNT);
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("packs/%s", names.items[7]);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    CHECK_OK(rmv_fs_read(path, 1 << 20, &bytes));
    bytes.data[60] ^= 1;
    assert_int_equal(unlink(path), 0);
    CHECK_OK(rmv_fs_write_atomic(path, bytes.data, bytes.size));
    CHECK_OK(collect(store, PACKS_COUNT, RMV_STORE_GRACE_NS, &report));
    assert_int_equal(report.packs_merged, 0);
    assert_int_equal(count_packs(), PACKS_COUNT);
    assert_int_equal(count_problems(store, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(small_packs_become_one),
        TEST(few_packs_stay_as_they_are),
        TEST(young_packs_with_something_unused_stay_as_they_are),
        TEST(a_process_that_dies_at_any_call_loses_nothing),
        TEST(a_damaged_pack_is_not_merged),
    };
    return RUN_TESTS(tests);
}
