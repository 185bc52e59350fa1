#include "test.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "support.h"

static void a_stage_has_all_that_was_written(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n"
                   "  train:\n"
                   "    desc: fits\n"
                   "    cmd: [one, two]\n"
                   "    wdir: sub\n"
                   "    deps: [../data, here]\n"
                   "    params: [a.b, c, {x.json: [d]}, {../y.yaml: }]\n"
                   "    outs:\n"
                   "    - model\n"
                   "    - log: {persist: true, cache: false, desc: lines}\n"
                   "    metrics: [m.json: {cache: false}]\n"
                   "    plots: [p.csv: {x: step, template: linear}]\n"
                   "    frozen: true\n"
                   "    meta: {any: [thing]}\n",
                   &pipeline));
    assert_int_equal(pipeline.count, 1);
    const struct rmv_stage *stage = &pipeline.stages[0];
    assert_string_equal(stage->address, "train");
    assert_string_equal(stage->desc, "fits");
    assert_string_equal(stage->wdir, "sub");
    assert_int_equal(stage->cmd.list.count, 2);
    assert_int_equal(stage->deps_count, 2);
    assert_string_equal(stage->deps[0].path, "data");
    assert_string_equal(stage->deps[1].path, "sub/here");
    assert_int_equal(stage->params_count, 3);
    assert_string_equal(stage->params[0].file, "sub/params.yaml");
    assert_int_equal(stage->params[0].keys.count, 2);
    assert_string_equal(stage->params[2].file, "y.yaml");
    assert_int_equal(stage->params[2].keys.count, 0);
    assert_int_equal(stage->outs_count, 4);
    assert_string_equal(stage->outs[1].path, "sub/log");
    assert_true(stage->outs[1].persist && stage->outs[1].no_cache);
    assert_string_equal(stage->outs[1].annotation.desc, "lines");
    assert_int_equal(stage->outs[2].kind, RMV_STAGE_OUT_METRIC);
    assert_int_equal(stage->outs[3].kind, RMV_STAGE_OUT_PLOT);
    assert_false(stage->outs[3].no_cache);
    assert_true(stage->frozen);
    assert_false(stage->always_changed);
    assert_ptr_equal(rmv_pipeline_maker_of(&pipeline, "sub/model/inside"), stage);
    assert_null(rmv_pipeline_maker_of(&pipeline, "sub"));
}

static void an_empty_file_has_no_stages(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("", &pipeline));
    CHECK_OK(parse("# nothing\n", &pipeline));
    CHECK_OK(parse("stages:\n", &pipeline));
    assert_int_equal(pipeline.count, 0);
    assert_int_equal(pipeline.files.count, 1);
}

static void stages_below_the_root_are_called_by_their_file(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse_at("sub/rmv.yaml", "stages:\n  a: {cmd: x, deps: [../in], outs: [out]}\n",
                      &pipeline));
    assert_string_equal(pipeline.stages[0].address, "sub/rmv.yaml:a");
    assert_string_equal(pipeline.stages[0].wdir, "sub");
    assert_string_equal(pipeline.stages[0].deps[0].path, "in");
    assert_string_equal(pipeline.stages[0].outs[0].path, "sub/out");
}

static void unknown_keys_are_refused_with_place_and_nearest_key(void **state)
{
    (void)state;
    refuse("stages: {}\nmetric: []\n", RMV_ERR_USAGE,
           "rmv.yaml:2:1: unknown key 'metric', did you mean 'metrics'?");
    refuse("stages:\n  a:\n    cmd: x\n    dep: [y]\n", RMV_ERR_USAGE,
           "rmv.yaml:4:5: unknown key 'dep', did you mean 'deps'?");
    refuse("stages:\n  a:\n    cmd: x\n    zzzzzzzz: [y]\n", RMV_ERR_USAGE,
           "known here: cmd, wdir");
    refuse("stages:\n  a:\n    cmd: x\n    outs:\n    - y: {cach: no}\n", RMV_ERR_USAGE,
           "rmv.yaml:5:11: unknown key 'cach', did you mean 'cache'?");
}

