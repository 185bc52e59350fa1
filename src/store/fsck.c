#include "store/fsck.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/pool.h"
#include "store/doomed.h"
#include "store/fsck_loose.h"
#include "store/loose.h"

#define LOCK_TIMEOUT_MS (10 * 60 * 1000)

void rmv_store_fsck_free(struct rmv_store_fsck *report)
{
    for (size_t i = 0; i < report->problems_count; i++) {
        rmv_str_free(&report->problems[i].pack);
        rmv_str_free(&report->problems[i].message);
    }
    free(report->problems);
    *report = (struct rmv_store_fsck){0};
}

static void check_free(struct rmv_fsck *check)
{
    rmv_pool_close(&check->pool);
    rmv_store_fsck_free(&check->report);
    rmv_damage_free(&check->damage);
    rmv_frame_set_free(&check->seen);
    rmv_id_set_free(&check->reported);
    free(check->listed);
    pthread_mutex_destroy(&check->lock);
}

bool rmv_fsck_is_sample(const struct rmv_fsck *check)
{
    return check->options.percent > 0 && check->options.percent < 100;
}

bool rmv_fsck_is_chosen(const struct rmv_fsck *check, const struct rmv_object_id *pack,
                        uint64_t number)
{
    if (!rmv_fsck_is_sample(check))
        return true;
    const uint64_t key = rmv_frame_set_key(pack, number, check->options.seed);
    return (double)key < check->options.percent / 100 * (double)UINT64_MAX;
}

void rmv_fsck_add_damage(struct rmv_fsck *check, const struct rmv_object_id *pack,
                         const struct rmv_object_id *id)
{
    pthread_mutex_lock(&check->lock);
    rmv_damage_add(&check->damage, pack, id);
    pthread_mutex_unlock(&check->lock);
}

void rmv_fsck_add_problem(struct rmv_fsck *check, const char *pack, const struct rmv_object_id *id,
                          const char *message)
{
    static const struct rmv_object_id none;
    struct rmv_store_fsck *report = &check->report;
    pthread_mutex_lock(&check->lock);
    report->problems = rmv_grow(report->problems, report->problems_count,
                                &report->problems_capacity, sizeof(*report->problems));
    report->problems[report->problems_count++] = (struct rmv_store_problem){
        .pack = rmv_str_copy(pack),
        .id = id ? *id : none,
        .message = rmv_str_copy(message),
    };
    pthread_mutex_unlock(&check->lock);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static const struct rmv_error *check_index(struct rmv_fsck *check)
{
    size_t damaged_count = 0;
    const struct rmv_error *err = rmv_index_repair(&check->store->index, &damaged_count);
    for (size_t i = 0; i < damaged_count && !err; i++)
        rmv_fsck_add_problem(
            check, NULL, NULL,
            "a pack index did not match its checksum; it was made again from the packs");
    return err;
}

/* ---- Loose objects --------------------------------------------------------------------------- */

static void note_loose(void *context, const char *name, const struct rmv_object_id *id,
                       const char *message)
{
    struct rmv_fsck *check = context;
    if (id)
        rmv_fsck_add_damage(check, &rmv_loose_pack, id);
    if (!id || !rmv_store_is_in_packs(check->store, id))
        rmv_fsck_add_problem(check, name, id, message);
}

static void count_loose(void *context, uint64_t size)
{
    struct rmv_fsck *check = context;
    pthread_mutex_lock(&check->lock);
    check->report.loose++;
    check->report.objects++;
    check->report.bytes += size;
    pthread_mutex_unlock(&check->lock);
}

/* Of a sample, some of the folders. */
static const struct rmv_error *check_loose(void *context, size_t folder)
{
    struct rmv_fsck *check = context;
    const struct rmv_fsck_loose_visitor visitor = {note_loose, count_loose, check};
    if (!rmv_fsck_is_chosen(check, &rmv_loose_pack, folder))
        return NULL;
    return rmv_fsck_loose(check->store, (unsigned)folder, check->options.progress, &visitor);
}

/* What a sample did not look at stays as it was known. Files that are hit by what it found are
 * looked for, which takes a store that knows of it. */
static const struct rmv_error *finish_sample(struct rmv_fsck *check)
{
    struct rmv_damage all = {0};
    const struct rmv_damage *known = &check->store->damage;
    for (size_t i = 0; i < known->count; i++)
        rmv_damage_add(&check->damage, &known->items[i].pack, &known->items[i].id);
    for (size_t i = 0; i < check->damage.count; i++)
        rmv_damage_add(&all, &check->damage.items[i].pack, &check->damage.items[i].id);
    rmv_damage_sort(&all);
    const size_t count = all.count;
    rmv_store_set_damage(check->store, &all);
    return count > 0 ? rmv_fsck_find_pieces(check) : NULL;
}

static const struct rmv_error *run(struct rmv_fsck *check)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    /* In this order: what is published meanwhile is in the index, but is not looked at. */
    const struct rmv_error *err =
        rmv_doomed_list(check->store->vfs, check->store->index.packs.folder, &names);
    if (!err)
        err = rmv_index_refresh(&check->store->index);
    if (!err)
        err = check_index(check);
    if (err)
        return err;
    rmv_pool_open(check->store->threads, &check->pool);
    err = rmv_fsck_read_footers(check, &names);
    if (!err && !rmv_fsck_is_sample(check))
        err = rmv_fsck_follow_lists(check);
    if (!err)
        err = rmv_fsck_read_frames(check, &names);
    if (!err)
        err = rmv_pool_run(check->pool, RMV_LOOSE_FOLDERS_COUNT, check_loose, check);
    return err || !rmv_fsck_is_sample(check) ? err : finish_sample(check);
}

/* A store that cannot be written to can be checked all the same. */
static void keep_damage(struct rmv_fsck *check)
{
    struct rmv_store *store = check->store;
    const struct rmv_error *err =
        rmv_damage_write(store->vfs, store->root, store->sync, &check->damage);
    if (err)
        rmv_log_write(store->log, RMV_LOG_WARNING,
                      "adding what is damaged will not mend the store: %s", err->message);
    if (check->damage.count > 0 && check->report.problems_count == 0)
        rmv_log_write(store->log, RMV_LOG_WARNING,
                      "%zu damaged copies of objects are intact elsewhere in the store",
                      check->damage.count);
    rmv_store_set_damage(store, &check->damage);
}

/* What gc removes meanwhile would pass for lost. Where nothing can be locked, nothing can be
 * removed either. */
static const struct rmv_error *keep_gc_out(struct rmv_store *store, struct rmv_lock *lock)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_STORE_LOCK_FILE, store->root);
    const struct rmv_error *err = rmv_lock_take(path, false, LOCK_TIMEOUT_MS, lock);
    return err && err->code == RMV_ERR_LOCKED ? err : NULL;
}

const struct rmv_error *rmv_store_fsck(struct rmv_store *store,
                                       const struct rmv_store_fsck_options *options,
                                       struct rmv_store_fsck *report)
{
    RMV_CLEANUP(check_free) struct rmv_fsck check = {.store = store};
    if (options)
        check.options = *options;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    pthread_mutex_init(&check.lock, NULL);
    const struct rmv_error *err = keep_gc_out(store, &lock);
    if (!err)
        err = run(&check);
    if (err)
        return rmv_error_context(err, "cannot check the store '%s'", store->root);
    keep_damage(&check);
    *report = check.report;
    check.report = (struct rmv_store_fsck){0};
    return NULL;
}
