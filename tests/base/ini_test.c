#include "rmv/base/ini.h"

#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *parse(const char *ini, struct rmv_value *out)
{
    return rmv_ini_parse("f", ini, strlen(ini), out);
}

/* `ini` means what the JSON text says. */
static void check_means(const char *ini, const char *json)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse(ini, &value));
    rmv_json_format(&value, false, &text);
    assert_string_equal(rmv_buf_string(&text), json);
}

static void check_refused(const char *ini, const char *message)
{
    struct rmv_value value = {0};
    CHECK_SAYS(parse(ini, &value), RMV_ERR_CORRUPT, message);
    assert_int_equal(value.kind, RMV_VALUE_NULL);
}

static void sections_are_maps(void **state)
{
    (void)state;
    check_means("", "{}");
    check_means("[a]\nx=1\n[b]\n[c d]\ny : 2",
                "{\"a\": {\"x\": 1}, \"b\": {}, \"c d\": {\"y\": 2}}");
    check_means("\xef\xbb\xbf[a]\r\nx = 1\r\nY = 2\r\n", "{\"a\": {\"x\": 1, \"Y\": 2}}");
    check_means("[a]]b]\n", "{\"a]]b\": {}}");
    check_means("[a]\nkey with blanks = 1\nx:y=2\n",
                "{\"a\": {\"key with blanks\": 1, \"x\": \"y=2\"}}");
}

static void values_are_what_scalars_of_yaml_are(void **state)
{
    (void)state;
    check_means("[a]\na = 10\nb = 0x1f\nc = 1e-3\nd = -0.5\ne = 1_000\n",
                "{\"a\": {\"a\": 10, \"b\": 31, \"c\": 0.001, \"d\": -0.5, \"e\": 1000}}");
    check_means("[a]\na = true\nb = False\nc = yes\nd = null\n",
                "{\"a\": {\"a\": true, \"b\": false, \"c\": \"yes\", \"d\": null}}");
    check_means(
        "[a]\na = adam\nb = \"10\"\nc = [1, 2]\nd =\n",
        "{\"a\": {\"a\": \"adam\", \"b\": \"\\\"10\\\"\", \"c\": \"[1, 2]\", \"d\": \"\"}}");
    check_means("[a]\na = %(b)s/x\nb = 1 ; two # three\n",
                "{\"a\": {\"a\": \"%(b)s/x\", \"b\": \"1 ; two # three\"}}");
}

static void comments_and_empty_lines_are_skipped(void **state)
{
    (void)state;
    check_means("# one\n; two\n\n  # three\n[a]\n\nx = 1\n# four\ny = 2\n",
                "{\"a\": {\"x\": 1, \"y\": 2}}");
}

static void values_go_on_where_lines_are_indented_deeper(void **state)
{
    (void)state;
    check_means("[a]\nx = one\n  two\n# not this\n  ; nor this\n\tthree\ny = 2\n",
                "{\"a\": {\"x\": \"one\\ntwo\\nthree\", \"y\": 2}}");
    check_means("[a]\n  x =\n    1\n  y = 2\n\n     3\n\n",
                "{\"a\": {\"x\": \"\\n1\", \"y\": \"2\\n\\n3\"}}");
    check_means("[a]\nx = 1\n  [b]\n  y = 2\n", "{\"a\": {\"x\": \"1\\n[b]\\ny = 2\"}}");
}

static void defaults_are_in_all_sections(void **state)
{
    (void)state;
    check_means(
        "[a]\nx = 1\n[DEFAULT]\nx = 2\ny = 3\n[b]\n",
        "{\"a\": {\"x\": 1, \"y\": 3}, \"DEFAULT\": {\"x\": 2, \"y\": 3}, \"b\": {\"x\": 2, "
        "\"y\": 3}}");
}

static void values_know_their_places(void **state)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    (void)state;
    CHECK_OK(parse("[a]\n  \u00e9 =  1\n[b]\ny:2", &value));
    const struct rmv_value *first = rmv_value_find_path(&value, "a.\u00e9");
    assert_int_equal(first->line, 2);
    assert_int_equal(first->column, 8);
    assert_int_equal(rmv_value_find_path(&value, "b.y")->line, 4);
    assert_int_equal(rmv_value_find_path(&value, "b.y")->column, 3);
    assert_int_equal(rmv_value_find_path(&value, "b")->line, 3);
}

static void mistakes_are_refused_with_their_place(void **state)
{
    struct rmv_value value = {0};
    (void)state;
    check_refused("x = 1\n", "f:1:1: there is no section above this line");
    check_refused("[a]\nx\n", "f:2:1: '=' or ':' is missing");
    check_refused("[a]\n = 1\n", "f:2:2: a key is missing");
    check_refused("[a]\nx = 1\ny = 2\nx = 3\n", "f:4:1: key 'x' is there already");
    check_refused("[a]\n[b]\n[a]\n", "f:3:1: section 'a' is there already");
    check_refused("[a\n", "f:1:1: ']' is missing");
    check_refused("[]\n", "f:1:1: the section has no name");
    check_refused("[a]\nx = \xff\n", "f:2:5: this is no UTF-8");
    CHECK_SAYS(rmv_ini_parse("f", "[a]\nx=\0\n", 8, &value), RMV_ERR_CORRUPT, "NUL");
    CHECK_SAYS(parse("[a]\nx = 9223372036854775808\n", &value), RMV_ERR_LIMIT,
               "f:2:5: the number 9223372036854775808 does not fit 64 bits");
}

static void defaults_that_would_fill_the_memory_are_refused(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_value value = {0};
    (void)state;
    rmv_buf_append_string(&text, "[DEFAULT]\n");
    for (int i = 0; i < 2000; i++)
        rmv_buf_append_format(&text, "k%d=\n", i);
    for (int i = 0; i < 2000; i++)
        rmv_buf_append_format(&text, "[s%d]\n", i);
    CHECK_SAYS(rmv_ini_parse("f", text.data, text.size, &value), RMV_ERR_LIMIT,
               "more than 2000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sections_are_maps),
        TEST(values_are_what_scalars_of_yaml_are),
        TEST(comments_and_empty_lines_are_skipped),
        TEST(values_go_on_where_lines_are_indented_deeper),
        TEST(defaults_are_in_all_sections),
        TEST(values_know_their_places),
        TEST(mistakes_are_refused_with_their_place),
        TEST(defaults_that_would_fill_the_memory_are_refused),
    };
    return RUN_TESTS(tests);
}
