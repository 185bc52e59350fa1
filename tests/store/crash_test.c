/* The power fails at any moment: every state in which that may leave the disk is made and opened.
 */
#include "test.h"

#include "crash.h"

static void the_first_commit_survives_a_power_cut(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 3);
    CHECK_OK(run(&scenario, 0, 3));
    try_power_cuts(&scenario, 0, 20);
    end(&scenario);
}

/* Does the enumeration find anything at all? */
static void a_store_that_did_not_sync_would_be_caught(void **state)
{
    (void)state;
    static const enum recorded_kind kinds[] = {RECORDED_SYNC_FILE, RECORDED_SYNC_FOLDER};
    for (size_t i = 0; i < 2; i++) {
        struct scenario scenario;
        start(&scenario, small_sizes, 3);
        CHECK_OK(run(&scenario, 0, 3));
        recording_vfs_forget(&scenario.recording, 0, kinds[i]);
        expect_failure(&scenario, 0);
    }
}

static void a_second_commit_endangers_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 6);
    CHECK_OK(run(&scenario, 0, 2));
    const size_t first = scenario.recording.count;
    CHECK_OK(run(&scenario, 2, 4));
    CHECK_OK(run(&scenario, 4, 6));
    try_power_cuts(&scenario, first, 20);
    end(&scenario);
}

static void merging_the_index_endangers_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, SMALL_COUNT);
    struct rmv_store *store = open_recorded(&scenario);
    struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    /* The first segment is large enough to stay when the later ones are merged. */
    CHECK_OK(put_and_commit(&scenario, batch, 0, 8));
    const size_t first = scenario.recording.count;
    for (size_t i = 8; i < SMALL_COUNT; i++)
        CHECK_OK(put_and_commit(&scenario, batch, i, i + 1));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
    try_power_cuts(&scenario, first, 2);
    end(&scenario);
}

static void a_file_in_chunks_is_there_as_a_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {20, 1100000, 30};
    struct scenario scenario;
    start(&scenario, sizes, 3);
    CHECK_OK(run(&scenario, 0, 1));
    const size_t first = scenario.recording.count;
    CHECK_OK(run(&scenario, 1, 3));
    try_power_cuts(&scenario, first, 4);
    end(&scenario);
}

/* The text of a large tree, say, and its next version. */
static void text_in_pieces_is_there_as_a_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {70000, 70000};
    struct scenario scenario;
    start(&scenario, sizes, 2);
    scenario.has_lines = true;
    for (size_t i = 0; i < 2; i++) {
        make_bytes(PATTERN_TEXT, 300, sizes[i], &scenario.objects[i]);
        for (size_t at = 50; at < sizes[i]; at += 60)
            scenario.objects[i].data[at] = '\n';
        memset(scenario.objects[i].data + 30000, 'x', i);
        scenario.ids[i] = rmv_object_id_of(scenario.objects[i].data, sizes[i]);
    }
    CHECK_OK(run(&scenario, 0, 1));
    CHECK_OK(run(&scenario, 1, 2));
    try_power_cuts(&scenario, 0, 4);
    end(&scenario);
}

static void packs_that_follow_a_full_one_endanger_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {20, 1100000, 30, 270000};
    struct scenario scenario;
    start(&scenario, sizes, 4);
    struct rmv_store *store = open_recorded(&scenario);
    struct rmv_store_batch *batch = NULL;
    store->pack_size_max = 300000;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put_and_commit(&scenario, batch, 0, 1));
    const size_t first = scenario.recording.count;
    CHECK_OK(put_and_commit(&scenario, batch, 1, 4));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
    try_power_cuts(&scenario, first, 1);
    end(&scenario);
}

static void a_batch_that_was_not_committed_is_no_damage(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 5);
    CHECK_OK(run(&scenario, 0, 2));
    const size_t first = scenario.recording.count;
    struct rmv_store *store = open_recorded(&scenario);
    struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put(&scenario, batch, 2, 5));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
    try_power_cuts(&scenario, first, 20);
    end(&scenario);
}

static void what_was_found_stored_is_promised_too(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 4);
    struct rmv_store *store = open_recorded(&scenario);
    struct rmv_store_batch *batch = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put(&scenario, batch, 0, 4));
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
    CHECK_OK(run(&scenario, 0, 4));
    try_power_cuts(&scenario, 0, 20);
    end(&scenario);
}

static void an_index_made_again_endangers_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    start(&scenario, small_sizes, 6);
    CHECK_OK(run(&scenario, 0, 2));
    CHECK_OK(run(&scenario, 2, 4));
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "store/index", &names));
    assert_true(names.count > 0);
    const size_t first = scenario.recording.count;
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("store/index/%s", names.items[i]);
        assert_int_equal(scenario.options.vfs->unlink(scenario.options.vfs->state, path), 0);
    }
    CHECK_OK(run(&scenario, 4, 6));
    try_power_cuts(&scenario, first, 20);
    end(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_commit_survives_a_power_cut),
        TEST(a_store_that_did_not_sync_would_be_caught),
        TEST(a_second_commit_endangers_nothing),
        TEST(merging_the_index_endangers_nothing),
        TEST(a_file_in_chunks_is_there_as_a_whole),
        TEST(text_in_pieces_is_there_as_a_whole),
        TEST(packs_that_follow_a_full_one_endanger_nothing),
        TEST(a_batch_that_was_not_committed_is_no_damage),
        TEST(what_was_found_stored_is_promised_too),
        TEST(an_index_made_again_endangers_nothing),
    };
    return RUN_TESTS(tests);
}
