#include "rmv/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *parse(const char *json, struct rmv_value *out)
{
    return rmv_json_parse("f", json, strlen(json), out);
}

static void check_written(const char *json, bool pretty, const char *expected)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse(json, &value));
    rmv_json_format(&value, pretty, &text);
    assert_string_equal(rmv_buf_string(&text), expected);
}

static void check_refused(const char *json, enum rmv_error_code code, const char *message)
{
    struct rmv_value value = {0};
    CHECK_SAYS(parse(json, &value), code, message);
    assert_int_equal(value.kind, RMV_VALUE_NULL);
}

static void documents_are_written_on_one_line_or_many(void **state)
{
    (void)state;
    check_written("{\"a\":[1,2,{}],\"b\":{\"c\":null},\"d\":[]}", false,
                  "{\"a\": [1, 2, {}], \"b\": {\"c\": null}, \"d\": []}");
    check_written("{\"a\":[1,{}],\"b\":{\"c\":true}}", true,
                  "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": true\n  }\n}\n");
    check_written(" \t\r\n\"x\" \n", false, "\"x\"");
    check_written("\xef\xbb\xbf[1]", false, "[1]");
}

static void whole_numbers_and_fractions_stay_what_they_are(void **state)
{
    (void)state;
    check_written("[1, 1.0, -0, 1e2, 0.1, 9007199254740993, 9223372036854775807]", false,
                  "[1, 1.0, 0, 100.0, 0.1, 9007199254740993, 9223372036854775807]");
    check_written("[9223372036854775808, 1e-7, 123456789012345678901234]", false,
                  "[9.223372036854776e+18, 1.0e-07, 1.2345678901234569e+23]");
}

static void doubles_read_back_the_same_from_the_fewest_digits(void **state)
{
    static const double special[] = {0.1, 1.0 / 3, 5e-324, 2.2250738585072014e-308,
                                     1.7976931348623157e308};
    unsigned seed = 11;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0}, again = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        double number =
            ldexp((double)rand_r(&seed) + 1.0 / (1 + rand_r(&seed)), rand_r(&seed) % 2000 - 1000);
        if (i < (int)(sizeof(special) / sizeof(special[0])))
            number = special[i];
        if (!isfinite(number))
            continue;
        rmv_value_set_double(&value, number);
        rmv_json_format(&value, false, &text);
        CHECK_OK(rmv_json_parse("f", text.data, text.size, &again));
        assert_true(rmv_value_equal(&value, &again));
    }
    check_written("[5e-324, 0.30000000000000004]", false, "[5.0e-324, 0.30000000000000004]");
}

static void nan_and_infinities_become_null(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_value_set_double(rmv_value_append(&value), NAN);
    rmv_value_set_double(rmv_value_append(&value), INFINITY);
    rmv_json_format(&value, false, &text);
    assert_string_equal(rmv_buf_string(&text), "[null, null]");
}

static void strings_are_escaped_and_made_utf8(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_json_format_text("a\"\\\n\r\t\b\f\v\x01\x7f\xc3\xbc\xff/", &text);
    assert_string_equal(rmv_buf_string(&text), "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u000b\\u0001\\u007f"
                                               "\xc3\xbc\xef\xbf\xbd/\"");
    check_written("\"\\u00fc\\ud83d\\ude00\\/\\n\"", false, "\"\xc3\xbc\xf0\x9f\x98\x80/\\n\"");
}