static void what_is_not_supported_yet_says_so(void **state)
{
    (void)state;
    refuse("stages:\n  a:\n    cmd: x\n    hermetic: true\n", RMV_ERR_UNSUPPORTED,
           "rmv.yaml:4:5: 'hermetic' is not supported");
    refuse("stages:\n  a:\n    cmd: x\n    deps: ['gs://bucket/x']\n", RMV_ERR_UNSUPPORTED,
           "rmv.yaml:4:12: 'gs://bucket/x': a dependency can be on http");
}

static void limits_of_a_stage_are_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n"
                   "  a: {cmd: x, retry: 3, timeout: 1h30m}\n"
                   "  b:\n    cmd: x\n    timeout: 0.5\n"
                   "    retry: {attempts: 5, delay: 100ms, backoff: 1.5, max_delay: 1d}\n"
                   "  c: {cmd: x}\n",
                   &pipeline));
    const struct rmv_stage *stage = pipeline.stages;
    assert_int_equal(stage[0].retry.attempts, 3);
    assert_int_equal(stage[0].retry.delay_ms, 1000);
    assert_int_equal(stage[0].timeout_ms, 5400000);
    assert_int_equal(stage[1].retry.attempts, 5);
    assert_int_equal(stage[1].retry.delay_ms, 100);
    assert_true(stage[1].retry.backoff == 1.5);
    assert_int_equal(stage[1].retry.max_delay_ms, 86400000);
    assert_int_equal(stage[1].timeout_ms, 500);
    assert_int_equal(stage[2].retry.attempts, 0);
    assert_int_equal(stage[2].timeout_ms, 0);
}

static void wrong_limits_are_refused_with_their_place(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"retry: 0", "4:12: the attempts"},
        {"retry: x", "4:12: 'retry' should be a map"},
        {"retry: {delay: 1}", "has no 'attempts'"},
        {"retry: {attempts: 2, delay: soon}", "4:33: 'delay' is a time"},
        {"retry: {attempts: 2, backoff: 0.5}", "4:35: 'backoff'"},
        {"retry: {attempt: 2}", "did you mean 'attempts'?"},
        {"timeout: 0", "4:14: 'timeout' is a time"},
        {"timeout: -1", "'timeout' is a time"},
        {"timeout: 5x", "write seconds, or 90s"},
        {"timeout: ''", "'timeout' is a time"},
        {"timeout: 10000d", "up to a year"},
        {"timeout: .nan", "'timeout' is a time"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RMV_CLEANUP(rmv_str_free)
        char *text = rmv_str_format("stages:\n  a:\n    cmd: x\n    %s\n", wrong[i][0]);
        refuse(text, RMV_ERR_USAGE, wrong[i][1]);
    }
}

static void an_escaped_brace_is_for_the_shell(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n  a:\n    cmd: echo \\${x} $y \\$z\n", &pipeline));
    assert_string_equal(pipeline.stages[0].cmd.text, "echo ${x} $y \\$z");
}

static void paths_that_leave_the_workspace_are_refused(void **state)
{
    (void)state;
    refuse("stages:\n  a:\n    cmd: x\n    outs: [../x]\n", RMV_ERR_DENIED, "rmv.yaml:4:12");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [a/../../x]\n", RMV_ERR_DENIED, "rmv.yaml:4:12");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [/etc/passwd]\n", RMV_ERR_DENIED,
           "'/etc/passwd' is outside the workspace");
    refuse("stages:\n  a:\n    cmd: x\n    deps: [.git/config]\n", RMV_ERR_DENIED, "rmv.yaml:4:12");
    refuse("stages:\n  a:\n    cmd: x\n    deps: [x/.RMSTORE/y]\n", RMV_ERR_DENIED,
           "rmv.yaml:4:12");
    refuse("stages:\n  a:\n    cmd: x\n    wdir: ..\n", RMV_ERR_DENIED, "rmv.yaml:4:11");
    refuse("stages:\n  a:\n    cmd: x\n    params: [{../p.yaml: [x]}]\n", RMV_ERR_DENIED,
           "rmv.yaml:4:");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [.]\n", RMV_ERR_USAGE, "whole workspace");
    refuse("metrics: [../m]\n", RMV_ERR_DENIED, "rmv.yaml:1:11");
}

