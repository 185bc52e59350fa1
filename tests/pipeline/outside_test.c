#include "test.h"

#include "rmv/base/mem.h"
#include "support.h"

static void dependencies_may_be_outside_the_workspace(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse_at("a/b/rmv.yaml",
                      "stages:\n  s:\n    cmd: x\n    wdir: c\n    deps:\n    - /data//x/../y.csv\n"
                      "    - ../../../../shared/z\n    - ../../../w\n    - ../../v/../u\n"
                      "    - /data/y.csv\n",
                      &pipeline));
    const struct rmv_stage *stage = &pipeline.stages[0];
    assert_int_equal(stage->outside_count, 2);
    assert_string_equal(stage->outside[0].path, "/data/y.csv");
    assert_string_equal(stage->outside[1].path, "../../../shared/z");
    assert_int_equal(stage->outside[1].line, 7);
    assert_int_equal(stage->deps_count, 2);
    assert_string_equal(stage->deps[0].path, "w");
    assert_string_equal(stage->deps[1].path, "a/u");
    refuse("stages:\n  a:\n    cmd: x\n    deps: [..]\n", RMV_ERR_DENIED,
           "rmv.yaml:4:12: the workspace itself is in '..'");
    refuse("stages:\n  a:\n    cmd: x\n    deps: [x/../../..]\n", RMV_ERR_DENIED,
           "the workspace itself");
}

static void paths_that_come_back_to_the_workspace_are_inside(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_pipeline_reader reader = {.root = "/home/me/work"};
    static const char text[] = "stages:\n  s:\n    cmd: x\n    deps: [/home/me/work/a, ../work/b, "
                               "../workers/c, /home/me/d]\n"
                               "    outs: [/home/me/work/o]\n";
    static const char holder[] = "stages:\n  s:\n    cmd: x\n    deps: [/home/me]\n";

    CHECK_OK(rmv_pipeline_parse("rmv.yaml", text, sizeof(text) - 1, &reader, &pipeline));
    const struct rmv_stage *stage = &pipeline.stages[0];
    assert_int_equal(stage->deps_count, 2);
    assert_string_equal(stage->deps[0].path, "a");
    assert_string_equal(stage->deps[1].path, "b");
    assert_int_equal(stage->outside_count, 2);
    assert_string_equal(stage->outside[0].path, "../workers/c");
    assert_string_equal(stage->outside[1].path, "/home/me/d");
    assert_string_equal(stage->outs[0].path, "o");
    rmv_pipeline_free(&pipeline);
    CHECK_SAYS(rmv_pipeline_parse("rmv.yaml", holder, sizeof(holder) - 1, &reader, &pipeline),
               RMV_ERR_DENIED, "the workspace itself is in '/home/me'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dependencies_may_be_outside_the_workspace),
        TEST(paths_that_come_back_to_the_workspace_are_inside),
    };
    return RUN_TESTS(tests);
}
