#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/reach_internal.h"
#include "lineage/trace.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define NAMES_MAX 1000 /* branches and tags that are looked into */

/* What is wrong inside an output, found once however many revisions have it. */
struct rmv_reach_hits {
    struct rmv_object_id *ids;
    struct rmv_strings paths; /* of ids[i]: inside the output, "" for itself */
    size_t capacity;
};

/* Who leads to an output: one of these is set. */
struct user {
    bool is_workspace;
    const char *name;     /* of a branch or tag */
    const char *revision; /* hex of a commit */
};

void rmv_reach_free_hits(struct rmv_reach_check *check)
{
    for (size_t i = 0; i < check->hits.count; i++) {
        struct rmv_reach_hits *hits = check->hits.entries[i].value;
        free(hits->ids);
        rmv_strings_free(&hits->paths);
        free(hits);
    }
    rmv_map_free(&check->hits);
}

/* ---- What is wrong inside an output --------------------------------------------------------- */

struct looking {
    const struct rmv_reach_check *check;
    struct rmv_reach_hits *hits;
};

static void add_hit(struct looking *looking, const struct rmv_object_id *id, const char *path)
{
    struct rmv_reach_hits *hits = looking->hits;

    if (!rmv_reach_find(looking->check, id))
        return;
    hits->ids = rmv_grow(hits->ids, hits->paths.count, &hits->capacity, sizeof(*id));
    hits->ids[hits->paths.count] = *id;
    rmv_strings_add(&hits->paths, path);
}

static const struct rmv_error *look_at_item(void *context, const struct rmv_tree_item *item,
                                            bool *descend)
{
    struct looking *looking = context;
    (void)descend;
    if (*item->path)
        add_hit(looking, &item->id, item->path);
    return NULL;
}

static const struct rmv_error *find_hits(struct rmv_reach_check *check,
                                         const struct rmv_output *output,
                                         const struct rmv_reach_hits **found)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&output->id, hex);
    *found = rmv_map_find(&check->hits, hex);
    if (*found)
        return NULL;
    struct rmv_reach_hits *hits = rmv_calloc(1, sizeof(*hits));
    rmv_map_set(&check->hits, hex, hits);
    *found = hits;

    struct looking looking = {check, hits};
    const struct rmv_dataset_visitor visitor = {look_at_item, rmv_trace_pass_over, &looking};
    add_hit(&looking, &output->id, "");
    if (output->kind != RMV_OUTPUT_TREE)
        return NULL;
    return rmv_dataset_examine(check->workspace, output, &visitor);
}

/* ---- Whom it hits --------------------------------------------------------------------------- */

static struct rmv_reach_use *use_of(struct rmv_reach_check *check,
                                    struct rmv_reach_problem *problem, const char *path)
{
    RMV_CLEANUP(rmv_str_free)
    char *key = rmv_str_format("%td %s", problem - check->reach->problems, path);
    const uintptr_t known = (uintptr_t)rmv_map_find(&check->uses, key);

    if (known)
        return &problem->uses[known - 1];
    problem->uses = rmv_grow(problem->uses, problem->uses_count, &problem->uses_capacity,
                             sizeof(problem->uses[0]));
    problem->uses[problem->uses_count++] = (struct rmv_reach_use){.path = rmv_str_copy(path)};
    rmv_map_set(&check->uses, key, (void *)(uintptr_t)problem->uses_count);
    return &problem->uses[problem->uses_count - 1];
}

static void add_user(struct rmv_reach_check *check, struct rmv_reach_problem *problem,
                     const char *path, const struct user *user)
{
    struct rmv_reach_use *use = use_of(check, problem, path);

    use->in_workspace = use->in_workspace || user->is_workspace;
    if (user->name && !rmv_strings_has(&use->names, user->name))
        rmv_strings_add(&use->names, user->name);
    if (!user->revision)
        return;
    if (!use->revision)
        use->revision = rmv_str_copy(user->revision);
    use->revisions_count++;
}

