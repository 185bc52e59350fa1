#include "rmv/dataset/history.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/scan.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/pointer.h"

void rmv_history_changes_free(struct rmv_history_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        rmv_output_free(&changes->items[i].before);
        rmv_output_free(&changes->items[i].after);
    }
    free(changes->items);
    rmv_strings_free(&changes->names);
    *changes = (struct rmv_history_changes){0};
}

/* What one source says in one commit. */
struct version {
    struct rmv_outputs outputs;
    struct rmv_strings stages; /* of each output */
    struct rmv_map paths;      /* of the outputs, to their index plus one */
};

static void version_free(struct version *version)
{
    rmv_outputs_free(&version->outputs);
    rmv_strings_free(&version->stages);
    rmv_map_free(&version->paths);
}

/* Takes over what `output` holds. */
static void version_add(struct version *version, struct rmv_output *output, const char *stage)
{
    struct rmv_output *added = rmv_outputs_add(&version->outputs);

    *added = *output;
    *output = (struct rmv_output){0};
    rmv_strings_add(&version->stages, stage);
    rmv_map_set(&version->paths, added->path, (void *)(uintptr_t)version->outputs.count);
}

static const struct rmv_output *version_find(const struct version *version, const char *path)
{
    const size_t number = (size_t)(uintptr_t)rmv_map_find(&version->paths, path);
    return number ? &version->outputs.items[number - 1] : NULL;
}

static const struct rmv_error *parse_lock(const char *source, const struct rmv_buf *text,
                                          struct version *version)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    const struct rmv_error *err = rmv_lock_file_parse(source, text->data, text->size, &lock);
    if (err)
        return err;
    for (size_t i = 0; i < lock.count; i++)
        for (size_t k = 0; k < lock.stages[i].outs.count; k++)
            version_add(version, &lock.stages[i].outs.items[k], lock.stages[i].name);
    return NULL;
}

static const struct rmv_error *parse_pointer(const char *source, const struct rmv_buf *text,
                                             struct version *version)
{
    struct rmv_output output = {0};

    const struct rmv_error *err = rmv_pointer_parse(source, text->data, text->size, &output);
    if (err)
        return err;
    version_add(version, &output, "");
    return NULL;
}

/* Nothing, if the commit has no such file, or one of other times that nobody can read any more. */
static const struct rmv_error *read_version(struct rmv_workspace *workspace, const char *commit_id,
                                            const char *source, struct version *version)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, source);

    if (*commit_id == '\0')
        return NULL;
    const struct rmv_error *err =
        rmv_vcs_read(workspace->vcs, commit_id, below_top, RMV_YAML_BYTES_MAX, &text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL;
    if (err)
        return err;
    err = strcmp(rmv_path_name(source), RMV_LOCK_FILE_NAME) == 0
              ? parse_lock(source, &text, version)
              : parse_pointer(source, &text, version);
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_WARNING, "Git commit %.10s: %s", commit_id,
                      err->message);
    return NULL;
}

/* Narrows an output down to `path` inside it, of kind MISSING if it has nothing there; false if the
 * store does not have what that takes. */
static bool narrow(struct rmv_workspace *workspace, const struct rmv_output *output,
                   const char *path, struct rmv_output *inner)
{
    if (output->kind != RMV_OUTPUT_TREE || !rmv_dataset_find(workspace, output, path, inner))
        return true;
    return rmv_store_has(workspace->store, &output->id);
}

static bool is_wanted(struct rmv_workspace *workspace, const struct rmv_history_change *change,
                      const char *path)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output before = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output after = {0};
    const char *own = change->after.path ? change->after.path : change->before.path;

    if (!path || rmv_path_is_in(own, path))
        return true;
    if (!rmv_path_is_in(path, own))
        return false;
    const bool had = narrow(workspace, &change->before, path, &before);
    const bool has = narrow(workspace, &change->after, path, &after);
    if (!had && !has)
        return true;
    return had != has || !rmv_output_equal(&before, &after);
}

