#include "dataset/add.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/placed.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/links.h"

struct add {
    struct rmv_workspace *workspace;
    const struct rmv_add_options *options;
    const struct rmv_strings *paths;
    struct rmv_tracked tracked;
    struct rmv_add_origin origin;
    struct rmv_add_target *targets;
    size_t count, capacity;
};

static void add_free(struct add *add)
{
    for (size_t i = 0; i < add->count; i++)
        rmv_add_target_free(&add->targets[i]);
    free(add->targets);
    rmv_add_origin_free(&add->origin);
    rmv_tracked_free(&add->tracked);
}

void rmv_added_list_free(struct rmv_added_list *added)
{
    for (size_t i = 0; i < added->count; i++) {
        rmv_str_free(&added->items[i].path);
        rmv_str_free(&added->items[i].pointer);
        rmv_output_free(&added->items[i].output);
    }
    free(added->items);
    *added = (struct rmv_added_list){0};
}

/* ---- Which paths ------------------------------------------------------------------------------
 */

static const struct rmv_error *add_target(struct add *add, const char *path)
{
    add->targets = rmv_grow(add->targets, add->count, &add->capacity, sizeof(*add->targets));
    add->targets[add->count] = (struct rmv_add_target){0};
    return rmv_add_check(add->workspace, &add->tracked, path, &add->targets[add->count++]);
}

/* Of paths in order: is the one inside the last? */
static const struct rmv_error *check_overlap(const char *outer, const char *path)
{
    if (!rmv_path_is_in(path, outer))
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *outer_quoted = rmv_path_quote(outer);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is inside '%s', which is to be added too",
                                    quoted, outer_quoted),
                          "name the outer one alone");
}

static const struct rmv_error *ask_caller(const struct add *add, const struct rmv_tracked *tracked)
{
    if (!add->options->check)
        return NULL;
    return add->options->check(add->workspace, &tracked->pipelines, add->paths);
}

/* Looking below the paths costs as much as finding the files there, which saving does anyway: what
 * turns up then is checked then. */
static const struct rmv_error *read_tracked(struct add *add)
{
    struct rmv_workspace *workspace = add->workspace;
    const struct rmv_strings *adding = workspace->adding;
    workspace->adding = add->paths;
    const struct rmv_error *err = add->options->no_commit
                                      ? rmv_tracked_read(workspace, NULL, &add->tracked)
                                      : rmv_tracked_read_around(workspace, &add->tracked);
    workspace->adding = adding;
    return err ? err : ask_caller(add, &add->tracked);
}

static const struct rmv_error *add_targets(struct add *add)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings sorted = {0};
    for (size_t i = 0; i < add->paths->count; i++)
        rmv_strings_add(&sorted, add->paths->items[i]);
    rmv_strings_sort(&sorted);

    const char *outer = NULL;
    for (size_t i = 0; i < sorted.count; i++) {
        const char *path = sorted.items[i];
        if (outer && strcmp(outer, path) == 0)
            continue;
        const struct rmv_error *err = outer ? check_overlap(outer, path) : NULL;
        if (!err)
            err = add_target(add, path);
        if (err)
            return err;
        outer = path;
    }
    return NULL;
}

/* Once more, now that something has been found below a path that may stand against it. */
static const struct rmv_error *check_inside(void *context)
{
    struct add *add = context;
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_strings *adding = add->workspace->adding;

    add->workspace->adding = add->paths;
    const struct rmv_error *err = rmv_tracked_read(add->workspace, NULL, &tracked);
    add->workspace->adding = adding;
    if (!err)
        err = ask_caller(add, &tracked);
    for (size_t i = 0; !err && i < add->count; i++) {
        RMV_CLEANUP(rmv_add_target_free) struct rmv_add_target target = {0};
        err = rmv_add_check(add->workspace, &tracked, add->targets[i].path, &target);
    }
    return err;
}

/* ---- Saving -----------------------------------------------------------------------------------
 */

/* Targets inside one folder stand together, since they are sorted: does this one belong to the one
 * before it? */
static bool is_follower(const struct add *add, size_t index)
{
    const struct rmv_add_target *target = &add->targets[index];
    return index > 0 && target->is_inside && target->tracked == target[-1].tracked;
}

static const struct rmv_error *update_folder(struct add *add, struct rmv_store_batch *batch,
                                             size_t index)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    struct rmv_add_target *target = &add->targets[index];

    if (is_follower(add, index)) {
        rmv_output_copy(&target->output, &target[-1].output);
        return NULL;
    }
    rmv_strings_add(&paths, target->path);
    for (size_t i = index + 1; i < add->count && is_follower(add, i); i++)
        rmv_strings_add(&paths, add->targets[i].path);
    return rmv_dataset_update(add->workspace, batch, target->tracked, &paths, &target->output);
}

static const struct rmv_error *save_target(struct add *add, struct rmv_store_batch *batch,
                                           size_t index)
{
    struct rmv_workspace *workspace = add->workspace;
    struct rmv_add_target *target = &add->targets[index];

    if (target->is_inside)
        return update_folder(add, batch, index);
    const struct rmv_dataset_source source = {
        .path = target->path,
        .before = target->tracked,
        .progress = add->options->progress,
        .check_sources = target->tracked ? NULL : check_inside,
        .context = add,
    };
    const struct rmv_error *err =
        batch ? rmv_dataset_save(workspace, batch, &source, &target->output)
              : rmv_dataset_hash(workspace, target->path, add->options->progress, &target->output);
    if (!err && target->output.kind == RMV_OUTPUT_MISSING) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(target->path);
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' does not exist", quoted);
    }
    return err;
}

