/* The power fails at any moment: every state in which that may leave the disk is made (power_cut.h)
 * and opened. RMV_CRASH_RANDOM sets how many random states are tried per moment beside the
 * systematic ones, for a longer run. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power_cut.h"
#include "recording_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "support.h"

#define OBJECTS_MAX 16
#define OBJECT_BYTES_MAX ((size_t)16 << 20)

/* What one test does to the store in "store", and what it puts there in this order. */
struct scenario {
    struct recording_vfs recording;
    struct rmv_store_options options;
    struct rmv_buf objects[OBJECTS_MAX];
    struct rmv_object_id ids[OBJECTS_MAX];
    size_t objects_count;
    bool only_never_wrong; /* nothing was promised: wrong bytes alone would be wrong */
};

static void start(struct scenario *scenario, const size_t *sizes, size_t count)
{
    *scenario = (struct scenario){.objects_count = count};
    CHECK_OK(rmv_fs_mkdir_p("store"));
    recording_vfs_start(&scenario->recording, "store");
    scenario->options = (struct rmv_store_options){.vfs = &scenario->recording.vfs, .threads = 1};
    for (size_t i = 0; i < count; i++) {
        make_bytes(i % 2, 300 + i, sizes[i], &scenario->objects[i]);
        scenario->ids[i] = rmv_object_id_of(scenario->objects[i].data, sizes[i]);
    }
}

static void end(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->objects_count; i++)
        rmv_buf_free(&scenario->objects[i]);
    recording_vfs_free(&scenario->recording);
}

/* ---- What has to hold in every state --------------------------------------------------------- */

static char *complaint(const char *what, size_t i, const struct rmv_error *err)
{
    return rmv_str_format("%s %zu: %s", what, i, err ? err->message : "wrong bytes");
}

/* Reads an object: 1 it is right, 0 there is an error, -1 the bytes are wrong. */
static int read_object(const struct scenario *scenario, struct rmv_store *store, size_t i,
                       const struct rmv_error **err)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_buf *expected = &scenario->objects[i];
    *err = rmv_store_get(store, &scenario->ids[i], OBJECT_BYTES_MAX, &content);
    if (*err)
        return 0;
    const bool is_right =
        content.size == expected->size &&
        (expected->size == 0 || memcmp(content.data, expected->data, expected->size) == 0);
    return is_right ? 1 : -1;
}

/* The first `promised` objects are right, and none is wrong. */
static char *check_objects(const struct scenario *scenario, struct rmv_store *store,
                           size_t promised)
{
    for (size_t i = 0; i < scenario->objects_count; i++) {
        const struct rmv_error *err = NULL;
        const int result = read_object(scenario, store, i, &err);
        if (result < 0 || (result == 0 && i < promised))
            return complaint("object", i, err);
    }
    return NULL;
}

static char *check_sound(struct rmv_store *store)
{
    struct rmv_store_fsck report = {0};
    const struct rmv_error *err = rmv_store_fsck(store, NULL, &report);
    if (err)
        return complaint("fsck", 0, err);
    char *wrong = NULL;
    if (report.problems_count > 0)
        wrong = rmv_str_format("fsck: %s: %s",
                               report.problems[0].pack ? report.problems[0].pack : "index",
                               report.problems[0].message);
    rmv_store_fsck_free(&report);
    return wrong;
}

/* Puts a new object, and all of the scenario's again. */
static char *put_all(const struct scenario *scenario, struct rmv_store *store)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    const struct rmv_error *err = rmv_store_batch_open(store, &batch);
    if (!err)
        err = rmv_store_batch_put(batch, "new", 3, &id);
    for (size_t i = 0; i < scenario->objects_count && !err; i++)
        err = rmv_store_batch_put(batch, scenario->objects[i].data, scenario->objects[i].size, &id);
    if (!err)
        err = rmv_store_batch_commit(batch);
    return err ? complaint("putting", 0, err) : NULL;
}

