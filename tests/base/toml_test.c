#include "rmv/base/toml.h"

#include <string.h>
#include <time.h>

#include "rmv/base/buf.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *parse(const char *toml, struct rmv_value *out)
{
    return rmv_toml_parse("f", toml, strlen(toml), out);
}

/* `toml` means what the JSON text says. */
static void check_means(const char *toml, const char *json)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse(toml, &value));
    rmv_json_format(&value, false, &text);
    assert_string_equal(rmv_buf_string(&text), json);
}

static void check_refused(const char *toml, const char *message)
{
    struct rmv_value value = {0};
    CHECK_SAYS(parse(toml, &value), RMV_ERR_CORRUPT, message);
    assert_int_equal(value.kind, RMV_VALUE_NULL);
}

static void numbers_are_read_in_all_spellings(void **state)
{
    (void)state;
    check_means("a = [0, -0, +7, 1_000, 0xfF, 0x0_1, 0o17, 0b101]",
                "{\"a\": [0, 0, 7, 1000, 255, 1, 15, 5]}");
    check_means("a = [1.0, -0.5, 1e3, 1_0.2_5E-1, +2.5]",
                "{\"a\": [1.0, -0.5, 1000.0, 1.025, 2.5]}");
    check_means("a = [9223372036854775807, -9223372036854775808]",
                "{\"a\": [9223372036854775807, -9223372036854775808]}");
    check_means("a = [inf, -inf, +nan]", "{\"a\": [null, null, null]}");
    check_means("a = [true, false]", "{\"a\": [true, false]}");
}

static void wrong_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"01",  "1_",    "_1",  "1__0", "0x",   "0xg",   "+0x1",
                                        "1.",  ".5",    "1e",  "1e+",  "1._0", "1_.0",  "0b2",
                                        "0o8", "1.e3",  "Inf", "True", "yes",  "00.1",  "1 2",
                                        "- 1", "1.2.3", "++1", "nul",  "0x_1", "1e1.0", "1_e5"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *toml = rmv_str_format("a = %s\n", wrong[i]);
        check_refused(toml, "f:1:");
    }
    struct rmv_value value = {0};
    CHECK_SAYS(parse("a = 9223372036854775808", &value), RMV_ERR_LIMIT, "f:1:5: the number");
    CHECK_SAYS(parse("a = 0x1_0000_0000_0000_0000", &value), RMV_ERR_LIMIT, "does not fit 64 bits");
}

static void strings_have_escapes_in_double_quotes_only(void **state)
{
    (void)state;
    check_means("a = \"x\\ty\\\"\\\\\\u00e9\\U0001F600\"", "{\"a\": \"x\\ty\\\"\\\\é😀\"}");
    check_means("a = 'x\\ty'", "{\"a\": \"x\\\\ty\"}");
    check_means("a = \"# no comment\" # one", "{\"a\": \"# no comment\"}");
    check_means("a = ''\nb = \"\"", "{\"a\": \"\", \"b\": \"\"}");
}

static void long_strings_run_over_lines(void **state)
{
    (void)state;
    check_means("a = \"\"\"\none\r\ntwo\"\"\"", "{\"a\": \"one\\ntwo\"}");
    check_means("a = \"\"\"x\\\n   \n  y \\  \n z\"\"\"", "{\"a\": \"xy z\"}");
    check_means("a = '''\n\\n'x''y'''", "{\"a\": \"\\\\n'x''y\"}");
    check_means("a = \"\"\"\"x\"\"\"\"\"", "{\"a\": \"\\\"x\\\"\\\"\"}");
    check_means("a = ''''x'''''", "{\"a\": \"'x''\"}");
    check_means("a = \"\"\"\"\"\"", "{\"a\": \"\"}");
}

