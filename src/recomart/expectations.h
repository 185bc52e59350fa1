/* Expectations: what a suite asks of a dataset, in the terms of Great Expectations.
 *
 * data/config/expectations.yaml is `version: 1` and `datasets:`, a map from dataset to a list of
 * `expectation_type` (or `type`), `kwargs` and `severity` (critical, the default, or warning). As
 * there, a missing value breaks no expectation but that of not being null. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/recomart/intern.h"
#include "rmv/recomart/lake.h"

enum rmv_expect {
    /* of a table */
    RMV_EXPECT_COLUMNS,       /* expect_table_columns_to_match_set */
    RMV_EXPECT_ROW_COUNT,     /* expect_table_row_count_to_be_between */
    RMV_EXPECT_NEAR_PREVIOUS, /* expect_table_row_count_to_be_near_previous: ours */
    /* of each row */
    RMV_EXPECT_NOT_NULL,    /* expect_column_values_to_not_be_null */
    RMV_EXPECT_IN_SET,      /* expect_column_values_to_be_in_set */
    RMV_EXPECT_BETWEEN,     /* expect_column_values_to_be_between */
    RMV_EXPECT_LENGTH,      /* expect_column_value_lengths_to_be_between, in bytes */
    RMV_EXPECT_TYPE,        /* expect_column_values_to_be_of_type */
    RMV_EXPECT_TIME,        /* expect_column_values_to_be_dateutil_parseable */
    RMV_EXPECT_NOT_FUTURE,  /* expect_column_values_to_not_be_in_the_future: ours */
    RMV_EXPECT_UNIQUE,      /* expect_column_values_to_be_unique */
    RMV_EXPECT_ROWS_UNIQUE, /* expect_compound_columns_to_be_unique */
    RMV_EXPECT_IN_PRODUCTS, /* expect_column_values_to_exist_in_products: ours */
    RMV_EXPECTS,
};

/* In CSV files all is untyped text, and numbers are looked for in it; JSON tells them apart. */
enum rmv_cell_kind {
    RMV_CELL_MISSING,
    RMV_CELL_UNTYPED,
    RMV_CELL_STRING,
    RMV_CELL_NUMBER,
    RMV_CELL_OTHER
};

/* One value of a row. */
struct rmv_cell {
    enum rmv_cell_kind kind;
    const char *text;
    size_t size;
};

struct rmv_expectation {
    enum rmv_expect what;
    struct rmv_strings columns;  /* one, or those of a set or list */
    struct rmv_intern value_set; /* RMV_EXPECT_IN_SET */
    double min, max;             /* infinite where not given */
    bool strict_min, strict_max, exact_match;
    enum { RMV_TYPE_INT, RMV_TYPE_FLOAT, RMV_TYPE_TEXT } type;
    double tolerance_hours;
    double mostly;
    bool is_critical;
};

struct rmv_suite {
    struct rmv_expectation *items;
    size_t count, capacity;
};

struct rmv_expectations {
    struct rmv_suite suites[RMV_LAKE_DATASETS];
};

/* Reads a file of suites. Errors: NOT_FOUND, CORRUPT, USAGE (with file, line and column). */
RMV_MUST_CHECK
const struct rmv_error *rmv_expectations_read(const char *path, struct rmv_expectations *out);
void rmv_expectations_free(struct rmv_expectations *expectations);

const char *rmv_expectation_name(enum rmv_expect what); /* "expect_…" */

/* What a row-wise expectation is held against. */
struct rmv_expect_context {
    int64_t now_ns;                    /* what lies behind it is in the future */
    int zone_seconds;                  /* of times that name no zone */
    const struct rmv_intern *products; /* ids of all products; NULL if none are known */
};

/* Does one value meet an expectation of NOT_NULL, IN_SET, BETWEEN, LENGTH, TYPE, TIME, NOT_FUTURE
 * or IN_PRODUCTS? */
bool rmv_expectation_holds(const struct rmv_expectation *expectation, const struct rmv_cell *cell,
                           const struct rmv_expect_context *context);

/* Why a row was put aside, in a few words: "device is not in the set". */
void rmv_expectation_explain(const struct rmv_expectation *expectation, struct rmv_buf *out);
