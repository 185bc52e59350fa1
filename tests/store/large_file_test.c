/* Large files: read, cut and hashed by one thread, stored by several. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/batch.h"
#include "store/staging.h"
#include "store/store_internal.h"
#include "support.h"

#define MIB ((size_t)1 << 20)
#define THREADS_COUNT 3
#define FILE_SIZE (5 * MIB + 12345)

static struct rmv_store *open_with(const struct rmv_vfs *vfs, unsigned threads)
{
    const struct rmv_store_options options = {.vfs = vfs, .threads = threads, .no_fsync = true};
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_store_open(".", &options, &store));
    return store;
}

/* A file that is gone once it is closed. */
static int open_file(const struct rmv_buf *bytes)
{
    char path[] = "input-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    CHECK_OK(rmv_fd_write(fd, "input", bytes->data, bytes->size));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static const struct rmv_error *put_file(struct rmv_store_batch *batch, int fd,
                                        struct rmv_store_file *file)
{
    const struct rmv_store_source source = {.fd = fd, .path = "input"};
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return rmv_store_batch_put_file(batch, &source, file);
}

/* ---- One file -------------------------------------------------------------------------------- */

static void check_size(unsigned threads, enum pattern pattern, size_t size)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, threads);
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_store_file file;

    make_bytes(pattern, size + threads, size, &bytes);
    fd = open_file(&bytes);
    const struct rmv_object_id id = rmv_object_id_of(bytes.data, bytes.size);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put_file(batch, fd, &file));
    assert_true(rmv_object_id_equal(&file.id, &id));
    assert_int_equal(file.size, size);
    assert_false(file.was_stored);
    CHECK_OK(put_file(batch, fd, &file));
    assert_true(rmv_object_id_equal(&file.id, &id));
    assert_true(file.was_stored);
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    check_stored(store, &id, &bytes);
}

static void files_of_any_size_are_read_back_under_their_sha256(void **state)
{
    static const size_t bases[] = {1 * MIB, 2 * MIB, 4 * MIB, 5 * MIB, 7 * MIB};
    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++)
        for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
            for (size_t off = 0; off < 3; off++)
                check_size(threads, (i + off) % 2, bases[i] + off - 1);
    /* Sizes that nobody thought of. */
    for (size_t i = 0; i < 4; i++)
        check_size(2 + i % 3, i % 2, 1 * MIB + i * 7919 * 97 % (5 * MIB));
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    assert_int_equal(count_problems(store, true), 0);
}

static void a_file_has_the_same_chunks_as_bytes_have(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, 3);
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_store_file file;
    make_bytes(PATTERN_RANDOM, 5, FILE_SIZE, &bytes);
    put_bytes(store, &bytes);
    fd = open_file(&bytes);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put_file(batch, fd, &file));
    assert_true(file.was_stored);
}

static void a_source_that_cannot_be_read_is_an_error_and_the_batch_goes_on(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, 2);
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_fd_close) int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_store_file file;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    assert_int_equal(put_file(batch, folder, &file)->code, RMV_ERR_IO);
    make_bytes(PATTERN_TEXT, 6, FILE_SIZE, &bytes);
    fd = open_file(&bytes);
    CHECK_OK(put_file(batch, fd, &file));
    CHECK_OK(rmv_store_batch_commit(batch));
    check_stored(store, &file.id, &bytes);
}

/* A source that can be read up to `readable` bytes and then fails with EIO: this process's memory,
 * with a hole in it. */
static int open_broken(const struct rmv_buf *bytes, size_t readable, void **mapped)
{
    const size_t size = readable + MIB;
    const int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && readable <= bytes->size);
    *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(*mapped, MAP_FAILED);
    memcpy(*mapped, bytes->data, readable);
    assert_int_equal(munmap((char *)*mapped + readable, size - readable), 0);
    assert_true(lseek(fd, (off_t)(uintptr_t)*mapped, SEEK_SET) > 0);
    return fd;
}

static void check_broken(unsigned threads, size_t readable)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("broken-%u-%zu", threads, readable);
    CHECK_OK(rmv_fs_mkdir_p(folder));
    const struct rmv_store_options options = {.threads = threads, .no_fsync = true};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_fd_close) int broken = -1;
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_store_file file = {.size = 7};
    void *mapped = NULL;
    make_bytes(PATTERN_RANDOM, 8, 12 * MIB, &bytes);
    broken = open_broken(&bytes, readable, &mapped);
    CHECK_OK(rmv_store_open(folder, &options, &store));
    CHECK_OK(rmv_store_batch_open(store, &batch));
    const struct rmv_store_source source = {.fd = broken, .path = "input"};
    const struct rmv_error *err = rmv_store_batch_put_file(batch, &source, &file);
    assert_non_null(err);
    assert_int_equal(err->code, RMV_ERR_IO);
    assert_string_equal(err->message,
                        "cannot store 'input': cannot read 'input': Input/output error");
    assert_int_equal(file.size, 7);
    munmap(mapped, readable);

    /* What was read before is sound, and no list is there that names more. */
    CHECK_OK(rmv_store_batch_commit(batch));
    const struct rmv_object_id part = rmv_object_id_of(bytes.data, readable);
    const struct rmv_object_id whole = rmv_object_id_of(bytes.data, bytes.size);
    assert_false(rmv_store_has(store, &part) || rmv_store_has(store, &whole));
    fd = open_file(&bytes);
    CHECK_OK(put_file(batch, fd, &file));
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    check_stored(store, &whole, &bytes);
    assert_int_equal(count_problems(store, true), 0);
}