static void values_of_the_wrong_kind_are_refused_with_their_place(void **state)
{
    (void)state;
    refuse("[1]\n", RMV_ERR_USAGE, "rmv.yaml:1:1");
    refuse("stages: [a]\n", RMV_ERR_USAGE, "rmv.yaml:1:9");
    refuse("stages:\n  a: x\n", RMV_ERR_USAGE, "rmv.yaml:2:6");
    refuse("stages:\n  a:\n    desc: x\n", RMV_ERR_USAGE, "rmv.yaml:2:3: stage 'a' has no command");
    refuse("stages:\n  a:\n    cmd: 5\n", RMV_ERR_USAGE, "rmv.yaml:3:10");
    refuse("stages:\n  a:\n    cmd: ' '\n", RMV_ERR_USAGE, "is empty");
    refuse("stages:\n  a:\n    cmd: []\n", RMV_ERR_USAGE, "rmv.yaml:3:10");
    refuse("stages:\n  a:\n    cmd: [x, [y]]\n", RMV_ERR_USAGE, "rmv.yaml:3:14");
    refuse("stages:\n  a:\n    cmd: x\n    deps: y\n", RMV_ERR_USAGE, "rmv.yaml:4:11");
    refuse("stages:\n  a:\n    cmd: x\n    deps: [[y]]\n", RMV_ERR_USAGE, "rmv.yaml:4:12");
    refuse("stages:\n  a:\n    cmd: x\n    deps: ['']\n", RMV_ERR_USAGE, "a path is empty");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y: {cache: maybe}]\n", RMV_ERR_USAGE, "'cache'");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y: {push: 1}]\n", RMV_ERR_USAGE, "rmv.yaml:4:22");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y: {remote: ''}]\n", RMV_ERR_USAGE, "is empty");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y: {labels: x}]\n", RMV_ERR_USAGE, "'labels'");
    refuse("stages:\n  a:\n    cmd: x\n    plots: [y: [{x: a}]]\n", RMV_ERR_USAGE, "rmv.yaml:4:16");
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y: 3]\n", RMV_ERR_USAGE, "rmv.yaml:4:15");
    refuse("stages:\n  a:\n    cmd: x\n    params: [1]\n", RMV_ERR_USAGE, "rmv.yaml:4:14");
    refuse("stages:\n  a:\n    cmd: x\n    params: [f.yaml: x]\n", RMV_ERR_USAGE, "rmv.yaml:4:22");
    refuse("stages:\n  a:\n    cmd: x\n    frozen: 1\n", RMV_ERR_USAGE, "rmv.yaml:4:13");
    refuse("stages:\n  a:\n    cmd: x\n    desc: [1]\n", RMV_ERR_USAGE, "rmv.yaml:4:11");
    refuse("plots: 1\n", RMV_ERR_USAGE, "rmv.yaml:1:8");
}

static void outputs_take_all_options(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n"
                   "  a:\n"
                   "    cmd: x\n"
                   "    outs:\n"
                   "    - o: {remote: far, push: false, type: model, labels: [new, good],\n"
                   "          meta: {any: 1}, desc: d, checkpoint: true}\n"
                   "    - p\n"
                   "    metrics: [m: {push: false, labels: []}]\n",
                   &pipeline));
    const struct rmv_stage_out *out = pipeline.stages[0].outs;
    assert_string_equal(out[0].remote, "far");
    assert_true(out[0].no_push);
    assert_string_equal(out[0].annotation.type, "model");
    assert_string_equal(out[0].annotation.desc, "d");
    assert_int_equal(out[0].annotation.labels.count, 2);
    assert_string_equal(out[0].annotation.labels.items[1], "good");
    assert_int_equal(rmv_value_find(&out[0].annotation.meta, "any")->integer, 1);
    assert_false(out[1].no_push);
    assert_null(out[1].remote);
    assert_true(out[2].no_push);
}

