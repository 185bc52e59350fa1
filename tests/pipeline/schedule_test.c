#include "pipeline/schedule.h"

#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

struct plan {
    struct rmv_pipeline pipeline;
    struct rmv_graph graph;
    bool chosen[64];
    struct rmv_schedule schedule;
};

static void plan_free(struct plan *plan)
{
    rmv_schedule_free(&plan->schedule);
    rmv_graph_free(&plan->graph);
    rmv_pipeline_free(&plan->pipeline);
}

static void make_plan(const char *text, struct plan *plan)
{
    CHECK_OK(rmv_pipeline_parse("rmv.yaml", text, strlen(text), NULL, &plan->pipeline));
    rmv_pipeline_index(&plan->pipeline);
    CHECK_OK(rmv_graph_build(&plan->pipeline, &plan->graph));
    memset(plan->chosen, true, sizeof(plan->chosen));
}

static void check_next(struct plan *plan, const char *name)
{
    size_t at = 0;
    assert_true(rmv_schedule_next(&plan->schedule, &at));
    assert_string_equal(plan->pipeline.stages[at].name, name);
}

static void check_none(struct plan *plan)
{
    size_t at = 0;
    assert_false(rmv_schedule_next(&plan->schedule, &at));
}

static void done(struct plan *plan, const char *name)
{
    const struct rmv_stage *stage = rmv_map_find(&plan->pipeline.addresses, name);
    rmv_schedule_done(&plan->schedule, (size_t)(stage - plan->pipeline.stages));
}

static const char diamond[] = "stages:\n"
                              "  d: {cmd: x, deps: [b, c], outs: [d]}\n"
                              "  b: {cmd: x, deps: [a], outs: [b]}\n"
                              "  c: {cmd: x, deps: [a], outs: [c]}\n"
                              "  a: {cmd: x, outs: [a]}\n"
                              "  e: {cmd: x, outs: [e]}\n";

static void a_stage_waits_for_all_it_needs(void **state)
{
    (void)state;
    RMV_CLEANUP(plan_free) struct plan plan = {0};
    make_plan(diamond, &plan);
    rmv_schedule_init(&plan.schedule, &plan.graph, plan.chosen);
    check_next(&plan, "a");
    check_next(&plan, "e");
    check_none(&plan);
    done(&plan, "a");
    check_next(&plan, "b");
    check_next(&plan, "c");
    check_none(&plan);
    done(&plan, "c");
    check_none(&plan);
    done(&plan, "b");
    check_next(&plan, "d");
    check_none(&plan);
}

static void what_is_not_chosen_holds_nobody_up(void **state)
{
    (void)state;
    RMV_CLEANUP(plan_free) struct plan plan = {0};
    make_plan(diamond, &plan);
    plan.chosen[3] = plan.chosen[4] = false; /* a, e */
    rmv_schedule_init(&plan.schedule, &plan.graph, plan.chosen);
    check_next(&plan, "b");
    check_next(&plan, "c");
    check_none(&plan);
}

static void a_stage_given_back_comes_again(void **state)
{
    (void)state;
    RMV_CLEANUP(plan_free) struct plan plan = {0};
    size_t at = 0;
    make_plan(diamond, &plan);
    rmv_schedule_init(&plan.schedule, &plan.graph, plan.chosen);
    assert_true(rmv_schedule_next(&plan.schedule, &at));
    rmv_schedule_return(&plan.schedule, at);
    check_next(&plan, "a");
}

static void one_at_a_time_goes_in_the_order_of_the_graph(void **state)
{
    (void)state;
    RMV_CLEANUP(plan_free) struct plan plan = {0};
    make_plan(diamond, &plan);
    rmv_schedule_init(&plan.schedule, &plan.graph, plan.chosen);
    for (size_t i = 0; i < plan.graph.count; i++) {
        size_t at = 0;
        assert_true(rmv_schedule_next(&plan.schedule, &at));
        assert_int_equal(at, plan.graph.order[i]);
        rmv_schedule_done(&plan.schedule, at);
    }
    check_none(&plan);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_stage_waits_for_all_it_needs),
        TEST(what_is_not_chosen_holds_nobody_up),
        TEST(a_stage_given_back_comes_again),
        TEST(one_at_a_time_goes_in_the_order_of_the_graph),
    };
    return RUN_TESTS(tests);
}
