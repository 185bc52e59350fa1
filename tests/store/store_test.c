#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/sha256.h"
#include "support.h"

static const size_t sizes[] = {0,       1,       2,       255,     256,    4096,    65536,
                               131071,  131072,  262143,  262144,  262145, 1048575, 1048576,
                               1048577, 1300000, 3000001, 6291456, 9000000};

#define SIZES_COUNT (sizeof(sizes) / sizeof(sizes[0]))

static void objects_of_any_size_come_back_also_after_reopening(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id ids[2][SIZES_COUNT];

    CHECK_OK(rmv_store_batch_open(store, &batch));
    for (size_t pattern = 0; pattern < 2; pattern++)
        for (size_t i = 0; i < SIZES_COUNT; i++) {
            make_bytes(pattern, i, sizes[i], &bytes);
            CHECK_OK(rmv_store_batch_put(batch, bytes.data, bytes.size, &ids[pattern][i]));
            const struct rmv_object_id expected = rmv_object_id_of(bytes.data, bytes.size);
            assert_true(rmv_object_id_equal(&ids[pattern][i], &expected));
        }
    CHECK_OK(rmv_store_batch_commit(batch));
    rmv_store_batch_close(&batch);

    for (int round = 0; round < 2; round++) {
        for (size_t pattern = 0; pattern < 2; pattern++)
            for (size_t i = 0; i < SIZES_COUNT; i++) {
                make_bytes(pattern, i, sizes[i], &bytes);
                check_stored(store, &ids[pattern][i], &bytes);
            }
        assert_int_equal(count_problems(store, true), 0);
        rmv_store_close(&store);
        store = open_store();
    }
}

static void an_unknown_object_is_not_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = rmv_object_id_of("x", 1);
    uint64_t size;

    assert_false(rmv_store_has(store, &id));
    CHECK_SAYS(rmv_store_get(store, &id, 10, &content), RMV_ERR_NOT_FOUND, "2d711642b726b044");
    CHECK_FAILS(rmv_store_size(store, &id, &size), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_store_write_to(store, &id, 1, "stdout"), RMV_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_of_any_size_come_back_also_after_reopening),
        TEST(an_unknown_object_is_not_found),
    };
    return RUN_TESTS(tests);
}
