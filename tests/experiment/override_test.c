#include "rmv/experiment/override.h"

#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/experiment/experiment.h"
#include "test.h"

/* The values that "KEY=text" stands for, as JSON. */
static void check_values(const char *text, const char *json)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings typed = {0};
    RMV_CLEANUP(rmv_override_sets_free) struct rmv_override_sets sets = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    rmv_strings_take(&typed, rmv_str_format("a.b=%s", text));
    CHECK_OK(rmv_override_parse(&typed, &sets));
    rmv_value_set_list(&list);
    for (size_t i = 0; i < sets.count; i++) {
        assert_int_equal(sets.items[i].count, 1);
        assert_string_equal(sets.items[i].items[0].file, "params.yaml");
        assert_string_equal(sets.items[i].items[0].key, "a.b");
        rmv_value_copy(rmv_value_append(&list), &sets.items[i].items[0].value);
    }
    rmv_json_format(&list, false, &out);
    assert_string_equal(rmv_buf_string(&out), json);
}

static void check_refused(const char *text)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings typed = {0};
    struct rmv_override_sets sets = {0};
    rmv_strings_add(&typed, text);
    CHECK_FAILS(rmv_override_parse(&typed, &sets), RMV_ERR_USAGE);
    assert_int_equal(sets.count, 0);
}

static void values_are_yaml(void **state)
{
    (void)state;
    check_values("20", "[20]");
    check_values("0.5", "[0.5]");
    check_values("true", "[true]");
    check_values("null", "[null]");
    check_values("yes", "[\"yes\"]");
    check_values("'20'", "[\"20\"]");
    check_values("", "[\"\"]");
    check_values("a=b", "[\"a=b\"]");
    check_values("[1, 2]", "[[1, 2]]");
    check_values("{x: 1, y: [2, 3]}", "[{\"x\": 1, \"y\": [2, 3]}]");
    check_values("'a, b'", "[\"a, b\"]");
}

static void several_values_are_several_sets(void **state)
{
    (void)state;
    check_values("10,20, 50", "[10, 20, 50]");
    check_values("[1,2],[3]", "[[1, 2], [3]]");
    check_values("\"a\\\",b\",c", "[\"a\\\",b\", \"c\"]");
    check_values("choice(adam, sgd)", "[\"adam\", \"sgd\"]");
    check_values("range(1, 4)", "[1, 2, 3]");
    check_values("range(3)", "[0, 1, 2]");
    check_values("range(10, 0, -5)", "[10, 5]");
    check_values("range(0.1, 0.4, 0.1)", "[0.1, 0.2, 0.3]");
}

static void what_is_no_override_is_refused(void **state)
{
    (void)state;
    check_refused("a");
    check_refused("=1");
    check_refused("f:=1");
    check_refused(":a=1");
    check_refused("a..b=1");
    check_refused("a.=1");
    check_refused("~a=1");
    check_refused("a=1,");
    check_refused("a=,1");
    check_refused("a=[1");
    check_refused("a=range(1, x)");
    check_refused("a=range(1, 1)");
    check_refused("a=range(1, 2, 0)");
    check_refused("a=range(0, 1e9)");
    check_refused("a=range(1, 2, 3, 4)");
}

static void every_combination_is_made_and_the_last_varies_fastest(void **state)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings typed = {0};
    RMV_CLEANUP(rmv_override_sets_free) struct rmv_override_sets sets = {0};
    (void)state;

    rmv_strings_add(&typed, "a=1,2");
    rmv_strings_add(&typed, "conf/m.json:+b=x,y,z");
    rmv_strings_add(&typed, "~c");
    CHECK_OK(rmv_override_parse(&typed, &sets));
    assert_int_equal(sets.count, 6);
    const struct rmv_override *items = sets.items[4].items;
    assert_int_equal(sets.items[4].count, 3);
    assert_int_equal(items[0].value.integer, 2);
    assert_string_equal(items[1].value.text, "y");
    assert_string_equal(items[1].file, "conf/m.json");
    assert_string_equal(items[1].key, "b");
    assert_int_equal(items[1].kind, RMV_OVERRIDE_ADD);
    assert_int_equal(items[2].kind, RMV_OVERRIDE_REMOVE);
}

static void nothing_typed_is_one_empty_set(void **state)
{
    static const struct rmv_strings nothing = {0};
    RMV_CLEANUP(rmv_override_sets_free) struct rmv_override_sets sets = {0};
    (void)state;
    CHECK_OK(rmv_override_parse(&nothing, &sets));
    assert_int_equal(sets.count, 1);
    assert_int_equal(sets.items[0].count, 0);
}

static void too_many_combinations_are_refused(void **state)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings typed = {0};
    struct rmv_override_sets sets = {0};
    (void)state;
    rmv_strings_add(&typed, "a=range(1000)");
    rmv_strings_add(&typed, "b=range(11)");
    CHECK_FAILS(rmv_override_parse(&typed, &sets), RMV_ERR_LIMIT);
}

static void references_say_baseline_and_name(void **state)
{
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};
    static const char id[] = "0123456789abcdef0123456789abcdef01234567";
    (void)state;

    RMV_CLEANUP(rmv_str_free) char *reference = rmv_experiment_reference_of(id, "brave-otter");
    assert_string_equal(reference,
                        "refs/exps/01/23456789abcdef0123456789abcdef01234567/brave-otter");
    assert_true(rmv_experiment_parse_reference(reference, &experiment));
    assert_string_equal(experiment.baseline, id);
    assert_string_equal(experiment.name, "brave-otter");
}

static void other_references_are_no_experiments(void **state)
{
    struct rmv_experiment experiment = {0};
    (void)state;
    assert_false(rmv_experiment_parse_reference("refs/exps/queue/brave-otter", &experiment));
    assert_false(rmv_experiment_parse_reference("refs/exps/01/2345/name", &experiment));
    assert_false(rmv_experiment_parse_reference("refs/heads/main", &experiment));
}

static void names_that_git_would_refuse_are_refused(void **state)
{
    static const char *const bad[] = {"",    "-a",  ".a",  "a.",     "a..b",
                                      "a/b", "a b", "a~1", "a.lock", "a\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_FAILS(rmv_experiment_check_name(bad[i]), RMV_ERR_USAGE);
    CHECK_OK(rmv_experiment_check_name("rank-20_v1.2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_yaml),
        TEST(several_values_are_several_sets),
        TEST(what_is_no_override_is_refused),
        TEST(every_combination_is_made_and_the_last_varies_fastest),
        TEST(nothing_typed_is_one_empty_set),
        TEST(too_many_combinations_are_refused),
        TEST(references_say_baseline_and_name),
        TEST(other_references_are_no_experiments),
        TEST(names_that_git_would_refuse_are_refused),
    };
    return RUN_TESTS(tests);
}
