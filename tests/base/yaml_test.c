#include "rmv/base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *parse(const char *yaml, struct rmv_value *out)
{
    return rmv_yaml_parse("f", yaml, strlen(yaml), out);
}

/* `yaml` means what the JSON text says. */
static void check_means(const char *yaml, const char *json)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse(yaml, &value));
    rmv_json_format(&value, false, &text);
    assert_string_equal(rmv_buf_string(&text), json);
}

static void check_refused(const char *yaml, enum rmv_error_code code, const char *message)
{
    struct rmv_value value = {0};
    CHECK_SAYS(parse(yaml, &value), code, message);
    assert_int_equal(value.kind, RMV_VALUE_NULL);
}

static void plain_scalars_follow_the_core_schema(void **state)
{
    (void)state;
    check_means("[yes, no, on, off, y]", "[\"yes\", \"no\", \"on\", \"off\", \"y\"]");
    check_means("[true, True, TRUE, false, tRue]", "[true, true, true, false, \"tRue\"]");
    check_means("[null, ~, Null, nuLL]", "[null, null, null, \"nuLL\"]");
    check_means("[010, 0o17, 0x1F, +7, -3, 0o8, 0b2]", "[10, 15, 31, 7, -3, \"0o8\", \"0b2\"]");
    check_means("[1.0, 1e3, .5, 5., -1.5e-3, +.5]", "[1.0, 1000.0, 0.5, 5.0, -0.0015, 0.5]");
    check_means("[., e1, 1e, .e1, 1.2.3, '-', 0o8, 0x, 1 2]",
                "[\".\", \"e1\", \"1e\", \".e1\", \"1.2.3\", \"-\", \"0o8\", \"0x\", \"1 2\"]");
    check_means("[2024-01-01, 12:30:45]", "[\"2024-01-01\", \"12:30:45\"]");
    check_means("[9223372036854775807, -9223372036854775808]",
                "[9223372036854775807, -9223372036854775808]");
}

static void numbers_are_also_read_as_dvc_does(void **state)
{
    (void)state;
    check_means("[1_000, 1__0, 1_, 0b11, -0x1f, 0xf_f, 0o1_7]", "[1000, 10, 1, 3, -31, 255, 15]");
    check_means("[1_000.5, 1_0e3, ._5, -1_0.]", "[1000.5, 10000.0, 0.5, -10.0]");
    check_means("[_1, -_1, 1e_3, 1_a, 1_2_x]", "[\"_1\", \"-_1\", \"1e_3\", \"1_a\", \"1_2_x\"]");
}

static void infinities_and_nan_are_doubles(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse("[.inf, -.INF, +.Inf, .nan]", &value));
    rmv_yaml_format(&value, &text);
    assert_string_equal(rmv_buf_string(&text), "- .inf\n- -.inf\n- .inf\n- .nan\n");
}

static void quoted_scalars_are_strings(void **state)
{
    (void)state;
    check_means("['1', \"true\", '', \"~\"]", "[\"1\", \"true\", \"\", \"~\"]");
    check_means("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\": \"x\\ny\\n\", \"b\": \"x y\"}");
}

static void core_tags_are_obeyed_and_others_refused(void **state)
{
    (void)state;
    check_means("[!!str 1, !!int '3', !!float 1, !!null '', ! 7, !!seq [], !!map {}]",
                "[\"1\", 3, 1.0, null, \"7\", [], {}]");
    check_refused("a: !!int x", RMV_ERR_CORRUPT, "f:1:4: 'x' is tagged '!!int'");
    check_refused("a: !!python/object:os.system x", RMV_ERR_CORRUPT, "has no meaning here");
    check_refused("!mine {a: 1}", RMV_ERR_CORRUPT, "'!mine'");
    check_refused("!!set {a}", RMV_ERR_CORRUPT, "f:1:1");
}

static void numbers_too_big_for_64_bits_are_refused(void **state)
{
    (void)state;
    check_refused("a:\n  9223372036854775808", RMV_ERR_LIMIT, "f:2:3: the number");
    check_means("!!str 9223372036854775808", "\"9223372036854775808\"");
}

static void empty_documents_are_null(void **state)
{
    (void)state;
    check_means("", "null");
    check_means("# nothing\n", "null");
    check_means("---\n", "null");
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_OK(rmv_yaml_parse("f", NULL, 0, &value));
}

static void values_and_keys_know_their_places(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_OK(parse("# über\nä: {ö: [x, ü, y]}\n", &value));
    assert_int_equal(value.map.members[0].line, 2);
    assert_int_equal(value.map.members[0].column, 1);
    const struct rmv_value *y = rmv_value_find_path(&value, "ä.ö.2");
    assert_int_equal(y->line, 2);
    assert_int_equal(y->column, 15);
}

