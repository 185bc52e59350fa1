#include "test.h"

#include "rmv/base/mem.h"
#include "support.h"

static void executors_of_a_file_are_for_its_stages(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse(
        "executor: {slurm: {partition: gpu, memory: 8G, time: 90}, local: {jobs: 3, memory: 2GB}}\n"
        "stages:\n"
        "  a: {cmd: x}\n"
        "  b: {cmd: x, executor: {slurm: {cpus: 4, options: [--exclusive]}}}\n"
        "  c: {cmd: x, executor: {local: {memory: 512M}}}\n",
        &pipeline));
    assert_int_equal(pipeline.jobs_max, 3);
    assert_int_equal(pipeline.memory_max_bytes, 2000000000);
    const struct rmv_stage_executor *a = &pipeline.stages[0].executor;
    assert_int_equal(a->kind, RMV_EXECUTOR_SLURM);
    assert_string_equal(a->partition, "gpu");
    assert_int_equal(a->job_memory_bytes, UINT64_C(8) << 30);
    assert_int_equal(a->time_ms, 90000);
    const struct rmv_stage_executor *b = &pipeline.stages[1].executor;
    assert_string_equal(b->partition, "gpu");
    assert_int_equal(b->cpus, 4);
    assert_string_equal(b->options.items[0], "--exclusive");
    const struct rmv_stage_executor *c = &pipeline.stages[2].executor;
    assert_int_equal(c->kind, RMV_EXECUTOR_LOCAL);
    assert_int_equal(c->memory_bytes, 512 << 20);
}

static void wrong_executors_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *executor, *words;
    } wrong[] = {
        {"clown", "rmv.yaml:2:25: no executor 'clown'"},
        {"{}", "rmv.yaml:2:25: 'executor' names no executor"},
        {"{slurm: {cpu: 1}}", "rmv.yaml:2:34: unknown key 'cpu', did you mean 'cpus'?"},
        {"{slurm: {cpus: 0}}", "'cpus' is a whole number"},
        {"{slurm: {memory: lots}}", "'memory' is a size"},
        {"{slurm: {memory: -1}}", "'memory' is a size"},
        {"{slurm: {options: [exclusive]}}", "no long option of sbatch"},
        {"{slurm: {options: [--out=x]}}", "'--out' is not for a stage to set"},
        {"{local: {jobs: 2}}", "unknown key 'jobs'"},
        {"[slurm]", "'executor' should be a map"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RMV_CLEANUP(rmv_str_free)
        char *text = rmv_str_format("stages:\n  a: {cmd: x, executor: %s}\n", wrong[i].executor);
        refuse(text, RMV_ERR_USAGE, wrong[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(executors_of_a_file_are_for_its_stages),
        TEST(wrong_executors_are_refused_with_their_place),
    };
    return RUN_TESTS(tests);
}
