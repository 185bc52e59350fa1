#include "pipeline/sources.h"

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/add.h"
#include "rmv/dataset/dataset.h"

/* What the pointer's output says of `path`, which is that output or inside of it. */
static const struct rmv_error *state_said(struct rmv_workspace *workspace,
                                          const struct rmv_output *output, const char *path,
                                          struct rmv_output *said)
{
    const struct rmv_error *err = rmv_dataset_find(workspace, output, path, said);
    return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}

static const struct rmv_error *add_path(struct rmv_runner *runner, const struct rmv_stage *stage,
                                        const char *path, struct rmv_output *output)
{
    const struct rmv_add_options options = {.no_commit = runner->options->no_commit};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_added_list_free) struct rmv_added_list added = {0};

    rmv_strings_add(&paths, path);
    const struct rmv_error *err = rmv_add(runner->workspace, &paths, &options, &added);
    if (err)
        return rmv_error_context(err, "cannot store '%s', which stage '%s' reads", path,
                                 stage->address);
    rmv_output_copy(output, &added.items[0].output);
    rmv_runner_report(runner, RMV_REPRO_STORED, stage, path);
    return NULL;
}

/* `path` is the dependency, or the output inside of it, whichever is smaller. */
static const struct rmv_error *save_source(struct rmv_runner *runner, const struct rmv_stage *stage,
                                           const char *path, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output said = {0};
    const struct rmv_output *now = NULL;

    const struct rmv_error *err = rmv_stage_view_state(&runner->view, path, &now);
    if (err || now->kind == RMV_OUTPUT_MISSING)
        return err;
    err = state_said(runner->workspace, output, path, &said);
    if (err || rmv_output_equal(now, &said))
        return err;
    return add_path(runner, stage, path, output);
}

const struct rmv_error *rmv_runner_save_sources(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                struct rmv_tracked *tracked)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; i < tracked->outputs.count && !err; i++) {
        struct rmv_output *output = &tracked->outputs.items[i];
        if (*tracked->stages.items[i]) /* a stage's: what it says is the stage's business */
            continue;
        for (size_t k = 0; k < stage->deps_count && !err; k++) {
            const char *dep = stage->deps[k].path;
            if (rmv_path_is_in(dep, output->path))
                err = save_source(runner, stage, dep, output);
            else if (rmv_path_is_in(output->path, dep))
                err = save_source(runner, stage, output->path, output);
        }
    }
    return err;
}

/* ---- What stages make as well --------------------------------------------------------------- */

static const struct rmv_error *claim_error(const struct rmv_stage *stage, const char *path,
                                           const char *pointer, const char *tracked)
{
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "stage '%s' makes '%s', but '%s' already tracks '%s'",
                                    stage->address, path, pointer, tracked),
                          "remove '%s', or the output from %s", pointer, stage->file);
}

/* A pointer inside an output, or around it. */
static const struct rmv_error *check_pointer(const struct rmv_pipeline *pipeline,
                                             const struct rmv_tracked *tracked, size_t at)
{
    const char *path = tracked->outputs.items[at].path;
    const char *pointer = tracked->sources.items[at];
    const struct rmv_stage *stage = rmv_pipeline_maker_of(pipeline, path);
    if (stage)
        return claim_error(stage, path, pointer, path);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].outs_count; k++)
            if (rmv_path_is_in(pipeline->stages[i].outs[k].path, path))
                return claim_error(&pipeline->stages[i], pipeline->stages[i].outs[k].path, pointer,
                                   path);
    return NULL;
}

const struct rmv_error *rmv_runner_read_sources(const struct rmv_runner *runner,
                                                struct rmv_tracked *tracked)
{
    const struct rmv_error *err = rmv_tracked_read(runner->workspace, NULL, tracked);
    for (size_t i = 0; !err && i < tracked->outputs.count; i++)
        if (*tracked->stages.items[i] == '\0')
            err = check_pointer(runner->pipeline, tracked, i);
    return err;
}