static void keys_become_text(void **state)
{
    (void)state;
    check_means("{1: a, true: b, ~: c, 0x1: d, 'x y': e}",
                "{\"1\": \"a\", \"true\": \"b\", \"~\": \"c\", \"0x1\": \"d\", \"x y\": \"e\"}");
    check_refused("[a]: 1", RMV_ERR_CORRUPT, "f:1:1: a list or a map cannot be a key");
}

static void duplicate_keys_are_refused_with_both_lines(void **state)
{
    (void)state;
    check_refused("a: 1\nb: 2\na: 3\n", RMV_ERR_CORRUPT, "f:3:1: the key 'a' is already on line 1");
    check_refused("1: x\n'1': y\n", RMV_ERR_CORRUPT, "f:2:1: the key '1'");
}

static void aliases_and_merge_keys_are_resolved(void **state)
{
    (void)state;
    check_means("a: &x {p: 1, q: [2]}\nb: *x\n",
                "{\"a\": {\"p\": 1, \"q\": [2]}, \"b\": {\"p\": 1, \"q\": [2]}}");
    check_means("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n",
                "{\"a\": {\"p\": 1, \"q\": 2}, \"b\": {\"q\": 3, \"p\": 1}}");
    check_means("<<: [{p: 1}, {p: 2, q: 3}]\n", "{\"p\": 1, \"q\": 3}");
    check_means("'<<': 1\n", "{\"<<\": 1}");
    check_means("- &k key\n- {*k : 1}\n", "[\"key\", {\"key\": 1}]");
    check_means("- &k 1\n- &k 2\n- *k\n", "[1, 2, 2]");
    check_refused("<<: 3\n", RMV_ERR_CORRUPT, "f:1:5: '<<' wants a map or a list of maps");
    check_refused("<<: {}\n<<: {}\n", RMV_ERR_CORRUPT, "f:2:1: the key '<<' is already on line 1");
}

static void aliases_to_nothing_or_to_themselves_are_refused(void **state)
{
    (void)state;
    check_refused("a: *x\n", RMV_ERR_CORRUPT, "f:1:4: the alias '*x' stands for nothing");
    check_refused("a: &x [1, *x]\n", RMV_ERR_CORRUPT, "f:1:11: the alias '*x'");
    check_refused("- &x 1\n- &x [*x]\n", RMV_ERR_CORRUPT, "f:2:7: the alias '*x'");
}

static void a_billion_laughs_are_refused_in_time(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "a0: &a0 [lol]\n");
    for (int i = 1; i < 30; i++)
        rmv_buf_append_format(&text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1,
                              i - 1);
    const clock_t start = clock();
    check_refused(rmv_buf_string(&text), RMV_ERR_LIMIT, "f:8:25: aliases repeat");
    assert_true(clock() - start < 60 * CLOCKS_PER_SEC);
}

static void merge_keys_of_many_maps_are_no_laughs(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    rmv_buf_append_string(&text, "d: &d {");
    for (int i = 0; i < 40; i++)
        rmv_buf_append_format(&text, "k%d: %d, ", i, i);
    rmv_buf_append_string(&text, "}\n");
    for (int i = 0; i < 10000; i++)
        rmv_buf_append_format(&text, "s%d: {<<: *d, cmd: echo %d, a: 1, b: 2}\n", i, i);
    assert_null(rmv_yaml_parse("f", text.data, text.size, &value));
    assert_int_equal(value.map.members[10000].value.map.count, 43);
}

static void aliases_do_not_multiply_long_texts_without_end(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "- &a ");
    memset(rmv_buf_reserve(&text, 1 << 20), 'x', 1 << 20);
    text.size += 1 << 20;
    for (int i = 0; i < 100; i++)
        rmv_buf_append_string(&text, "\n- *a");
    check_refused(rmv_buf_string(&text), RMV_ERR_LIMIT, "bytes of text");
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[2 * RMV_YAML_DEPTH_MAX + 3];
    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    check_refused(text, RMV_ERR_LIMIT, "nested deeper");

    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    memset(text + RMV_YAML_DEPTH_MAX, ']', RMV_YAML_DEPTH_MAX);
    CHECK_OK(rmv_yaml_parse("f", text, (size_t)2 * RMV_YAML_DEPTH_MAX, &value));
}

