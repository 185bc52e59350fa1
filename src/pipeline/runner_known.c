#include <string.h>

#include "pipeline/runner.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

void rmv_known_outs_free(struct rmv_known_outs *known)
{
    rmv_lock_stage_free(&known->run);
}

static bool is_all_stored(struct rmv_runner *runner, const struct rmv_stage *stage,
                          const struct rmv_outputs *outs)
{
    for (size_t i = 0; i < stage->outs_count; i++) {
        bool stored = false;
        const struct rmv_output *out = rmv_outputs_find(outs, stage->outs[i].path);
        if (!out || out->kind == RMV_OUTPUT_MISSING ||
            rmv_dataset_is_stored(runner->workspace, out, &stored) || !stored)
            return false;
    }
    return outs->count == stage->outs_count;
}

const struct rmv_error *rmv_runner_find_known(struct rmv_runner *runner,
                                              const struct rmv_stage *stage,
                                              const struct rmv_stage_status *status,
                                              const struct rmv_lock_stage *entry,
                                              struct rmv_known_outs *known)
{
    struct rmv_lock_file *lock = NULL;

    if (rmv_stage_status_has(status, RMV_STAGE_CHANGE_FORCED) ||
        rmv_stage_status_has(status, RMV_STAGE_CHANGE_ALWAYS))
        return NULL;
    const struct rmv_error *err = rmv_stage_view_lock_file(&runner->view, stage->file, &lock);
    if (err)
        return err;
    const struct rmv_lock_stage *locked = rmv_lock_file_find(lock, stage->name);
    if (status->outs_only && locked && is_all_stored(runner, stage, &locked->outs)) {
        known->where = "the store";
        known->run.name = rmv_str_copy(stage->name);
        known->run.record = locked->record;
        for (size_t i = 0; i < locked->outs.count; i++)
            rmv_output_copy(rmv_outputs_add(&known->run.outs), &locked->outs.items[i]);
        return NULL;
    }
    if (runner->options->no_run_cache || stage->frozen)
        return NULL;
    known->where = "the run cache";
    return rmv_run_cache_find(&runner->cache, entry, &known->run);
}

/* ---- Dry runs ------------------------------------------------------------------------------- */

const struct rmv_error *rmv_runner_dry_run(struct rmv_runner *runner, const struct rmv_stage *stage,
                                           const struct rmv_stage_status *status, bool *restores)
{
    RMV_CLEANUP(rmv_lock_stage_free) struct rmv_lock_stage entry = {0};
    RMV_CLEANUP(rmv_known_outs_free) struct rmv_known_outs known = {0};

    const struct rmv_error *err = rmv_runner_entry_of(runner, stage, &status->params, &entry);
    if (!err)
        err = rmv_runner_find_known(runner, stage, status, &entry, &known);
    if (err)
        return err;
    *restores = known.run.name;
    for (size_t i = 0; i < known.run.outs.count; i++)
        rmv_stage_view_assume(&runner->view, &known.run.outs.items[i]);
    RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(status);
    RMV_CLEANUP(rmv_str_free)
    char *from = *restores ? rmv_str_format("from %s: %s", known.where, why) : NULL;
    rmv_runner_report(runner, from ? RMV_REPRO_WOULD_RESTORE : RMV_REPRO_WOULD_RUN, stage,
                      from ? from : why);
    return NULL;
}

bool rmv_runner_reads_whole(const struct rmv_stage *stage, const struct rmv_stage *maker)
{
    for (size_t i = 0; i < maker->outs_count; i++) {
        const char *out = maker->outs[i].path;
        for (size_t k = 0; k < stage->deps_count; k++) {
            const char *dep = stage->deps[k].path;
            if (strcmp(dep, out) != 0 && (rmv_path_is_in(dep, out) || rmv_path_is_in(out, dep)))
                return false;
        }
        for (size_t k = 0; k < stage->params_count; k++)
            if (rmv_path_is_in(stage->params[k].file, out))
                return false;
    }
    return true;
}
