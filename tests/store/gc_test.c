/* Garbage collection of the store alone: the test says what is in use. */
#include "test.h"

#include <fcntl.h>
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

#define OBJECTS_COUNT 9
#define LARGE_SIZE ((size_t)2 << 20)
#define DAY_S ((int64_t)24 * 3600)

/* Every third one goes; object 1 is a large one that stays, and 2 a large one that shares chunks
 * with it and goes. */
static bool is_used(size_t i)
{
    return i % 3 != 2;
}

static const struct rmv_buf *object(size_t i)
{
    static struct rmv_buf objects[OBJECTS_COUNT];
    if (!objects[i].data && (i == 1 || i == 2)) {
        make_bytes(PATTERN_RANDOM, 77, LARGE_SIZE, &objects[i]);
        if (i == 2)
            make_bytes(PATTERN_RANDOM, 78, LARGE_SIZE / 2, &objects[i]);
        if (i == 2) {
            rmv_buf_append(&objects[2], object(1)->data, LARGE_SIZE / 2);
        }
    } else if (!objects[i].data) {
        make_bytes(PATTERN_RANDOM, 100 + i, 300000, &objects[i]);
    }
    return &objects[i];
}

static struct rmv_object_id put_file(struct rmv_store_batch *batch, size_t i)
{
    const int fd = open("source", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct rmv_store_file file;
    assert_true(fd >= 0);
    CHECK_OK(rmv_fd_write(fd, "source", object(i)->data, object(i)->size));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    const struct rmv_store_source source = {.fd = fd, .path = "source"};
    CHECK_OK(rmv_store_batch_put_file(batch, &source, &file));
    close(fd);
    return file.id;
}

/* Stores the objects in three commits. */
static void fill(struct rmv_store *store)
{
    static const size_t order[OBJECTS_COUNT] = {1, 0, 5, 3, 2, 4, 6, 7, 8};
    struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        put_file(batch, order[i]);
        if (i % 3 == 2)
            CHECK_OK(rmv_store_batch_commit(batch));
    }
    rmv_store_batch_close(&batch);
}

static const struct rmv_error *collect(struct rmv_store *store,
                                       const struct rmv_store_gc_options *options,
                                       struct rmv_store_gc_report *report)
{
    RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
    const struct rmv_error *err = rmv_store_gc_open(store, options, &gc);
    if (err)
        return err;
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
        if (is_used(i))
            rmv_store_gc_keep(gc, &id, RMV_STORE_GC_BYTES);
    }
    err = rmv_store_gc_lock(gc);
    return err ? err : rmv_store_gc_run(gc, report);
}

static void check_used(struct rmv_store *store)
{
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
        if (is_used(i) || rmv_store_has(store, &id)) /* what is not in use, never by half */
            check_stored(store, &id, object(i));
    }
    assert_int_equal(count_problems(store, true), 0);
}

static const struct rmv_store_gc_options now = {.grace_ns = 0, .repack = true};

static void what_is_not_in_use_goes_and_the_rest_stays(void **state)
{
    (void)state;
    struct rmv_store_gc_report would, report, again;
    const struct rmv_store_gc_options dry = {.repack = true, .dry_run = true};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store);
    CHECK_OK(collect(store, &dry, &would));
    check_used(store);
    CHECK_OK(collect(store, &now, &report));
    assert_memory_equal(&would, &report, sizeof(report));
    assert_true(report.objects_freed > 0 && report.packs_rewritten > 0);
    assert_true(report.bytes_freed > 1000000);
    check_used(store);
    CHECK_OK(collect(store, &now, &again));
    assert_int_equal(again.objects_freed, 0);
    assert_int_equal(again.packs_removed + again.packs_rewritten, 0);
    rmv_store_close(&store);

    store = open_store();
    check_used(store);
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
        assert_int_equal(rmv_store_has(store, &id), is_used(i));
    }
    fill(store);
    check_used(store);
}

/* A store that is open all the while finds things at their new places, and what is gone missing. */
static void an_open_store_follows(void **state)
{
    (void)state;
    struct rmv_store_gc_report report;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_close) struct rmv_store *other = open_store();
    fill(store);
    check_used(other);
    CHECK_OK(collect(store, &now, &report));
    check_used(other);
    fill(other);
    for (size_t i = 0; i < OBJECTS_COUNT; i++) {
        const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
        check_stored(other, &id, object(i));
    }
}

static void make_old(int64_t age_s)
{
    RMV_CLEANUP(rmv_str_free)
    char *command = rmv_str_format("touch -d '%lld seconds ago' packs/*.zst", (long long)age_s);
    assert_int_equal(system(command), 0);
}