static void broken_text_is_refused_with_its_place(void **state)
{
    (void)state;
    check_refused("a: [1, 2\nb: 3\n", RMV_ERR_CORRUPT, "f:2:2: ");
    check_refused("a: 'x\n", RMV_ERR_CORRUPT, "f:2:1: ");
    check_refused("a: 1\n b: 2\n", RMV_ERR_CORRUPT, "f:2:3: ");
    check_refused("a:\n\t- b\n", RMV_ERR_CORRUPT, "f:2:1: ");
    check_refused("ok: 1\nbad: \xff\n", RMV_ERR_CORRUPT, "f:2:6: ");
    check_refused("a: \"\\0\"\n", RMV_ERR_CORRUPT, "NUL");
    check_refused("\"a\\0b\": 1\n", RMV_ERR_CORRUPT, "NUL");
    check_refused("a: 1\n---\nb: 2\n", RMV_ERR_CORRUPT, "f:2:1: a second document");
    struct rmv_value value = {0};
    CHECK_FAILS(rmv_yaml_parse("f", "a: \0b", 5, &value), RMV_ERR_CORRUPT);
}

static void a_map_of_100000_keys_is_read_in_no_time(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_format(&text, "key%d: %d\n", i, i);
    const clock_t start = clock();
    CHECK_OK(rmv_yaml_parse("f", text.data, text.size, &value));
    assert_true(clock() - start < 60 * CLOCKS_PER_SEC);
    assert_int_equal(value.map.count, 100000);
}

static void files_are_read_or_the_error_names_them(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    test_write("a.yaml", "x: 1\n");
    test_write("b.yaml", "x: [\n");
    CHECK_OK(rmv_yaml_read("a.yaml", &value));
    assert_int_equal(rmv_value_find(&value, "x")->integer, 1);
    CHECK_SAYS(rmv_yaml_read("b.yaml", &value), RMV_ERR_CORRUPT, "b.yaml:2:1: ");
    CHECK_SAYS(rmv_yaml_read("none.yaml", &value), RMV_ERR_NOT_FOUND, "none.yaml");
}

/* The value that the JSON text says is written as `yaml`, which reads back the same. */
static void check_written(const char *json, const char *yaml)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0}, again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(rmv_json_parse("json", json, strlen(json), &value));
    rmv_yaml_format(&value, &text);
    assert_string_equal(rmv_buf_string(&text), yaml);
    CHECK_OK(parse(yaml, &again));
    assert_true(rmv_value_equal(&value, &again));
}

static void documents_are_written_in_block_style(void **state)
{
    (void)state;
    check_written("{\"outs\":[{\"path\":\"raw\",\"size\":12},{\"path\":\"x\"}],\"n\":null}",
                  "outs:\n- path: raw\n  size: 12\n- path: x\nn: null\n");
    check_written("{\"a\":{\"b\":{\"c\":[]}},\"d\":{},\"e\":[[1,[2]],{\"f\":[3]}]}",
                  "a:\n  b:\n    c: []\nd: {}\ne:\n- - 1\n  - - 2\n- f:\n  - 3\n");
    check_written("[]", "[]\n");
    check_written("{}", "{}\n");
    check_written("\"x\"", "x\n");
    check_written("[1, 1.0, 0.1, 1e100, -2.5, true]",
                  "- 1\n- 1.0\n- 0.1\n- 1.0e+100\n- -2.5\n- true\n");
}

static void strings_are_quoted_where_they_would_be_something_else(void **state)
{
    (void)state;
    check_written("[\"\",\"1\",\"1.5\",\"true\",\"null\",\"~\",\"yes\",\"0x1\",\".inf\"]",
                  "- ''\n- '1'\n- '1.5'\n- 'true'\n- 'null'\n- '~'\n- 'yes'\n- '0x1'\n- '.inf'\n");
    check_written("[\"2024-01-01\",\"1:30\",\"1_000\",\"99999999999999999999\"]",
                  "- '2024-01-01'\n- '1:30'\n- '1_000'\n- '99999999999999999999'\n");
    check_written("[\"- a\",\"-\",\"---\",\"-x\",\"? a\",\"a: b\",\"a:b\",\"a:\",\"a #b\",\"a#b\"]",
                  "- '- a'\n- '-'\n- '---'\n- -x\n- '? a'\n- 'a: b'\n- a:b\n- 'a:'\n- 'a #b'\n"
                  "- a#b\n");
    check_written(
        "[\" a\",\"a \",\"it's\",\"'x'\",\"#a\",\"&a\",\"*a\",\"!a\",\"%a\",\"@a\",\"[a\",\"a]\"]",
        "- ' a'\n- 'a '\n- it's\n- '''x'''\n- '#a'\n- '&a'\n- '*a'\n- '!a'\n- '%a'\n- '@a'\n"
        "- '[a'\n- a]\n");
    check_written("{\"1\":1,\"<<\":2,\"a: b\":3,\"x\\ny\":4}",
                  "'1': 1\n'<<': 2\n'a: b': 3\n\"x\\ny\": 4\n");
}

