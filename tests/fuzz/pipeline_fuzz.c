/* Whatever parses as rmv.yaml has only paths that stay in the workspace, and a graph that is either
 * refused or in order; a stage can be added to it without changing the others.
 *
 * clang -g -O1 -D_GNU_SOURCE -DRMV_VERSION='"0"' -Iinclude -Isrc
 * -fsanitize=fuzzer,address,undefined tests/fuzz/pipeline_fuzz.c
 * src/{base,store,vcs,record,dataset,pipeline}/[a-z]*.c -lyaml -lcjson -lcrypto -lzstd -lgit2
 * -pthread -o pipeline_fuzz
 * ./pipeline_fuzz -max_len=2048 -max_total_time=300 CORPUS_FOLDER */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/pipeline/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What templates stand for. */
static const struct rmv_error *read_values(void *context, const char *path, struct rmv_value *out)
{
    static const char text[] = "a: 1\nb: {c: [x, {d: 0.5}], e: true, f: 'g h'}\nl: [1, 2]\n"
                               "m: {n: {o: p}, q: {o: r}}\ns: text\nz: null\n";
    (void)context;
    if (strcmp(path, "none.yaml") == 0)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s'", path);
    return rmv_yaml_parse(path, text, strlen(text), out);
}

static const struct rmv_pipeline_reader reader = {.read = read_values};

static void check_paths(const struct rmv_stage *stage)
{
    for (size_t i = 0; i < stage->deps_count; i++)
        if (rmv_path_check(stage->deps[i].path))
            abort();
    for (size_t i = 0; i < stage->outs_count; i++)
        if (rmv_path_check(stage->outs[i].path))
            abort();
    for (size_t i = 0; i < stage->params_count; i++)
        if (rmv_path_check(stage->params[i].file))
            abort();
    if (strcmp(stage->wdir, ".") != 0 && rmv_path_check(stage->wdir))
        abort();
}

static void check_order(const struct rmv_graph *graph)
{
    bool *seen = calloc(graph->count + 1, sizeof(bool));
    for (size_t i = 0; i < graph->count; i++) {
        const struct rmv_graph_node *node = &graph->nodes[graph->order[i]];
        for (size_t k = 0; k < node->needs_count; k++)
            if (!seen[node->needs[k]])
                abort();
        seen[graph->order[i]] = true;
    }
    free(seen);
}

/* Refused or added, with every old stage as it was. */
static void check_adding(const struct rmv_pipeline *before, const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value stage = {0};
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline after = {0};

    rmv_buf_append(&text, data, size);
    rmv_value_set_text(rmv_value_add(&stage, "cmd"), "true");
    const struct rmv_pipeline_edit edit = {
        .file = "rmv.yaml", .reader = &reader, .name = "added", .stage = &stage};
    bool replaced;
    if (rmv_pipeline_add_stage(&edit, &text, &new_text, &replaced))
        return;
    if (rmv_pipeline_parse("rmv.yaml", new_text.data, new_text.size, &reader, &after) ||
        after.count != before->count + 1)
        abort();
    for (size_t i = 0; i < before->count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf a = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf b = {0};
        rmv_stage_format_definition(&before->stages[i], &a);
        rmv_stage_format_definition(&after.stages[i], &b);
        if (strcmp(rmv_buf_string(&a), rmv_buf_string(&b)) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};

    if (rmv_pipeline_parse("rmv.yaml", (const char *)data, size, &reader, &pipeline))
        return 0;
    rmv_pipeline_index(&pipeline);
    for (size_t i = 0; i < pipeline.count; i++)
        check_paths(&pipeline.stages[i]);
    if (!rmv_graph_build(&pipeline, &graph))
        check_order(&graph);
    check_adding(&pipeline, data, size);
    return 0;
}
