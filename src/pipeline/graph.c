#include "rmv/pipeline/graph.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/named_dataset.h"
#include "rmv/base/mem.h"

void rmv_graph_free(struct rmv_graph *graph)
{
    for (size_t i = 0; graph->nodes && i < graph->count; i++) {
        free(graph->nodes[i].needs);
        free(graph->nodes[i].feeds);
    }
    free(graph->nodes);
    free(graph->order);
    *graph = (struct rmv_graph){0};
}

/* ---- Outputs -------------------------------------------------------------------------------- */

struct made {
    const struct rmv_stage_out *out;
    size_t stage;
};

struct builder {
    const struct rmv_pipeline *pipeline;
    struct made *made; /* all outputs, sorted by path */
    size_t count;
    struct rmv_map paths; /* path → struct made * */
};

static void builder_free(struct builder *builder)
{
    free(builder->made);
    rmv_map_free(&builder->paths);
}

static int compare_made(const void *a, const void *b)
{
    const struct made *left = a, *right = b;
    const int order = strcmp(left->out->path, right->out->path);
    if (order)
        return order;
    return left->stage < right->stage ? -1 : left->stage > right->stage;
}

static void collect_made(struct builder *builder)
{
    const struct rmv_pipeline *pipeline = builder->pipeline;
    size_t count = 0;
    for (size_t i = 0; i < pipeline->count; i++)
        count += pipeline->stages[i].outs_count;
    builder->made = rmv_calloc(count + 1, sizeof(builder->made[0]));
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].outs_count; k++)
            builder->made[builder->count++] =
                (struct made){.out = &pipeline->stages[i].outs[k], .stage = i};
    qsort(builder->made, builder->count, sizeof(builder->made[0]), compare_made);
}

/* The output that `path` lies inside of, itself not counted; NULL if there is none. */
static struct made *find_above(const struct builder *builder, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_copy(path);
    for (char *slash = strrchr(folder, '/'); slash; slash = strrchr(folder, '/')) {
        *slash = '\0';
        struct made *made = rmv_map_find(&builder->paths, folder);
        if (made)
            return made;
    }
    return NULL;
}

static const struct rmv_error *overlap_error(const struct builder *builder, const struct made *a,
                                             const struct made *b)
{
    const struct rmv_stage *first = &builder->pipeline->stages[a->stage];
    const struct rmv_stage *second = &builder->pipeline->stages[b->stage];
    if (strcmp(a->out->path, b->out->path) == 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "%s:%u:%u: stages '%s' and '%s' both make '%s'", second->file,
                      (unsigned)b->out->line, (unsigned)b->out->column, first->address,
                      second->address, b->out->path),
            "an output belongs to one stage");
    return rmv_error_hint(
        rmv_error(RMV_ERR_USAGE,
                  "%s:%u:%u: output '%s' of stage '%s' overlaps output '%s' of stage '%s'",
                  second->file, (unsigned)b->out->line, (unsigned)b->out->column, b->out->path,
                  second->address, a->out->path, first->address),
        "outputs must not lie inside each other");
}

static const struct rmv_error *check_overlaps(struct builder *builder)
{
    for (size_t i = 0; i < builder->count; i++) {
        struct made *made = &builder->made[i];
        struct made *other = rmv_map_find(&builder->paths, made->out->path);
        if (!other)
            other = find_above(builder, made->out->path);
        if (other)
            return overlap_error(builder, other, made);
        rmv_map_set(&builder->paths, made->out->path, made);
    }
    return NULL;
}

/* Running a stage removes its outputs, and must not remove what says how it is run. */
static const struct rmv_error *check_files(const struct builder *builder)
{
    const struct rmv_strings *files = &builder->pipeline->files;
    for (size_t i = 0; i < files->count; i++) {
        const struct made *made = find_above(builder, files->items[i]);
        if (!made)
            continue;
        const struct rmv_stage *stage = &builder->pipeline->stages[made->stage];
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "%s:%u:%u: '%s' lies inside '%s', an output of stage '%s'",
                      stage->file, (unsigned)made->out->line, (unsigned)made->out->column,
                      files->items[i], made->out->path, stage->address),
            "outputs are removed before their stage runs: make it a smaller one, or move the file");
    }
    return NULL;
}

/* ---- Edges ---------------------------------------------------------------------------------- */

static void add_edge(struct rmv_graph_node *node, size_t to)
{
    node->needs = rmv_grow(node->needs, node->needs_count, &node->needs_capacity, sizeof(size_t));
    node->needs[node->needs_count++] = to;
}