static void young_packs_stay_and_reliance_makes_young(void **state)
{
    (void)state;
    const struct rmv_store_gc_options usual = {.grace_ns = RMV_STORE_GRACE_NS, .repack = true};
    struct rmv_store_gc_report report;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store);
    make_old(13 * DAY_S);
    CHECK_OK(collect(store, &usual, &report));
    assert_int_equal(report.packs_removed + report.packs_rewritten, 0);
    assert_int_equal(report.packs_young, 3);
    fill(store); /* nothing new, but relied on */
    make_old(0);
    make_old(15 * DAY_S);
    fill(store);
    CHECK_OK(collect(store, &usual, &report));
    assert_int_equal(report.packs_young, 3);
    make_old(15 * DAY_S);
    CHECK_OK(collect(store, &usual, &report));
    assert_true(report.packs_rewritten > 0);
    check_used(store);
}

/* Spoils eight bytes of the first frame of each pack and lets fsck note it. */
static void damage_all(struct rmv_store *store)
{
    assert_int_equal(
        system("chmod u+w packs/*.zst; for p in packs/*.zst; do "
               "printf damaged | dd of=$p bs=1 seek=100 conv=notrunc status=none; done"),
        0);
    assert_true(count_problems(store, false) > 0);
}

static void packs_known_to_be_damaged_stay_as_they_are(void **state)
{
    (void)state;
    struct rmv_store_gc_report report;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store);
    damage_all(store);
    CHECK_OK(collect(store, &now, &report));
    assert_int_equal(report.packs_removed + report.packs_rewritten, 0);
    fill(store); /* mends it */
    check_used(store);
    CHECK_OK(collect(store, &now, &report));
    check_used(store);
}

/* Cuts `size` bytes off the end of each pack: 70 take the trailer, and all objects are left. */
static void cut_all(size_t size)
{
    RMV_CLEANUP(rmv_str_free)
    char *command = rmv_str_format("chmod u+w packs/*.zst && truncate -s -%zu packs/*.zst", size);
    assert_int_equal(system(command), 0);
}

/* In one commit, so in other packs than fill() makes. */
static void put_all(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t i = 0; i < OBJECTS_COUNT; i++)
        put_file(batch, i);
    CHECK_OK(rmv_store_batch_commit(batch));
}

static void a_pack_cut_short_stays_until_what_it_holds_is_stored_again(void **state)
{
    (void)state;
    struct rmv_store_gc_report report;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store);
    cut_all(70);
    for (size_t round = 0; round < 2; round++) { /* before a check has found it, and after */
        CHECK_OK(collect(store, &now, &report));
        assert_int_equal(report.packs_kept, 3);
        for (size_t i = 0; i < OBJECTS_COUNT; i++) {
            const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
            check_stored(store, &id, object(i));
        }
        assert_true(count_problems(store, false) > 0);
    }
    put_all(store);
    CHECK_OK(collect(store, &now, &report));
    assert_int_equal(report.packs_removed, 3);
    check_used(store);
}

/* Stores object 3, which is in use, twice: in a pack of its own, and behind object 5 in another. */
static struct rmv_object_id store_twice(void)
{
    struct rmv_store *store = open_store();
    const struct rmv_object_id id = put_bytes(store, object(3));
    rmv_store_close(&store);
    assert_int_equal(system("mv packs first && rm -r index"), 0);
    store = open_store();
    struct rmv_store_batch *batch = NULL;
    struct rmv_object_id other;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, object(5)->data, object(5)->size, &other));
    CHECK_OK(rmv_store_batch_put(batch, object(3)->data, object(3)->size, &other));
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
    assert_int_equal(system("mv first/* packs && rm -r first index"), 0);
    store = open_store(); /* the index knows both */
    rmv_store_close(&store);
    return id;
}

static void packs_cut_short_do_not_rely_on_each_other(void **state)
{
    (void)state;
    struct rmv_store_gc_report report;
    const struct rmv_object_id id = store_twice();
    cut_all(70);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    for (size_t round = 0; round < 2; round++) {
        CHECK_OK(collect(store, &now, &report));
        assert_int_equal(report.packs_kept, 2);
        check_stored(store, &id, object(3));
        assert_true(count_problems(store, false) > 0);
    }
}

