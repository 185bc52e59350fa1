/* The same object stored as deltas of different depths: the copy that others need stays. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/delta_format.h"
#include "store/frame.h"
#include "store/pack_writer.h"
#include "store/store_internal.h"
#include "support.h"

/* An object made by hand, stored as a delta of another one. */
struct made {
    struct rmv_buf bytes;
    struct rmv_object_id id;
    const struct made *base;
    uint8_t depth;
    uint32_t size_named; /* by its pack; the true one if 0 */
};

static void make(struct made *made, size_t seed, const struct made *base)
{
    make_bytes(PATTERN_RANDOM, 5, 5000, &made->bytes);
    memset(made->bytes.data + 100 * seed, 'x', 20);
    made->id = rmv_object_id_of(made->bytes.data, made->bytes.size);
    made->base = base;
    made->depth = base ? (uint8_t)(base->depth + 1) : 0;
}

/* Publishes a pack with these deltas, and adds its name to `names`. */
static void publish_made(struct rmv_store *store, const struct made *const *made, size_t count,
                         struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_pack_writer_discard) struct rmv_pack_writer writer;
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    RMV_CLEANUP(rmv_frame_encoder_free) struct rmv_frame_encoder encoder = {0};
    rmv_pack_writer_init(&writer, store, false);
    writer.kind = RMV_PACK_KIND_DELTA;
    for (size_t i = 0; i < count; i++) {
        struct rmv_pack_frame frame;
        const struct rmv_delta_bases bases = {
            .items = {{.id = made[i]->base->id, .size = (uint32_t)made[i]->base->bytes.size}},
            .count = 1};
        const uint32_t size =
            made[i]->size_named ? made[i]->size_named : (uint32_t)made[i]->bytes.size;
        const struct rmv_pack_record record = {
            .id = made[i]->id, .size = size, .depth = made[i]->depth};
        encoder.stored.size = 0;
        rmv_delta_format(&bases, &encoder.stored);
        CHECK_OK(rmv_frame_encode_delta(&encoder, &made[i]->base->bytes, made[i]->bytes.data,
                                        made[i]->bytes.size, &frame));
        frame.content_size = size;
        CHECK_OK(rmv_pack_writer_append(&writer, &frame, &encoder.parts, &record, 1));
    }
    CHECK_OK(rmv_pack_writer_finish(&writer, &footer));
    CHECK_OK(rmv_index_add(&store->index, &footer, 1));
    rmv_strings_take(names, rmv_pack_file_name(&footer.name));
}

/* Object 4 is there at depth 3, and at depth 1 in a pack of which another object is damaged.
 * Object 6, at depth 2, needs it at depth 1. */
static void make_two_depths(struct rmv_store *store, struct made made[7])
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    make(&made[0], 0, NULL);
    make(&made[1], 1, &made[0]);
    make(&made[2], 2, &made[1]);
    make(&made[3], 4, &made[2]); /* the same bytes as the next */
    make(&made[4], 4, &made[0]);
    make(&made[5], 5, &made[0]);
    make(&made[6], 6, &made[4]);
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, made[0].bytes.data, made[0].bytes.size, &id));
    CHECK_OK(rmv_store_batch_commit(batch));
    publish_made(store, (const struct made *const[]){&made[1], &made[2], &made[3]}, 3, &names);
    publish_made(store, (const struct made *const[]){&made[5], &made[4]}, 2, &names);
    publish_made(store, (const struct made *const[]){&made[6]}, 1, &names);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("packs/%s", names.items[1]);
    assert_int_equal(chmod(path, 0600), 0);
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "damage", 6, 100), 6); /* in the frame of object 5 */
}

static void put_again(struct rmv_store *store, const struct made *made)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, made->bytes.data, made->bytes.size, &id));
    CHECK_OK(rmv_store_batch_commit(batch));
}

static void a_base_is_not_given_up_for_a_deeper_copy(void **state)
{
    (void)state;
    const struct rmv_store_gc_options options = {.repack = true};
    for (int is_gc = 0; is_gc < 2; is_gc++) {
        struct made made[7] = {0};
        struct rmv_store_gc_report report;
        struct rmv_store_repair repaired;
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        make_two_depths(store, made);
        check_stored(store, &made[6].id, &made[6].bytes);
        assert_int_equal(count_problems(store, false), 1);
        if (is_gc) {
            RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
            CHECK_OK(rmv_store_gc_open(store, &options, &gc));
            rmv_store_gc_keep(gc, &made[4].id, RMV_STORE_GC_BYTES);
            rmv_store_gc_keep(gc, &made[6].id, RMV_STORE_GC_BYTES);
            CHECK_OK(rmv_store_gc_lock(gc));
            CHECK_OK(rmv_store_gc_run(gc, &report));
        } else {
            put_again(store, &made[5]); /* now nothing is lost with the pack but the depth */
            CHECK_OK(rmv_store_repair(store, &repaired));
            assert_int_equal(repaired.packs_kept, 1);
        }
        rmv_store_close(&store);
        store = open_store();
        check_stored(store, &made[6].id, &made[6].bytes);
        check_stored(store, &made[4].id, &made[4].bytes);
        for (size_t i = 0; i < 7; i++)
            rmv_buf_free(&made[i].bytes);
        assert_int_equal(system("rm -rf packs index tmp damaged lock"), 0);
    }
}

static void a_pack_that_names_another_size_is_not_believed(void **state)
{
    (void)state;
    struct made base = {0}, object = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    make(&base, 0, NULL);
    make(&object, 1, &base);
    put_again(store, &base);
    put_again(store, &object);
    for (uint32_t i = 1; i <= 8; i++) { /* the first pack by name is looked into first */
        object.size_named = 5000 - i;
        publish_made(store, (const struct made *const[]){&object}, 1, &names);
    }
    rmv_store_close(&store);
    store = open_store();
    check_stored(store, &object.id, &object.bytes);
    rmv_buf_free(&base.bytes);
    rmv_buf_free(&object.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_base_is_not_given_up_for_a_deeper_copy),
        TEST(a_pack_that_names_another_size_is_not_believed),
    };
    return RUN_TESTS(tests);
}
