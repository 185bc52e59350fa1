#include "test.h"

#include <assert.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/pipeline/graph.h"

static const struct rmv_error *build(const char *text, struct rmv_pipeline *pipeline,
                                     struct rmv_graph *graph)
{
    const struct rmv_error *err =
        rmv_pipeline_parse("rmv.yaml", text, strlen(text), NULL, pipeline);
    if (err)
        return err;
    rmv_pipeline_index(pipeline);
    return rmv_graph_build(pipeline, graph);
}

static void refuse(const char *text, const char *words)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    CHECK_SAYS(build(text, &pipeline, &graph), RMV_ERR_USAGE, words);
}

/* The names of the stages in order, or of those chosen. */
static char *names(const struct rmv_pipeline *pipeline, const struct rmv_graph *graph,
                   const bool *chosen)
{
    struct rmv_buf text = {0};
    for (size_t i = 0; i < graph->count; i++)
        if (!chosen || chosen[graph->order[i]])
            rmv_buf_append_format(&text, "%s ", pipeline->stages[graph->order[i]].name);
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static const char diamond[] = "stages:\n"
                              "  last: {cmd: x, deps: [l.out, r.out]}\n"
                              "  right: {cmd: x, deps: [first], outs: [r.out]}\n"
                              "  left: {cmd: x, deps: [first/part], outs: [l.out]}\n"
                              "  first: {cmd: x, outs: [first]}\n"
                              "  alone: {cmd: x}\n";

static void a_stage_comes_behind_all_it_needs(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    CHECK_OK(build(diamond, &pipeline, &graph));
    assert(graph.nodes);
    RMV_CLEANUP(rmv_str_free) char *order = names(&pipeline, &graph, NULL);
    assert_string_equal(order, "first right left last alone ");
    assert_int_equal(graph.nodes[3].feeds_count, 2);
    assert_int_equal(graph.nodes[0].needs_count, 2);
}

static void choosing_follows_needs_up_and_down(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    bool up[5] = {false}, down[5] = {false}, only[5] = {false};

    CHECK_OK(build(diamond, &pipeline, &graph));
    rmv_graph_choose(&pipeline, &graph, 2, RMV_GRAPH_UP, up);
    rmv_graph_choose(&pipeline, &graph, 2, RMV_GRAPH_DOWN, down);
    rmv_graph_choose(&pipeline, &graph, 2, RMV_GRAPH_ONLY, only);
    RMV_CLEANUP(rmv_str_free) char *up_names = names(&pipeline, &graph, up);
    RMV_CLEANUP(rmv_str_free) char *down_names = names(&pipeline, &graph, down);
    RMV_CLEANUP(rmv_str_free) char *only_names = names(&pipeline, &graph, only);
    assert_string_equal(up_names, "first left ");
    assert_string_equal(down_names, "left last ");
    assert_string_equal(only_names, "left ");
}

static void choosing_ends_at_frozen_stages(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    bool chosen[3] = {false};
    CHECK_OK(build("stages:\n"
                   "  a: {cmd: x, outs: [a]}\n"
                   "  b: {cmd: x, deps: [a], outs: [b], frozen: true}\n"
                   "  c: {cmd: x, deps: [b]}\n",
                   &pipeline, &graph));
    rmv_graph_choose(&pipeline, &graph, 2, RMV_GRAPH_UP, chosen);
    assert_true(chosen[2] && chosen[1] && !chosen[0]);
}

static void folders_and_parameter_files_connect_stages_too(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    CHECK_OK(build("stages:\n"
                   "  uses: {cmd: x, deps: [data], params: [p.yaml: [k]]}\n"
                   "  near: {cmd: x, outs: [data-2, dat]}\n"
                   "  one: {cmd: x, outs: [data/1]}\n"
                   "  two: {cmd: x, outs: [data/a/2]}\n"
                   "  tune: {cmd: x, outs: [p.yaml]}\n",
                   &pipeline, &graph));
    assert(graph.nodes);
    assert_int_equal(graph.nodes[0].needs_count, 3);
    assert_int_equal(graph.nodes[0].needs[0], 2);
    assert_int_equal(graph.nodes[0].needs[1], 3);
    assert_int_equal(graph.nodes[0].needs[2], 4);
}

static void cycles_are_refused_with_the_names_on_the_way(void **state)
{
    (void)state;
    refuse("stages:\n"
           "  a: {cmd: x, deps: [c], outs: [a]}\n"
           "  b: {cmd: x, deps: [a], outs: [b]}\n"
           "  c: {cmd: x, deps: [b], outs: [c]}\n",
           "rmv.yaml:2:3: the stages form a cycle: 'a' needs 'c' needs 'b' needs 'a'");
}

static void a_stage_that_needs_itself_is_refused(void **state)
{
    (void)state;
    refuse("stages:\n  a: {cmd: x, deps: [y], outs: [y]}\n", "stage 'a' depends on its own output");
    refuse("stages:\n  a: {cmd: x, deps: [y/in], outs: [y]}\n", "'y/in'");
    refuse("stages:\n  a: {cmd: x, deps: [y], outs: [y/in]}\n", "'y'");
    refuse("stages:\n  a: {cmd: x, params: [{p.yaml: }], outs: [p.yaml]}\n", "'p.yaml'");
}

static void outputs_that_overlap_are_refused(void **state)
{
    (void)state;
    refuse("stages:\n  a: {cmd: x, outs: [y]}\n  b: {cmd: x, outs: [y]}\n",
           "rmv.yaml:3:22: stages 'a' and 'b' both make 'y'");
    refuse("stages:\n  a: {cmd: x, outs: [y/z/w]}\n  b: {cmd: x, outs: [y-, y]}\n",
           "output 'y/z/w' of stage 'a' overlaps output 'y' of stage 'b'");
    refuse("stages:\n  a: {cmd: x, outs: [y, y/z]}\n", "overlaps");
}

static void a_long_chain_needs_no_deep_stack(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    const int count = 20000;

    rmv_buf_append_string(&text, "stages:\n");
    for (int i = count; i > 0; i--)
        rmv_buf_append_format(&text, "  s%d: {cmd: x, deps: [f%d], outs: [f%d]}\n", i, i - 1, i);
    CHECK_OK(build(rmv_buf_string(&text), &pipeline, &graph));
    assert(graph.order);
    assert_int_equal(graph.order[0], count - 1);
    assert_int_equal(graph.order[count - 1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stage_comes_behind_all_it_needs),
        TEST(choosing_follows_needs_up_and_down),
        TEST(choosing_ends_at_frozen_stages),
        TEST(folders_and_parameter_files_connect_stages_too),
        TEST(cycles_are_refused_with_the_names_on_the_way),
        TEST(a_stage_that_needs_itself_is_refused),
        TEST(outputs_that_overlap_are_refused),
        TEST(a_long_chain_needs_no_deep_stack),
    };
    return RUN_TESTS(tests);
}
