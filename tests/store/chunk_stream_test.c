/* Reading large objects with several threads. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/vfs.h"
#include "store/chunk_stream.h"
#include "store/store_internal.h"
#include "support.h"

#define MIB ((size_t)1 << 20)
#define SIZE (9 * MIB + 4321)
#define READERS_COUNT 4

static struct rmv_store *open_with(unsigned threads)
{
    const struct rmv_store_options options = {.threads = threads, .no_fsync = true};
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_store_open(".", &options, &store));
    return store;
}

/* The path of the only pack. */
static char *find_pack(void)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    assert_int_equal(names.count, 1);
    return rmv_path_join("packs", names.items[0]);
}

static struct rmv_object_id store_bytes(uint64_t seed, struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(2);
    make_bytes(PATTERN_RANDOM, seed, SIZE, bytes);
    return put_bytes(store, bytes);
}

/* Flips a bit of the pack at `at`, a fraction of its size. */
static void damage(const char *path, double at)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf pack = {0};
    CHECK_OK(rmv_fs_read(path, 64 * MIB, &pack));
    pack.data[(size_t)(at * (double)pack.size)] ^= 4;
    chmod(path, 0644);
    CHECK_OK(rmv_fs_write_atomic(path, pack.data, pack.size));
}

/* ---- A sink that looks on -------------------------------------------------------------------- */

struct watcher {
    const struct rmv_buf *expected;
    size_t seen;
    size_t fail_at; /* an error from here on; 0: never */
    int inside;     /* threads; atomic */
};

static const struct rmv_error *watch(void *context, const void *bytes, size_t size)
{
    struct watcher *watcher = context;
    assert_int_equal(__atomic_fetch_add(&watcher->inside, 1, __ATOMIC_SEQ_CST), 0);
    if (watcher->fail_at > 0 && watcher->seen + size > watcher->fail_at) {
        __atomic_fetch_sub(&watcher->inside, 1, __ATOMIC_SEQ_CST);
        return rmv_error(RMV_ERR_IO, "the sink is full");
    }
    assert_true(watcher->seen + size <= watcher->expected->size);
    assert_memory_equal(watcher->expected->data + watcher->seen, bytes, size);
    watcher->seen += size;
    __atomic_fetch_sub(&watcher->inside, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static const struct rmv_error *stream(struct rmv_store *store, const struct rmv_object_id *id,
                                      struct watcher *watcher)
{
    const struct rmv_store_sink sink = {.write = watch, .context = watcher};
    return rmv_store_stream(store, id, UINT64_MAX, &sink);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void any_number_of_threads_sends_the_bytes_in_order(void **state)
{
    static const unsigned threads[] = {1, 2, 3, 8};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    (void)state;
    const struct rmv_object_id id = store_bytes(1, &bytes);
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(threads[i]);
        struct watcher watcher = {.expected = &bytes};
        CHECK_OK(stream(store, &id, &watcher));
        assert_int_equal(watcher.seen, bytes.size);
        assert_int_equal(atomic_load(&store->stream_threads), 0);
    }
}

static void nothing_from_a_damaged_chunk_on_is_sent(void **state)
{
    static const double places[] = {0.01, 0.5, 0.99};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    (void)state;
    const struct rmv_object_id id = store_bytes(2, &bytes);
    RMV_CLEANUP(rmv_str_free) char *path = find_pack();
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        damage(path, places[i]);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(3);
        struct watcher watcher = {.expected = &bytes};
        CHECK_FAILS(stream(store, &id, &watcher), RMV_ERR_CORRUPT);
        assert_true((double)watcher.seen <= places[i] * (double)bytes.size);
        damage(path, places[i]);
    }
}

static void chunks_damaged_in_one_pack_are_read_from_another(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    (void)state;
    const struct rmv_object_id id = store_bytes(3, &bytes);
    RMV_CLEANUP(rmv_str_free) char *path = find_pack();
    assert_int_equal(rename(path, "aside"), 0);
    {
        /* In company, so that the pack is another one. */
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(2);
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        struct rmv_object_id again;
        CHECK_OK(rmv_store_batch_open(store, &batch));
        CHECK_OK(rmv_store_batch_put(batch, "company", 7, &again));
        CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &again));
        CHECK_OK(rmv_store_batch_commit(batch));
    }
    RMV_CLEANUP(rmv_str_free) char *other = find_pack();
    assert_int_equal(rename("aside", path), 0);
    damage(path, 0.3);
    damage(other, 0.7);

    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(3);
    struct watcher watcher = {.expected = &bytes};
    CHECK_OK(stream(store, &id, &watcher));
    assert_int_equal(watcher.seen, bytes.size);
}

