/* The graph of a pipeline: which stage needs which, and in which order they run.
 *
 * A stage needs another if one of its dependencies or parameter files is an output of the other,
 * lies inside one, or contains one. Building takes time linear in stages and paths, up to
 * logarithms. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/pipeline/pipeline.h"

struct rmv_graph_node {
    size_t *needs; /* stages it needs, ascending, each once */
    size_t needs_count, needs_capacity;
    size_t *feeds; /* stages that need it, ascending, each once */
    size_t feeds_count, feeds_capacity;
};

/* Numbers are indexes into the pipeline's stages. */
struct rmv_graph {
    struct rmv_graph_node *nodes;
    size_t *order; /* every stage behind all it needs; otherwise as declared */
    size_t count;
};

void rmv_graph_free(struct rmv_graph *graph);

/* Errors: USAGE for a cycle, a stage that needs itself, an output of two stages, overlapping
 * outputs, a dataset that is unknown; the message names the stages and where they are. */
RMV_MUST_CHECK
const struct rmv_error *rmv_graph_build(const struct rmv_pipeline *pipeline,
                                        struct rmv_graph *graph);

/* Sets `chosen[i]` for stage `target` and, going up, all it needs, or, going down, all that need
 * it. Going up ends at frozen stages: what they need does not matter to them. */
enum rmv_graph_reach { RMV_GRAPH_ONLY, RMV_GRAPH_UP, RMV_GRAPH_DOWN };
void rmv_graph_choose(const struct rmv_pipeline *pipeline, const struct rmv_graph *graph,
                      size_t target, enum rmv_graph_reach reach, bool *chosen);

/* Sets `chosen[i]` for all stages that are connected, in whatever direction, with chosen ones. */
void rmv_graph_choose_connected(const struct rmv_graph *graph, bool *chosen);
