#include "pipeline/runner.h"

const struct rmv_error *rmv_runner_keep_frozen(struct rmv_runner *runner,
                                               const struct rmv_stage *stage,
                                               struct rmv_stage_status *status)
{
    struct rmv_run *none = NULL;
    bool changed = false;
    bool is_missing = false;
    const struct rmv_error *err = NULL;

    for (size_t i = 0; i < stage->outs_count; i++) {
        const struct rmv_output *now = NULL;
        err = rmv_stage_view_state(&runner->view, stage->outs[i].path, &now);
        if (err)
            return err;
        is_missing = is_missing || now->kind == RMV_OUTPUT_MISSING;
    }
    if (status->count && is_missing)
        return rmv_runner_begin(runner, stage, status, true, &none);
    if (status->count && !runner->options->dry) {
        err = rmv_repro_commit(runner->workspace, stage, false, &changed);
        if (err)
            return err;
    }
    rmv_runner_report(runner, RMV_REPRO_FROZEN, stage,
                      changed ? "its outputs were taken as they are" : "");
    return NULL;
}
