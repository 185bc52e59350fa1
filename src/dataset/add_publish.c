#include <string.h>

#include "dataset/add.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/work_file.h"
#include "rmv/record/record.h"

/* ---- Records ----------------------------------------------------------------------------------
 */

void rmv_add_origin_free(struct rmv_add_origin *origin)
{
    rmv_str_free(&origin->git_commit);
    rmv_str_free(&origin->git_branch);
    *origin = (struct rmv_add_origin){0};
}

/* Information about the moment; a repository without a commit has none. */
static const struct rmv_error *describe_git(struct rmv_workspace *workspace,
                                            struct rmv_add_origin *origin)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    if (!workspace->vcs || origin->is_described)
        return NULL;
    origin->is_described = true;
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, "HEAD", &commit);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    origin->git_commit = rmv_str_copy(commit.id);
    origin->git_branch = rmv_vcs_branch(workspace->vcs);
    return rmv_vcs_is_dirty(workspace->vcs, &origin->git_dirty);
}

static void describe(const struct rmv_output *output, struct rmv_record_artifact *artifact)
{
    artifact->path = rmv_str_copy(output->path);
    artifact->is_tree = output->kind == RMV_OUTPUT_TREE;
    artifact->is_executable = output->is_executable;
    artifact->id = output->id;
    artifact->size = output->size;
    artifact->nfiles = output->nfiles;
}

static void copy_artifacts(const struct rmv_record_artifacts *from, struct rmv_record_artifacts *to)
{
    for (size_t i = 0; i < from->count; i++) {
        struct rmv_record_artifact *added = rmv_record_artifacts_add(to);
        *added = from->items[i];
        added->path = rmv_str_copy(from->items[i].path);
    }
}

/* A run of a stage that no rmv.yaml has: it is called after where it ran. */
static const struct rmv_error *describe_run(const struct rmv_add_run *run,
                                            struct rmv_store_batch *batch,
                                            struct rmv_record *record)
{
    record->kind = RMV_RECORD_STAGE;
    rmv_str_free(&record->name);
    rmv_str_free(&record->source);
    record->name = rmv_str_format("%s%s", RMV_ADD_RUN_PREFIX, run->folder);
    record->started_ns = run->started_ns;
    rmv_value_copy(&record->cmd, run->cmd);
    rmv_value_set_map(&record->params);
    copy_artifacts(run->deps, &record->deps);
    rmv_record_sort(record);
    return rmv_store_batch_put(batch, run->definition->data, run->definition->size,
                               &record->definition);
}

const struct rmv_error *rmv_add_record(struct rmv_workspace *workspace,
                                       struct rmv_store_batch *batch, struct rmv_add_origin *origin,
                                       struct rmv_add_target *target)
{
    const struct rmv_error *err = describe_git(workspace, origin);
    if (err)
        return err;
    RMV_CLEANUP(rmv_record_free)
    struct rmv_record record = {
        .kind = RMV_RECORD_ADD,
        .name = rmv_str_copy(target->output.path),
        .source = rmv_str_copy(origin->source ? origin->source : target->path),
        .git_commit = rmv_str_copy(origin->git_commit),
        .git_branch = rmv_str_copy(origin->git_branch),
        .git_dirty = origin->git_dirty,
        .started_ns = rmv_time_now_ns(),
    };
    rmv_record_identify(&record);
    describe(&target->output, rmv_record_artifacts_add(&record.outs));
    /* One path of a folder is new: the rest is what it was before. */
    if (target->tracked && strcmp(target->path, target->output.path) != 0)
        describe(target->tracked, rmv_record_artifacts_add(&record.deps));
    if (origin->run)
        err = describe_run(origin->run, batch, &record);
    if (err)
        return err;
    record.ended_ns = rmv_time_now_ns();
    return rmv_record_put(&record, batch, &target->output.record);
}

/* ---- Pointers ---------------------------------------------------------------------------------
 */

/* Does the pointer still say what the new one was made from? */
static const struct rmv_error *check_unchanged(const struct rmv_add_target *target,
                                               const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    bool is_same = !target->tracked == (text->size == 0);

    if (is_same && target->tracked) {
        const struct rmv_error *err =
            rmv_pointer_parse(target->pointer, text->data, text->size, &now);
        if (err)
            return err;
        is_same = rmv_output_equal(&now, target->tracked);
    }
    if (is_same)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' was changed by somebody else meanwhile", target->pointer),
        "run the command again");
}

const struct rmv_error *rmv_add_prepare(struct rmv_workspace *workspace,
                                        const struct rmv_add_target *target,
                                        struct rmv_replacements *pointers, bool *changed)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool found;

    const struct rmv_error *err =
        rmv_work_file_read(workspace, target->pointer, RMV_YAML_BYTES_MAX, &found, &old);
    if (!err)
        err = check_unchanged(target, &old);
    if (!err)
        err = rmv_pointer_format(target->pointer, old.size ? old.data : NULL, old.size,
                                 &target->output, &text);
    if (err)
        return err;
    *changed = text.size != old.size || strcmp(rmv_buf_string(&text), rmv_buf_string(&old)) != 0;
    if (*changed)
        err = rmv_replacements_add(pointers, target->pointer, text.data, text.size);
    return err;
}