/* The record stays as long as the content does. */
static const struct rmv_error *record_target(struct add *add, struct rmv_store_batch *batch,
                                             struct rmv_add_target *target)
{
    const struct rmv_output *old = target->tracked;
    const bool is_same = old && rmv_output_equal(old, &target->output);

    target->output.record = is_same ? old->record : (struct rmv_object_id){0};
    if (!batch || !rmv_object_id_is_zero(&target->output.record))
        return NULL;
    return rmv_add_record(add->workspace, batch, &add->origin, target);
}

/* What ends the saving, and what can be done beside it. */
struct ending {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
};

/* The stat index may be on the disk before what it speaks of: where that is lost, whoever needs it
 * stored asks the store. */
static const struct rmv_error *end_saving(void *context, size_t piece)
{
    const struct ending *ending = context;
    if (piece == 0)
        return rmv_store_batch_commit(ending->batch);
    rmv_workspace_remember(ending->workspace);
    return NULL;
}

/* What was not tracked, and will not be now, is none of checkout's business. */
static void forget_targets(const struct add *add)
{
    for (size_t i = 0; i < add->count; i++)
        if (!add->targets[i].tracked)
            rmv_placed_set(rmv_placed_of(add->workspace), add->targets[i].path, NULL);
}

static const struct rmv_error *save_targets(struct add *add, struct rmv_store_batch *batch)
{
    for (size_t i = 0; i < add->count; i++) {
        const struct rmv_error *err = save_target(add, batch, i);
        if (!err && !is_follower(add, i))
            err = record_target(add, batch, &add->targets[i]);
        if (err) {
            forget_targets(add);
            return err;
        }
    }
    struct ending ending = {.workspace = add->workspace, .batch = batch};
    return batch ? rmv_pool_run(add->workspace->pool, 2, end_saving, &ending) : NULL;
}

/* ---- Publishing -------------------------------------------------------------------------------
 */

static void report(const struct rmv_add_target *target, bool changed, struct rmv_added_list *added)
{
    added->items = rmv_grow(added->items, added->count, &added->capacity, sizeof(*added->items));
    struct rmv_added *item = &added->items[added->count++];
    *item = (struct rmv_added){
        .path = rmv_str_copy(target->path),
        .pointer = rmv_str_copy(target->pointer),
        .changed = changed,
    };
    rmv_output_copy(&item->output, &target->output);
}

/* What comes behind the pointers. */
struct aftermath {
    struct rmv_workspace *workspace;
    const struct rmv_strings *paths;
};

static const struct rmv_error *follow_up(void *context, size_t piece)
{
    const struct aftermath *aftermath = context;
    if (piece == 0)
        return rmv_gitignore_add_all(aftermath->workspace, aftermath->paths, NULL);
    const struct rmv_error *err = rmv_placed_write(rmv_placed_of(aftermath->workspace));
    if (err) /* closing the workspace tries again, and warns */
        rmv_log_write(aftermath->workspace->log, RMV_LOG_DEBUG, "%s", err->message);
    return NULL;
}

/* All pointers, then all lines in .gitignore files. */
static const struct rmv_error *publish_targets(struct add *add, struct rmv_added_list *added)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_replacements_free)
    struct rmv_replacements pointers = {.root_fd = add->workspace->root_fd};

    const struct rmv_error *err = rmv_workspace_lock(add->workspace, &lock);
    pointers.via = rmv_workspace_temporary(add->workspace);
    for (size_t i = 0; !err && i < add->count; i++) {
        const struct rmv_add_target *target = &add->targets[i];
        bool changed = false;
        if (is_follower(add, i))
            continue;
        err = rmv_add_prepare(add->workspace, target, &pointers, &changed);
        if (!err)
            report(target, changed, added);
        rmv_strings_add(&paths, target->output.path);
    }
    if (!err)
        err = rmv_replacements_finish(&pointers);
    if (err)
        return err;
    struct aftermath aftermath = {.workspace = add->workspace, .paths = &paths};
    (void)rmv_placed_of(add->workspace);
    return rmv_pool_run(add->workspace->pool, 2, follow_up, &aftermath);
}

const struct rmv_error *rmv_add(struct rmv_workspace *workspace, const struct rmv_strings *paths,
                                const struct rmv_add_options *options, struct rmv_added_list *added)
{
    RMV_CLEANUP(add_free)
    struct add add = {
        .workspace = workspace,
        .options = options,
        .paths = paths,
        .origin.source = options->source,
        .origin.run = options->run,
    };
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;

    const struct rmv_error *err = read_tracked(&add);
    if (!err)
        err = add_targets(&add);
    if (!err && !options->no_commit)
        err = rmv_store_batch_open(workspace->store, &batch);
    if (!err)
        err = save_targets(&add, batch);
    if (!err)
        err = publish_targets(&add, added);
    if (!err)
        rmv_links_place(workspace);
    return err;
}
