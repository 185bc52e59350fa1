#include "test.h"

#include <string.h>
#include <time.h>

#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "rmv/pipeline/pipeline.h"

/* ---- Support -------------------------------------------------------------------------------- */

/* Files of variables: path, text, path, text, …, NULL. */
static const struct rmv_error *read_file(void *context, const char *path, struct rmv_value *out)
{
    for (const char *const *file = context; file && *file; file += 2)
        if (strcmp(*file, path) == 0)
            return rmv_yaml_parse(path, file[1], strlen(file[1]), out);
    return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s'", path);
}

static const struct rmv_error *parse(const char *const *files, const char *text,
                                     struct rmv_pipeline *pipeline)
{
    const struct rmv_pipeline_reader reader = {.read = read_file,
                                               .context = (void *)(uintptr_t)files};
    return rmv_pipeline_parse("rmv.yaml", text, strlen(text), &reader, pipeline);
}

/* Compares the stages, each as "NAME DEFINITION" on a line of its own. */
static void check_stages(const struct rmv_pipeline *pipeline, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf lines = {0};
    for (size_t i = 0; i < pipeline->count; i++) {
        rmv_buf_append_format(&lines, "%s ", pipeline->stages[i].name);
        rmv_stage_format_definition(&pipeline->stages[i], &lines);
        rmv_buf_append_string(&lines, "\n");
    }
    assert_string_equal(rmv_buf_string(&lines), wanted);
}

static void check(const char *const *files, const char *text, const char *wanted)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_OK(parse(files, text, &pipeline));
    check_stages(&pipeline, wanted);
}

/* The command of the one stage. */
static void check_cmd(const char *params, const char *cmd, const char *wanted)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("stages:\n  a:\n    cmd: %s\n", cmd);
    const char *const files[] = {"params.yaml", params, NULL};
    CHECK_OK(parse(files, text, &pipeline));
    assert_string_equal(pipeline.stages[0].cmd.text, wanted);
}

static void refuse(const char *const *files, const char *text, enum rmv_error_code code,
                   const char *words)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_SAYS(parse(files, text, &pipeline), code, words);
}

static const char *const no_files[] = {NULL};

/* ---- Names ---------------------------------------------------------------------------------- */

static void a_name_stands_for_a_value_of_params_yaml(void **state)
{
    (void)state;
    check_cmd("train: {rank: 10, list: [a, {b: c}]}\n", "fit ${train.rank}", "fit 10");
    check_cmd("train: {rank: 10, list: [a, {b: c}]}\n", "fit ${train.list[0]} ${train.list[-1].b}",
              "fit a c");
    check_cmd("train: {rank: 10}\n", "fit ${ train.rank }", "fit 10");
    check_cmd("a b: {c: d}\n", "${a b[c]}", "d");
}

static void values_become_text_as_python_prints_them(void **state)
{
    (void)state;
    check_cmd(
        "x: [true, false, null, 1, 1.0, 0.1, 1e-5, 0.0001, 1e16, 123456.789, -2.5e+300]\n",
        "${x[0]} ${x[1]} ${x[2]} ${x[3]} ${x[4]} ${x[5]} ${x[6]} ${x[7]} ${x[8]} ${x[9]} ${x[10]}",
        "true false None 1 1.0 0.1 1e-05 0.0001 1e+16 123456.789 -2.5e+300");
}

static void a_map_in_a_command_becomes_options(void **state)
{
    (void)state;
    check_cmd(
        "dict: {foo: foo, bar: 1, flag: true, off: false, nested: {a: it's}, list: [1, 'x y']}\n",
        "R train.R ${dict}",
        "R train.R --foo foo --bar 1 --flag --nested.a 'it'\"'\"'s' --list 1 'x y'");
    check_cmd("dict: {a: 1}\n", "${dict}", "--a 1");
    const char *const nested[] = {"params.yaml", "dict: {a: [[1]]}\n", NULL};
    refuse(nested, "stages:\n  a:\n    cmd: x ${dict}\n", RMV_ERR_USAGE,
           "rmv.yaml:3:10: 'a' is a list that holds a list");
}

static void settings_say_how_options_are_written(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const char *const files[] = {"params.yaml", "d: {a: [1, 2], b: false}\n", NULL};
    const struct rmv_pipeline_reader reader = {.read = read_file,
                                               .context = (void *)(uintptr_t)files,
                                               .negates_options = true,
                                               .repeats_options = true};
    static const char text[] = "stages:\n  a:\n    cmd: x ${d}\n";
    CHECK_OK(rmv_pipeline_parse("rmv.yaml", text, strlen(text), &reader, &pipeline));
    assert_string_equal(pipeline.stages[0].cmd.text, "x --a 1 --a 2 --no-b");
}