static void wrong_strings_are_refused_with_their_place(void **state)
{
    (void)state;
    check_refused("a = \"x\nb = 1", "f:1:5: the string that starts here never ends");
    check_refused("a = 'x", "f:1:5: the string");
    check_refused("a = \"\"\"x\n\"\"", "f:1:5: the string");
    check_refused("a = \"\\q\"", "f:1:6: there is no such escape");
    check_refused("a = \"\\u12\"", "f:1:6: '\\u' needs 4 hexadecimal digits");
    check_refused("a = \"\\ud800\"", "f:1:6: U+D800 is no character");
    check_refused("a = \"\\u0000\"", "NUL");
    check_refused("a = \"x\x01\"", "f:1:7: a control character (0x01)");
    check_refused("a = 1 # \x07", "f:1:9: a control character");
    check_refused("a = \"é\" x", "f:1:9: the line should end here");
    check_refused("a = \"\xff\"", "f:1:6: this is no UTF-8");
}

static void dates_and_times_become_strings(void **state)
{
    (void)state;
    check_means("a = [1979-05-27T07:32:00Z, 1979-05-27 00:32:00.999-07:00, 2000-02-29, 23:59:60]",
                "{\"a\": [\"1979-05-27T07:32:00Z\", \"1979-05-27T00:32:00.999-07:00\", "
                "\"2000-02-29\", \"23:59:60\"]}");
    check_means("a = 1979-05-27t07:32:00z # z", "{\"a\": \"1979-05-27T07:32:00Z\"}");
    check_means("a = 1979-05-27 # x", "{\"a\": \"1979-05-27\"}");
    check_refused("a = 1979-13-27", "f:1:5");
    check_refused("a = 1900-02-29", "f:1:5");
    check_refused("a = 1979-05-27T25:00:00", "f:1:5");
    check_refused("a = 1979-05-27T10:00", "f:1:5");
    check_refused("a = 1979-05-27T10:00:00.", "f:1:5");
    check_refused("a = 1979-5-27", "f:1:5");
    check_refused("a = 10:00:00Z", "f:1:5");
}

static void lists_and_tables_nest(void **state)
{
    (void)state;
    check_means("a = [ # first\n 1,\n\n [2, 'x'], # second\n]", "{\"a\": [1, [2, \"x\"]]}");
    check_means("a = {b = 1, c.d = {e = []}, 'f g' = 2}",
                "{\"a\": {\"b\": 1, \"c\": {\"d\": {\"e\": []}}, \"f g\": 2}}");
    check_means("a = {}\nb = []", "{\"a\": {}, \"b\": []}");
    check_refused("a = [1 2]", "f:1:8: ',' or ']' is missing here");
    check_refused("a = [1,,2]", "f:1:8");
    check_refused("a = [1", "f:1:5: the list that starts here never ends");
    check_refused("a = {b = 1,}", "f:1:12: a key should stand here");
    check_refused("a = {b = 1\n}", "f:1:11: ',' or '}' is missing here");
    check_refused("a = {b = 1, b = 2}", "f:1:12: 'b' is there already");
    check_refused("a = {b = 1}\na.c = 2", "f:2:1: 'a' is there already, and nothing can be added");
    check_refused("a = [1]\n[[a]]", "f:2:1: 'a' is there already");
}

static void keys_are_bare_quoted_and_dotted(void **state)
{
    (void)state;
    check_means("a-b_1 = 1\n3.14 = 2\n'' = 3\n\"x y\" . z = 4",
                "{\"a-b_1\": 1, \"3\": {\"14\": 2}, \"\": 3, \"x y\": {\"z\": 4}}");
    check_means("a.b = 1\na.c = 2\nd = 3\na.e.f = 4",
                "{\"a\": {\"b\": 1, \"c\": 2, \"e\": {\"f\": 4}}, \"d\": 3}");
    check_refused("= 1", "f:1:1: a key should stand here");
    check_refused("a. = 1", "f:1:4: a key should stand here");
    check_refused("a b = 1", "f:1:3: '=' is missing");
    check_refused("a =", "f:1:4: a value is missing");
    check_refused("a = 1 b = 2", "f:1:7: the line should end here");
    check_refused("é = 1", "f:1:1");
    check_refused("\"\"\"a\"\"\" = 1", "f:1:3");
}