static void a_read_error_in_the_middle_leaves_a_clean_store(void **state)
{
    static const size_t readable[] = {MIB / 2, 5 * MIB, 11 * MIB};
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads *= 2)
        for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
            check_broken(threads, readable[i]);
}

/* ---- Several at once ------------------------------------------------------------------------- */

struct putter {
    struct rmv_store_batch *batch;
    struct rmv_buf bytes;
    int fd;
    struct rmv_store_file file;
    struct rmv_error *failure;
};

static void *put_in_thread(void *context)
{
    struct putter *putter = context;
    putter->failure = rmv_error_take(put_file(putter->batch, putter->fd, &putter->file));
    return NULL;
}

/* File i; two of them are the same, the others begin alike. */
static void make_putters(struct putter *putters)
{
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        struct rmv_buf own = {0};
        putters[i] = (struct putter){.fd = -1};
        make_bytes(PATTERN_TEXT, 77, 2 * MIB, &putters[i].bytes);
        make_bytes(i % 2, 100 + i % 2, FILE_SIZE - 2 * MIB, &own);
        rmv_buf_append(&putters[i].bytes, own.data, own.size);
        rmv_buf_free(&own);
        putters[i].fd = open_file(&putters[i].bytes);
    }
}

static void free_putters(struct putter *putters)
{
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        rmv_buf_free(&putters[i].bytes);
        rmv_fd_close(&putters[i].fd);
        rmv_error_free(&putters[i].failure);
    }
}

/* Puts all at once; the number that failed. */
static size_t put_all(struct rmv_store_batch *batch, struct putter *putters)
{
    pthread_t threads[THREADS_COUNT];
    size_t failed_count = 0;
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        putters[i].batch = batch;
        rmv_error_free(&putters[i].failure);
        assert_int_equal(pthread_create(&threads[i], NULL, put_in_thread, &putters[i]), 0);
    }
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        pthread_join(threads[i], NULL);
        failed_count += putters[i].failure ? 1 : 0;
    }
    return failed_count;
}

static void check_putters(struct rmv_store *store, const struct putter *putters)
{
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        const struct rmv_object_id id =
            rmv_object_id_of(putters[i].bytes.data, putters[i].bytes.size);
        assert_true(rmv_object_id_equal(&putters[i].file.id, &id));
        check_stored(store, &id, &putters[i].bytes);
    }
    assert_int_equal(count_problems(store, true), 0);
}

static void several_threads_put_large_files_into_one_batch(void **state)
{
    (void)state;
    struct putter putters[THREADS_COUNT];
    make_putters(putters);
    for (unsigned threads = 1; threads <= 4; threads++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("store-%u", threads);
        const struct rmv_store_options options = {.threads = threads, .no_fsync = true};
        CHECK_OK(rmv_fs_mkdir_p(folder));
        CHECK_OK(rmv_store_open(folder, &options, &store));
        store->pack_size_max = threads % 2 ? 2 * MIB : RMV_PACK_SIZE_MAX;
        CHECK_OK(rmv_store_batch_open(store, &batch));
        assert_int_equal(put_all(batch, putters), 0);
        CHECK_OK(rmv_store_batch_commit(batch));
        rmv_store_batch_close(&batch);
        check_putters(store, putters);
    }
    free_putters(putters);
}

static void write_to_pipe(int fd, const struct rmv_buf *bytes, size_t from, size_t to)
{
    CHECK_OK(rmv_fd_write(fd, "pipe", bytes->data + from, to - from));
}

/* Gives the caller time to wait; does no harm if he does not. */
static void await_waiting_caller(struct rmv_workers *workers)
{
    bool is_waiting = false;
    for (int i = 0; i < 200 && !is_waiting; i++) {
        usleep(1000);
        pthread_mutex_lock(&workers->lock);
        is_waiting = workers->waiting_count > 0;
        pthread_mutex_unlock(&workers->lock);
    }
}

static void *put_pipe_in_thread(void *context)
{
    struct putter *putter = context;
    const struct rmv_store_source source = {.fd = putter->fd, .path = "input"};
    putter->failure =
        rmv_error_take(rmv_store_batch_put_file(putter->batch, &source, &putter->file));
    return NULL;
}

