#include "recomart/expectations.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *read_one(const char *body, struct rmv_expectations *out)
{
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format("version: 1\ndatasets:\n  clickstream:\n  - %s\n", body);
    test_write("suite.yaml", text);
    return rmv_expectations_read("suite.yaml", out);
}

/* Does a value meet the only expectation of the suite? */
static bool holds(const char *body, enum rmv_cell_kind kind, const char *text)
{
    static const struct rmv_expect_context context = {.now_ns =
                                                          1735776000000000000}; /* 2025-01-02 */
    RMV_CLEANUP(rmv_expectations_free) struct rmv_expectations suites = {0};
    CHECK_OK(read_one(body, &suites));
    const struct rmv_cell cell = {kind, text, strlen(text)};
    return rmv_expectation_holds(&suites.suites[RMV_LAKE_CLICKSTREAM].items[0], &cell, &context);
}

#define SET "{type: expect_column_values_to_be_in_set, kwargs: {column: a, value_set: [view, 7]}}"
#define BETWEEN                                                                                    \
    "{type: expect_column_values_to_be_between, kwargs: {column: a, min_value: 0, strict_min: "    \
    "true, max_value: 5}}"
#define TYPE(type)                                                                                 \
    "{type: expect_column_values_to_be_of_type, kwargs: {column: a, type_: " type "}}"
#define FUTURE                                                                                     \
    "{type: expect_column_values_to_not_be_in_the_future, kwargs: {column: a, tolerance_hours: "   \
    "1}}"

static void values_are_held_against_sets_and_ranges(void **state)
{
    (void)state;
    assert_true(holds(SET, RMV_CELL_UNTYPED, "view"));
    assert_true(holds(SET, RMV_CELL_UNTYPED, "7"));
    assert_false(holds(SET, RMV_CELL_UNTYPED, "View"));
    assert_true(holds(BETWEEN, RMV_CELL_UNTYPED, "0.01"));
    assert_true(holds(BETWEEN, RMV_CELL_UNTYPED, "5"));
    assert_false(holds(BETWEEN, RMV_CELL_UNTYPED, "0"));
    assert_false(holds(BETWEEN, RMV_CELL_UNTYPED, "5.01"));
    assert_false(holds(BETWEEN, RMV_CELL_UNTYPED, "much"));
}

static void numbers_must_be_numbers_where_types_are_known(void **state)
{
    (void)state;
    assert_true(holds(TYPE("int"), RMV_CELL_UNTYPED, "12"));
    assert_false(holds(TYPE("int"), RMV_CELL_UNTYPED, "12.5"));
    assert_true(holds(TYPE("float"), RMV_CELL_NUMBER, "12.5"));
    assert_false(holds(TYPE("float"), RMV_CELL_STRING, "12.5"));
    assert_true(holds(TYPE("str"), RMV_CELL_STRING, "12.5"));
    assert_false(holds(TYPE("str"), RMV_CELL_NUMBER, "12.5"));
    assert_false(holds(TYPE("str"), RMV_CELL_OTHER, "{}"));
}

static void the_future_starts_after_the_tolerance(void **state)
{
    (void)state;
    assert_true(holds(FUTURE, RMV_CELL_UNTYPED, "2025-01-02 00:59:59"));
    assert_false(holds(FUTURE, RMV_CELL_UNTYPED, "2025-01-02 01:00:01"));
    assert_true(holds(FUTURE, RMV_CELL_UNTYPED, "no time at all"));
}

static void a_missing_value_breaks_only_not_null(void **state)
{
    (void)state;
    assert_true(holds(SET, RMV_CELL_MISSING, ""));
    assert_true(holds(BETWEEN, RMV_CELL_MISSING, ""));
    assert_true(holds(TYPE("int"), RMV_CELL_MISSING, ""));
    assert_false(holds("{type: expect_column_values_to_not_be_null, kwargs: {column: a}}",
                       RMV_CELL_MISSING, ""));
}

static void a_wrong_suite_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"{type: expect_column_values_to_not_be_nul, kwargs: {column: a}}",
         "did you mean 'expect_column_values_to_not_be_null'"},
        {"{kwargs: {column: a}}", "suite.yaml:4:5: 'expectation_type' is missing"},
        {"{type: expect_column_values_to_not_be_null}", "needs 'column'"},
        {"{type: expect_column_values_to_not_be_null, kwargs: {colum: a}}", "colum"},
        {"{type: expect_column_values_to_not_be_null, kwargs: {column: a, mostly: 2}}",
         "'mostly' is a share"},
        {"{type: expect_column_values_to_be_in_set, kwargs: {column: a}}", "'value_set'"},
        {"{type: expect_column_values_to_be_of_type, kwargs: {column: a, type_: bool}}", "'bool'"},
        {"{type: expect_column_values_to_not_be_null, kwargs: {column: a}, severity: low}",
         "'low'"},
        {"7", "an expectation"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_expectations_free) struct rmv_expectations suites = {0};
        CHECK_SAYS(read_one(cases[i].body, &suites), RMV_ERR_USAGE, cases[i].message);
    }
    RMV_CLEANUP(rmv_expectations_free) struct rmv_expectations suites = {0};
    test_write("suite.yaml", "version: 2\ndatasets: {}\n");
    CHECK_FAILS(rmv_expectations_read("suite.yaml", &suites), RMV_ERR_USAGE);
    test_write("suite.yaml", "version: 1\ndatasets: {clicks: []}\n");
    CHECK_FAILS(rmv_expectations_read("suite.yaml", &suites), RMV_ERR_USAGE);
    CHECK_FAILS(rmv_expectations_read("none.yaml", &suites), RMV_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_held_against_sets_and_ranges),
        TEST(numbers_must_be_numbers_where_types_are_known),
        TEST(the_future_starts_after_the_tolerance),
        TEST(a_missing_value_breaks_only_not_null),
        TEST(a_wrong_suite_is_refused_with_its_place),
    };
    return RUN_TESTS(tests);
}
