#include "rmv/base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "test.h"

#define PIECES 10000

struct counts {
    struct rmv_pool *pool;
    _Atomic size_t started;
    _Atomic int seen[PIECES];
};

static const struct rmv_error *count_piece(void *context, size_t i)
{
    struct counts *counts = context;
    atomic_fetch_add(&counts->seen[i], 1);
    return NULL;
}

static void check_every_piece_once(size_t threads)
{
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *pool = NULL;
    RMV_CLEANUP(rmv_free) struct counts *counts = rmv_calloc(1, sizeof(*counts));
    rmv_pool_open(threads, &pool);
    for (int run = 1; run <= 3; run++) {
        CHECK_OK(rmv_pool_run(pool, PIECES, count_piece, counts));
        for (size_t i = 0; i < PIECES; i++)
            assert_int_equal(counts->seen[i], run);
    }
    CHECK_OK(rmv_pool_run(pool, 0, count_piece, NULL));
}

static void every_piece_is_done_once(void **state)
{
    (void)state;
    check_every_piece_once(1);
    check_every_piece_once(7);
}

static void the_number_of_threads_is_as_asked(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *three = NULL, *all = NULL, *never = NULL;
    rmv_pool_open(3, &three);
    rmv_pool_open(0, &all);
    assert_int_equal(rmv_pool_threads(three), 3);
    assert_in_range(rmv_pool_threads(all), 1, sysconf(_SC_NPROCESSORS_CONF));
    rmv_pool_close(&never);
}

static const struct rmv_error *fail_from_100_on(void *context, size_t i)
{
    struct counts *counts = context;
    atomic_fetch_add(&counts->started, 1);
    if (i < 100)
        return NULL;
    usleep(1000); /* so that several fail together */
    return rmv_error(RMV_ERR_CORRUPT, "piece %zu", i);
}

static void the_first_failure_is_returned_and_ends_the_run(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *pool = NULL;
    RMV_CLEANUP(rmv_free) struct counts *counts = rmv_calloc(1, sizeof(*counts));
    rmv_pool_open(4, &pool);
    for (int run = 0; run < 20; run++) {
        counts->started = 0;
        CHECK_SAYS(rmv_pool_run(pool, PIECES, fail_from_100_on, counts), RMV_ERR_CORRUPT,
                   "piece 100");
        assert_in_range(counts->started, 101, 104);
    }
    CHECK_OK(rmv_pool_run(pool, PIECES, count_piece, counts)); /* as good as new */
    assert_int_equal(counts->seen[PIECES - 1], 1);
}

static void *run_turns(void *context)
{
    struct counts *counts = context;
    for (int i = 0; i < 20; i++)
        if (rmv_pool_run(counts->pool, 1000, count_piece, counts))
            return counts;
    return NULL;
}

static void runs_from_several_threads_take_turns(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) struct counts *counts = rmv_calloc(1, sizeof(*counts));
    pthread_t threads[3];
    rmv_pool_open(2, &counts->pool);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_turns, counts), 0);
    for (int i = 0; i < 3; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    rmv_pool_close(&counts->pool);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(counts->seen[i], 60);
}

static const struct rmv_error *check_signals(void *context, size_t i)
{
    sigset_t blocked;
    (void)context;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    return sigismember(&blocked, SIGINT) ? NULL : rmv_error(RMV_ERR_FAILED, "piece %zu", i);
}

static void signals_are_left_to_the_other_threads(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *pool = NULL;
    rmv_pool_open(2, &pool);
    CHECK_OK(rmv_pool_run(pool, 10, check_signals, NULL));
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    assert_false(sigismember(&blocked, SIGINT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_piece_is_done_once),
        TEST(the_number_of_threads_is_as_asked),
        TEST(the_first_failure_is_returned_and_ends_the_run),
        TEST(runs_from_several_threads_take_turns),
        TEST(signals_are_left_to_the_other_threads),
    };
    return RUN_TESTS(tests);
}
