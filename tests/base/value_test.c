#include "rmv/base/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "test.h"

#define MANY 100000

static struct rmv_value parsed(const char *json)
{
    struct rmv_value value = {0};
    CHECK_OK(rmv_json_parse("test", json, strlen(json), &value));
    return value;
}

static void a_null_becomes_what_is_added_to_it(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    rmv_value_set_int(rmv_value_add(&map, "a"), 1);
    rmv_value_set_text(rmv_value_append(rmv_value_add(&map, "b")), "x");
    rmv_value_set_int(rmv_value_add(&map, "a"), 2); /* the existing one */
    assert_int_equal(map.map.count, 2);
    assert_int_equal(rmv_value_find(&map, "a")->integer, 2);
    assert_string_equal(rmv_value_find_path(&map, "b.0")->text, "x");
}

static void a_large_map_is_built_searched_and_thinned_quickly(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0}, copy = {0};
    char key[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        rmv_value_set_int(rmv_value_add(&map, key), i);
    }
    rmv_value_copy(&copy, &map);
    rmv_value_remove(&copy, "key500");
    assert_int_equal(copy.map.count, MANY - 1);
    assert_null(rmv_value_find(&copy, "key500"));
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        assert_int_equal(rmv_value_find(&map, key)->integer, i);
        assert_true(i == 500 || rmv_value_find(&copy, key)->integer == i);
    }
    assert_string_equal(copy.map.members[500].key, "key501"); /* the order is kept */
    assert_null(rmv_value_find(&map, "key"));
}

static void removing_keeps_the_other_members(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = parsed("{\"a\":1,\"b\":[2],\"c\":3}");
    rmv_value_remove(&map, "b");
    rmv_value_remove(&map, "nothing");
    assert_int_equal(map.map.count, 2);
    assert_int_equal(rmv_value_find(&map, "c")->integer, 3);
    rmv_value_remove(&map, "a");
    rmv_value_remove(&map, "c");
    assert_int_equal(map.kind, RMV_VALUE_MAP);
    rmv_value_set_bool(rmv_value_add(&map, "d"), true);
    assert_true(rmv_value_find(&map, "d")->boolean);
}

static void paths_lead_through_maps_and_lists(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free)
    struct rmv_value value = parsed("{\"a\":{\"b\":[{\"c\":7},[8]]},\"\":{\"\":9}}");
    assert_int_equal(rmv_value_find_path(&value, "a.b.0.c")->integer, 7);
    assert_int_equal(rmv_value_find_path(&value, "a.b.1.0")->integer, 8);
    assert_int_equal(rmv_value_find_path(&value, ".")->integer, 9);
    const char *const missing[] = {"a.b.2",
                                   "a.b.-1",
                                   "a.b.x",
                                   "a.b.",
                                   "a.b.0.c.d",
                                   "a..b.0",
                                   "a.b.00000000000000000000000000000000009",
                                   "a.b.18446744073709551616",
                                   "x"};
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        assert_null(rmv_value_find_path(&value, missing[i]));
}

static void text_is_found_only_where_it_is_text(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = parsed("{\"a\":\"x\",\"b\":1}");
    assert_string_equal(rmv_value_find_text(&value, "a"), "x");
    assert_null(rmv_value_find_text(&value, "b"));
    assert_null(rmv_value_find_text(rmv_value_find(&value, "b"), "a"));
}

static void equality_ignores_the_order_of_keys_only(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"1", "1.0", false},
        {"\"1\"", "1", false},
        {"null", "false", false},
        {"[true,null,\"x\",1.5]", "[true,null,\"x\",1.5]", true},
        {"true", "false", false},
        {"1.5", "1.25", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value a = parsed(cases[i].a);
        RMV_CLEANUP(rmv_value_free) struct rmv_value b = parsed(cases[i].b);
        assert_int_equal(rmv_value_equal(&a, &b), cases[i].equal);
        assert_int_equal(rmv_value_equal(&b, &a), cases[i].equal);
    }
    const struct rmv_value nan = {.kind = RMV_VALUE_DOUBLE, .number = NAN};
    assert_true(rmv_value_equal(&nan, &nan));
}

static void a_part_can_be_copied_over_its_whole(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = parsed("{\"a\":{\"b\":[\"x\"]}}");
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = parsed("[\"x\"]");
    rmv_value_copy(&value, rmv_value_find_path(&value, "a.b"));
    assert_true(rmv_value_equal(&value, &expected));
    rmv_value_set_text(&expected, expected.list.items[0].text);
    assert_string_equal(expected.text, "x");
}

static void complaints_name_the_place_and_the_nearest_key(void **state)
{
    static const char *const known[] = {"cmd", "deps", "outs", NULL};
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = parsed("{\"deps\":1}");
    CHECK_OK(rmv_value_check_keys("f", &value, known, "stage 'a'"));
    rmv_value_add(&value, "dep");
    value.map.members[1].line = 4;
    value.map.members[1].column = 7;
    CHECK_SAYS(rmv_value_check_keys("f", &value, known, "stage 'a'"), RMV_ERR_USAGE,
               "f:4:7: stage 'a' has the unknown key 'dep', did you mean 'deps'?");
    rmv_value_remove(&value, "dep");
    rmv_value_add(&value, "something_else");
    CHECK_SAYS(rmv_value_check_keys("f", &value, known, "it"), RMV_ERR_USAGE, "cmd, deps, outs");
    CHECK_SAYS(rmv_value_check_keys("f", &value.map.members[0].value, known, "it"), RMV_ERR_USAGE,
               "f: it should be a map (key: value), not a whole number");
    CHECK_OK(rmv_value_expect("f", &value, RMV_VALUE_MAP, "it"));
    rmv_value_add(&value, "esc\033\n");
    rmv_value_remove(&value, "something_else");
    CHECK_SAYS(rmv_value_check_keys("f", &value, known, NULL), RMV_ERR_USAGE,
               "f: unknown key '\"esc\\033\\n\"'\nhint: known here: cmd, deps, outs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_null_becomes_what_is_added_to_it),
        TEST(a_large_map_is_built_searched_and_thinned_quickly),
        TEST(removing_keeps_the_other_members),
        TEST(paths_lead_through_maps_and_lists),
        TEST(text_is_found_only_where_it_is_text),
        TEST(equality_ignores_the_order_of_keys_only),
        TEST(a_part_can_be_copied_over_its_whole),
        TEST(complaints_name_the_place_and_the_nearest_key),
    };
    return RUN_TESTS(tests);
}
