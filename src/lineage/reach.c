#include "rmv/lineage/reach.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/reach_internal.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/record/record.h"

static void free_problem(struct rmv_reach_problem *problem)
{
    rmv_str_free(&problem->what);
    rmv_str_free(&problem->pack);
    rmv_str_free(&problem->message);
    for (size_t i = 0; i < problem->uses_count; i++) {
        rmv_str_free(&problem->uses[i].path);
        rmv_str_free(&problem->uses[i].revision);
        rmv_strings_free(&problem->uses[i].names);
    }
    free(problem->uses);
}

void rmv_reach_free(struct rmv_reach *reach)
{
    for (size_t i = 0; i < reach->problems_count; i++)
        free_problem(&reach->problems[i]);
    free(reach->problems);
    *reach = (struct rmv_reach){0};
}

static void free_check(struct rmv_reach_check *check)
{
    rmv_tracked_free(&check->tracked);
    rmv_versions_free(&check->versions);
    rmv_ids_free(&check->trees);
    rmv_ids_free(&check->blobs);
    rmv_ids_free(&check->records);
    rmv_map_free(&check->damaged);
    rmv_map_free(&check->problems);
    rmv_map_free(&check->uses);
    rmv_reach_free_hits(check);
}

/* ---- Problems ------------------------------------------------------------------------------- */

static struct rmv_reach_problem *add_problem(struct rmv_reach *reach, enum rmv_reach_kind kind,
                                             const char *what, const char *message)
{
    reach->problems = rmv_grow(reach->problems, reach->problems_count, &reach->problems_capacity,
                               sizeof(reach->problems[0]));
    struct rmv_reach_problem *problem = &reach->problems[reach->problems_count++];
    *problem = (struct rmv_reach_problem){
        .kind = kind, .what = rmv_str_copy(what), .message = rmv_str_copy(message)};
    return problem;
}

struct rmv_reach_problem *rmv_reach_find(const struct rmv_reach_check *check,
                                         const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    const uintptr_t found = (uintptr_t)rmv_map_find(&check->problems, hex);
    return found ? &check->reach->problems[found - 1] : NULL;
}

/* Something is wrong with an object that is in use. */
static void add_object_problem(struct rmv_reach_check *check, const struct rmv_object_id *id,
                               enum rmv_reach_kind kind, const char *what, const char *message)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (rmv_reach_find(check, id))
        return;
    rmv_object_id_to_hex(id, hex);
    const struct rmv_store_problem *cause = rmv_map_find(&check->damaged, hex);
    struct rmv_reach_problem *problem =
        add_problem(check->reach, kind, what, cause ? cause->message : message);
    problem->id = *id;
    if (cause)
        problem->pack = rmv_str_copy(cause->pack);
    rmv_map_set(&check->problems, hex, (void *)(uintptr_t)check->reach->problems_count);
}

/* ---- Objects -------------------------------------------------------------------------------- */

static bool is_damaged(const struct rmv_reach_check *check, const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_map_find(&check->damaged, hex) != NULL;
}

static void check_file(struct rmv_reach_check *check, const struct rmv_object_id *id)
{
    if (!rmv_ids_add(&check->blobs, id))
        return;
    if (!rmv_store_has(check->workspace->store, id))
        add_object_problem(check, id, RMV_REACH_MISSING, "file", NULL);
    else if (is_damaged(check, id))
        add_object_problem(check, id, RMV_REACH_DAMAGED, "file", NULL);
    else if (!rmv_store_is_saved(check->workspace->store, id))
        add_object_problem(check, id, RMV_REACH_DAMAGED, "file",
                           "the last full check found it damaged");
}

static const struct rmv_error *check_item(void *context, const struct rmv_tree_item *item,
                                          bool *descend)
{
    struct rmv_reach_check *check = context;
    if (item->type == 'd') {
        check->folder = item->id;
        *descend = rmv_ids_add(&check->trees, &item->id);
    } else {
        check_file(check, &item->id);
    }
    return NULL;
}

static const struct rmv_error *note_folder(void *context, const char *path,
                                           const struct rmv_error *err)
{
    struct rmv_reach_check *check = context;
    const bool is_missing = err->code == RMV_ERR_NOT_FOUND;
    (void)path;
    if (err->code == RMV_ERR_IO)
        return err;
    add_object_problem(check, &check->folder, is_missing ? RMV_REACH_MISSING : RMV_REACH_DAMAGED,
                       "folder", is_missing ? NULL : err->message);
    return NULL;
}

static const struct rmv_error *check_record(struct rmv_reach_check *check,
                                            const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};

    if (rmv_object_id_is_zero(id) || !rmv_ids_add(&check->records, id))
        return NULL;
    const struct rmv_error *err = rmv_record_get(check->workspace->store, id, &record);
    if (!err || err->code == RMV_ERR_IO)
        return err;
    if (err->code == RMV_ERR_NOT_FOUND)
        add_object_problem(check, id, RMV_REACH_MISSING, "record", NULL);
    else
        add_object_problem(check, id, RMV_REACH_DAMAGED, "record", err->message);
    return NULL;
}

