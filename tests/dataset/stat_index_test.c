#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/stat_file.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/stat_index.h"

static const struct rmv_object_id some_id = {.sha256 = {1, 2, 3}};
static const struct rmv_object_id other_id = {.sha256 = {4, 5, 6}};

/* The status of a file made now, once it has settled. */
static struct stat settled(struct rmv_stat_index *index, const char *path)
{
    struct stat status;
    test_write(path, "content");
    assert_int_equal(stat(path, &status), 0);
    assert_true(rmv_stat_index_settle(index, &status));
    return status;
}

static bool finds(struct rmv_stat_index *index, const char *path, const struct stat *status,
                  const struct rmv_object_id *id)
{
    struct rmv_object_id found = {0};
    return rmv_stat_index_find(index, path, status, &found) && rmv_object_id_equal(&found, id);
}

/* Writes, closes and opens the index. */
static void reopen(struct rmv_stat_index **index)
{
    CHECK_OK(rmv_stat_index_write(*index));
    rmv_stat_index_close(index);
    CHECK_OK(rmv_stat_index_open("index", index));
}

/* As whoever reads or writes the file does. */
static void settle_and_set(struct rmv_stat_index *index, const char *path,
                           const struct stat *status, const struct rmv_object_id *id)
{
    assert_true(rmv_stat_index_settle(index, status));
    rmv_stat_index_set(index, path, status, id);
}

static void what_was_set_is_found_again(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    rmv_stat_index_set(index, "data/a", &status, &some_id);
    assert_true(finds(index, "data/a", &status, &some_id));
    reopen(&index);
    assert_true(finds(index, "data/a", &status, &some_id));
    assert_false(finds(index, "data/b", &status, &some_id));
    assert_false(finds(index, "data", &status, &some_id));
}

static void any_difference_in_the_status_makes_it_unknown(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    rmv_stat_index_set(index, "a", &status, &some_id);
    reopen(&index);

    struct stat other = status;
    other.st_size++;
    assert_false(finds(index, "a", &other, &some_id));
    other = status;
    other.st_mtim.tv_nsec ^= 1;
    assert_false(finds(index, "a", &other, &some_id));
    other = status;
    other.st_ctim.tv_nsec ^= 1;
    assert_false(finds(index, "a", &other, &some_id));
    other = status;
    other.st_ino++;
    assert_false(finds(index, "a", &other, &some_id));
    other = status;
    other.st_mode ^= S_IXUSR;
    assert_false(finds(index, "a", &other, &some_id));
}

static void a_file_that_has_not_settled_is_not_remembered(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    struct stat status = settled(index, "a");
    status.st_ctim.tv_sec += 100000; /* a clock in the future never gets past it */
    assert_false(rmv_stat_index_settle(index, &status));
    rmv_stat_index_set(index, "a", &status, &some_id);
    assert_false(finds(index, "a", &status, &some_id));
    reopen(&index);
    assert_false(finds(index, "a", &status, &some_id));
}

static void an_edit_after_settling_always_shows(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    for (int i = 0; i < 50; i++) {
        const struct stat before = settled(index, "a");
        const struct timespec times[2] = {before.st_atim, before.st_mtim};
        struct stat after;

        test_write("a", "CONTENT");
        assert_int_equal(utimensat(AT_FDCWD, "a", times, 0), 0);
        assert_int_equal(stat("a", &after), 0);
        assert_int_equal(after.st_size, before.st_size);
        rmv_stat_index_set(index, "a", &before, &some_id);
        assert_false(finds(index, "a", &after, &some_id));
    }
}

static void entries_of_several_runs_are_merged(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    char path[32];

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    for (int round = 0; round < 3; round++) {
        for (int i = round; i < 3000; i += 3) {
            snprintf(path, sizeof(path), "d/%d", i);
            settle_and_set(index, path, &status, &some_id);
        }
        reopen(&index);
    }
    settle_and_set(index, "d/17", &status, &other_id);
    reopen(&index);
    for (int i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "d/%d", i);
        assert_true(finds(index, path, &status, i == 17 ? &other_id : &some_id));
    }
}

/* Folder by folder, in no order. */
static void set_folders(struct rmv_stat_index *index, const struct stat *status, int overlap)
{
    char path[32];
    for (int i = 0; i < 40 * 50; i++) {
        snprintf(path, sizeof(path), "%d/%02d/%02d", overlap, i / 50 * 7 % 40, i % 50);
        settle_and_set(index, path, status, &some_id);
    }
}

/* As threads bring them; one folder in two parts, one file twice. */
static void entries_are_found_in_whatever_order_they_came(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    char path[32];

    for (int overlap = 0; overlap < 3; overlap++) {
        CHECK_OK(rmv_stat_index_open("index", &index));
        const struct stat status = settled(index, "a");
        set_folders(index, &status, overlap);
        for (int i = overlap == 2 ? 40 : 50; overlap > 0 && i < 60; i++) {
            snprintf(path, sizeof(path), "%d/07/%02d", overlap, i);
            settle_and_set(index, path, &status, &other_id);
        }
        reopen(&index);
        for (int i = 0; i < 40 * 50; i++) {
            const bool is_replaced = overlap == 2 && i / 50 == 7 && i % 50 >= 40;
            snprintf(path, sizeof(path), "%d/%02d/%02d", overlap, i / 50, i % 50);
            assert_true(finds(index, path, &status, is_replaced ? &other_id : &some_id));
        }
        for (int i = 50; overlap > 0 && i < 60; i++) {
            snprintf(path, sizeof(path), "%d/07/%02d", overlap, i);
            assert_true(finds(index, path, &status, &other_id));
        }
        rmv_stat_index_close(&index);
    }
}