static void add_change(struct rmv_workspace *workspace, struct rmv_history_change *change,
                       const char *path, struct rmv_history_changes *changes)
{
    if (!is_wanted(workspace, change, path)) {
        rmv_output_free(&change->before);
        rmv_output_free(&change->after);
        return;
    }
    changes->items =
        rmv_grow(changes->items, changes->count, &changes->capacity, sizeof(changes->items[0]));
    changes->items[changes->count++] = *change;
}

/* The name, owned by `changes` from now on. */
static const char *keep_name(struct rmv_history_changes *changes, const char *name)
{
    rmv_strings_add(&changes->names, name);
    return changes->names.items[changes->names.count - 1];
}

static const struct rmv_error *compare_source(struct rmv_workspace *workspace, const char *ids[2],
                                              const char *source, const char *path,
                                              struct rmv_history_changes *changes)
{
    RMV_CLEANUP(version_free) struct version before = {0};
    RMV_CLEANUP(version_free) struct version after = {0};

    const struct rmv_error *err = read_version(workspace, ids[0], source, &before);
    if (!err)
        err = read_version(workspace, ids[1], source, &after);
    if (err)
        return err;
    const char *name = keep_name(changes, source);
    for (size_t i = 0; i < after.outputs.count; i++) {
        const struct rmv_output *output = &after.outputs.items[i];
        const struct rmv_output *old = version_find(&before, output->path);
        struct rmv_history_change change = {.source = name};
        if (old && rmv_output_equal(old, output))
            continue;
        if (old)
            rmv_output_copy(&change.before, old);
        rmv_output_copy(&change.after, output);
        change.stage = keep_name(changes, after.stages.items[i]);
        add_change(workspace, &change, path, changes);
    }
    for (size_t i = 0; i < before.outputs.count; i++) {
        struct rmv_history_change change = {.source = name};
        if (version_find(&after, before.outputs.items[i].path))
            continue;
        rmv_output_copy(&change.before, &before.outputs.items[i]);
        change.stage = keep_name(changes, before.stages.items[i]);
        add_change(workspace, &change, path, changes);
    }
    return NULL;
}

static bool is_source(void *context, const char *path)
{
    const struct rmv_workspace *workspace = context;
    const char *prefix = workspace->vcs_prefix;
    const bool is_inside = strcmp(prefix, ".") == 0 || rmv_path_is_in(path, prefix);
    return is_inside && rmv_scan_is_source(path) && !rmv_path_check(path);
}

static int compare_changes(const void *a, const void *b)
{
    const struct rmv_history_change *first = a, *second = b;
    const char *first_path = first->after.path ? first->after.path : first->before.path;
    const char *second_path = second->after.path ? second->after.path : second->before.path;
    const int order = strcmp(first_path, second_path);
    return order ? order : strcmp(first->source, second->source);
}

/* The first parent's id; "" for a commit that has none here. */
static const struct rmv_error *find_parent(struct rmv_vcs *vcs, const char *commit_id,
                                           struct rmv_vcs_commit *parent)
{
    RMV_CLEANUP(rmv_str_free) char *revision = rmv_str_format("%s^", commit_id);
    const struct rmv_error *err = rmv_vcs_resolve(vcs, revision, parent);
    return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}

const struct rmv_error *rmv_history_read(struct rmv_workspace *workspace,
                                         const struct rmv_vcs_commit *commit, const char *path,
                                         struct rmv_history_changes *changes)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings sources = {0};
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit parent = {0};

    const struct rmv_error *err =
        rmv_vcs_list_changed(workspace->vcs, commit->id, is_source, workspace, &sources);
    if (err || sources.count == 0)
        return err;
    err = find_parent(workspace->vcs, commit->id, &parent);
    const char *ids[] = {parent.id, commit->id};
    const size_t skipped =
        strcmp(workspace->vcs_prefix, ".") == 0 ? 0 : strlen(workspace->vcs_prefix) + 1;
    for (size_t i = 0; !err && i < sources.count; i++)
        err = compare_source(workspace, ids, sources.items[i] + skipped, path, changes);
    if (!err && changes->count > 0)
        qsort(changes->items, changes->count, sizeof(changes->items[0]), compare_changes);
    return err;
}
