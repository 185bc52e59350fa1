#include <string.h>

#include "pipeline/runner.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- The entry ------------------------------------------------------------------------------ */

static const struct rmv_error *add_deps(struct rmv_runner *runner, const struct rmv_stage *stage,
                                        struct rmv_outputs *deps)
{
    for (size_t i = 0; i < stage->deps_count; i++) {
        const struct rmv_output *state = NULL;
        const char *path = stage->deps[i].path;
        const struct rmv_error *err = rmv_stage_view_state(&runner->view, path, &state);
        if (err)
            return err;
        if (state->kind == RMV_OUTPUT_MISSING)
            return rmv_error(RMV_ERR_NOT_FOUND, "dependency '%s' of stage '%s' does not exist",
                             path, stage->address);
        rmv_output_copy(rmv_outputs_add(deps), state);
    }
    return NULL;
}

const struct rmv_error *rmv_runner_entry_of(struct rmv_runner *runner,
                                            const struct rmv_stage *stage,
                                            const struct rmv_value *params,
                                            struct rmv_lock_stage *entry)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs deps = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(stage->file);

    const struct rmv_error *err = add_deps(runner, stage, &deps);
    if (err)
        return err;
    *entry = (struct rmv_lock_stage){.name = rmv_str_copy(stage->name), .deps = deps};
    deps = (struct rmv_outputs){0};
    rmv_value_copy(&entry->cmd, &stage->cmd);
    rmv_value_copy(&entry->params, params);
    if (strcmp(folder, stage->wdir) != 0)
        rmv_value_set_text(rmv_value_add(&entry->extra, "wdir"), stage->wdir);
    if (stage->env.kind == RMV_VALUE_MAP && stage->env.map.count)
        rmv_value_copy(rmv_value_add(&entry->extra, "env"), &stage->env);
    for (size_t i = 0; i < stage->outs_count; i++)
        rmv_outputs_add(&entry->outs)->path = rmv_str_copy(stage->outs[i].path);
    return NULL;
}

const struct rmv_error *rmv_runner_locked_entry_of(struct rmv_runner *runner,
                                                   const struct rmv_stage *stage,
                                                   struct rmv_lock_stage *entry)
{
    struct rmv_lock_file *lock = NULL;
    const struct rmv_error *err = rmv_stage_view_lock_file(&runner->view, stage->file, &lock);
    const struct rmv_lock_stage *locked = err ? NULL : rmv_lock_file_find(lock, stage->name);
    if (!locked)
        return err;
    entry->name = rmv_str_copy(stage->name);
    for (size_t i = 0; i < locked->deps.count; i++)
        rmv_output_copy(rmv_outputs_add(&entry->deps), &locked->deps.items[i]);
    rmv_value_copy(&entry->cmd, &locked->cmd);
    rmv_value_copy(&entry->params, &locked->params);
    rmv_value_copy(&entry->extra, &locked->extra);
    return NULL;
}

/* ---- The record ----------------------------------------------------------------------------- */

/* Asked once, before the first run changes rmv.lock: that is the state the user started from.
 * A repository that cannot be read makes the record poorer, and stops nobody. */
static void ask_git(struct rmv_runner *runner)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    struct rmv_vcs *vcs = runner->workspace->vcs;

    if (runner->knows_git)
        return;
    runner->knows_git = true;
    if (!vcs || rmv_vcs_resolve(vcs, "HEAD", &commit))
        return;
    runner->git_commit = rmv_str_copy(commit.id);
    runner->git_branch = rmv_vcs_branch(vcs);
    if (rmv_vcs_is_dirty(vcs, &runner->git_dirty))
        runner->git_dirty = true;
}

static void add_artifacts(const struct rmv_outputs *outputs, struct rmv_record_artifacts *artifacts)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct rmv_output *output = &outputs->items[i];
        *rmv_record_artifacts_add(artifacts) =
            (struct rmv_record_artifact){.path = rmv_str_copy(output->path),
                                         .is_tree = output->kind == RMV_OUTPUT_TREE,
                                         .is_executable = output->is_executable,
                                         .no_cache = output->no_cache,
                                         .id = output->id,
                                         .size = output->size,
                                         .nfiles = output->nfiles};
    }
}

const struct rmv_error *rmv_runner_put_record(struct rmv_runner *runner,
                                              const struct rmv_stage *stage,
                                              struct rmv_record *record,
                                              struct rmv_store_batch *batch,
                                              struct rmv_lock_stage *entry)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf definition = {0};
    const struct rmv_record times = {.started_ns = record->started_ns,
                                     .ended_ns = record->ended_ns};

    ask_git(runner);
    rmv_record_free(record);
    *record = times;
    record->kind = RMV_RECORD_STAGE;
    record->name = rmv_str_format("%s:%s", stage->file, stage->name);
    rmv_value_copy(&record->cmd, &entry->cmd);
    rmv_value_copy(&record->params, &entry->params);
    if (record->params.kind == RMV_VALUE_NULL)
        rmv_value_set_map(&record->params);
    add_artifacts(&entry->outs, &record->outs);
    add_artifacts(&entry->deps, &record->deps);
    rmv_stage_format_definition(stage, &definition);
    const struct rmv_error *err =
        rmv_store_batch_put(batch, definition.data, definition.size, &record->definition);
    if (err)
        return err;
    rmv_record_identify(record);
    rmv_str_set(&record->git_commit, runner->git_commit);
    rmv_str_set(&record->git_branch, runner->git_branch);
    record->git_dirty = runner->git_dirty;
    rmv_record_sort(record);
    return rmv_record_put(record, batch, &entry->record);
}
