#include "rmv/base/lock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "test.h"

static void an_exclusive_lock_keeps_everybody_out(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock first = RMV_LOCK_EMPTY, second = RMV_LOCK_EMPTY;
    char pid[32];

    CHECK_OK(rmv_lock_take("lock", true, 0, &first));
    snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
    CHECK_SAYS(rmv_lock_take("lock", true, 0, &second), RMV_ERR_LOCKED, pid);
    CHECK_SAYS(rmv_lock_take("lock", false, 0, &second), RMV_ERR_LOCKED, "'lock'");
    assert_int_equal(second.fd, -1);
}

static void readers_share(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock first = RMV_LOCK_EMPTY, second = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock writer = RMV_LOCK_EMPTY;
    CHECK_OK(rmv_lock_take("lock", false, 0, &first));
    CHECK_OK(rmv_lock_take("lock", false, 0, &second));
    CHECK_FAILS(rmv_lock_take("lock", true, 0, &writer), RMV_ERR_LOCKED);
}

static void a_released_lock_is_free_and_names_nobody(void **state)
{
    (void)state;
    struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rmv_lock_take("lock", true, 0, &lock));
        rmv_lock_release(&lock);
        assert_int_equal(lock.fd, -1);
    }
    CHECK_OK(rmv_fs_read("lock", 100, &text));
    assert_int_equal(text.size, 0);
    rmv_lock_release(&lock); /* the empty state */
}

static void waiting_ends_at_the_timeout(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock first = RMV_LOCK_EMPTY, second = RMV_LOCK_EMPTY;
    CHECK_OK(rmv_lock_take("lock", true, 0, &first));
    const int64_t start = rmv_time_monotonic_ns();
    CHECK_FAILS(rmv_lock_take("lock", true, 120, &second), RMV_ERR_LOCKED);
    const int64_t waited_ms = (rmv_time_monotonic_ns() - start) / 1000000;
    assert_in_range(waited_ms, 119, 60000);
}

static void *release_soon(void *lock)
{
    usleep(50000);
    rmv_lock_release(lock);
    return NULL;
}

static void a_lock_that_comes_free_in_time_is_taken(void **state)
{
    (void)state;
    struct rmv_lock first = RMV_LOCK_EMPTY;
    pthread_t thread;
    for (int timeout_ms = -1; timeout_ms < 20000; timeout_ms += 10000) {
        RMV_CLEANUP(rmv_lock_release) struct rmv_lock second = RMV_LOCK_EMPTY;
        CHECK_OK(rmv_lock_take("lock", true, 0, &first));
        assert_int_equal(pthread_create(&thread, NULL, release_soon, &first), 0);
        const struct rmv_error *err = rmv_lock_take("lock", true, timeout_ms, &second);
        pthread_join(thread, NULL);
        CHECK_OK(err);
    }
}

static void a_crash_releases_the_lock_and_names_nobody(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock reader = RMV_LOCK_EMPTY, writer = RMV_LOCK_EMPTY;
    const pid_t pid = fork();
    if (pid == 0) {
        struct rmv_lock lock = RMV_LOCK_EMPTY;
        _exit(rmv_lock_take("lock", true, 0, &lock) ? 1 : 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    CHECK_OK(rmv_lock_take("lock", false, 0, &reader));
    CHECK_SAYS(rmv_lock_take("lock", true, 0, &writer), RMV_ERR_LOCKED, "by another process");
}

static void a_lock_that_was_removed_does_not_count(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock first = RMV_LOCK_EMPTY, second = RMV_LOCK_EMPTY;
    CHECK_OK(rmv_lock_take("lock", true, 0, &first));
    assert_int_equal(unlink("lock"), 0);
    CHECK_OK(rmv_lock_take("lock", true, 0, &second));
    assert_true(rmv_fs_exists("lock"));
}

static void a_planted_link_or_pipe_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_lock lock = RMV_LOCK_EMPTY;
    test_write("precious", "keep me");
    assert_int_equal(symlink("precious", "link"), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    CHECK_SAYS(rmv_lock_take("link", true, 0, &lock), RMV_ERR_DENIED, "symbolic link");
    CHECK_FAILS(rmv_lock_take("pipe", true, 0, &lock), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_lock_take("pipe", false, 0, &lock), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_lock_take("no/folder", true, 0, &lock), RMV_ERR_NOT_FOUND);
    CHECK_OK(rmv_fs_read("precious", 100, &text));
    assert_string_equal(rmv_buf_string(&text), "keep me");
}

static void asking_who_holds_it_takes_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY, reader = RMV_LOCK_EMPTY;
    assert_false(rmv_lock_is_held("lock"));
    assert_false(rmv_fs_exists("lock"));
    CHECK_OK(rmv_lock_take("lock", false, 0, &reader));
    assert_false(rmv_lock_is_held("lock"));
    rmv_lock_release(&reader);
    CHECK_OK(rmv_lock_take("lock", true, 0, &lock));
    assert_true(rmv_lock_is_held("lock"));
    assert_true(rmv_lock_is_held("lock"));
    assert_int_equal(symlink("lock", "link"), 0);
    assert_false(rmv_lock_is_held("link"));
    rmv_lock_release(&lock);
    assert_false(rmv_lock_is_held("lock"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_exclusive_lock_keeps_everybody_out),
        TEST(readers_share),
        TEST(a_released_lock_is_free_and_names_nobody),
        TEST(waiting_ends_at_the_timeout),
        TEST(a_lock_that_comes_free_in_time_is_taken),
        TEST(a_crash_releases_the_lock_and_names_nobody),
        TEST(a_lock_that_was_removed_does_not_count),
        TEST(a_planted_link_or_pipe_is_refused),
        TEST(asking_who_holds_it_takes_nothing),
    };
    return RUN_TESTS(tests);
}