static void options_of_one_output_are_put_together(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n  a:\n    cmd: x\n"
                   "    outs: [o: {persist: true, cache: true}, q, o: {cache: false}]\n",
                   &pipeline));
    assert_int_equal(pipeline.stages[0].outs_count, 2);
    assert_string_equal(pipeline.stages[0].outs[0].path, "o");
    assert_true(pipeline.stages[0].outs[0].persist && pipeline.stages[0].outs[0].no_cache);
}

static void a_dependency_listed_twice_counts_once(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n  a:\n    cmd: x\n    deps: [y, ./y]\n", &pipeline));
    assert_int_equal(pipeline.stages[0].deps_count, 1);
}

static void a_whole_parameter_file_wins_over_its_keys(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("stages:\n  a:\n    cmd: x\n"
                   "    params: [k, {p.toml: [a]}, {params.yaml: }, {p.toml: {}}, {q.py: []},"
                   " {p.toml: [b]}]\n",
                   &pipeline));
    const struct rmv_stage *stage = &pipeline.stages[0];
    assert_int_equal(stage->params_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(stage->params[i].keys.count, 0);
    assert_string_equal(stage->params[1].file, "p.toml");
}

static void plots_have_their_columns_and_words(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse_at("sub/rmv.yaml",
                      "plots:\n"
                      "- a.csv\n"
                      "- b.csv: {x: step, y: [l, m], title: T, x_label: s, y_label: v}\n"
                      "- roc:\n"
                      "    x: {c.csv: q}\n"
                      "    y: {c.csv: [e, f], ../d.csv: g}\n"
                      "    template: simple\n"
                      "stages:\n"
                      "  t: {cmd: x, plots: [p.csv: {x: u, y: v, header: false}, q.png]}\n",
                      &pipeline));
    assert_int_equal(pipeline.plots_count, 5);
    const struct rmv_plot *plot = pipeline.plots;
    assert_string_equal(plot[0].id, "sub/p.csv");
    assert_true(plot[0].is_out && plot[0].has_path && plot[0].no_header);
    assert_null(plot[0].x[0].file);
    assert_string_equal(plot[0].y[0].file, "sub/p.csv");
    assert_int_equal(plot[1].y_count, 0);
    assert_string_equal(plot[2].id, "sub/a.csv");
    assert_false(plot[2].is_out);
    assert_string_equal(plot[3].y[1].name, "m");
    assert_string_equal(plot[3].y_label, "v");
    assert_string_equal(plot[4].id, "roc");
    assert_false(plot[4].has_path);
    assert_string_equal(plot[4].x[0].file, "sub/c.csv");
    assert_int_equal(plot[4].y_count, 3);
    assert_string_equal(plot[4].y[2].file, "d.csv");
    assert_string_equal(plot[4].template, "simple");
}

static void wrong_plots_are_refused_with_their_place(void **state)
{
    (void)state;
    refuse("plots: [a: {z: 1}]\n", RMV_ERR_USAGE, "rmv.yaml:1:13: unknown key 'z'");
    refuse("plots: [a: {titel: x}]\n", RMV_ERR_USAGE, "did you mean 'title'?");
    refuse("plots: [a: {x: [b]}]\n", RMV_ERR_USAGE,
           "rmv.yaml:1:16: 'x' is the name of a column, or");
    refuse("plots: [a: {y: 1}]\n", RMV_ERR_USAGE,
           "rmv.yaml:1:16: 'y' is the name of a column or a");
    refuse("plots: [a: {y: {f.csv: [1]}}]\n", RMV_ERR_USAGE, "rmv.yaml:1:25: a column");
    refuse("plots: [a: {y: {../f.csv: b}}]\n", RMV_ERR_DENIED, "rmv.yaml:1:17");
    refuse("plots: [a: {title: 1}]\n", RMV_ERR_USAGE, "rmv.yaml:1:20: 'title'");
    refuse("plots: [a: [1]]\n", RMV_ERR_USAGE, "rmv.yaml:1:12: a plot");
    refuse("plots: [[a]]\n", RMV_ERR_USAGE, "rmv.yaml:1:9: a plot is a path");
    refuse("stages:\n  a: {cmd: x, plots: [p: {y: [b]}]}\n", RMV_ERR_USAGE, "rmv.yaml:2:30: 'y'");
}