static void control_and_odd_characters_are_escaped(void **state)
{
    (void)state;
    check_written(
        "[\"\\t\",\"a\\u0001\",\"\\u0085\",\"\\u2028\",\"\\ufeff\",\"\\ud83d\\ude00 \\u00fc\"]",
        "- \"\\t\"\n- \"a\\x01\"\n- \"\\x85\"\n- \"\\u2028\"\n- \"\\uFEFF\"\n"
        "- \xf0\x9f\x98\x80 \xc3\xbc\n");
}

static void texts_of_several_lines_are_literal_blocks(void **state)
{
    (void)state;
    check_written("{\"cmd\":\"a\\nb\\n\",\"x\":[\"c\\nd\",\"e\\n\\nf\\n\\n\"]}",
                  "cmd: |\n  a\n  b\nx:\n- |-\n  c\n  d\n- |+\n  e\n\n  f\n\n");
    check_written("[\" a\\nb\",\"\\na\",\"a \\nb\",\"\\n\",\"a\\r\\nb\",\"# a\\n: b\\n\"]",
                  "- \" a\\nb\"\n- \"\\na\"\n- \"a \\nb\"\n- \"\\n\"\n- \"a\\x0D\\nb\"\n"
                  "- |\n  # a\n  : b\n");
    check_written("\"---\\n...\\n\"", "|\n  ---\n  ...\n");
}

static void long_keys_are_written_so_that_they_read_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0}, again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char key[3001];
    for (size_t size = 900; size <= 3000; size += 50) {
        memset(key, 'k', size);
        key[size] = '\0';
        rmv_value_set_int(rmv_value_append(rmv_value_add(rmv_value_add(&value, key), "a")), 1);
        rmv_value_set_int(rmv_value_append(rmv_value_add(&value, key + 1)), 1);
        memset(key, '\t', size); /* longer when escaped */
        rmv_value_set_int(rmv_value_add(&value, key + size / 2), 1);
    }
    rmv_yaml_format(&value, &text);
    CHECK_OK(rmv_yaml_parse("f", text.data, text.size, &again));
    assert_true(rmv_value_equal(&value, &again));
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_value_set_text(&value, "a\xff\xc3");
    rmv_yaml_format(&value, &text);
    assert_string_equal(rmv_buf_string(&text), "\"a\xef\xbf\xbd\xef\xbf\xbd\"\n");
}

static void random_strings_read_back_the_same(void **state)
{
    static const char *const parts[] = {"a",  " ", "\n", "-", ":", "#", "'", "\"", "\\",
                                        "\t", "1", ".",  "e", "é", "|", ">", "?",  "\xe2\x80\xa8",
                                        "{",  ",", "\r"};
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0}, again = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf string = {0}, text = {0};
        for (int n = rand_r(&seed) % 9; n > 0; n--)
            rmv_buf_append_string(
                &string, parts[(size_t)rand_r(&seed) % (sizeof(parts) / sizeof(parts[0]))]);
        struct rmv_value *map = rmv_value_append(&value);
        rmv_value_set_text(rmv_value_add(map, rmv_buf_string(&string)), rmv_buf_string(&string));
        rmv_value_set_text(rmv_value_append(&value), rmv_buf_string(&string));
        rmv_yaml_format(&value, &text);
        CHECK_OK(rmv_yaml_parse("f", text.data, text.size, &again));
        assert_true(rmv_value_equal(&value, &again));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_scalars_follow_the_core_schema),
        TEST(numbers_are_also_read_as_dvc_does),
        TEST(infinities_and_nan_are_doubles),
        TEST(quoted_scalars_are_strings),
        TEST(core_tags_are_obeyed_and_others_refused),
        TEST(numbers_too_big_for_64_bits_are_refused),
        TEST(empty_documents_are_null),
        TEST(values_and_keys_know_their_places),
        TEST(keys_become_text),
        TEST(duplicate_keys_are_refused_with_both_lines),
        TEST(aliases_and_merge_keys_are_resolved),
        TEST(aliases_to_nothing_or_to_themselves_are_refused),
        TEST(a_billion_laughs_are_refused_in_time),
        TEST(merge_keys_of_many_maps_are_no_laughs),
        TEST(aliases_do_not_multiply_long_texts_without_end),
        TEST(deep_nesting_is_refused),
        TEST(broken_text_is_refused_with_its_place),
        TEST(a_map_of_100000_keys_is_read_in_no_time),
        TEST(files_are_read_or_the_error_names_them),
        TEST(documents_are_written_in_block_style),
        TEST(strings_are_quoted_where_they_would_be_something_else),
        TEST(control_and_odd_characters_are_escaped),
        TEST(texts_of_several_lines_are_literal_blocks),
        TEST(long_keys_are_written_so_that_they_read_back),
        TEST(bytes_that_are_not_utf8_become_replacement_characters),
        TEST(random_strings_read_back_the_same),
    };
    return RUN_TESTS(tests);
}