static char *check_new(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = rmv_object_id_of("new", 3);
    const struct rmv_error *err = rmv_store_get(store, &id, 3, &content);
    return err ? complaint("the new object", 0, err) : NULL;
}

static char *check_nothing_left(const char *folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/tmp", folder);
    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), path, &names);
    if (err || names.count > 0)
        return rmv_str_format("left: %s", err ? err->message : names.items[0]);
    return NULL;
}

static char *check_again(const struct scenario *scenario, const char *folder)
{
    static const struct rmv_store_options plain = {.threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    const struct rmv_error *err = rmv_store_open(folder, &plain, &store);
    if (err)
        return complaint("opening again", 0, err);
    char *wrong = check_new(store);
    if (!wrong)
        wrong = check_objects(scenario, store,
                              scenario->only_never_wrong ? 0 : scenario->objects_count);
    if (!wrong && !scenario->only_never_wrong)
        wrong = check_sound(store);
    return wrong ? wrong : check_nothing_left(folder);
}

static char *check_state(void *context, const char *folder, size_t promised)
{
    const struct scenario *scenario = context;
    static const struct rmv_store_options plain = {.threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    const struct rmv_error *err = rmv_store_open(folder, &plain, &store);
    if (err)
        return complaint("opening", 0, err);
    char *wrong = check_objects(scenario, store, scenario->only_never_wrong ? 0 : promised);
    if (!wrong && !scenario->only_never_wrong)
        wrong = check_sound(store);
    if (!wrong)
        wrong = put_all(scenario, store);
    rmv_store_close(&store);
    return wrong ? wrong : check_again(scenario, folder);
}

static void try_power_cuts(struct scenario *scenario, size_t first, size_t random_count)
{
    const char *wanted = getenv("RMV_CRASH_RANDOM");
    const struct power_cut_plan plan = {
        .recording = &scenario->recording,
        .first = first,
        .random_count = wanted ? strtoul(wanted, NULL, 10) : random_count,
        .check = check_state,
        .context = scenario,
    };
    const struct power_cut_totals totals = power_cut_try(&plan);
    print_message("# %zu operations, cut at %zu: %zu states, %zu distinct, %zu wrong\n",
                  scenario->recording.count, totals.cuts, totals.states, totals.distinct,
                  totals.failures);
    assert_true(totals.distinct > 0);
    assert_int_equal(totals.failures, 0);
}

/* ---- What is done to the store --------------------------------------------------------------- */

static struct rmv_store *open_recorded(struct scenario *scenario)
{
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_store_open("store", &scenario->options, &store));
    return store;
}

static const struct rmv_error *put(struct scenario *scenario, struct rmv_store_batch *batch,
                                   size_t first, size_t end)
{
    const struct rmv_error *err = NULL;
    for (size_t i = first; i < end && !err; i++) {
        struct rmv_object_id id;
        err = rmv_store_batch_put(batch, scenario->objects[i].data, scenario->objects[i].size, &id);
    }
    return err;
}

/* Puts objects and commits them, and so promises all up to `end`. */
static const struct rmv_error *
put_and_commit(struct scenario *scenario, struct rmv_store_batch *batch, size_t first, size_t end)
{
    const struct rmv_error *err = put(scenario, batch, first, end);
    if (!err)
        err = rmv_store_batch_commit(batch);
    if (!err)
        recording_vfs_promise(&scenario->recording, end);
    return err;
}

/* One run of a program: opens the store, commits, closes it. */
static const struct rmv_error *run(struct scenario *scenario, size_t first, size_t end)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_open("store", &scenario->options, &store);
    if (!err)
        err = rmv_store_batch_open(store, &batch);
    return err ? err : put_and_commit(scenario, batch, first, end);
}

/* ---- The tests ------------------------------------------------------------------------------- */