/* The first output whose path is not less than `path`. */
static size_t position_of(const struct builder *builder, const char *path)
{
    size_t low = 0, high = builder->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(builder->made[middle].out->path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds edges to all stages that make `path`, something around it or something inside it. */
static void add_edges_of(const struct builder *builder, const char *path,
                         struct rmv_graph_node *node)
{
    const struct made *made = rmv_map_find(&builder->paths, path);
    if (!made)
        made = find_above(builder, path);
    if (made)
        add_edge(node, made->stage);

    RMV_CLEANUP(rmv_str_free) char *inside = rmv_str_format("%s/", path);
    const size_t size = strlen(inside);
    for (size_t i = position_of(builder, inside);
         i < builder->count && strncmp(builder->made[i].out->path, inside, size) == 0; i++)
        add_edge(node, builder->made[i].stage);
}

static int compare_numbers(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return left < right ? -1 : left > right;
}

static void sort_once(struct rmv_graph_node *node)
{
    size_t kept = 0;
    if (!node->needs)
        return;
    qsort(node->needs, node->needs_count, sizeof(size_t), compare_numbers);
    for (size_t i = 0; i < node->needs_count; i++)
        if (i == 0 || node->needs[i] != node->needs[kept - 1])
            node->needs[kept++] = node->needs[i];
    node->needs_count = kept;
}

static const struct rmv_error *check_self(const struct builder *builder, size_t i,
                                          const struct rmv_graph_node *node, const char *path,
                                          const struct rmv_value *at)
{
    const struct rmv_stage *stage = &builder->pipeline->stages[i];
    for (size_t k = 0; k < node->needs_count; k++)
        if (node->needs[k] == i)
            return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                            "%s:%u:%u: stage '%s' depends on its own output: '%s'",
                                            stage->file, (unsigned)at->line, (unsigned)at->column,
                                            stage->address, path),
                                  "a path is either a dependency or an output");
    return NULL;
}

static const struct rmv_error *connect(const struct builder *builder, size_t i,
                                       struct rmv_graph_node *node)
{
    const struct rmv_stage *stage = &builder->pipeline->stages[i];
    const struct rmv_error *err = NULL;

    for (size_t k = 0; !err && k < stage->deps_count; k++) {
        const struct rmv_stage_dep *dep = &stage->deps[k];
        const size_t before = node->needs_count;
        add_edges_of(builder, dep->path, node);
        const struct rmv_graph_node added = {.needs = node->needs ? node->needs + before : NULL,
                                             .needs_count = node->needs_count - before};
        err = check_self(builder, i, &added, dep->path,
                         &(struct rmv_value){.line = dep->line, .column = dep->column});
    }
    for (size_t k = 0; !err && k < stage->params_count; k++) {
        const struct rmv_stage_params *params = &stage->params[k];
        const size_t before = node->needs_count;
        add_edges_of(builder, params->file, node);
        const struct rmv_graph_node added = {.needs = node->needs ? node->needs + before : NULL,
                                             .needs_count = node->needs_count - before};
        err = check_self(builder, i, &added, params->file,
                         &(struct rmv_value){.line = params->line, .column = params->column});
    }
    sort_once(node);
    return err;
}

static void connect_back(struct rmv_graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        for (size_t k = 0; k < graph->nodes[i].needs_count; k++) {
            struct rmv_graph_node *from = &graph->nodes[graph->nodes[i].needs[k]];
            from->feeds =
                rmv_grow(from->feeds, from->feeds_count, &from->feeds_capacity, sizeof(size_t));
            from->feeds[from->feeds_count++] = i;
        }
}

/* ---- Order ---------------------------------------------------------------------------------- */

enum visit { VISIT_NOT_YET, VISIT_OPEN, VISIT_DONE };

/* A walk without recursion: chains may have any length. */
struct walk {
    enum visit *visits; /* per stage */
    size_t *next;       /* per stage: which of its needs comes next */
    size_t *path;       /* the open stages, from where the walk started */
    size_t depth;
};

static void walk_free(struct walk *walk)
{
    free(walk->visits);
    free(walk->next);
    free(walk->path);
}

static const struct rmv_error *cycle_error(const struct builder *builder, const struct walk *walk,
                                           size_t again)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf names = {0};
    const struct rmv_stage *stages = builder->pipeline->stages;
    size_t start = walk->depth;
    while (walk->path[start - 1] != again)
        start--;

    for (size_t i = start - 1; i < walk->depth; i++)
        rmv_buf_append_format(&names, "'%s' needs ", stages[walk->path[i]].address);
    rmv_buf_append_format(&names, "'%s'", stages[again].address);
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "%s:%u:%u: the stages form a cycle: %s",
                                    stages[again].file, (unsigned)stages[again].line,
                                    (unsigned)stages[again].column, rmv_buf_string(&names)),
                          "remove one of these dependencies");
}