static void headers_open_tables(void **state)
{
    (void)state;
    check_means("[a.b]\nc = 1\n[a]\nd = 2\n[ x . 'y z' ]\n",
                "{\"a\": {\"b\": {\"c\": 1}, \"d\": 2}, \"x\": {\"y z\": {}}}");
    check_means("[f]\na.b.c = 1\n[f.a.d]\ne = 2",
                "{\"f\": {\"a\": {\"b\": {\"c\": 1}, \"d\": {\"e\": 2}}}}");
    check_refused("[a]\n[a]", "f:2:1: 'a' is there already");
    check_refused("[a.b]\n[a]\n[a.b]", "f:3:1: 'a.b' is there already");
    check_refused("a = 1\n[a.b]", "f:2:1: 'a' is there already, and no open table");
    check_refused("[f]\na.b = 1\n[f.a]", "f:3:1: 'f.a' is there already");
    check_refused("[a.b]\n[a]\nb.c = 1", "f:3:1: 'b' is there already, and nothing can be added");
    check_refused("[a", "f:1:3: ']' is missing here");
    check_refused("[]", "f:1:2: a key should stand here");
    check_refused("[a] b = 1", "f:1:5: the line should end here");
}

static void double_brackets_add_elements(void **state)
{
    (void)state;
    check_means("[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[[a.c]]\n[[a.c]]\nz = 3",
                "{\"a\": [{\"x\": 1, \"b\": {\"y\": 2}}, {\"c\": [{}, {\"z\": 3}]}]}");
    check_refused("[a]\n[[a]]", "f:2:1: 'a' is there already, and no such list");
    check_refused("[[a]]\n[a]", "f:2:1: 'a' is there already");
    check_refused("[[a]\n", "f:1:4: ']]' is missing here");
    check_refused("[[a.b]]\n[a]\nb.c = 1", "f:3:1");
}

static void values_know_their_places(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_OK(parse("# é\n[t]\n  k = [1,\n  'é', 3]", &value));
    const struct rmv_value *list = rmv_value_find_path(&value, "t.k");
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 7);
    assert_int_equal(list->list.items[2].line, 4);
    assert_int_equal(list->list.items[2].column, 8);
}

static void a_document_cannot_nest_without_end(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf toml = {0};
    struct rmv_value value = {0};
    rmv_buf_append_string(&toml, "a = ");
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_string(&toml, "[");
    CHECK_SAYS(parse(rmv_buf_string(&toml), &value), RMV_ERR_LIMIT, "nested deeper than 100");
    toml.size = 0;
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_string(&toml, "a.");
    CHECK_SAYS(parse(rmv_buf_string(&toml), &value), RMV_ERR_LIMIT, "nested deeper than 100");
}

static void a_long_document_takes_no_ages(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf toml = {0};
    rmv_buf_append_string(&toml, "a = [");
    for (int i = 0; i < 200000; i++)
        rmv_buf_append_format(&toml, "%d, ", i);
    rmv_buf_append_string(&toml, "]\n");
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_format(&toml, "k%d.x = %d\n", i, i);
    const clock_t start = clock();
    CHECK_OK(parse(rmv_buf_string(&toml), &value));
    assert_int_equal(value.map.count, 100001);
    assert_true(clock() - start < 60 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_read_in_all_spellings),
        TEST(wrong_numbers_are_refused),
        TEST(strings_have_escapes_in_double_quotes_only),
        TEST(long_strings_run_over_lines),
        TEST(wrong_strings_are_refused_with_their_place),
        TEST(dates_and_times_become_strings),
        TEST(lists_and_tables_nest),
        TEST(keys_are_bare_quoted_and_dotted),
        TEST(headers_open_tables),
        TEST(double_brackets_add_elements),
        TEST(values_know_their_places),
        TEST(a_document_cannot_nest_without_end),
        TEST(a_long_document_takes_no_ages),
    };
    return RUN_TESTS(tests);
}