static const size_t small_sizes[] = {700, 2000, 0, 5000, 1, 900, 1500, 40, 3000, 10, 600, 2500};

#define SMALL_COUNT (sizeof(small_sizes) / sizeof(small_sizes[0]))

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
        recording_vfs_forget(&scenario.recording, kinds[i]);
        const struct power_cut_plan plan = {.recording = &scenario.recording,
                                            .check = check_state,
                                            .context = &scenario,
                                            .is_quiet = true};
        assert_true(power_cut_try(&plan).failures > 0);
        end(&scenario);
        assert_int_equal(system("rm -rf store"), 0);
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

/* A program dies at every moment, another one goes on, and then the power fails. */
static void what_a_dead_process_left_endangers_nothing(void **state)
{
    (void)state;
    for (size_t dies_at = 2, count = SIZE_MAX; dies_at < count; dies_at += 2) {
        struct scenario scenario;
        start(&scenario, small_sizes, 3);
        scenario.recording.dies_at = dies_at;
        count = run(&scenario, 0, 3) ? SIZE_MAX : scenario.recording.count;
        recording_vfs_revive(&scenario.recording);
        const size_t first = scenario.recording.count;
        CHECK_OK(run(&scenario, 0, 3));
        try_power_cuts(&scenario, first, 1);
        end(&scenario);
        assert_int_equal(system("rm -rf store"), 0);
    }
}

/* Puts with a journal of small steps until the process dies. */
static void put_until_death(struct scenario *scenario, size_t dies_after)
{
    struct rmv_store *store = open_recorded(scenario);
    struct rmv_store_batch *batch = NULL;
    store->journal_step = 1000;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put(scenario, batch, 0, scenario->objects_count - 1));
    scenario->recording.dies_at = scenario->recording.count + dies_after;
    (void)put_and_commit(scenario, batch, scenario->objects_count - 1, scenario->objects_count);
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
}

static void taking_up_a_journal_endangers_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {262144, 263000, 700, 30};
    for (size_t dies_after = 0; dies_after < 16; dies_after += 8) {
        struct scenario scenario;
        start(&scenario, sizes, 4);
        put_until_death(&scenario, dies_after);
        recording_vfs_revive(&scenario.recording);
        const size_t first = dies_after == 0 ? 0 : scenario.recording.count;
        CHECK_OK(run(&scenario, 0, 4));
        try_power_cuts(&scenario, first, 1);
        end(&scenario);
        assert_int_equal(system("rm -rf store"), 0);
    }
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

static void without_fsync_wrong_bytes_never_come_out(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 6);
    scenario.options.no_fsync = true;
    scenario.only_never_wrong = true;
    CHECK_OK(run(&scenario, 0, 3));
    CHECK_OK(run(&scenario, 3, 6));
    try_power_cuts(&scenario, 0, 300);
    end(&scenario);
}

static void what_was_stored_without_fsync_is_promised_later(void **state)
{
    (void)state;
    struct scenario scenario;
    start(&scenario, small_sizes, 4);
    scenario.options.no_fsync = true;
    CHECK_OK(run(&scenario, 0, 3));
    recording_vfs_promise(&scenario.recording, 0);
    scenario.options.no_fsync = false;
    CHECK_OK(run(&scenario, 0, 3));
    const size_t first = scenario.recording.count;
    CHECK_OK(run(&scenario, 0, 4));
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
        TEST(packs_that_follow_a_full_one_endanger_nothing),
        TEST(a_batch_that_was_not_committed_is_no_damage),
        TEST(what_was_found_stored_is_promised_too),
        TEST(what_a_dead_process_left_endangers_nothing),
        TEST(taking_up_a_journal_endangers_nothing),
        TEST(an_index_made_again_endangers_nothing),
        TEST(without_fsync_wrong_bytes_never_come_out),
        TEST(what_was_stored_without_fsync_is_promised_later),
    };
    return RUN_TESTS(tests);
}