static const struct rmv_error *add_output_uses(struct rmv_reach_check *check,
                                               const struct rmv_output *output,
                                               const struct rmv_object_id *record,
                                               const struct user *user)
{
    const struct rmv_reach_hits *hits = NULL;
    struct rmv_reach_problem *problem = rmv_reach_find(check, record);

    if (problem)
        add_user(check, problem, output->path, user);
    if (output->no_cache)
        return NULL;
    const struct rmv_error *err = find_hits(check, output, &hits);
    for (size_t i = 0; !err && i < hits->paths.count; i++) {
        const char *inside = hits->paths.items[i];
        RMV_CLEANUP(rmv_str_free)
        char *path = *inside ? rmv_path_join(output->path, inside) : rmv_str_copy(output->path);
        problem = rmv_reach_find(check, &hits->ids[i]);
        if (problem)
            add_user(check, problem, path, user);
    }
    return err;
}

/* The record of an output, which a lock file has beside its stage. */
static struct rmv_object_id record_of(const struct rmv_tracked *tracked, size_t index)
{
    for (size_t i = 0; i < tracked->lock_files_count; i++) {
        const struct rmv_lock_file *lock = &tracked->lock_files[i];
        if (strcmp(lock->path, tracked->sources.items[index]) != 0)
            continue;
        const struct rmv_lock_stage *stage = rmv_lock_file_find(lock, tracked->stages.items[index]);
        if (stage)
            return stage->record;
    }
    return tracked->outputs.items[index].record;
}

static const struct rmv_error *add_tracked_uses(struct rmv_reach_check *check,
                                                const struct rmv_tracked *tracked,
                                                const struct user *user)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < tracked->outputs.count; i++) {
        const struct rmv_object_id record = record_of(tracked, i);
        err = add_output_uses(check, &tracked->outputs.items[i], &record, user);
    }
    return err;
}

static const struct rmv_error *add_named_uses(struct rmv_reach_check *check)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    if (!check->workspace->vcs)
        return NULL;
    const struct rmv_error *err = rmv_vcs_list_names(check->workspace->vcs, &names);
    for (size_t i = 0; !err && i < names.count && i < NAMES_MAX; i++) {
        RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
        const struct user user = {.name = names.items[i]};
        if (!rmv_tracked_read(check->workspace, names.items[i], &tracked))
            err = add_tracked_uses(check, &tracked, &user);
    }
    return err;
}

static const struct rmv_error *add_version_uses(struct rmv_reach_check *check)
{
    const struct rmv_versions *versions = &check->versions;
    const struct rmv_error *err = NULL;

    for (size_t i = 0; i < versions->versions_count; i++) {
        const struct rmv_version *version = &versions->versions[i];
        const struct user user = {.revision = versions->commits[version->commit].id};
        for (size_t k = 0; !err && k < version->outputs.count; k++)
            err = add_output_uses(check, &version->outputs.items[k],
                                  &version->outputs.items[k].record, &user);
    }
    return err;
}

static int compare_uses(const void *a, const void *b)
{
    return strcmp(((const struct rmv_reach_use *)a)->path, ((const struct rmv_reach_use *)b)->path);
}

const struct rmv_error *rmv_reach_add_uses(struct rmv_reach_check *check)
{
    const struct user workspace = {.is_workspace = true};

    const struct rmv_error *err = add_tracked_uses(check, &check->tracked, &workspace);
    if (!err)
        err = add_named_uses(check);
    if (!err)
        err = add_version_uses(check);
    for (size_t i = 0; i < check->reach->problems_count; i++) {
        struct rmv_reach_problem *problem = &check->reach->problems[i];
        if (problem->uses_count > 1)
            qsort(problem->uses, problem->uses_count, sizeof(problem->uses[0]), compare_uses);
    }
    return err;
}
