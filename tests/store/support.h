/* What the store's tests share: a store in ".", and bytes to put in it. Include it after test.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/vfs.h"
#include "rmv/store/store.h"

enum pattern { PATTERN_RANDOM, PATTERN_TEXT };

/* Fills `buf`, which the caller frees, with `size` bytes that depend on the seed alone. */
static inline void make_bytes(enum pattern pattern, uint64_t seed, size_t size, struct rmv_buf *buf)
{
    uint64_t z = seed * 0x9E3779B97F4A7C15u + 1;
    buf->size = 0;
    char *to = rmv_buf_reserve(buf, size + 64);
    for (size_t i = 0; i < size;) {
        z ^= z << 13;
        z ^= z >> 7;
        z ^= z << 17;
        if (pattern == PATTERN_RANDOM) {
            for (size_t j = 0; j < 8; j++)
                to[i + j] = (char)(z >> (8 * j));
            i += 8;
        } else {
            for (size_t j = 0; j < 8; j++)
                to[i + j] = "user,1,2"[(z >> (8 * j)) & 7];
            i += 8;
        }
    }
    buf->size = size;
}

/* Opens the store in "." without fsync, so that tests are quick. */
static inline struct rmv_store *open_store(void)
{
    static const struct rmv_store_options quick = {.no_fsync = true, .threads = 2};
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_store_open(".", &quick, &store));
    return store;
}

/* Puts one object in a batch of its own. */
static inline struct rmv_object_id put_bytes(struct rmv_store *store, const struct rmv_buf *bytes)
{
    struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id = {0};
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, bytes->data, bytes->size, &id));
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);
    return id;
}

static inline void check_stored(struct rmv_store *store, const struct rmv_object_id *id,
                                const struct rmv_buf *bytes)
{
    struct rmv_buf content = {0};
    uint64_t size = 0;
    assert_true(rmv_store_has(store, id));
    CHECK_OK(rmv_store_size(store, id, &size));
    assert_int_equal(size, bytes->size);
    CHECK_OK(rmv_store_get(store, id, bytes->size, &content));
    assert_int_equal(content.size, bytes->size);
    if (bytes->size > 0)
        assert_memory_equal(content.data, bytes->data, bytes->size);
    rmv_buf_free(&content);
}

/* The number of problems that a check finds; each is printed if `is_clean` was expected. */
static inline size_t count_problems(struct rmv_store *store, bool is_clean)
{
    struct rmv_store_fsck report = {0};
    CHECK_OK(rmv_store_fsck(store, NULL, &report));
    const size_t count = report.problems_count;
    for (size_t i = 0; is_clean && i < count; i++)
        print_message("# %s: %s\n", report.problems[i].pack ? report.problems[i].pack : "-",
                      report.problems[i].message);
    rmv_store_fsck_free(&report);
    return count;
}

/* Of all packs. */
static inline uint64_t stored_bytes(void)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    uint64_t total = 0;
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("packs/%s", names.items[i]);
        struct rmv_vfs_stat stat;
        CHECK_OK(rmv_vfs_stat(rmv_vfs_default(), path, &stat));
        total += stat.size;
    }
    return total;
}