static void artifacts_and_datasets_are_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse_at("sub/rmv.yaml",
                      "artifacts:\n"
                      "  net: {path: net.pt, type: model, labels: [a], meta: {f: g}, desc: d}\n"
                      "  far: {path: 's3://bucket/net.pt'}\n"
                      "datasets:\n"
                      "- {name: birds, type: url, url: 's3://bucket/birds', extra: 1}\n",
                      &pipeline));
    assert_int_equal(pipeline.artifacts_count, 2);
    assert_string_equal(pipeline.artifacts[0].name, "net");
    assert_string_equal(pipeline.artifacts[0].path, "sub/net.pt");
    assert_string_equal(pipeline.artifacts[0].annotation.type, "model");
    assert_string_equal(pipeline.artifacts[1].path, "s3://bucket/net.pt");
    assert_int_equal(pipeline.datasets_count, 1);
    assert_string_equal(pipeline.datasets[0].name, "birds");
    assert_int_equal(rmv_value_find(&pipeline.datasets[0].entry, "extra")->integer, 1);
}

static void wrong_artifacts_and_datasets_are_refused(void **state)
{
    (void)state;
    refuse("artifacts:\n  m: {type: x}\n", RMV_ERR_USAGE,
           "rmv.yaml:2:3: artifact 'm' has no 'path'");
    refuse("artifacts: {m: {path: 1}}\n", RMV_ERR_USAGE, "rmv.yaml:1:23: 'path'");
    refuse("artifacts: {m: {path: p, label: [x]}}\n", RMV_ERR_USAGE, "did you mean 'labels'?");
    refuse("artifacts: {m: {path: p, labels: [1]}}\n", RMV_ERR_USAGE, "rmv.yaml:1:35: a label");
    refuse("artifacts: {m: {path: /etc/passwd}}\n", RMV_ERR_DENIED, "rmv.yaml:1:23");
    refuse("artifacts: [m]\n", RMV_ERR_USAGE, "rmv.yaml:1:12: 'artifacts'");
    refuse("datasets: [{name: x}]\n", RMV_ERR_USAGE, "rmv.yaml:1:12: a dataset needs");
    refuse("datasets: [{name: 1, type: x}]\n", RMV_ERR_USAGE, "rmv.yaml:1:19: 'name'");
}

static const char *env_of(const struct rmv_stage *stage, const char *name)
{
    const char *text = rmv_value_find_text(&stage->env, name);
    return text ? text : "(none)";
}

static void variables_become_text_and_stages_override_them(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse("vars: [{n: 3}]\n"
                   "stages:\n"
                   "  a: {cmd: x, env: {B: true, A: '${n} ', C: 1.0}}\n"
                   "  b:\n    foreach: [1, 2]\n    do: {cmd: x, env: {ITEM: '${item}'}}\n"
                   "env: {A: 0, Z: ''}\n",
                   &pipeline));
    assert_int_equal(pipeline.count, 3);
    assert_string_equal(env_of(&pipeline.stages[0], "A"), "3 ");
    assert_string_equal(env_of(&pipeline.stages[0], "B"), "true");
    assert_string_equal(env_of(&pipeline.stages[0], "C"), "1.0");
    assert_string_equal(env_of(&pipeline.stages[0], "Z"), "");
    assert_string_equal(pipeline.stages[0].env.map.members[0].key, "A");
    assert_string_equal(env_of(&pipeline.stages[2], "A"), "0");
    assert_string_equal(env_of(&pipeline.stages[2], "ITEM"), "2");
}

