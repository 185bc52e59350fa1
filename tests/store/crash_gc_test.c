/* The power fails at any moment of a garbage collection that removes packs, writes some anew and
 * puts small ones together: what is in use is there in every state that may leave, and reads right.
 */
#include "test.h"

#include "crash.h"

/* What is in use comes first, so it is what was promised. */
#define USED_COUNT 11

static const struct rmv_error *collect(struct scenario *scenario, struct rmv_store *store,
                                       struct rmv_store_gc_report *report)
{
    static const struct rmv_store_gc_options now = {.grace_ns = 0, .repack = true};
    RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
    const struct rmv_error *err = rmv_store_gc_open(store, &now, &gc);
    if (err)
        return err;
    for (size_t i = 0; i < USED_COUNT; i++)
        rmv_store_gc_keep(gc, &scenario->ids[i], RMV_STORE_GC_BYTES);
    err = rmv_store_gc_lock(gc);
    return err ? err : rmv_store_gc_run(gc, report);
}

/* Of the sizes, the last in use is that of text in pieces, and so is the first that is not. */
static const size_t sizes[] = {700, 2000, 0,  1000,  1,      900, 1500,
                               40,  1300, 10, 66000, 270000, 20,  30};

#define COUNT (sizeof(sizes) / sizeof(sizes[0]))

static void make_lines(struct scenario *scenario, enum pattern pattern, size_t i)
{
    struct rmv_buf *object = &scenario->objects[i];
    make_bytes(pattern, 300 + i, sizes[i], object);
    for (size_t at = 50; at < object->size; at += 60)
        object->data[at] = '\n';
    scenario->ids[i] = rmv_object_id_of(object->data, object->size);
}

/* Nine small packs with one object each that is in use, one pack with two that are and one that is
 * not, and packs with nothing in use. Returns the moment at which they are collected. */
static size_t fill(struct scenario *scenario)
{
    start(scenario, sizes, COUNT);
    scenario->has_lines = true;
    make_lines(scenario, PATTERN_TEXT, USED_COUNT - 1);
    make_lines(scenario, PATTERN_RANDOM, USED_COUNT);
    for (size_t i = 0; i < USED_COUNT - 2; i++)
        CHECK_OK(run(scenario, i, i + 1));
    CHECK_OK(run(scenario, USED_COUNT - 2, USED_COUNT + 1));
    for (size_t i = USED_COUNT + 1; i < COUNT; i++)
        CHECK_OK(run(scenario, i, i + 1));
    recording_vfs_promise(&scenario->recording, USED_COUNT);
    return scenario->recording.count;
}

static void collect_recorded(struct scenario *scenario, struct rmv_store_gc_report *report)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_recorded(scenario);
    CHECK_OK(collect(scenario, store, report));
}

/* In every state what is in use reads right, and in every other one fsck finds nothing. In every
 * eighth, everything is stored again after that, and in every other eighth garbage is collected
 * first. */
static char *check_collected(void *context, const char *folder, size_t promised)
{
    struct scenario *scenario = context;
    static const struct rmv_store_options plain = {.threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    struct rmv_store_gc_report report;
    const size_t turn = scenario->visited++ % 8;
    if (turn == 0)
        return check_state(context, folder, promised);
    const struct rmv_error *err = rmv_store_open(folder, &plain, &store);
    if (!err && turn == 4)
        err = collect(scenario, store, &report);
    if (err)
        return complaint("opening or collecting", 0, err);
    char *wrong = check_objects(scenario, store, promised);
    return wrong || turn % 2 == 1 ? wrong : check_sound(store);
}

static void removing_rewriting_and_merging_packs_endangers_nothing(void **state)
{
    (void)state;
    struct scenario scenario;
    struct rmv_store_gc_report report;
    const size_t first = fill(&scenario);
    collect_recorded(&scenario, &report);
    assert_int_equal(report.packs_removed, 2);
    assert_int_equal(report.packs_rewritten, 1);
    assert_int_equal(report.packs_merged, 9);
    scenario.check = check_collected;
    assert_true(try_power_cuts(&scenario, first, 0) > 100);
    end(&scenario);
}

/* Does the enumeration find anything at all? What was stored before is durable. */
static void a_gc_that_did_not_sync_would_be_caught(void **state)
{
    (void)state;
    static const enum recorded_kind kinds[] = {RECORDED_SYNC_FILE, RECORDED_SYNC_FOLDER};
    for (size_t i = 0; i < 2; i++) {
        struct scenario scenario;
        struct rmv_store_gc_report report;
        const size_t first = fill(&scenario);
        collect_recorded(&scenario, &report);
        recording_vfs_forget(&scenario.recording, first, kinds[i]);
        scenario.check = check_collected;
        expect_failure(&scenario, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(removing_rewriting_and_merging_packs_endangers_nothing),
        TEST(a_gc_that_did_not_sync_would_be_caught),
    };
    return RUN_TESTS(tests);
}