static void a_failure_of_the_sink_ends_the_stream(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    (void)state;
    const struct rmv_object_id id = store_bytes(4, &bytes);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(3);
    struct watcher watcher = {.expected = &bytes, .fail_at = SIZE / 2};
    CHECK_FAILS(stream(store, &id, &watcher), RMV_ERR_IO);
    assert_true(watcher.seen <= SIZE / 2);
    assert_int_equal(atomic_load(&store->stream_threads), 0);
    watcher = (struct watcher){.expected = &bytes};
    CHECK_OK(stream(store, &id, &watcher));
}

struct reader {
    struct rmv_store *store;
    struct rmv_object_id id;
    struct rmv_buf bytes;
};

static void *read_in_thread(void *context)
{
    struct reader *reader = context;
    for (int i = 0; i < 3; i++) {
        struct watcher watcher = {.expected = &reader->bytes};
        CHECK_OK(stream(reader->store, &reader->id, &watcher));
        assert_int_equal(watcher.seen, reader->bytes.size);
    }
    return NULL;
}

static void several_objects_are_streamed_at_once(void **state)
{
    struct reader readers[READERS_COUNT] = {0};
    pthread_t threads[READERS_COUNT];
    (void)state;
    for (size_t i = 0; i < READERS_COUNT; i++)
        readers[i].id = store_bytes(10 + i, &readers[i].bytes);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(3);
    for (size_t i = 0; i < READERS_COUNT; i++) {
        readers[i].store = store;
        assert_int_equal(pthread_create(&threads[i], NULL, read_in_thread, &readers[i]), 0);
    }
    for (size_t i = 0; i < READERS_COUNT; i++) {
        pthread_join(threads[i], NULL);
        rmv_buf_free(&readers[i].bytes);
    }
    assert_int_equal(atomic_load(&store->stream_threads), 0);
}

/* Good chunks in another order are another object, and the caller can tell. */
static void the_sum_is_that_of_what_the_list_leads_to(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    (void)state;
    const struct rmv_object_id id = store_bytes(5, &bytes);
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_with(2);
    {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
        CHECK_OK(rmv_store_view(store, &id, RMV_REPRESENTATION_LIST, NULL, &view));
        CHECK_OK(rmv_chunk_list_parse(view.bytes, view.size, &list));
    }
    assert_true(list.count > 4);
    const struct rmv_chunk_list_entry first = list.entries[0];
    list.entries[0] = list.entries[1];
    list.entries[1] = first;

    struct watcher watcher = {.expected = &bytes};
    struct rmv_sha256_state sum;
    struct rmv_object_id actual;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf swapped = {0};
    rmv_buf_append(&swapped, bytes.data + first.size, list.entries[0].size);
    rmv_buf_append(&swapped, bytes.data, first.size);
    rmv_buf_append(&swapped, bytes.data + swapped.size, bytes.size - swapped.size);
    watcher.expected = &swapped;
    rmv_sha256_start(&sum);
    const struct rmv_store_sink sink = {.write = watch, .context = &watcher};
    CHECK_OK(rmv_chunk_stream(store, &list, &sink, &sum));
    rmv_sha256_finish(&sum, actual.sha256);
    const struct rmv_object_id expected = rmv_object_id_of(swapped.data, swapped.size);
    assert_true(rmv_object_id_equal(&actual, &expected));
    assert_false(rmv_object_id_equal(&actual, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_number_of_threads_sends_the_bytes_in_order),
        TEST(nothing_from_a_damaged_chunk_on_is_sent),
        TEST(chunks_damaged_in_one_pack_are_read_from_another),
        TEST(a_failure_of_the_sink_ends_the_stream),
        TEST(several_objects_are_streamed_at_once),
        TEST(the_sum_is_that_of_what_the_list_leads_to),
    };
    return RUN_TESTS(tests);
}