static void a_template_alone_keeps_its_kind(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const char *const files[] = {"params.yaml", "on: true\ndeps: [a, b]\nfile: m.json\n", NULL};
    CHECK_OK(parse(files,
                   "stages:\n  a:\n    cmd: x\n    frozen: ${on}\n    deps: ${deps}\n"
                   "    metrics:\n    - ${file}: {cache: false}\n",
                   &pipeline));
    assert_true(pipeline.stages[0].frozen);
    assert_int_equal(pipeline.stages[0].deps_count, 2);
    assert_string_equal(pipeline.stages[0].outs[0].path, "m.json");
}

static void an_escaped_template_is_for_the_shell(void **state)
{
    (void)state;
    check_cmd("x: 1\n", "echo ${x} \\${x} \\${HOME:-y} $x ${", "echo 1 ${x} ${HOME:-y} $x ${");
}

static void names_without_value_are_refused_with_their_place(void **state)
{
    (void)state;
    const char *const files[] = {"params.yaml", "a: {b: 1}\n", NULL};
    refuse(files, "stages:\n  a:\n    cmd: x ${a.c}\n", RMV_ERR_NOT_FOUND,
           "rmv.yaml:3:10: there is no value for ${a.c}");
    refuse(files, "stages:\n  a:\n    cmd: x ${a.b.c}\n", RMV_ERR_NOT_FOUND, "${a.b.c}");
    refuse(files, "stages:\n  a:\n    cmd: x ${HOME}\n", RMV_ERR_NOT_FOUND, "write \\${HOME}");
    refuse(files, "stages:\n  a:\n    cmd: x ${}\n", RMV_ERR_USAGE, "'${}' is no template");
    refuse(files, "stages:\n  a:\n    cmd: x ${a..b}\n", RMV_ERR_USAGE, "'${a..b}'");
    refuse(files, "stages:\n  a:\n    cmd: x ${a[b}\n", RMV_ERR_USAGE, "'${a[b}'");
    refuse(files, "stages:\n  a:\n    cmd: x\n    deps: ['p${a}']\n", RMV_ERR_USAGE,
           "rmv.yaml:4:12: ${a} is a map");
    refuse(files, "stages:\n  a:\n    cmd: x\n    frozen: ${a.b}\n", RMV_ERR_USAGE,
           "rmv.yaml:4:13");
}

/* ---- Variables ------------------------------------------------------------------------------ */

static void vars_come_from_the_file_and_from_others(void **state)
{
    (void)state;
    const char *const files[] = {"params.yaml",
                                 "models: {us: {thresh: 10}}\n",
                                 "more.yaml",
                                 "a: 1\nb: 2\nc: 3\n",
                                 "sub/own.yaml",
                                 "own: 5\n",
                                 NULL};
    check(files,
          "vars:\n- more.yaml:a,b\n- models: {gb: {thresh: 15}}\n- desc: text\n"
          "stages:\n  x:\n    wdir: sub\n    vars: [own.yaml, {z: w}]\n"
          "    cmd: ${a} ${b} ${models.us.thresh} ${models.gb.thresh} ${desc} ${own} ${z}\n",
          "x {\"cmd\": \"1 2 10 15 text 5 "
          "w\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": \"sub\"}\n");
    refuse(files, "vars: [more.yaml:a]\nstages: {x: {cmd: '${c}'}}\n", RMV_ERR_NOT_FOUND, "${c}");
}

static void vars_cannot_be_said_twice(void **state)
{
    (void)state;
    const char *const files[] = {"params.yaml", "m: {a: 1}\n", "more.yaml", "m: {a: 2}\n", NULL};
    refuse(files, "vars: [more.yaml]\nstages: {}\n", RMV_ERR_USAGE,
           "rmv.yaml:1:8: 'm.a' has a value already");
    refuse(files, "vars: [{m: 1}]\nstages: {}\n", RMV_ERR_USAGE, "'m' has a value already");
    refuse(files, "vars: [params.yaml:m]\nstages: {}\n", RMV_ERR_USAGE, "loaded already");
    refuse(files, "vars: [params.yaml]\nstages:\n  a: {vars: [{m: {a: 2}}], cmd: x}\n",
           RMV_ERR_USAGE, "'m.a' has a value already");
    check(files, "vars: [params.yaml, params.yaml]\nstages: {}\n", "");
}