static const struct rmv_error *walk_from(const struct builder *builder, struct walk *walk,
                                         size_t start, struct rmv_graph *graph)
{
    walk->path[walk->depth++] = start;
    walk->visits[start] = VISIT_OPEN;
    while (walk->depth) {
        const size_t at = walk->path[walk->depth - 1];
        const struct rmv_graph_node *node = &graph->nodes[at];
        if (walk->next[at] == node->needs_count) {
            walk->visits[at] = VISIT_DONE;
            walk->depth--;
            graph->order[graph->count++] = at;
            continue;
        }
        const size_t need = node->needs[walk->next[at]++];
        if (walk->visits[need] == VISIT_OPEN)
            return cycle_error(builder, walk, need);
        if (walk->visits[need] == VISIT_NOT_YET) {
            walk->visits[need] = VISIT_OPEN;
            walk->path[walk->depth++] = need;
        }
    }
    return NULL;
}

static const struct rmv_error *sort_stages(const struct builder *builder, struct rmv_graph *graph)
{
    const size_t count = builder->pipeline->count;
    RMV_CLEANUP(walk_free)
    struct walk walk = {
        .visits = rmv_calloc(count + 1, sizeof(enum visit)),
        .next = rmv_calloc(count + 1, sizeof(size_t)),
        .path = rmv_calloc(count + 1, sizeof(size_t)),
    };
    const struct rmv_error *err = NULL;

    graph->order = rmv_calloc(count + 1, sizeof(size_t));
    graph->count = 0;
    for (size_t i = 0; !err && i < count; i++)
        if (walk.visits[i] == VISIT_NOT_YET)
            err = walk_from(builder, &walk, i, graph);
    graph->count = count;
    return err;
}

const struct rmv_error *rmv_graph_build(const struct rmv_pipeline *pipeline,
                                        struct rmv_graph *graph)
{
    RMV_CLEANUP(builder_free) struct builder builder = {.pipeline = pipeline};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph built = {0};

    built.count = pipeline->count;
    built.nodes = rmv_calloc(pipeline->count + 1, sizeof(built.nodes[0]));
    collect_made(&builder);
    const struct rmv_error *err = rmv_named_datasets_check(pipeline);
    if (!err)
        err = check_overlaps(&builder);
    if (!err)
        err = check_files(&builder);
    for (size_t i = 0; !err && i < pipeline->count; i++)
        err = connect(&builder, i, &built.nodes[i]);
    if (!err)
        err = sort_stages(&builder, &built);
    if (err)
        return err;
    connect_back(&built);
    *graph = built;
    built = (struct rmv_graph){0};
    return NULL;
}

void rmv_graph_choose(const struct rmv_pipeline *pipeline, const struct rmv_graph *graph,
                      size_t target, enum rmv_graph_reach reach, bool *chosen)
{
    RMV_CLEANUP(rmv_free) size_t *open = rmv_calloc(graph->count + 1, sizeof(size_t));
    RMV_CLEANUP(rmv_free) bool *seen = rmv_calloc(graph->count + 1, sizeof(bool));
    size_t depth = 0;

    open[depth++] = target;
    seen[target] = true;
    while (depth) {
        const size_t at = open[--depth];
        const struct rmv_graph_node *node = &graph->nodes[at];
        const bool is_up = reach == RMV_GRAPH_UP;
        const size_t *next = is_up ? node->needs : node->feeds;
        const size_t count = is_up ? node->needs_count : node->feeds_count;
        chosen[at] = true;
        if (reach == RMV_GRAPH_ONLY || (is_up && pipeline->stages[at].frozen))
            continue;
        for (size_t i = 0; i < count; i++)
            if (!seen[next[i]]) {
                seen[next[i]] = true;
                open[depth++] = next[i];
            }
    }
}

void rmv_graph_choose_connected(const struct rmv_graph *graph, bool *chosen)
{
    RMV_CLEANUP(rmv_free) size_t *pending = rmv_calloc(graph->count + 1, sizeof(*pending));
    size_t count = 0;

    for (size_t i = 0; i < graph->count; i++)
        if (chosen[i])
            pending[count++] = i;
    while (count > 0) {
        const struct rmv_graph_node *node = &graph->nodes[pending[--count]];
        for (size_t i = 0; i < node->needs_count + node->feeds_count; i++) {
            const size_t next =
                i < node->needs_count ? node->needs[i] : node->feeds[i - node->needs_count];
            if (!chosen[next])
                pending[count++] = next;
            chosen[next] = true;
        }
    }
}