static void two_processes_do_not_lose_what_the_other_learnt(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *first = NULL;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *second = NULL;

    CHECK_OK(rmv_stat_index_open("index", &first));
    CHECK_OK(rmv_stat_index_open("index", &second));
    const struct stat status = settled(first, "a");
    assert_true(rmv_stat_index_settle(second, &status));
    rmv_stat_index_set(first, "x", &status, &some_id);
    rmv_stat_index_set(second, "y", &status, &other_id);
    CHECK_OK(rmv_stat_index_write(first));
    CHECK_OK(rmv_stat_index_write(second));
    reopen(&first);
    assert_true(finds(first, "x", &status, &some_id));
    assert_true(finds(first, "y", &status, &other_id));
}

static void files_that_are_gone_are_forgotten(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    rmv_stat_index_set(index, "d/gone", &status, &some_id);
    rmv_stat_index_set(index, "d/here", &status, &some_id);
    rmv_stat_index_set(index, "d2/elsewhere", &status, &some_id);
    reopen(&index);
    assert_true(finds(index, "d/here", &status, &some_id));
    settle_and_set(index, "d/new", &status, &some_id);
    rmv_stat_index_seen_all(index, "d");
    reopen(&index);
    assert_false(finds(index, "d/gone", &status, &some_id));
    assert_true(finds(index, "d/here", &status, &some_id));
    assert_true(finds(index, "d/new", &status, &some_id));
    assert_true(finds(index, "d2/elsewhere", &status, &some_id));
}

static void a_damaged_index_never_gives_a_wrong_answer(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    rmv_stat_index_set(index, "a", &status, &some_id);
    rmv_stat_index_set(index, "b", &status, &other_id);
    CHECK_OK(rmv_stat_index_write(index));
    CHECK_OK(rmv_fs_read("index", 10000, &bytes));
    const size_t entries_size = 2 * (size_t)RMV_STAT_ENTRY_SIZE + 2;
    assert_int_equal(bytes.size, sizeof(struct rmv_stat_file_header) + entries_size);

    for (size_t i = 0; i < 8 * bytes.size; i++) {
        struct rmv_object_id id;
        bytes.data[i / 8] ^= (char)(1 << i % 8);
        rmv_stat_index_close(&index);
        CHECK_OK(rmv_fs_write_atomic("index", bytes.data, bytes.size));
        CHECK_OK(rmv_stat_index_open("index", &index));
        if (rmv_stat_index_find(index, "a", &status, &id))
            assert_true(rmv_object_id_equal(&id, &some_id));
        if (rmv_stat_index_find(index, "b", &status, &id))
            assert_true(rmv_object_id_equal(&id, &other_id));
        bytes.data[i / 8] ^= (char)(1 << i % 8);
    }
}

static void a_truncated_index_counts_as_empty(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;

    CHECK_OK(rmv_stat_index_open("index", &index));
    const struct stat status = settled(index, "a");
    rmv_stat_index_set(index, "a", &status, &some_id);
    CHECK_OK(rmv_stat_index_write(index));
    for (off_t size = 120; size >= 0; size -= 10) {
        assert_int_equal(truncate("index", size), 0);
        rmv_stat_index_close(&index);
        CHECK_OK(rmv_stat_index_open("index", &index));
        assert_false(finds(index, "a", &status, &some_id));
    }
    rmv_stat_index_set(index, "a", &status, &some_id);
    assert_true(rmv_stat_index_settle(index, &status));
    reopen(&index);
    assert_true(finds(index, "a", &status, &some_id));
}

/* More than is kept in memory. */
static void very_many_files_are_remembered(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    const size_t count = 450000;
    char path[64];

    CHECK_OK(rmv_stat_index_open("index", &index));
    struct stat status = settled(index, "a");
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "data/%zu", i * 7919 % count);
        status.st_size = (off_t)(i * 7919 % count);
        rmv_stat_index_set(index, path, &status, &some_id);
    }
    rmv_stat_index_set(index, "data/17", &status, &other_id);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i += i < 100 ? 1 : 997) {
            struct stat now = status;
            snprintf(path, sizeof(path), "data/%zu", i);
            now.st_size = i == 17 ? status.st_size : (off_t)i;
            assert_true(finds(index, path, &now, i == 17 ? &other_id : &some_id));
        }
        reopen(&index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_set_is_found_again),
        TEST(any_difference_in_the_status_makes_it_unknown),
        TEST(a_file_that_has_not_settled_is_not_remembered),
        TEST(an_edit_after_settling_always_shows),
        TEST(entries_of_several_runs_are_merged),
        TEST(entries_are_found_in_whatever_order_they_came),
        TEST(two_processes_do_not_lose_what_the_other_learnt),
        TEST(files_that_are_gone_are_forgotten),
        TEST(a_damaged_index_never_gives_a_wrong_answer),
        TEST(a_truncated_index_counts_as_empty),
        TEST(very_many_files_are_remembered),
    };
    return RUN_TESTS(tests);
}
