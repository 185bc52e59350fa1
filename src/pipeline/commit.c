#include "pipeline/runner.h"
#include "pipeline/runner_marks.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/links.h"
#include "rmv/pipeline/params.h"
#include "rmv/pipeline/repro.h"

/* Taking outputs as they are. */

static const struct rmv_error *take_inputs(struct rmv_runner *runner, const struct rmv_stage *stage,
                                           struct rmv_lock_stage *entry)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value params = {0};
    const struct rmv_error *err =
        rmv_params_of_stage(runner->workspace, &runner->view.params, stage, &params);
    return err ? err : rmv_runner_entry_of(runner, stage, &params, entry);
}

const struct rmv_error *rmv_repro_commit(struct rmv_workspace *workspace,
                                         const struct rmv_stage *stage, bool as_run, bool *changed)
{
    const struct rmv_repro_options options = {0};
    RMV_CLEANUP(rmv_runner_free)
    struct rmv_runner runner = {.workspace = workspace,
                                .options = &options,
                                .view = {.workspace = workspace},
                                .cache = {.workspace = workspace}};
    RMV_CLEANUP(rmv_lock_stage_free) struct rmv_lock_stage entry = {0};
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;

    *changed = false;
    const struct rmv_error *err = as_run ? take_inputs(&runner, stage, &entry)
                                         : rmv_runner_locked_entry_of(&runner, stage, &entry);
    if (err || !entry.name)
        return err;
    err = rmv_store_batch_open(workspace->store, &batch);
    if (!err)
        err = rmv_runner_save_outs(&runner, stage, batch, &entry.outs);
    if (!err)
        err = rmv_store_batch_commit(batch);
    struct rmv_publication publication = {.stage = stage, .entry = &entry};
    if (!err)
        err = rmv_runner_publish(&runner, &publication, 1);
    if (err)
        return err;
    *changed = publication.is_new;
    rmv_runner_unmark_started(&runner, stage);
    rmv_links_place(workspace);
    return NULL;
}