static const struct rmv_error *check_output(struct rmv_reach_check *check,
                                            const struct rmv_output *output)
{
    const struct rmv_dataset_visitor visitor = {check_item, note_folder, check};

    if (output->no_cache || output->kind == RMV_OUTPUT_MISSING)
        return NULL;
    if (output->kind == RMV_OUTPUT_BLOB) {
        check->reach->outputs_count += !rmv_ids_has(&check->blobs, &output->id);
        check_file(check, &output->id);
        return NULL;
    }
    if (!rmv_ids_add(&check->trees, &output->id))
        return NULL;
    check->reach->outputs_count++;
    check->folder = output->id;
    return rmv_dataset_examine(check->workspace, output, &visitor);
}

/* ---- Who leads to them ---------------------------------------------------------------------- */

static const struct rmv_error *check_workspace(struct rmv_reach_check *check)
{
    struct rmv_tracked *tracked = &check->tracked;

    const struct rmv_error *err = rmv_tracked_read(check->workspace, NULL, tracked);
    if (err && err->code == RMV_ERR_IO)
        return err;
    if (err) {
        add_problem(check->reach, RMV_REACH_UNREADABLE, "workspace", err->message);
        return NULL;
    }
    for (size_t i = 0; !err && i < tracked->outputs.count; i++) {
        err = check_output(check, &tracked->outputs.items[i]);
        if (!err)
            err = check_record(check, &tracked->outputs.items[i].record);
    }
    for (size_t i = 0; i < tracked->lock_files_count; i++)
        for (size_t k = 0; !err && k < tracked->lock_files[i].count; k++)
            err = check_record(check, &tracked->lock_files[i].stages[k].record);
    return err;
}

static const struct rmv_error *check_versions(struct rmv_reach_check *check)
{
    const struct rmv_error *err = rmv_versions_read(check->workspace, &check->versions);

    for (size_t i = 0; !err && i < check->versions.versions_count; i++) {
        const struct rmv_outputs *outputs = &check->versions.versions[i].outputs;
        for (size_t k = 0; !err && k < outputs->count; k++) {
            err = check_output(check, &outputs->items[k]);
            if (!err)
                err = check_record(check, &outputs->items[k].record);
        }
    }
    for (size_t i = 0; !err && i < check->versions.unreadable.count; i++)
        add_problem(check->reach, RMV_REACH_UNREADABLE, "history",
                    check->versions.unreadable.items[i]);
    check->reach->versions_count = check->versions.versions_count;
    return err;
}

/* What is wrong with the store, but with nothing that is in use. */
static void add_store_problems(struct rmv_reach_check *check)
{
    for (size_t i = 0; check->store && i < check->store->problems_count; i++) {
        const struct rmv_store_problem *cause = &check->store->problems[i];
        if (!rmv_object_id_is_zero(&cause->id) && rmv_reach_find(check, &cause->id))
            continue;
        struct rmv_reach_problem *problem =
            add_problem(check->reach, RMV_REACH_STORE, "store", cause->message);
        problem->id = cause->id;
        problem->pack = rmv_str_copy(cause->pack);
    }
}

static bool is_lost_object(const struct rmv_reach_problem *problem)
{
    return problem->kind == RMV_REACH_MISSING || problem->kind == RMV_REACH_DAMAGED;
}

static void mark_accepted(struct rmv_workspace *workspace, struct rmv_reach *reach)
{
    struct rmv_store_lost *lost = NULL;
    rmv_store_lost_open(workspace->store, &lost);
    reach->accepted_count = 0;
    for (size_t i = 0; i < reach->problems_count; i++) {
        struct rmv_reach_problem *problem = &reach->problems[i];
        problem->is_accepted = is_lost_object(problem) && rmv_store_lost_has(lost, &problem->id);
        reach->accepted_count += problem->is_accepted;
    }
    rmv_store_lost_close(&lost);
}

const struct rmv_error *rmv_reach_accept(struct rmv_workspace *workspace, struct rmv_reach *reach)
{
    struct rmv_object_id *ids = rmv_calloc(reach->problems_count + 1, sizeof(*ids));
    size_t count = 0;
    for (size_t i = 0; i < reach->problems_count; i++)
        if (is_lost_object(&reach->problems[i]))
            ids[count++] = reach->problems[i].id;
    const struct rmv_error *err = rmv_store_accept_loss(workspace->store, ids, count);
    free(ids);
    if (!err)
        mark_accepted(workspace, reach);
    return err;
}

const struct rmv_error *rmv_reach_check(struct rmv_workspace *workspace,
                                        const struct rmv_store_fsck *store, struct rmv_reach *reach)
{
    RMV_CLEANUP(rmv_reach_free) struct rmv_reach found = {0};
    RMV_CLEANUP(free_check)
    struct rmv_reach_check check = {.workspace = workspace, .store = store, .reach = &found};

    for (size_t i = 0; store && i < store->problems_count; i++) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&store->problems[i].id, hex);
        if (!rmv_object_id_is_zero(&store->problems[i].id))
            rmv_map_set(&check.damaged, hex, &store->problems[i]);
    }
    const struct rmv_error *err = check_workspace(&check);
    if (!err)
        err = check_versions(&check);
    if (!err && found.problems_count > 0)
        err = rmv_reach_add_uses(&check);
    if (err)
        return err;
    add_store_problems(&check);
    if (found.problems_count > 0)
        mark_accepted(workspace, &found);
    found.objects_count = check.trees.count + check.blobs.count + check.records.count;
    *reach = found;
    found = (struct rmv_reach){0};
    return NULL;
}
