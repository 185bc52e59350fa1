#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "support.h"

#define THREADS_COUNT 4
#define OBJECTS_COUNT 400
#define PROCESSES_COUNT 4

struct worker {
    struct rmv_store *store;
    struct rmv_store_batch *batch;
    size_t number;
    bool has_failed;
};

/* Object i; every fourth is the same for all workers, every hundredth is large. */
static void make_object(size_t worker, size_t i, struct rmv_buf *bytes)
{
    const uint64_t seed = i % 4 == 0 ? i : i + (worker + 1) * 100000;
    make_bytes(i % 2, seed, i % 100 == 0 ? 1500000 : 500 + i * 13, bytes);
}

static void *put_objects(void *context)
{
    struct worker *worker = context;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    for (size_t i = 0; i < OBJECTS_COUNT && !worker->has_failed; i++) {
        struct rmv_object_id id;
        make_object(worker->number, i, &bytes);
        worker->has_failed = rmv_store_batch_put(worker->batch, bytes.data, bytes.size, &id) ||
                             (i % 150 == 149 && rmv_store_batch_commit(worker->batch));
    }
    return NULL;
}

static void *get_objects(void *context)
{
    struct worker *worker = context;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    for (size_t i = 0; i < OBJECTS_COUNT && !worker->has_failed; i++) {
        make_object(worker->number, i, &bytes);
        const struct rmv_object_id id = rmv_object_id_of(bytes.data, bytes.size);
        content.size = 0;
        worker->has_failed = rmv_store_get(worker->store, &id, bytes.size, &content) ||
                             content.size != bytes.size ||
                             memcmp(content.data, bytes.data, bytes.size) != 0;
    }
    return NULL;
}

static void run_threads(struct rmv_store *store, struct rmv_store_batch *batch,
                        void *(*work)(void *))
{
    pthread_t threads[THREADS_COUNT];
    struct worker workers[THREADS_COUNT];
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        workers[i] = (struct worker){.store = store, .batch = batch, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        pthread_join(threads[i], NULL);
        assert_false(workers[i].has_failed);
    }
}

static void threads_put_into_one_batch_and_get_what_they_put(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    run_threads(store, batch, put_objects);
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    run_threads(store, NULL, get_objects);
    assert_int_equal(count_problems(store, true), 0);

    struct rmv_store_fsck report = {0};
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    /* What they share is stored once: 300 of 400 objects are their own, large ones have pieces. */
    assert_in_range(report.objects, THREADS_COUNT * 300 + 100, THREADS_COUNT * 300 + 200);
    rmv_store_fsck_free(&report);
}

static int write_objects(size_t number)
{
    static const struct rmv_store_options quick = {.no_fsync = true, .threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    if (rmv_store_open(".", &quick, &store))
        return 1;
    for (size_t i = 0; i < OBJECTS_COUNT;) {
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct rmv_object_id id;
        if (rmv_store_batch_open(store, &batch))
            return 2;
        for (const size_t end = i + 10; i < end; i++) {
            make_object(number, i, &bytes);
            if (rmv_store_batch_put(batch, bytes.data, bytes.size, &id))
                return 3;
        }
        if (rmv_store_batch_commit(batch))
            return 4;
        if (!rmv_store_has(store, &id))
            return 5;
    }
    return 0;
}

static void processes_write_at_once_while_another_checks(void **state)
{
    (void)state;
    pid_t children[PROCESSES_COUNT];
    for (size_t i = 0; i < PROCESSES_COUNT; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(write_objects(i));
    }
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    for (int i = 0; i < 5; i++)
        assert_int_equal(count_problems(store, true), 0);
    for (size_t i = 0; i < PROCESSES_COUNT; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    run_threads(store, NULL, get_objects);
    assert_int_equal(count_problems(store, true), 0);
    rmv_store_close(&store);
    store = open_store();
    run_threads(store, NULL, get_objects);
}

static void an_object_that_another_process_puts_is_seen(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_close) struct rmv_store *other = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    for (size_t i = 0; i < 20; i++) {
        make_bytes(PATTERN_TEXT, i, 100, &bytes);
        const struct rmv_object_id id = rmv_object_id_of(bytes.data, bytes.size);
        assert_false(rmv_store_has(store, &id));
        put_bytes(other, &bytes);
        assert_true(rmv_store_has(store, &id));
        check_stored(store, &id, &bytes);
    }
}

static void closing_without_a_commit_leaves_a_sound_store(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id id;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    make_bytes(PATTERN_RANDOM, 1, 3000000, &bytes);
    CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &id));
    rmv_store_batch_close(&batch);
    assert_int_equal(count_problems(store, true), 0);
    put_bytes(store, &bytes);
    check_stored(store, &id, &bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_put_into_one_batch_and_get_what_they_put),
        TEST(processes_write_at_once_while_another_checks),
        TEST(an_object_that_another_process_puts_is_seen),
        TEST(closing_without_a_commit_leaves_a_sound_store),
    };
    return RUN_TESTS(tests);
}