static void wrong_vars_are_refused(void **state)
{
    (void)state;
    const char *const files[] = {"list.yaml", "[1]\n", NULL};
    refuse(files, "vars: [none.yaml]\n", RMV_ERR_NOT_FOUND, "rmv.yaml:1:8");
    refuse(files, "vars: [list.yaml]\n", RMV_ERR_USAGE, "'list.yaml' holds a list");
    refuse(files, "vars: [1]\n", RMV_ERR_USAGE, "rmv.yaml:1:8: 'vars' lists files and maps");
    refuse(files, "vars: x\n", RMV_ERR_USAGE, "rmv.yaml:1:7");
    refuse(files, "vars: [../x.yaml]\n", RMV_ERR_DENIED, "rmv.yaml:1:8");
    refuse(files, "vars: ['${x}']\n", RMV_ERR_USAGE, "can have none");
    refuse(NULL, "vars: [a.yaml]\n", RMV_ERR_NOT_FOUND, "a.yaml");
}

/* ---- Loops ---------------------------------------------------------------------------------- */

static void foreach_makes_a_stage_of_each_item(void **state)
{
    (void)state;
    check(
        no_files,
        "stages:\n  clean:\n    foreach: [raw1, labels1, 2]\n    do:\n"
        "      cmd: clean.py \"${item}\"\n      outs: ['${item}.cln']\n",
        "clean@raw1 {\"cmd\": \"clean.py "
        "\\\"raw1\\\"\", \"deps\": [], \"outs\": [\"raw1.cln\"], \"params\": {}, \"wdir\": \".\"}\n"
        "clean@labels1 {\"cmd\": \"clean.py "
        "\\\"labels1\\\"\", \"deps\": [], \"outs\": [\"labels1.cln\"], \"params\": {}, \"wdir\": "
        "\".\"}\n"
        "clean@2 {\"cmd\": \"clean.py "
        "\\\"2\\\"\", \"deps\": [], \"outs\": [\"2.cln\"], \"params\": {}, \"wdir\": \".\"}\n");
    check(no_files,
          "stages:\n  train:\n    foreach:\n      uk: {epochs: 3, thresh: 10}\n"
          "      us: {epochs: 10, thresh: 15}\n    do:\n"
          "      cmd: train '${key}' ${item.epochs} ${item.thresh}\n      outs: "
          "['model-${key}.hdfs']\n",
          "train@uk {\"cmd\": \"train 'uk' 3 "
          "10\", \"deps\": [], \"outs\": [\"model-uk.hdfs\"], \"params\": {}, \"wdir\": \".\"}\n"
          "train@us {\"cmd\": \"train 'us' 10 "
          "15\", \"deps\": [], \"outs\": [\"model-us.hdfs\"], \"params\": {}, \"wdir\": \".\"}\n");
    check(
        no_files,
        "stages:\n  t:\n    foreach: [{e: 3}, {e: 10}]\n    do: {cmd: 'train ${item.e}'}\n",
        "t@0 {\"cmd\": \"train 3\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": \".\"}\n"
        "t@1 {\"cmd\": \"train 10\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": "
        "\".\"}\n");
    const char *const files[] = {"params.yaml", "models: {us: {t: 1}, gb: {t: 2}}\n", NULL};
    check(
        files, "stages:\n  b:\n    foreach: ${models}\n    do: {cmd: 'x ${key} ${item.t}'}\n",
        "b@us {\"cmd\": \"x us 1\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": \".\"}\n"
        "b@gb {\"cmd\": \"x gb 2\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": "
        "\".\"}\n");
}

static void a_matrix_makes_a_stage_of_each_combination(void **state)
{
    (void)state;
    const char *const files[] = {"params.yaml", "datasets: [d1, d2]\n", NULL};
    check(
        files,
        "stages:\n  train:\n    matrix:\n      model: [cnn, xgb]\n      feature: ${datasets}\n"
        "      config: [{n: 1}]\n    cmd: ./t ${item.model} ${item.feature} ${item.config.n}\n"
        "    outs: ['${key}.pkl']\n",
        "train@cnn-d1-config0 {\"cmd\": \"./t cnn d1 "
        "1\", \"deps\": [], \"outs\": [\"cnn-d1-config0.pkl\"], \"params\": {}, \"wdir\": \".\"}\n"
        "train@cnn-d2-config0 {\"cmd\": \"./t cnn d2 "
        "1\", \"deps\": [], \"outs\": [\"cnn-d2-config0.pkl\"], \"params\": {}, \"wdir\": \".\"}\n"
        "train@xgb-d1-config0 {\"cmd\": \"./t xgb d1 "
        "1\", \"deps\": [], \"outs\": [\"xgb-d1-config0.pkl\"], \"params\": {}, \"wdir\": \".\"}\n"
        "train@xgb-d2-config0 {\"cmd\": \"./t xgb d2 "
        "1\", \"deps\": [], \"outs\": [\"xgb-d2-config0.pkl\"], \"params\": {}, \"wdir\": "
        "\".\"}\n");
    check(files, "stages:\n  t:\n    matrix: {a: []}\n    cmd: x ${item.a}\n", "");
    check(files, "stages:\n  t:\n    matrix: {a: [1, 1]}\n    cmd: x ${item.a}\n",
          "t@1 {\"cmd\": \"x 1\", \"deps\": [], \"outs\": [], \"params\": {}, \"wdir\": \".\"}\n");
}