static void wrong_variables_are_refused(void **state)
{
    (void)state;
    refuse("env: [a]\n", RMV_ERR_USAGE, "rmv.yaml:1:6: 'env'");
    refuse("env: {1A: x}\n", RMV_ERR_USAGE, "rmv.yaml:1:7: '1A' is no name for a variable");
    refuse("env: {'A=B': x}\n", RMV_ERR_USAGE, "'A=B' is no name");
    refuse("env: {'': x}\n", RMV_ERR_USAGE, "'' is no name");
    refuse("env: {A: }\n", RMV_ERR_USAGE, "rmv.yaml:1:10: variable 'A' must be a string");
    refuse("env: {A: {b: c}}\n", RMV_ERR_USAGE, "rmv.yaml:1:10");
    refuse("env: {RMV_STAGE: x}\n", RMV_ERR_USAGE, "rmv itself sets 'RMV_STAGE'");
    refuse("stages:\n  a: {cmd: x, env: 1}\n", RMV_ERR_USAGE, "rmv.yaml:2:20: 'env'");
}

static void what_is_listed_twice_is_refused(void **state)
{
    (void)state;
    refuse("stages:\n  a:\n    cmd: x\n    outs: [y]\n    metrics: [z/../y]\n", RMV_ERR_USAGE,
           "rmv.yaml:5:15: output 'y' of stage 'a' is listed twice");
    refuse("stages:\n  a: {cmd: x}\n  a: {cmd: y}\n", RMV_ERR_CORRUPT, "rmv.yaml:3");
}

static void names_that_do_not_stay_on_their_line_are_refused(void **state)
{
    (void)state;
    refuse("stages:\n  '': {cmd: x}\n", RMV_ERR_USAGE, "rmv.yaml:2:3");
    refuse("stages:\n  \"a\\nb\": {cmd: x}\n", RMV_ERR_USAGE, "is no name");
}

static void files_of_rmv_itself_cannot_be_outputs(void **state)
{
    (void)state;
    refuse("stages:\n  a: {cmd: x, outs: [rmv.lock]}\n", RMV_ERR_USAGE, "cannot be an output");
    refuse("stages:\n  a: {cmd: x, outs: [data.rmv]}\n", RMV_ERR_USAGE, "cannot be an output");
}

static void the_definition_ignores_order_comments_and_descriptions(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline a = {0};
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline b = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf a_text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf b_text = {0};

    CHECK_OK(parse("stages: {a: {cmd: x, deps: [p, q], params: [k, j], outs: [o, n]}}", &a));
    CHECK_OK(parse("stages:\n  a:  # why\n    desc: text\n    outs: [n, o]\n    params: [j, k]\n"
                   "    deps: [q, ./p]\n    cmd: x\n",
                   &b));
    rmv_stage_format_definition(&a.stages[0], &a_text);
    rmv_stage_format_definition(&b.stages[0], &b_text);
    assert_string_equal(rmv_buf_string(&a_text), rmv_buf_string(&b_text));
    assert_non_null(strstr(rmv_buf_string(&a_text), "\"deps\":"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stage_has_all_that_was_written),
        TEST(an_empty_file_has_no_stages),
        TEST(stages_below_the_root_are_called_by_their_file),
        TEST(unknown_keys_are_refused_with_place_and_nearest_key),
        TEST(what_is_not_supported_yet_says_so),
        TEST(limits_of_a_stage_are_read),
        TEST(wrong_limits_are_refused_with_their_place),
        TEST(an_escaped_brace_is_for_the_shell),
        TEST(paths_that_leave_the_workspace_are_refused),
        TEST(values_of_the_wrong_kind_are_refused_with_their_place),
        TEST(outputs_take_all_options),
        TEST(options_of_one_output_are_put_together),
        TEST(a_dependency_listed_twice_counts_once),
        TEST(a_whole_parameter_file_wins_over_its_keys),
        TEST(plots_have_their_columns_and_words),
        TEST(wrong_plots_are_refused_with_their_place),
        TEST(artifacts_and_datasets_are_read),
        TEST(wrong_artifacts_and_datasets_are_refused),
        TEST(variables_become_text_and_stages_override_them),
        TEST(wrong_variables_are_refused),
        TEST(what_is_listed_twice_is_refused),
        TEST(names_that_do_not_stay_on_their_line_are_refused),
        TEST(files_of_rmv_itself_cannot_be_outputs),
        TEST(the_definition_ignores_order_comments_and_descriptions),
    };
    return RUN_TESTS(tests);
}
