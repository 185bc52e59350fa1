/* The store's process dies, or the disk is full, at every single call that changes something. */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "support.h"

#define OBJECTS_COUNT 8
#define COMMITS_COUNT 2

/* What a run puts, half of it before each commit; even ones are random. The largest makes the pack
 * long enough for a journal. */
static const size_t object_sizes[OBJECTS_COUNT] = {300000, 20,     1500000, 0,
                                                   5000,   200000, 400000,  10000};

/* The i-th object, made once. */
static const struct rmv_buf *object(size_t i)
{
    static struct rmv_buf objects[OBJECTS_COUNT];
    if (!objects[i].data)
        make_bytes(i % 2, 1000 + i, object_sizes[i], &objects[i]);
    return &objects[i];
}

/* Adds the objects of one commit. */
static const struct rmv_error *put_part(struct rmv_store_batch *batch, size_t part)
{
    const size_t count = OBJECTS_COUNT / COMMITS_COUNT;
    for (size_t i = part * count; i < (part + 1) * count; i++) {
        struct rmv_object_id id;
        const struct rmv_error *err =
            rmv_store_batch_put(batch, object(i)->data, object(i)->size, &id);
        if (err)
            return err;
    }
    return rmv_store_batch_commit(batch);
}

/* Where packs end: at the normal size, or so soon that one run makes many. */
static uint64_t pack_size_max = RMV_PACK_SIZE_MAX;

/* Stores everything; counts in `*acknowledged` the commits that succeeded. */
static const struct rmv_error *run(const struct rmv_vfs *vfs, bool sync, void (*acknowledge)(int),
                                   int target)
{
    const struct rmv_store_options options = {.vfs = vfs, .threads = 2, .no_fsync = !sync};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_open(".", &options, &store);
    if (!err) {
        store->pack_size_max = pack_size_max;
        store->stage_size = (size_t)256 << 10;
        err = rmv_store_batch_open(store, &batch);
    }
    for (size_t part = 0; part < COMMITS_COUNT && !err; part++) {
        err = put_part(batch, part);
        if (!err)
            acknowledge(target);
    }
    return err;
}

static void acknowledge_to_pipe(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(8);
}

/* Runs in a child that dies at the given call, or for 0 at the first rename. Returns its status,
 * and how many commits it told of. */
static int run_in_child(int dies_at, size_t *acknowledged)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct faulty_vfs faulty;
        faulty_vfs_init(&faulty, dies_at, true);
        faulty.at_rename = dies_at == 0;
        _exit(run(&faulty.vfs, true, acknowledge_to_pipe, ends[1]) ? 7 : 0);
    }
    close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    char bytes[16];
    const ssize_t n = read(ends[0], bytes, sizeof(bytes));
    close(ends[0]);
    assert_true(n >= 0);
    *acknowledged = (size_t)n;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_objects(struct rmv_store *store, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rmv_object_id id = rmv_object_id_of(object(i)->data, object(i)->size);
        check_stored(store, &id, object(i));
    }
}

/* Whatever happened before: the store is sound, has what it acknowledged, and takes everything
 * again. */
static void check_recovery(const struct rmv_object_id *first, const struct rmv_buf *first_bytes,
                           size_t acknowledged)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings left = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_problems(store, true), 0);
    check_stored(store, first, first_bytes);
    check_objects(store, acknowledged * OBJECTS_COUNT / COMMITS_COUNT);

    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "tmp", &left));
    assert_int_equal(left.count, 0);
    for (size_t part = 0; part < COMMITS_COUNT; part++)
        CHECK_OK(put_part(batch, part));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);

    store = open_store();
    check_stored(store, first, first_bytes);
    check_objects(store, OBJECTS_COUNT);
    assert_int_equal(count_problems(store, true), 0);
}

/* Goes into a new folder with a store that has one object. */
static struct rmv_object_id start_store(int n, const struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%d", n);
    CHECK_OK(rmv_fs_mkdir_p(folder));
    assert_int_equal(chdir(folder), 0);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    return put_bytes(store, bytes);
}

static void leave_store(int n)
{
    RMV_CLEANUP(rmv_str_free) char *command = rmv_str_format("rm -rf %d", n);
    assert_int_equal(chdir(".."), 0);
    assert_int_equal(system(command), 0);
}

/* Dies at every `step`-th call. Returns the number of calls. */
static int sweep(int step)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_bytes(PATTERN_TEXT, 5, 5000, &bytes);
    int status = 9;
    int n = 1;
    for (; status == 9; n += step) {
        size_t acknowledged = 0;
        const struct rmv_object_id first = start_store(n, &bytes);
        status = run_in_child(n, &acknowledged);
        assert_true(status == 9 || status == 0);
        assert_true(status == 9 || acknowledged == COMMITS_COUNT);
        check_recovery(&first, &bytes, acknowledged);
        leave_store(n);
    }
    return n - 2 * step;
}

static void dying_at_any_call_loses_nothing_acknowledged(void **state)
{
    (void)state;
    const int calls = sweep(1);
    print_message("# died at each of %d calls\n", calls);
    assert_true(calls > 50);
}

/* Packs are published before the commit then, while an object is only half stored. */
static void dying_between_the_packs_of_one_batch_loses_nothing_acknowledged(void **state)
{
    (void)state;
    pack_size_max = (uint64_t)300 << 10;
    const int calls = sweep(3);
    pack_size_max = RMV_PACK_SIZE_MAX;
    assert_true(calls > 100);
}

static int acknowledged_count;

static void acknowledge_here(int unused)
{
    (void)unused;
    acknowledged_count++;
}

static void a_full_disk_at_any_call_loses_nothing_acknowledged(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_bytes(PATTERN_TEXT, 5, 5000, &bytes);
    bool was_hit = true;
    for (int n = 1; was_hit; n++) {
        struct faulty_vfs faulty;
        const struct rmv_object_id first = start_store(n, &bytes);
        faulty_vfs_init(&faulty, n, false);
        acknowledged_count = 0;
        const struct rmv_error *err = run(&faulty.vfs, true, acknowledge_here, 0);
        assert_true(err || acknowledged_count == COMMITS_COUNT);
        was_hit = atomic_load(&faulty.calls) >= n;
        check_recovery(&first, &bytes, (size_t)acknowledged_count);
        leave_store(n);
    }
}

/* Whoever takes it up is not root. */
static void check_left_writable(void)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "tmp", &names));
    assert_true(names.count > 0);
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("tmp/%s", names.items[i]);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0600, 0600);
    }
}

static void what_a_killed_process_had_written_is_taken_up(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    size_t acknowledged = 0;
    make_bytes(PATTERN_TEXT, 5, 5000, &bytes);

    start_store(2, &bytes);
    assert_int_equal(run_in_child(0, &acknowledged), 9);
    assert_int_equal(acknowledged, 0);
    check_left_writable();

    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_object_id id = rmv_object_id_of(object(0)->data, object(0)->size);
    assert_false(rmv_store_has(store, &id));
    CHECK_OK(rmv_store_batch_open(store, &batch));
    check_stored(store, &id, object(0));
    assert_int_equal(count_problems(store, true), 0);
    leave_store(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dying_at_any_call_loses_nothing_acknowledged),
        TEST(dying_between_the_packs_of_one_batch_loses_nothing_acknowledged),
        TEST(a_full_disk_at_any_call_loses_nothing_acknowledged),
        TEST(what_a_killed_process_had_written_is_taken_up),
    };
    return RUN_TESTS(tests);
}