static void wrong_loops_are_refused(void **state)
{
    (void)state;
    refuse(no_files, "stages:\n  a:\n    foreach: 3\n    do: {cmd: x}\n", RMV_ERR_USAGE,
           "rmv.yaml:3:14: 'foreach' needs a list or a map");
    refuse(no_files, "stages:\n  a:\n    foreach: [1]\n", RMV_ERR_USAGE,
           "rmv.yaml:2:3: stage 'a' has no 'do'");
    refuse(no_files, "stages:\n  a:\n    do: {cmd: x}\n", RMV_ERR_USAGE, "has no 'foreach'");
    refuse(no_files, "stages:\n  a:\n    foreach: [1]\n    do: x\n", RMV_ERR_USAGE, "rmv.yaml:4:9");
    refuse(no_files, "stages:\n  a:\n    foreach: [1]\n    cmd: x\n    do: {cmd: x}\n",
           RMV_ERR_USAGE, "rmv.yaml:4:5: 'cmd' has no place beside 'foreach'");
    refuse(no_files, "stages:\n  a:\n    foreach: [1]\n    do: {cdm: x}\n", RMV_ERR_USAGE,
           "did you mean 'cmd'?");
    refuse(no_files, "stages:\n  a:\n    matrix: {}\n    cmd: x\n", RMV_ERR_USAGE, "is empty");
    refuse(no_files, "stages:\n  a:\n    matrix: {x: 1}\n    cmd: x\n", RMV_ERR_USAGE,
           "'x' of 'matrix'");
    refuse(no_files, "stages:\n  a@1: {cmd: x}\n  a:\n    foreach: [1]\n    do: {cmd: y}\n",
           RMV_ERR_USAGE, "there is a stage 'a@1' already");
}

static void templates_cannot_make_too_much(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "vars:\n- x: ");
    for (size_t i = 0; i < 100000; i++)
        rmv_buf_append_string(&text, "abcdefghij");
    rmv_buf_append_string(&text, "\nstages:\n  a:\n    cmd: \"");
    for (size_t i = 0; i < 300; i++)
        rmv_buf_append_string(&text, "${x}");
    rmv_buf_append_string(&text, "\"\n");
    refuse(no_files, rmv_buf_string(&text), RMV_ERR_LIMIT, "more than 256 MiB");
    refuse(no_files,
           "vars:\n- x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nstages:\n  a:\n    matrix:\n"
           "      {a: '${x}', b: '${x}', c: '${x}', d: '${x}', e: '${x}', f: '${x}'}\n    cmd: y\n",
           RMV_ERR_LIMIT, "more than 100000 stages");
}

static void a_long_loop_has_all_its_stages_soon(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "stages:\n  s:\n    foreach:\n");
    for (size_t i = 0; i < 2000; i++)
        rmv_buf_append_format(&text, "    - {id: %zu, name: n%zu}\n", i, i);
    rmv_buf_append_string(&text, "    do:\n      cmd: run ${item.name} --id ${item.id}\n"
                                 "      deps: [run, 'in/${item.name}']\n"
                                 "      outs: ['out/${item.name}': {desc: 'of ${item.id}'}]\n");
    const clock_t start = clock();
    CHECK_OK(parse(no_files, rmv_buf_string(&text), &pipeline));
    /* It takes 20 ms; much more under a sanitizer. */
    assert_true(clock() - start < CLOCKS_PER_SEC);
    assert_int_equal(pipeline.count, 2000);
    assert_string_equal(pipeline.stages[1999].name, "s@1999");
    assert_string_equal(pipeline.stages[1999].outs[0].path, "out/n1999");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_name_stands_for_a_value_of_params_yaml),
        TEST(values_become_text_as_python_prints_them),
        TEST(a_map_in_a_command_becomes_options),
        TEST(settings_say_how_options_are_written),
        TEST(a_template_alone_keeps_its_kind),
        TEST(an_escaped_template_is_for_the_shell),
        TEST(names_without_value_are_refused_with_their_place),
        TEST(vars_come_from_the_file_and_from_others),
        TEST(vars_cannot_be_said_twice),
        TEST(wrong_vars_are_refused),
        TEST(foreach_makes_a_stage_of_each_item),
        TEST(a_matrix_makes_a_stage_of_each_combination),
        TEST(wrong_loops_are_refused),
        TEST(templates_cannot_make_too_much),
        TEST(a_long_loop_has_all_its_stages_soon),
    };
    return RUN_TESTS(tests);
}
