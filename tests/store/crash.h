/* What the tests of power cuts share: a store that is recorded, and what has to hold in every state
 * that a power cut may leave of it (power_cut.h). Include it after test.h. RMV_CRASH_RANDOM sets
 * how many random states are tried per moment beside the systematic ones, for a longer run. */
#pragma once

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

/* What one test does to a store, and what it puts there in this order. */
struct scenario {
    const char *root;
    struct recording_vfs recording;
    struct rmv_store_options options;
    struct rmv_buf objects[OBJECTS_MAX];
    struct rmv_object_id ids[OBJECTS_MAX];
    size_t objects_count;
    bool has_lines;        /* objects are put as text of many lines */
    bool only_never_wrong; /* nothing was promised: wrong bytes alone would be wrong */
    size_t every;          /* of so many states one is recovered from, with power cuts */
    size_t visited;        /* of those states so far */
    size_t nested;         /* states after power cuts amid a recovery */
    /* What try_power_cuts() does with each state; NULL for check_state(). */
    char *(*check)(void *context, const char *folder, size_t promised);
};

static inline void start(struct scenario *scenario, const size_t *sizes, size_t count)
{
    *scenario = (struct scenario){.root = "store", .objects_count = count};
    CHECK_OK(rmv_fs_mkdir_p(scenario->root));
    recording_vfs_start(&scenario->recording, scenario->root);
    scenario->options = (struct rmv_store_options){.vfs = &scenario->recording.vfs, .threads = 1};
    for (size_t i = 0; i < count; i++) {
        make_bytes(i % 2, 300 + i, sizes[i], &scenario->objects[i]);
        scenario->ids[i] = rmv_object_id_of(scenario->objects[i].data, sizes[i]);
    }
}

static inline void end(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->objects_count; i++)
        rmv_buf_free(&scenario->objects[i]);
    recording_vfs_free(&scenario->recording);
}

/* ---- What has to hold in every state --------------------------------------------------------- */

static inline char *complaint(const char *what, size_t i, const struct rmv_error *err)
{
    return rmv_str_format("%s %zu: %s", what, i, err ? err->message : "wrong bytes");
}

/* Reads an object: 1 it is right, 0 there is an error, -1 the bytes are wrong. */
static inline int read_object(const struct scenario *scenario, struct rmv_store *store, size_t i,
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
static inline char *check_objects(const struct scenario *scenario, struct rmv_store *store,
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

static inline char *check_sound(struct rmv_store *store)
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
static inline char *put_all(const struct scenario *scenario, struct rmv_store *store)
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

static inline char *check_new(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_object_id id = rmv_object_id_of("new", 3);
    const struct rmv_error *err = rmv_store_get(store, &id, 3, &content);
    return err ? complaint("the new object", 0, err) : NULL;
}

static inline char *check_nothing_left(const char *folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/tmp", folder);
    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), path, &names);
    if (err || names.count > 0)
        return rmv_str_format("left: %s", err ? err->message : names.items[0]);
    return NULL;
}

static inline char *check_again(const struct scenario *scenario, const char *folder)
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

static inline char *check_state(void *context, const char *folder, size_t promised)
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

/* Returns how many states were checked. */
static inline size_t try_power_cuts(struct scenario *scenario, size_t first, size_t random_count)
{
    const char *wanted = getenv("RMV_CRASH_RANDOM");
    const struct power_cut_plan plan = {
        .recording = &scenario->recording,
        .first = first,
        .random_count = wanted ? strtoul(wanted, NULL, 10) : random_count,
        .check = scenario->check ? scenario->check : check_state,
        .context = scenario,
    };
    const struct power_cut_totals totals = power_cut_try(&plan);
    print_message("# %zu operations, cut at %zu: %zu states, %zu distinct, %zu wrong\n",
                  scenario->recording.count - first, totals.cuts, totals.states, totals.distinct,
                  totals.failures);
    assert_true(totals.distinct > 0);
    assert_int_equal(totals.failures, 0);
    return totals.distinct;
}

/* The scenario was tampered with so that some state must be wrong: does the enumeration see it?
 * Ends the scenario and removes its store. */
static inline void expect_failure(struct scenario *scenario, size_t first)
{
    const struct power_cut_plan plan = {
        .recording = &scenario->recording,
        .first = first,
        .check = scenario->check ? scenario->check : check_state,
        .context = scenario,
        .ends_at_failure = true,
    };
    assert_true(power_cut_try(&plan).failures > 0);
    end(scenario);
    assert_int_equal(system("rm -rf store"), 0);
}

/* ---- What is done to the store --------------------------------------------------------------- */

static inline struct rmv_store *open_recorded(struct scenario *scenario)
{
    struct rmv_store *store = NULL;
    CHECK_OK(rmv_store_open(scenario->root, &scenario->options, &store));
    return store;
}

static inline const struct rmv_error *put(struct scenario *scenario, struct rmv_store_batch *batch,
                                          size_t first, size_t end)
{
    const struct rmv_error *err = NULL;
    for (size_t i = first; i < end && !err; i++) {
        const struct rmv_buf *object = &scenario->objects[i];
        struct rmv_object_id id;
        err = scenario->has_lines
                  ? rmv_store_batch_put_lines(batch, object->data, object->size, &id)
                  : rmv_store_batch_put(batch, object->data, object->size, &id);
    }
    return err;
}

/* Puts objects and commits them, and so promises all up to `end`. */
static inline const struct rmv_error *
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
static inline const struct rmv_error *run(struct scenario *scenario, size_t first, size_t end)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_open(scenario->root, &scenario->options, &store);
    if (!err)
        err = rmv_store_batch_open(store, &batch);
    return err ? err : put_and_commit(scenario, batch, first, end);
}

static const size_t small_sizes[] = {700, 2000, 0, 5000, 1, 900, 1500, 40, 3000, 10, 600, 2500};

#define SMALL_COUNT (sizeof(small_sizes) / sizeof(small_sizes[0]))