static void a_pack_cut_short_goes_when_all_that_it_held_is_accepted_as_lost(void **state)
{
    (void)state;
    struct rmv_store_gc_report report;
    const struct rmv_object_id id = store_twice();
    cut_all(300000);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_true(count_problems(store, false) > 0);
    CHECK_OK(collect(store, &now, &report));
    assert_int_equal(report.packs_kept, 2);
    CHECK_OK(rmv_store_accept_loss(store, &id, 1));
    const struct rmv_store_gc_options usual = {.grace_ns = RMV_STORE_GRACE_NS};
    CHECK_OK(collect(store, &usual, &report));
    assert_int_equal(report.packs_kept, 2); /* they are young */
    CHECK_OK(collect(store, &now, &report));
    assert_int_equal(report.packs_removed, 2);
    assert_int_equal(count_problems(store, true), 0);
}

/* Returns the status of a child that collects and dies at call n. */
static int collect_in_child(int n, bool dies)
{
    const pid_t child = fork();
    if (child == 0) {
        struct faulty_vfs faulty;
        faulty_vfs_init(&faulty, n, dies);
        const struct rmv_store_options options = {.vfs = &faulty.vfs, .threads = 1};
        struct rmv_store *store = NULL;
        struct rmv_store_gc_report report;
        const struct rmv_error *err = rmv_store_open(".", &options, &store);
        if (!err)
            err = collect(store, &now, &report);
        _exit(atomic_load(&faulty.calls) < n ? 0 : 7 + !err);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void sweep(bool dies)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *filled = open_store();
    fill(filled);
    rmv_store_close(&filled);
    assert_int_equal(system("mkdir ../full && cp -r . ../full/"), 0);
    int status = 1;
    int n = 1;
    for (; status != 0; n++) {
        struct rmv_store_gc_report report;
        status = collect_in_child(n, dies);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        check_used(store);
        /* Whatever is there counts as stored, so everything can be stored again and collected. */
        if (n % 2)
            fill(store);
        check_used(store);
        CHECK_OK(collect(store, &now, &report));
        check_used(store);
        assert_int_equal(rmv_fs_exists("packs/doomed"), false);
        rmv_store_close(&store);
        assert_int_equal(system("rm -rf packs index tmp && cp -r ../full/. ."), 0);
    }
    print_message("# went wrong at each of %d calls\n", n - 2);
    assert_true(n > 20);
    assert_int_equal(system("rm -rf ../full"), 0);
}

static void enter(const char *folder)
{
    CHECK_OK(rmv_fs_mkdir_p(folder));
    assert_int_equal(chdir(folder), 0);
}

static void dying_at_any_call_loses_nothing_in_use(void **state)
{
    (void)state;
    enter("die/store");
    sweep(true);
}

static void a_full_disk_at_any_call_loses_nothing_in_use(void **state)
{
    (void)state;
    enter("full/store");
    sweep(false);
}

static int write_and_check(void)
{
    static const struct rmv_store_options quick = {.no_fsync = true, .threads = 1};
    for (size_t round = 0; round < 30; round++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        if (rmv_store_open(".", &quick, &store) || rmv_store_batch_open(store, &batch))
            return 1;
        for (size_t i = 0; i < OBJECTS_COUNT; i++) {
            struct rmv_object_id id;
            if (i != 1 && i != 2 &&
                rmv_store_batch_put(batch, object(i)->data, object(i)->size, &id))
                return 2;
        }
        if (rmv_store_batch_commit(batch))
            return 3;
        /* As long as the batch is open, nothing that it relied on goes. */
        for (size_t i = 0; i < OBJECTS_COUNT; i++) {
            RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
            const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
            if (i != 1 && i != 2 && rmv_store_get(store, &id, object(i)->size, &content))
                return 4;
        }
    }
    return 0;
}

static void writers_and_gc_work_at_once(void **state)
{
    (void)state;
    pid_t children[2];
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    fill(store);
    for (size_t i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(write_and_check());
    }
    for (size_t i = 0; i < 20; i++) {
        struct rmv_store_gc_report report;
        CHECK_OK(collect(store, &now, &report));
    }
    for (size_t i = 0; i < 2; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    check_used(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_in_use_goes_and_the_rest_stays),
        TEST(an_open_store_follows),
        TEST(young_packs_stay_and_reliance_makes_young),
        TEST(packs_known_to_be_damaged_stay_as_they_are),
        TEST(a_pack_cut_short_stays_until_what_it_holds_is_stored_again),
        TEST(packs_cut_short_do_not_rely_on_each_other),
        TEST(a_pack_cut_short_goes_when_all_that_it_held_is_accepted_as_lost),
        TEST(dying_at_any_call_loses_nothing_in_use),
        TEST(a_full_disk_at_any_call_loses_nothing_in_use),
        TEST(writers_and_gc_work_at_once),
    };
    return RUN_TESTS(tests);
}