/* A thread reads for him when others come, so many that the thread may not go on. */
static void a_caller_does_not_wait_for_others_to_leave(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, 2);
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct putter putter = {.fd = -1};
    pthread_t thread;
    int fds[2];
    make_bytes(PATTERN_RANDOM, 12, 7 * MIB, &bytes);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    assert_int_equal(pipe(fds), 0);
    putter.batch = batch;
    putter.fd = fds[0];
    assert_int_equal(pthread_create(&thread, NULL, put_pipe_in_thread, &putter), 0);
    write_to_pipe(fds[1], &bytes, 0, 5 * MIB);
    await_waiting_caller(&batch->workers);
    rmv_workers_enter(&batch->workers);
    rmv_workers_enter(&batch->workers);
    write_to_pipe(fds[1], &bytes, 5 * MIB, bytes.size);
    close(fds[1]);
    pthread_join(thread, NULL);
    rmv_workers_leave(&batch->workers);
    rmv_workers_leave(&batch->workers);
    close(fds[0]);
    CHECK_OK(putter.failure);
    CHECK_OK(rmv_store_batch_commit(batch));
    check_stored(store, &putter.file.id, &bytes);
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* The disk is full at the n-th call, while several threads put. */
static void check_full_disk(struct putter *putters, int n, bool *was_hit)
{
    struct faulty_vfs faulty;
    faulty_vfs_init(&faulty, 0, false);
    {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(&faulty.vfs, 3);
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        store->pack_size_max = n % 2 ? 2 * MIB : RMV_PACK_SIZE_MAX;
        store->stage_size = n % 3 ? MIB / 4 : RMV_STAGING_SIZE;
        CHECK_OK(rmv_store_batch_open(store, &batch));
        atomic_store(&faulty.calls, 0);
        faulty.fails_at = n;
        const size_t failed_count = put_all(batch, putters);
        const struct rmv_error *err = rmv_store_batch_commit(batch);
        *was_hit = atomic_load(&faulty.calls) >= n;
        for (size_t i = 0; i < THREADS_COUNT; i++)
            if (putters[i].failure)
                assert_non_null(strstr(putters[i].failure->message, "cannot store 'input'"));
        if (failed_count > 0)
            assert_non_null(err);
        faulty.fails_at = 0;
    }
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, 2);
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    assert_int_equal(count_problems(store, true), 0);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    assert_int_equal(put_all(batch, putters), 0);
    CHECK_OK(rmv_store_batch_commit(batch));
    check_putters(store, putters);
}

static void clear_store(void)
{
    assert_int_equal(system("rm -rf packs index tmp"), 0);
}

static void a_full_disk_fails_the_puts_and_harms_nothing(void **state)
{
    (void)state;
    struct putter putters[THREADS_COUNT];
    bool was_hit = true;
    make_putters(putters);
    for (int n = 1; was_hit; n += 1 + n / 3) {
        clear_store();
        check_full_disk(putters, n, &was_hit);
    }
    free_putters(putters);
}

/* In a process of its own, which dies at the n-th call. */
static int put_and_die(const struct rmv_buf *bytes, int n)
{
    struct faulty_vfs faulty;
    faulty_vfs_init(&faulty, n, true);
    const pid_t child = fork();
    if (child == 0) {
        struct rmv_store *store = open_with(&faulty.vfs, 3);
        struct rmv_store_batch *batch = NULL;
        struct rmv_store_file file;
        const int fd = open_file(bytes);
        store->pack_size_max = 2 * MIB;
        store->stage_size = MIB / 2;
        _exit(rmv_store_batch_open(store, &batch) || put_file(batch, fd, &file) ||
              rmv_store_batch_commit(batch));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_death_at_any_call_leaves_a_sound_store_and_a_second_put_succeeds(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_bytes(PATTERN_RANDOM, 9, FILE_SIZE, &bytes);
    RMV_CLEANUP(rmv_fd_close) int fd = open_file(&bytes);
    int status = 9;
    for (int n = 1; status == 9; n += 1 + n / 5) {
        clear_store();
        status = put_and_die(&bytes, n);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(NULL, 2);
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        struct rmv_store_file file;
        assert_int_equal(count_problems(store, true), 0);
        CHECK_OK(rmv_store_batch_open(store, &batch));
        CHECK_OK(put_file(batch, fd, &file));
        CHECK_OK(rmv_store_batch_commit(batch));
        check_stored(store, &file.id, &bytes);
        assert_int_equal(count_problems(store, true), 0);
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_of_any_size_are_read_back_under_their_sha256),
        TEST(a_file_has_the_same_chunks_as_bytes_have),
        TEST(a_source_that_cannot_be_read_is_an_error_and_the_batch_goes_on),
        TEST(a_read_error_in_the_middle_leaves_a_clean_store),
        TEST(several_threads_put_large_files_into_one_batch),
        TEST(a_caller_does_not_wait_for_others_to_leave),
        TEST(a_full_disk_fails_the_puts_and_harms_nothing),
        TEST(a_death_at_any_call_leaves_a_sound_store_and_a_second_put_succeeds),
    };
    return RUN_TESTS(tests);
}
