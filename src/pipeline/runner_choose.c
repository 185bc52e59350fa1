#include <string.h>

#include "pipeline/runner.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* Without targets: the stages of the file where the user is, if there is one, or all. */
static void find_default(const struct rmv_runner *runner, bool *found)
{
    const struct rmv_pipeline *pipeline = runner->pipeline;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    bool is_here = !runner->options->all_pipelines &&
                   !rmv_workspace_path(runner->workspace, RMV_PIPELINE_FILE_NAME, &path) &&
                   rmv_strings_has(&pipeline->files, path);
    for (size_t i = 0; i < pipeline->count; i++)
        found[i] = !is_here || strcmp(pipeline->stages[i].file, path) == 0;
}

const struct rmv_error *rmv_runner_choose(const struct rmv_runner *runner,
                                          const struct rmv_graph *graph, bool *chosen)
{
    const struct rmv_repro_options *options = runner->options;
    const struct rmv_pipeline *pipeline = runner->pipeline;
    const enum rmv_graph_reach reach = options->single_item  ? RMV_GRAPH_ONLY
                                       : options->downstream ? RMV_GRAPH_DOWN
                                                             : RMV_GRAPH_UP;
    RMV_CLEANUP(rmv_free) bool *found = rmv_calloc(pipeline->count + 1, sizeof(*found));

    if (!options->targets || !options->targets->count)
        find_default(runner, found);
    for (size_t i = 0; options->targets && i < options->targets->count; i++) {
        const char *target = options->targets->items[i];
        const struct rmv_error *err =
            options->recursive ? rmv_pipeline_find_below(runner->workspace, pipeline, target, found)
                               : rmv_pipeline_find(runner->workspace, pipeline, target, found);
        if (err)
            return err;
    }
    for (size_t i = 0; i < pipeline->count; i++)
        if (found[i])
            rmv_graph_choose(pipeline, graph, i, reach, chosen);
    if (options->whole)
        rmv_graph_choose_connected(graph, chosen);
    return NULL;
}
