/* The power fails after something else went wrong: a process died, the power had failed before, or
 * nothing was synced. */
#include "test.h"

#include "crash.h"

static bool has_journal(const struct scenario *scenario)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/tmp", scenario->root);
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), path, &names));
    for (size_t i = 0; i < names.count; i++)
        if (strstr(names.items[i], ".journal"))
            return true;
    return false;
}

/* Puts with a journal of small steps until the process dies. */
static void put_until_death(struct scenario *scenario, size_t dies_after)
{
    struct rmv_store *store = open_recorded(scenario);
    struct rmv_store_batch *batch = NULL;
    store->stage_size = (size_t)16 << 10;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    CHECK_OK(put(scenario, batch, 0, scenario->objects_count - 1));
    assert_true(has_journal(scenario));
    recording_vfs_die_after(&scenario->recording, dies_after);
    (void)put_and_commit(scenario, batch, scenario->objects_count - 1, scenario->objects_count);
    rmv_store_batch_close(&batch);
    rmv_store_close(&store);
}

/* A program dies at every second moment, another one goes on, and then the power fails. */
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

static void taking_up_a_journal_endangers_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {20000, 263000, 700, 263000, 30};
    for (size_t dies_after = 0; dies_after < 16; dies_after += 8) {
        struct scenario scenario;
        start(&scenario, sizes, 5);
        put_until_death(&scenario, dies_after);
        recording_vfs_revive(&scenario.recording);
        const size_t first = dies_after == 0 ? 0 : scenario.recording.count;
        CHECK_OK(run(&scenario, 0, 5));
        try_power_cuts(&scenario, first, 1);
        end(&scenario);
        assert_int_equal(system("rm -rf store"), 0);
    }
}

/* Once more: the power fails while the next program recovers from a power cut. */
static char *check_recovery(void *context, const char *folder, size_t promised)
{
    struct scenario *outer = context;
    if (outer->visited++ % outer->every != 0)
        return NULL;
    struct scenario inner = *outer;
    inner.root = folder;
    inner.options.vfs = &inner.recording.vfs;
    recording_vfs_start(&inner.recording, folder);
    recording_vfs_promise(&inner.recording, promised);
    const struct power_cut_plan plan = {.recording = &inner.recording,
                                        .first = inner.recording.count,
                                        .check = check_state,
                                        .context = &inner};
    const struct rmv_error *err = run(&inner, 0, inner.objects_count);
    char *wrong = err ? complaint("recovering", 0, err) : NULL;
    if (!wrong) {
        const struct power_cut_totals totals = power_cut_try(&plan);
        outer->nested += totals.distinct;
        if (totals.failures > 0)
            wrong = rmv_str_format("%zu states after a power cut amid recovery", totals.failures);
    }
    recording_vfs_free(&inner.recording);
    return wrong;
}

static void a_power_cut_amid_recovery_endangers_nothing(void **state)
{
    (void)state;
    static const size_t journaled_sizes[] = {700, 263000, 20, 263000, 30};
    for (int journaled = 0; journaled < 2; journaled++) {
        struct scenario scenario;
        start(&scenario, journaled ? journaled_sizes : small_sizes, journaled ? 5 : 3);
        if (journaled)
            put_until_death(&scenario, 3);
        else
            CHECK_OK(run(&scenario, 0, 3));
        scenario.every = journaled ? 40 : 10;
        const struct power_cut_plan plan = {
            .recording = &scenario.recording, .check = check_recovery, .context = &scenario};
        const struct power_cut_totals totals = power_cut_try(&plan);
        print_message("# %zu states, recovered from each %zuth: %zu distinct states amid that\n",
                      totals.distinct, scenario.every, scenario.nested);
        assert_int_equal(totals.failures, 0);
        assert_true(scenario.nested > 100);
        end(&scenario);
        assert_int_equal(system("rm -rf store"), 0);
    }
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
        TEST(what_a_dead_process_left_endangers_nothing),
        TEST(taking_up_a_journal_endangers_nothing),
        TEST(a_power_cut_amid_recovery_endangers_nothing),
        TEST(without_fsync_wrong_bytes_never_come_out),
        TEST(what_was_stored_without_fsync_is_promised_later),
    };
    return RUN_TESTS(tests);
}