static void broken_text_is_refused_with_its_place(void **state)
{
    (void)state;
    check_refused("", RMV_ERR_CORRUPT, "f:1:1: ");
    check_refused("{\"a\": 1,\n \"b\": x}", RMV_ERR_CORRUPT, "f:2:7: expected");
    check_refused("{\"a\": 1,\n \"b\": 2", RMV_ERR_CORRUPT, "f:2:8: the text ends");
    check_refused("[1 2]", RMV_ERR_CORRUPT, "f:1:4: ");
    check_refused("[1,]", RMV_ERR_CORRUPT, "f:1:");
    check_refused("{a: 1}", RMV_ERR_CORRUPT, "f:1:2: ");
    check_refused("[1]\n\n ]", RMV_ERR_CORRUPT, "f:3:2: the document has ended");
    check_refused("1 2", RMV_ERR_CORRUPT, "f:1:3: the document has ended");
    check_refused("\"\\ud800\"", RMV_ERR_CORRUPT, "f:1:");
    check_refused("\"\\x\"", RMV_ERR_CORRUPT, "f:1:");
    check_refused("\"ab\xff\"", RMV_ERR_CORRUPT, "f:1:4: bytes that are not UTF-8");
    check_refused("\"a\nb\"", RMV_ERR_CORRUPT, "f:1:3: a control character");
    check_refused("[\"open]", RMV_ERR_CORRUPT, "f:1:");
    check_refused("\x01[1]", RMV_ERR_CORRUPT, "f:1:1: ");
    const char *const numbers[] = {"01", "+1", "1.", ".5", "-", "1e", "0x1", "1.e1", "NaN", "--1"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        check_refused(numbers[i], RMV_ERR_CORRUPT, "f:1:1: expected");
}

static void what_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    check_refused("\"a\\u0000b\"", RMV_ERR_CORRUPT, "f:1:3: a string must not contain a NUL");
    check_written("\"a\\\\u0000b\"", false, "\"a\\\\u0000b\""); /* an escaped backslash */
    check_refused("[1,\n1e999]", RMV_ERR_LIMIT, "f:2:1: ");
    check_refused("0.1234567890123456789012345678901234567890123456789012345678901234",
                  RMV_ERR_LIMIT, "63 characters");
    struct rmv_value value = {0};
    CHECK_FAILS(rmv_json_parse("f", "[1]\0", 4, &value), RMV_ERR_CORRUPT);
    CHECK_FAILS(rmv_json_parse("f", "\"\0\"", 3, &value), RMV_ERR_CORRUPT);
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    check_refused("{\"a\": {\"x\": \"{\"},\n \"b\": [1, \"c\"],\n  \"a\": 2}", RMV_ERR_CORRUPT,
                  "f:3:3: the key 'a' is there twice");
    check_refused("{\"a\": 1, \"\\u0061\": 2}", RMV_ERR_CORRUPT, "f:1:10: the key 'a'");
}

static void numbers_of_python_that_are_not_finite_can_be_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    static const char text[] = "\xef\xbb\xbf{\"NaN\": NaN, \"a\": [Infinity,-Infinity, 12], "
                               "\"b\": \"NaN\", \"c\": -0.5}\n";
    CHECK_OK(rmv_json_parse_python("f", text, strlen(text), &value));
    assert_true(isnan(rmv_value_find(&value, "NaN")->number));
    const struct rmv_value *list = rmv_value_find(&value, "a");
    assert_true(list->list.items[0].number == INFINITY);
    assert_true(list->list.items[1].number == -INFINITY);
    assert_int_equal(list->list.items[2].integer, 12);
    assert_string_equal(rmv_value_find(&value, "b")->text, "NaN");
    assert_true(rmv_value_find(&value, "c")->number == -0.5);
}

static void other_words_are_refused_with_their_place(void **state)
{
    (void)state;
    static const char *const texts[] = {"[1, nan]", "[1, NaNs]", "[1, -NaN]", "[1, +Infinity]",
                                        "[1, Inf]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct rmv_value value = {0};
        CHECK_SAYS(rmv_json_parse_python("f", texts[i], strlen(texts[i]), &value), RMV_ERR_CORRUPT,
                   "f:1:5: expected");
    }
    struct rmv_value value = {0};
    CHECK_SAYS(rmv_json_parse_python("f", "[NaN 1]", 7, &value), RMV_ERR_CORRUPT,
               "f:1:6: this is not JSON from here on");
    check_refused("[NaN]", RMV_ERR_CORRUPT, "f:1:2: expected");
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    char text[2 * RMV_JSON_DEPTH_MAX + 1];
    memset(text, '[', RMV_JSON_DEPTH_MAX);
    memset(text + RMV_JSON_DEPTH_MAX, ']', RMV_JSON_DEPTH_MAX);
    CHECK_OK(rmv_json_parse("f", text, (size_t)2 * RMV_JSON_DEPTH_MAX, &value));
    text[RMV_JSON_DEPTH_MAX] = '[';
    CHECK_SAYS(rmv_json_parse("f", text, sizeof(text) - 1, &value), RMV_ERR_LIMIT, "f:1:1001: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(documents_are_written_on_one_line_or_many),
        TEST(whole_numbers_and_fractions_stay_what_they_are),
        TEST(doubles_read_back_the_same_from_the_fewest_digits),
        TEST(nan_and_infinities_become_null),
        TEST(strings_are_escaped_and_made_utf8),
        TEST(broken_text_is_refused_with_its_place),
        TEST(what_cannot_be_kept_is_refused),
        TEST(duplicate_keys_are_refused),
        TEST(numbers_of_python_that_are_not_finite_can_be_read),
        TEST(other_words_are_refused_with_their_place),
        TEST(nesting_has_a_limit),
    };
    return RUN_TESTS(tests);
}
